"""Two people, or two clicks, at the same moment: on a real database, in threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from subscribers import signup, suppression
from subscribers.addresses import read_address
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.subscribers.people import KEY, NOW, mark, person

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(count: int, verb: Callable[[], Any]) -> list[Any]:
    start = Barrier(count)

    def one() -> Any:
        try:
            start.wait()
            return verb()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return [done.result() for done in [threads.submit(one) for _ in range(count)]]


def test_two_requests_at_once_are_one_person() -> None:
    fields = signup.Fields(read_address("taro@example.jp"))
    asked = at_once(4, lambda: signup.request(fields, source=None, wording="1", now=NOW, fingerprint_key=KEY))
    assert {one.kind for one in asked} == {signup.Kind.CONFIRM}
    assert Subscriber.objects.count() == 1
    assert ConsentEvent.objects.count() == 4


def test_two_clicks_at_once_leave_once() -> None:
    reader = person()
    departures = at_once(4, lambda: signup.leave(reader.key, None, NOW))
    assert sorted(one.changed for one in departures) == [False, False, False, True]
    assert ConsentEvent.objects.count() == 1


def test_two_suppressions_at_once_are_one() -> None:
    done = at_once(4, lambda: suppression.suppress(mark("taro@example.jp"), Suppression.Reason.BOUNCED, NOW))
    assert sorted(done) == [False, False, False, True]
    assert Suppression.objects.count() == 1
