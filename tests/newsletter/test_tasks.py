"""The background tasks: wake-ups over functions; the tests run them at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from huey.contrib import djhuey

from newsletter import campaigns, delivery, letters, tasks, workers
from newsletter.delivery import LEASE, State
from newsletter.models import Campaign, Delivery
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def _no_relay(settings: Any) -> None:
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def test_a_letter_is_on_its_way_right_after_the_commit(settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    from django.db import transaction

    books.association()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        with django_capture_on_commit_callbacks(execute=True):
            letters.send_confirmation(books.reader("new@example.jp", state=Subscriber.State.PENDING))
            transaction.on_commit(tasks.wake_letters)
    assert server.received[0].recipients == ("new@example.jp",)
    assert Delivery.objects.get().state == State.SENT


@pytest.mark.usefixtures("_no_relay")
def test_a_relay_that_is_away_is_no_failure_of_the_task_and_the_letter_stays() -> None:
    books.association()
    letters.send_confirmation(books.reader("new@example.jp", state=Subscriber.State.PENDING))
    tasks.deliver_letters()
    tasks.deliver_letters_again()
    assert Delivery.objects.get().state == State.QUEUED


def test_the_clock_starts_a_planned_campaign_and_finishes_it(settings: Any) -> None:
    books.readers(3)
    now = timezone.now()
    campaign = campaigns.plan(books.edition(), "担当", now, starts_at=now - timedelta(seconds=1))
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        tasks.continue_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE
    assert len(server.received) == 3


def test_the_clock_goes_on_with_a_campaign_whose_sender_died(settings: Any) -> None:
    books.readers(3)
    campaign = books.running()
    delivery.claim("dead", 1, timezone.now() - LEASE * 2, campaign)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        tasks.sweep_claims()
        tasks.continue_campaigns()
    assert books.states(campaign) == {"in_doubt": 1, "sent": 2}


def test_a_worker_that_is_told_to_stop_gives_back_what_it_has_not_handed_over(settings: Any) -> None:
    books.readers(3)
    campaign = books.running()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        tasks.stopping.set()
        try:
            tasks.continue_campaigns()
        finally:
            tasks.stopping.clear()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SENDING
    assert books.states(campaign) == {"queued": 3}


def test_a_round_of_the_feeds_does_not_start_while_another_is_at_it() -> None:
    with workers.alone("refresh-feeds") as free:
        assert free
        tasks.refresh_feeds()
    tasks.refresh_feeds()


def test_sign_ups_that_nobody_confirmed_are_forgotten() -> None:
    waiting = books.reader("old@example.jp", state=Subscriber.State.PENDING)
    Subscriber.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=15))
    tasks.forget_unconfirmed()
    assert not Subscriber.objects.exists()


def test_the_clock_knows_every_periodic_task() -> None:
    names = {task.name for task in djhuey.HUEY._registry.periodic_tasks}
    assert names >= {
        "deliver_letters_again", "sweep_claims", "continue_campaigns", "refresh_feeds", "forget_unconfirmed",
    }  # fmt: skip
