"""The engine on the relay's bad days, and when it is told to stop: nothing lost, nothing in the dark."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from newsletter import campaigns, connections, delivery, sending, workers
from newsletter.delivery import State
from newsletter.engine import Cause
from newsletter.errors import CampaignError
from newsletter.mail.relay import Timeouts
from newsletter.models import Attempt, Campaign, Edition
from newsletter.outgoing import EditionMail
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import MoodyServer, addresses, listening, moody
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------ the relay's bad days
def test_a_relay_that_is_away_pauses_the_campaign_and_loses_nothing() -> None:
    books.readers(9)
    campaign = books.running()
    run = sending.send_campaign(campaign, NOW, relay=books.relay(free_port()))
    assert run.cause is Cause.RELAY
    assert books.states(campaign) == {"queued": 9}
    assert not Attempt.objects.exists()
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.PAUSED
    assert campaign.pause_reason == run.words
    assert "127.0.0.1" in run.words
    campaigns.resume(campaign)
    with receiving() as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert books.states(campaign) == {"sent": 9}
    assert len(server.received) == 9


def test_a_login_that_is_refused_pauses_the_campaign_at_once() -> None:
    books.readers(2)
    campaign = books.running()
    with receiving(password="right") as server:
        relay = replace(books.relay(server.port, 1), username="office", password="wrong")
        run = sending.send_campaign(campaign, NOW, relay=relay)
    assert run.cause is Cause.RELAY
    assert "wrong" not in run.words
    assert books.states(campaign) == {"queued": 2}


def test_an_edition_changed_while_the_campaign_was_paused_is_not_sent() -> None:
    books.readers(2)
    campaign = books.running()
    Edition.objects.filter(pk=campaign.edition_id).update(text="別の本文")
    with receiving() as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert run.cause is Cause.MESSAGE
    assert not server.received
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.PAUSED
    assert "確定したときと違っています" in campaign.pause_reason


def test_ctrl_c_does_not_wait_for_a_relay_that_never_answers() -> None:
    books.readers(3)
    campaign = books.running()
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        relay = replace(books.relay(silent.getsockname()[1], 2), timeouts=Timeouts())
        threading.Timer(0.5, stop.set).start()
        began = time.monotonic()
        run = sending.send_campaign(campaign, NOW, relay=relay, stop_event=stop)
    assert run.cause is Cause.INTERRUPTED
    assert time.monotonic() - began < 5
    assert books.states(campaign) == {"queued": 3}


def test_a_relay_that_only_says_421_pauses_the_campaign_and_loses_nothing() -> None:
    books.readers(8)
    campaign = books.running()
    with moody(mail_reply="421 4.3.2 shutting down") as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 2))
    assert run.cause is Cause.RELAY
    assert "421" in run.words
    assert books.states(campaign) == {"queued": 8}


def test_a_relay_that_allows_fewer_connections_gets_fewer() -> None:
    books.readers(20)
    campaign = books.running()

    class Shy(MoodyServer):
        async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:
            if self.connections >= 1:
                return ["421 4.7.0 too many connections"]
            return await super().handle_EHLO(server, session, envelope, hostname, responses)

    with listening(Shy(port=free_port(), slow=0.01)) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 4))
    assert run.cause is Cause.NONE
    assert books.states(campaign) == {"sent": 20}


# ------------------------------------------------------------ stopping
def test_ctrl_c_finishes_what_is_on_the_wire_and_gives_back_the_rest() -> None:
    books.readers(30)
    campaign = books.running()
    stop = threading.Event()

    def stop_half_way(progress: Any) -> None:
        if progress.finished >= 4:
            stop.set()

    with moody(slow=0.05) as server:
        relay = books.relay(server.port, 2)
        run = sending.send_campaign(campaign, NOW, relay=relay, stop_event=stop, on_progress=stop_half_way)
        assert run.cause is Cause.INTERRUPTED
        states = books.states(campaign)
        assert set(states) == {"sent", "queued"}
        assert states["sent"] == len(server.received) < 30
        sending.send_campaign(campaign, NOW, relay=relay)
    assert books.states(campaign) == {"sent": 30}
    assert len(set(addresses(server))) == len(server.received) == 30


def test_a_campaign_paused_by_somebody_else_stops_within_moments() -> None:
    books.readers(30)
    campaign = books.running()
    with moody(slow=0.02) as server:
        run = sending.send_campaign(
            campaign, NOW, relay=books.relay(server.port, 2),
            on_progress=lambda progress: campaigns.pause(campaign, "件名に誤りがあるため"),
        )  # fmt: skip
    assert run.cause is Cause.ELSEWHERE
    campaign.refresh_from_db()
    assert campaign.pause_reason == "件名に誤りがあるため"
    states = books.states(campaign)
    assert set(states) == {"sent", "queued"}
    assert states["sent"] < 30


def test_a_cancelled_campaign_leaves_nothing_waiting() -> None:
    books.readers(30)
    campaign = books.running()
    with moody(slow=0.02) as server:
        sending.send_campaign(
            campaign, NOW, relay=books.relay(server.port, 2),
            on_progress=lambda progress: campaigns.is_running(campaign) and campaigns.cancel(campaign, "担当", NOW),
        )  # fmt: skip
    assert set(books.states(campaign)) == {"sent", "cancelled"}


def test_one_process_sends_a_campaign_at_a_time() -> None:
    books.readers(1)
    campaign = books.running()
    with workers.alone(f"campaign-{campaign.pk}") as free:
        assert free
        with pytest.raises(CampaignError, match="ほかの処理がいま送信しています"):
            sending.send_campaign(campaign, NOW)
        assert sending.continue_campaigns(NOW) == []


def test_a_mail_is_not_handed_over_after_its_lease() -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    (mail,) = EditionMail.of(campaign, NOW).prepare([claim])
    with (
        receiving() as server,
        connections.Connections(books.relay(server.port, 1), lambda: NOW, lambda: NOW, ()) as lines,
    ):
        lines.carry([mail])  # type: ignore[list-item]
        assert lines.answers(5) == [connections.Unsent(mail)]  # type: ignore[arg-type]
    assert not server.received


def test_never_more_is_claimed_than_two_for_each_connection() -> None:
    books.readers(40)
    campaign = books.running()
    most = 0

    def look(progress: Any) -> None:
        nonlocal most
        most = max(most, campaign.deliveries.filter(state=State.SENDING).count())

    with moody(slow=0.01) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 3), on_progress=look)
    assert 3 <= most <= 6
    assert server.busiest <= 3
