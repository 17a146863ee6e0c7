"""Two colleagues, or two clicks, at the same moment: on a real database, in threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from newsletter.errors import RosterError
from newsletter.models import Letter, RosterAnswer
from newsletter.roster import applying, rounds
from newsletter.roster.questions import Typed
from subscribers.models import ConsentEvent, ImportRun, Subscriber
from tests.newsletter.roster.parts import CITY, NOW, answered, city
from tests.subscribers.test_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NEW = Typed(name="佐藤 三郎", address=f"s-sato@{CITY}", consented=True)


def won(verb: Callable[[], Any]) -> bool:
    try:
        verb()
    except RosterError:
        return False
    return True


def test_the_same_answer_sent_by_several_clicks_is_one() -> None:
    sheet = city()
    at_once(3, lambda: answered(sheet, {"t-yamada": Typed("leave")}, [NEW]))
    assert RosterAnswer.objects.count() == 1
    assert Letter.objects.filter(kind="roster_receipt").count() == 1


def test_two_colleagues_who_press_send_write_one_letter_and_so_with_the_reminder() -> None:
    sheet = city()
    at_once(3, lambda: rounds.send([sheet], NOW))
    assert Letter.objects.filter(kind="roster").count() == 1
    at_once(3, lambda: rounds.remind([sheet], NOW + timedelta(days=3)))
    assert Letter.objects.filter(kind="roster_reminder").count() == 1


def test_an_answer_that_several_people_apply_at_once_is_applied_once() -> None:
    answer = answered(city(), {"t-yamada": Typed("leave")}, [NEW])
    outcomes = at_once(3, lambda: won(lambda: applying.apply(answer, "例示 職員", NOW)))
    assert sorted(outcomes) == [False, False, True]
    assert ImportRun.objects.count() == 1
    assert Subscriber.objects.filter(address=f"s-sato@{CITY}").count() == 1
    assert ConsentEvent.objects.filter(kind="left").count() == 1
    assert Letter.objects.filter(kind__in=("named", "moved")).count() == 2
