"""What is in doubt is decided by a named person, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter import campaigns, delivery, doubt, sweep
from newsletter.delivery import LEASE, State
from newsletter.models import Delivery
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def test_a_person_decides_about_the_doubt_by_name_and_once() -> None:
    books.readers(2)
    campaign = books.running()
    one, two = delivery.claim("w", 2, NOW, campaign).claims
    sweep.sweep(NOW + LEASE * 2)
    assert doubt.treat_as_sent([one.delivery_id], "佐藤", LATER) == 1
    assert doubt.treat_as_sent([one.delivery_id], "佐藤", LATER) == 0
    assert doubt.send_again([one.delivery_id, two.delivery_id], "鈴木", LATER) == 1
    rows = {row.pk: row for row in Delivery.objects.all()}
    assert (rows[one.delivery_id].state, rows[two.delivery_id].state) == (State.SENT, State.QUEUED)
    assert "佐藤" in rows[one.delivery_id].reason
    assert [a.reply_text for a in rows[two.delivery_id].attempts.all()][-1] == "鈴木さんの判断で送り直します"


def test_the_doubt_of_a_cancelled_campaign_is_not_sent_again() -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    sweep.sweep(NOW + LEASE * 2)
    campaigns.cancel(campaign, "担当", LATER)
    assert doubt.send_again([claim.delivery_id], "鈴木", LATER) == 0
