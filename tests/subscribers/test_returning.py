"""Who was erased once and comes back by a list, after somebody lifted the suppression."""

from __future__ import annotations

from datetime import timedelta

import pytest

from subscribers import importer, returning, suppression
from subscribers.addresses import read_address
from subscribers.candidates import Candidate
from subscribers.models import Suppression
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
    assert returning.once_erased() == {}


def test_who_is_erased_a_second_time_is_refused_and_the_reason_of_then_is_gone() -> None:
    let_go()
    suppression.forget_words([mark(ADDRESS)])
    suppression.suppress(mark(ADDRESS), Suppression.Reason.ERASED, NOW + timedelta(days=1))
    assert [row.verdict for row in planned(ADDRESS)] == ["refused"]
    assert "理由" not in returning.once_erased()[mark(ADDRESS)]
