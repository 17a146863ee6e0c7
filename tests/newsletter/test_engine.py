"""A sender that dies without a word (kill -9), and one that is told to stop: nobody twice, nobody lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter import campaigns, delivery, sweep
from newsletter.delivery import State
from newsletter.models import Campaign, Delivery
from tests.newsletter import books
from tests.newsletter.moody import MoodyServer, moody

pytestmark = pytest.mark.django_db(transaction=True)
CONNECTIONS = 4


def _database_url() -> str:
    """The database of this test, for another process."""
    known: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    login = f"{known['USER']}:{quote(str(known['PASSWORD']))}"
    return f"postgres://{login}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def _sender(campaign: Campaign, port: int) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DATABASE_URL": _database_url(),
        "NEWSLETTER_VAR": str(settings.VAR),
        "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{port}",
        "NEWSLETTER_RELAY_CONNECTIONS": str(CONNECTIONS),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "campaign", "resume", str(campaign.pk)],
        env=environment, cwd=Path(__file__).resolve().parents[2], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the sender did not get so far in time"
        time.sleep(0.005)


def _balance(campaign: Campaign, server: MoodyServer) -> None:
    """Every recipient exactly once at the server, or in doubt and at most once."""
    got = Counter(address for mail in server.received for address in mail.recipients)
    assert max(got.values()) == 1
    for row in campaign.deliveries.select_related("subscriber"):
        assert row.subscriber
        assert row.state in (State.SENT, State.IN_DOUBT)
        assert row.state == State.IN_DOUBT or got[row.subscriber.address] == 1


def test_a_sender_killed_in_the_middle_doubles_nobody_and_leaves_few_in_doubt() -> None:
    books.readers(300)
    campaign = books.running()
    with moody(slow=0.01) as server:
        for received in (40, 110, 200):
            before = campaign.deliveries.filter(state=State.IN_DOUBT).count()
            sender = _sender(campaign, server.port)
            _wait_until(lambda enough=received: len(server.received) >= enough, sender)  # type: ignore[misc]
            sender.kill()
            sender.communicate()
            sweep.sweep(timezone.now())
            doubt = campaign.deliveries.filter(state=State.IN_DOUBT).count() - before
            # Only what was on the wire: one for each connection, though a whole block was claimed.
            assert doubt <= CONNECTIONS
            assert not campaign.deliveries.filter(state=State.SENDING).exists()
        last = _sender(campaign, server.port)
        out, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors
    assert "送信済み" in out
    _balance(campaign, server)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE
    assert campaign.deliveries.filter(state=State.SENT).count() >= 300 - 3 * CONNECTIONS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sender_that_is_interrupted_stops_cleanly_and_says_what_to_type_next(number: int) -> None:
    books.readers(120)
    campaign = books.running()
    with moody(slow=0.01) as server:
        sender = _sender(campaign, server.port)
        _wait_until(lambda: len(server.received) >= 20, sender)
        sender.send_signal(number)
        _, errors = sender.communicate(timeout=30)
        assert sender.returncode == 1
        assert f"newsletter campaign resume {campaign.pk}" in errors
        assert "Traceback" not in errors
        campaign.refresh_from_db()
        assert campaign.state == Campaign.State.PAUSED
        states = books.states(campaign)
        assert set(states) == {"sent", "queued"}
        assert states["sent"] == len(server.received)
        last = _sender(campaign, server.port)
        _, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors
    assert books.states(campaign) == {"sent": 120}
    _balance(campaign, server)


def test_a_person_who_sends_the_doubt_again_lets_the_campaign_run_again() -> None:
    books.readers(1)
    campaign = books.running()
    delivery.claim("gone", 1, books.NOW, campaign)
    assert sweep.sweep(books.NOW + delivery.LEASE * 2) == 1
    assert campaigns.close_if_finished(campaign, books.NOW)
    row = Delivery.objects.get()
    assert campaigns.send_again([row.pk], "鈴木", books.NOW) == 1
    with moody() as server:
        last = _sender(campaign, server.port)
        _, errors = last.communicate(timeout=60)
    assert last.returncode == 0, errors
    assert books.states(campaign) == {"sent": 1}
