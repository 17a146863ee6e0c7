"""Addresses that must not be written to: set once, replaced by a graver reason, lifted by name."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from subscribers import suppression
from subscribers.errors import SuppressionError
from subscribers.models import ConsentEvent, Suppression
from tests.subscribers.people import NOW, kinds, mark, person

pytestmark = pytest.mark.django_db

MARK = mark("taro@example.jp")
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
