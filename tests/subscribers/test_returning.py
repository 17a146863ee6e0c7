"""Who was erased, left or was struck off and comes back by a list, where nothing stops the address any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from subscribers import importer, moves, retention, returning, signup, suppression, undo
from subscribers.addresses import read_address
from subscribers.candidates import Candidate
from subscribers.models import ConsentEvent, ImportRun, Subscriber, Suppression
from subscribers.planned import Planned
from tests.subscribers.people import KEY, NOW, mark, person, suppressed

pytestmark = pytest.mark.django_db
ADDRESS = "taro@example.jp"
WORDS = (
    "以前に消去し、2026-11-24 に 花子 が停止を解除した宛先です（理由: 本人が窓口で希望）。"
    "ご本人の希望を確かめてください"
)


def let_go(address: str = ADDRESS, reason: Suppression.Reason = Suppression.Reason.ERASED) -> None:
    suppressed(address, reason)
    suppression.lift(mark(address), NOW, operator="花子", why="本人が窓口で希望", knows_erased=True)


def planned(*addresses: str) -> list[Planned]:
    rows = [Candidate(line, (), text, read_address(text)) for line, text in enumerate(addresses, 1)]
    return [row for block in importer.plan_import(rows, KEY) for row in block]


def test_such_a_row_is_a_warning_and_the_others_are_not() -> None:
    let_go()
    let_go("bounced@example.jp", Suppression.Reason.BOUNCED)
    assert [(row.verdict, row.words) for row in planned(ADDRESS, "bounced@example.jp", "new@example.jp")] == [
        ("warned", (WORDS,)), ("added", ()), ("added", ()),
    ]  # fmt: skip


def test_who_waits_for_confirmation_would_become_a_reader_too() -> None:
    let_go()
    person(ADDRESS, state="pending")
    (row,) = planned(ADDRESS)
    assert (row.verdict, WORDS in row.words) == ("warned", True)


def test_who_is_a_reader_again_is_not_warned_of() -> None:
    let_go()
    person(ADDRESS)
    assert [row.verdict for row in planned(ADDRESS)] == ["same"]


def test_who_consented_anew_is_not_warned_of() -> None:
    suppressed(ADDRESS, Suppression.Reason.ERASED)
    suppression.lift_by_reader(mark(ADDRESS), NOW, suppression.Way.NEW_CONSENT)
    assert returning.once_gone() == {}


def test_who_is_erased_a_second_time_is_refused_and_the_reason_of_then_is_gone() -> None:
    let_go()
    suppression.forget_words([mark(ADDRESS)])
    suppression.suppress(mark(ADDRESS), Suppression.Reason.ERASED, NOW + timedelta(days=1))
    assert [row.verdict for row in planned(ADDRESS)] == ["refused"]
    assert "理由" not in returning.once_gone()[mark(ADDRESS)].words


# ------------------------------------------------------------ who left by themselves
LEFT = Suppression.Reason.LEFT
SINCE_LEFT = (
    "以前にご本人が解除し、2026-11-25 に 花子 が停止を解除した宛先です（理由: アドレスが復旧したため）。"
    "ご本人の希望を確かめてください"
)
REFUSED = importer.SUPPRESSED[LEFT]
DAY = timedelta(days=1)


def lift(after: timedelta = DAY) -> None:
    assert suppression.lift(mark(ADDRESS), NOW + after, operator="花子", why="アドレスが復旧したため")


def tidied(after: timedelta) -> None:
    """The entry goes with all that names the person, 13 months after they left."""
    retention.tidy(NOW + after, retention.Terms(), lambda _: None)
    assert not Subscriber.objects.exists()


def said() -> tuple[str, tuple[str, ...]]:
    (row,) = planned(ADDRESS)
    return str(row.verdict), row.words


def test_a_goodbye_that_was_lifted_is_told() -> None:
    let_go(reason=LEFT)
    assert said() == ("warned", (WORDS.replace("消去し", "ご本人が解除し"),))


@pytest.mark.parametrize("order", ["left first", "bounced first"])
def test_a_goodbye_outlives_the_lifting_of_a_graver_reason(order: str) -> None:
    reader = person(ADDRESS)
    steps = [
        lambda at: signup.leave(reader.key, None, at),
        lambda at: suppression.suppress(mark(ADDRESS), Suppression.Reason.BOUNCED, at),
    ]
    for days, step in enumerate(steps if order == "left first" else reversed(steps)):
        step(NOW + days * DAY)
    tidied(410 * DAY)
    lift(411 * DAY)
    assert said() == ("refused", (REFUSED,))
    assert suppression.lift(mark(ADDRESS), NOW + 412 * DAY, operator="花子", why="電話でご希望")
    verdict, words = said()
    assert (verdict, "以前にご本人が解除し、" in words[0], "電話でご希望" in words[0]) == ("warned", True, True)


def test_a_goodbye_that_was_lost_under_a_graver_reason_before_is_told_too() -> None:
    suppressed(ADDRESS, LEFT)
    suppression.suppress(mark(ADDRESS), Suppression.Reason.BOUNCED, NOW + timedelta(hours=1))
    ended = {"lifted_at": NOW + DAY, "lifted_by": "花子", "lifted_why": "アドレスが復旧したため"}
    suppression.open_suppressions().update(**ended)  # as lift() did it then
    assert said() == ("warned", (SINCE_LEFT,))


def test_who_undid_their_goodbye_is_not_warned_of() -> None:
    reader = person(ADDRESS)
    signup.leave(reader.key, None, NOW)
    signup.come_back(reader.key, None, NOW + DAY)
    assert returning.once_gone() == {}


# ------------------------------------------------------------ who was struck off by their office
def struck_off(address: str = ADDRESS) -> ImportRun:
    run = ImportRun.objects.create(file="回答", basis=ConsentEvent.Basis.MEMBER, proof="回答", operator="花子", at=NOW)
    moves.depart({person(address).pk: 1}, run, NOW)
    return run


def test_who_was_struck_off_may_be_named_again_once_the_entry_is_gone_and_that_is_told() -> None:
    struck_off()
    assert said() == ("refused", (moves.STRUCK_OFF,))
    tidied(410 * DAY)
    assert said() == (
        "warned",
        ("2026-11-24 に会員の申出（異動・退職など）で配信を終えた宛先です。いまも届けてよい方か、確かめてください",),
    )


def test_their_own_goodbye_counts_more_than_that_of_their_office() -> None:
    struck_off()
    signup.leave(Subscriber.objects.get().key, None, NOW + DAY)
    assert said() == ("refused", (REFUSED,))
    lift(2 * DAY)
    assert said() == ("refused", (REFUSED,))
    tidied(410 * DAY)
    assert "以前にご本人が解除し、" in said()[1][0]


def test_a_second_row_of_the_same_address_is_refused_as_such() -> None:
    struck_off()
    assert "1行目と同じアドレス" in planned(ADDRESS, ADDRESS)[1].words[0]


def test_a_departure_that_was_taken_back_is_not_told() -> None:
    run = struck_off()
    undo.undo(run, "花子", NOW + DAY)
    assert Subscriber.objects.get().is_active
    assert returning.once_gone() == {}
