"""Claims whose worker is gone: found by its lease or its lock. What its journal says of them is in test_journal.py."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter import delivery, sweep, workers
from newsletter.delivery import LEASE, State
from newsletter.models import Delivery
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def test_a_claim_whose_lease_is_over_is_in_doubt() -> None:
    books.readers(2)
    campaign = books.running()
    delivery.claim("gone", 1, NOW, campaign)
    delivery.claim("alive", 1, NOW, campaign)
    over = NOW + LEASE + timedelta(seconds=1)
    assert delivery.renew("alive", over - timedelta(seconds=5)) == 1
    assert sweep.sweep(over) == 1
    row = Delivery.objects.get(state=State.IN_DOUBT)
    assert (row.reason, row.tries, row.settled_at) == ("送信中に処理が途切れました", 1, over)
    assert row.attempts.get().outcome == "in_doubt"


def test_a_worker_that_ended_without_a_word_is_found_at_once_by_its_free_lock() -> None:
    books.readers(2)
    campaign = books.running()
    with workers.at_work() as alive:
        delivery.claim(alive.name, 1, NOW, campaign)
        assert sweep.sweep(LATER) == 0
        died = "d" * 24
        lock = workers._folder() / f"{died}.lock"
        lock.touch()
        (claim,) = delivery.claim(died, 1, NOW, campaign).claims
        assert sweep.sweep(LATER) == 1
        assert not lock.exists()
    assert Delivery.objects.get(state=State.IN_DOUBT).pk == claim.delivery_id
