"""Addresses that must not be written to: set once, replaced by a graver reason, lifted by name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from subscribers import consent, moves, signup, suppression
from subscribers.errors import SuppressionError
from subscribers.models import ConsentEvent, ImportRun, Suppression
from tests.subscribers.people import NOW, kinds, mark, person

pytestmark = pytest.mark.django_db

MARK = mark("taro@example.jp")
HOUR = timedelta(hours=1)
R = Suppression.Reason


def test_an_address_is_suppressed_once() -> None:
    reader = person()
    assert suppression.suppress(MARK, R.BOUNCED, NOW, note="5.1.1")
    assert not suppression.suppress(MARK, R.BOUNCED, NOW)
    assert suppression.is_suppressed(MARK)
    assert Suppression.objects.count() == 1
    event = ConsentEvent.objects.get()
    assert (event.kind, event.subscriber, event.detail) == ("suppressed", reader, {"reason": "bounced"})


def test_an_address_that_nobody_has_can_be_suppressed() -> None:
    assert suppression.suppress(MARK, R.BY_HAND, NOW, "事務局", "電話での申出")
    standing = suppression.standing(MARK)
    assert standing
    assert (standing.operator, standing.note) == ("事務局", "電話での申出")
    assert kinds() == ["suppressed"]


def test_a_graver_reason_takes_the_place_of_a_lighter_one_but_not_the_other_way() -> None:
    assert suppression.suppress(MARK, R.LEFT, NOW)
    assert suppression.suppress(MARK, R.COMPLAINED, NOW)
    assert not suppression.suppress(MARK, R.BOUNCED, NOW)
    assert suppression.reasons([MARK]) == {MARK: R.COMPLAINED}
    assert Suppression.objects.count() == 2
    assert suppression.open_suppressions().count() == 1


def test_every_reason_has_its_weight() -> None:
    assert set(suppression.WEIGHT) == set(R)


def test_the_database_holds_one_open_suppression_per_address() -> None:
    suppression.suppress(MARK, R.LEFT, NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Suppression.objects.create(fingerprint=MARK, reason=R.BOUNCED)


def test_an_operator_lifts_with_name_and_reason() -> None:
    suppression.suppress(MARK, R.BOUNCED, NOW)
    with pytest.raises(SuppressionError, match="名前"):
        suppression.lift(MARK, NOW, operator=" ", why="直った")
    with pytest.raises(SuppressionError, match="理由"):
        suppression.lift(MARK, NOW, operator="事務局", why="")
    assert suppression.lift(MARK, NOW, operator="事務局", why="先方で受信できることを確認")
    assert not suppression.is_suppressed(MARK)
    assert not suppression.lift(MARK, NOW, operator="事務局", why="もう一度解除する")
    assert kinds() == ["suppressed", "lifted"]
    assert suppression.suppress(MARK, R.BOUNCED, NOW)
    assert suppression.lift(MARK, NOW, operator="事務局", why="宛先を直して受信を確認")


def test_a_reason_is_more_than_a_letter_or_signs() -> None:
    suppression.suppress(MARK, R.BOUNCED, NOW)
    for why in ("x", "………………", "  電話 ", "ok!!!!!!"):
        with pytest.raises(SuppressionError, match="5文字以上"):
            suppression.lift(MARK, NOW, operator="事務局", why=why)
    assert suppression.is_suppressed(MARK)


def test_who_had_themselves_erased_is_let_go_only_by_somebody_who_knows_it() -> None:
    suppression.suppress(MARK, R.ERASED, NOW)
    with pytest.raises(SuppressionError, match="消去した方"):
        suppression.lift(MARK, NOW, operator="事務局", why="本人が窓口で希望")
    assert suppression.is_erased(MARK)
    assert suppression.lift(MARK, NOW, operator="事務局", why="本人が窓口で希望", knows_erased=True)
    assert not suppression.is_erased(MARK)


# ------------------------------------------------------------ a goodbye under a graver reason
def lifted(why: str = "先方で受信できることを確認") -> str:
    assert suppression.lift(MARK, NOW + 9 * HOUR, operator="事務局", why=why)
    return suppression.still_left(MARK)


def test_lifting_a_graver_reason_keeps_the_goodbye_beneath_it_and_says_so() -> None:
    signup.leave(person().key, None, NOW)
    suppression.suppress(MARK, R.BOUNCED, NOW + HOUR)
    suppression.suppress(MARK, R.COMPLAINED, NOW + 2 * HOUR)
    assert suppression.also_left(MARK) == NOW
    assert "2026-11-24 にご本人が解除しているので、その停止は続きます" in lifted()
    standing = suppression.standing(MARK)
    assert standing
    assert (standing.reason, standing.at) == (R.LEFT, NOW)
    assert "理由: 先方で受信できることを確認、残る停止: 本人が解除" in consent.describe(
        ConsentEvent.objects.get(kind="lifted")
    )
    assert lifted("ご本人が電話で希望") == ""
    assert not suppression.is_suppressed(MARK)


def test_who_left_while_a_graver_reason_stood_has_left_too() -> None:
    reader = person()
    suppression.suppress(MARK, R.BOUNCED, NOW)
    signup.leave(reader.key, None, NOW + HOUR)
    assert suppression.reasons([MARK]) == {MARK: R.BOUNCED}
    assert lifted()
    assert suppression.reasons([MARK]) == {MARK: R.LEFT}


@pytest.mark.parametrize("before", ["nothing", "came back", "was let go", "was struck off"])
def test_who_had_not_left_at_all_is_let_go_whole(before: str) -> None:
    reader = person()
    if before == "was struck off":
        run = ImportRun.objects.create(file="回答", basis="member", proof="回答", operator="花子")
        moves.depart({reader.pk: 1}, run, NOW)
    elif before != "nothing":
        signup.leave(reader.key, None, NOW)
    if before == "came back":
        signup.come_back(reader.key, None, NOW + HOUR)
    if before == "was let go":
        suppression.lift(MARK, NOW + HOUR, operator="事務局", why="ご本人が電話で希望")
    suppression.suppress(MARK, R.BOUNCED, NOW + 2 * HOUR)
    assert lifted() == ""
    assert not suppression.is_suppressed(MARK)
