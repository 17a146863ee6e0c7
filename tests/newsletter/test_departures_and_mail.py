"""Whose goodbye waits beside the database gets no mail any more: campaigns, letters, senders of other machines."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter import departures, letters, sending
from newsletter.delivery import State
from newsletter.models import Delivery
from tests.newsletter import books, ledger
from tests.newsletter.moody import addresses, moody
from tests.newsletter.test_departures import DETAIL, LATER, state_of, taken
from tests.smtp_server import free_port, receiving
from tests.subscribers.people import kinds, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _office(settings: Any) -> None:
    books.association()
    settings.RELAY_URL = settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def test_a_campaign_sends_nothing_to_somebody_whose_goodbye_waits() -> None:
    wanted = books.readers(5)
    campaign = books.running()
    gone = wanted[2]
    taken(gone)
    with receiving() as server:
        sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port))
    assert set(addresses(server)) == {reader.address for reader in wanted} - {gone.address}
    row = campaign.deliveries.get(subscriber=gone)
    assert (row.state, row.reason) == (State.CANCELLED, "本人が解除しました")
    assert state_of(gone) == "active"  # nothing was entered yet: the file alone kept the mail back


def test_who_says_goodbye_while_a_campaign_runs_and_the_ledger_is_held_gets_nothing_more() -> None:
    wanted = books.readers(60)
    campaign = books.running()
    left: set[str] = set()
    held, answered = threading.Event(), threading.Event()

    def an_import() -> None:
        """Holds the ledger until the goodbyes are taken, longer than one of them is ready to wait."""
        try:
            with ledger.being_written():
                held.set()
                answered.wait(60)
        finally:
            connection.close()

    def leave_half_way(progress: Any) -> None:
        if left or progress.finished < 2:
            return
        writer = threading.Thread(target=an_import)
        rows = campaign.deliveries.filter(state=State.QUEUED).select_related("subscriber")
        readers = [row.subscriber for row in rows if row.subscriber]
        writer.start()
        held.wait(60)
        for reader in readers[:3]:
            assert not departures.leave(reader.key, None, timezone.now(), DETAIL)
            left.add(reader.address)
        answered.set()
        writer.join()

    with moody(slow=0.02) as server:
        sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port, 1), on_progress=leave_half_way)
    assert len(left) == 3
    assert set(addresses(server)) == {reader.address for reader in wanted} - left
    assert books.states(campaign) == {"sent": 57, "cancelled": 3}
    assert departures.enter_waiting(timezone.now()) == 3


def test_of_letters_only_those_go_out_that_somebody_who_left_may_get(settings: Any) -> None:
    reader = person()
    letters.send_welcome(reader)
    taken(reader)
    letters.send_goodbye(reader)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_letters()
    assert len(server.received) == 1
    states = dict(Delivery.objects.values_list("letter__kind", "state"))
    assert states == {"welcome": State.CANCELLED, "goodbye": State.SENT}


def test_senders_of_other_machines_know_of_it_where_the_database_can_tell_them() -> None:
    reader = person()
    campaign = books.running()
    taken(reader)
    goodbyes_here = settings.GOODBYES
    settings.GOODBYES = Path(settings.VAR) / "goodbyes-of-another-machine"
    try:
        with receiving() as server:
            sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port))
    finally:
        settings.GOODBYES = goodbyes_here
    # SQLite knows one lock and one machine; PostgreSQL held only the person's row.
    assert len(server.received) == (0 if connection.vendor == "postgresql" else 1)
    assert departures.enter_waiting(LATER) == 1
    assert kinds() == ["left"]
