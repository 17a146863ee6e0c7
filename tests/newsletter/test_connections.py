"""The engine on the relay's bad days, and when it is told to stop: nothing lost, nothing in the dark."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from newsletter import campaigns, connections, delivery, reports, sending, signing, sweep, workers
from newsletter.delivery import State
from newsletter.engine import Cause
from newsletter.errors import CampaignError
from newsletter.mail.dkim import Algorithm
from newsletter.mail.relay import Relay, Timeouts
from newsletter.models import Attempt, Campaign, Edition
from newsletter.outgoing import EditionMail, Outgoing
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import MoodyServer, addresses, listening, moody
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=["plain", "signed"])
def signing_or_not(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> None:
    """Signed mail is composed ahead, in another thread: its bad days end as all do."""
    if request.param == "signed":
        settings.DKIM_FOLDER = tmp_path
        _, path = signing.new_key(Algorithm.ED25519, "example.jp", "test")
        settings.DKIM_KEYS = (path.name,)


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
    assert time.monotonic() - began < 60  # the relay would have been given five minutes to greet
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
    books.readers(60)
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


class Unwatched:
    """Nobody writes down how far a mail came."""

    def handing_over(self, mail: Outgoing) -> None: ...

    def taken_back(self, mail: Outgoing) -> None: ...

    def carried(self, carried: connections.Carried) -> bool:
        return True


def claimed(campaign: Campaign, count: int) -> list[Outgoing]:
    claims = delivery.claim("w", count, NOW, campaign).claims
    return [mail for mail in EditionMail.of(campaign, NOW).prepare(claims) if isinstance(mail, Outgoing)]


def lines_to(*relays: Relay, lease: timedelta = timedelta(minutes=1)) -> connections.Connections:
    return connections.Connections(relays, lambda: NOW, lambda: NOW + lease, (), Unwatched())


def all_answers(lines: connections.Connections, count: int) -> list[connections.Carried | connections.Unsent]:
    found: list[connections.Carried | connections.Unsent] = []
    deadline = time.monotonic() + 10
    while len(found) < count:
        assert time.monotonic() < deadline
        found += lines.answers(0.2)
    return found


def test_a_mail_is_not_handed_over_after_its_lease() -> None:
    books.readers(1)
    mails = claimed(books.running(), 1)
    with receiving() as server, lines_to(books.relay(server.port, 1), lease=timedelta()) as lines:
        lines.carry(mails)
        assert all_answers(lines, 1) == [connections.Unsent(mails[0])]
    assert not server.received


def test_a_mail_that_waited_too_long_goes_back_so_that_consent_is_asked_again() -> None:
    books.readers(3)
    mails = claimed(books.running(), 3)
    mails[2].taken -= connections.FRESH_SECONDS
    with receiving() as server, lines_to(books.relay(server.port, 1)) as lines:
        lines.carry(mails)
        answers = all_answers(lines, 3)
    assert [one.mail for one in answers if isinstance(one, connections.Unsent)] == [mails[2]]
    assert len(server.received) == 2


def test_an_error_of_ours_in_a_message_stops_everything_and_is_no_answer_for_the_reader() -> None:
    books.readers(40)
    mails = claimed(books.running(), 40)
    mails[0].message = replace(mails[0].message, parts=(object(),))  # type: ignore[arg-type]
    with receiving() as server, lines_to(books.relay(server.port, 1)) as lines:
        lines.carry(mails)
        answers = all_answers(lines, 39)
        assert lines.trouble == connections.BROKEN
        assert [one.mail for one in answers] == mails[1:]
        assert {type(one) for one in answers} == {connections.Unsent}
    assert not server.received


def test_a_mail_that_cannot_be_written_has_its_answer_and_the_others_go_out() -> None:
    books.readers(5)
    mails = claimed(books.running(), 5)
    mails[2].recipient = replace(mails[2].recipient, unsubscribe_url="")
    with receiving() as server, lines_to(books.relay(server.port, 1)) as lines:
        lines.carry(mails)
        answers = all_answers(lines, 5)
    failed = [one for one in answers if isinstance(one, connections.Carried) and one.result is None]
    assert [(one.mail, "配信停止のリンク" in one.error) for one in failed] == [(mails[2], True)]
    assert len(server.received) == 4


def test_what_is_claimed_is_what_goes_out_in_a_moment() -> None:
    books.readers(60)
    campaign = books.running()
    most = 0

    def look(progress: Any) -> None:
        nonlocal most
        most = max(most, campaign.deliveries.filter(state=State.SENDING).count())

    with moody(slow=0.2) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 3), on_progress=look)
    assert most <= 2 * 2 * 3
    assert server.busiest <= 3


def test_a_ledger_that_cannot_be_written_leaves_nothing_in_doubt() -> None:
    books.readers(12)
    campaign = books.running()

    def full(progress: Any) -> None:
        raise OperationalError("database or disk is full")

    with moody(slow=0.3) as server:
        with pytest.raises(OperationalError):
            sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 3), on_progress=full)
        arrived = len(server.received)
        assert 0 < arrived < 12
        assert reports.why_it_stands(campaign).startswith("ディスクの空き容量がありません")
        sweep.sweep(NOW)
        assert books.states(campaign) == {"sent": arrived, "queued": 12 - arrived}
        assert reports.why_it_stands(campaign) == ""
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 3))
    assert books.states(campaign) == {"sent": 12}
    assert len(server.received) == 12


# ------------------------------------------------------------ several relays
def test_two_relays_share_the_mail_and_the_books_say_which_took_what() -> None:
    books.readers(40)
    campaign = books.running()
    with moody(slow=0.01) as one, moody(slow=0.01) as other:
        relays = (books.relay(one.port, 2), books.relay(other.port, 2))
        with lines_to(*relays) as lines:
            lines.carry(claimed(campaign, 40))
            answers = all_answers(lines, 40)
    assert len(one.received) + len(other.received) == 40
    assert min(len(one.received), len(other.received)) >= 5
    names = Counter(answer.relay for answer in answers if isinstance(answer, connections.Carried))
    assert names == {relays[0].name: len(one.received), relays[1].name: len(other.received)}


def test_a_relay_that_is_away_leaves_the_mail_to_the_others(settings: Any) -> None:
    books.readers(20)
    campaign = books.running()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}?weight=3 smtp://127.0.0.1:{server.port}?messages=3"
        settings.RELAY_CONNECTIONS = 4
        run = sending.send_campaign(campaign, NOW)
    assert run.cause is Cause.NONE
    assert books.states(campaign) == {"sent": 20}
    assert len(server.received) == 20


def test_a_relay_that_refuses_the_login_leaves_the_mail_to_the_others() -> None:
    books.readers(12)
    campaign = books.running()
    with receiving(password="right") as strict, receiving() as server:
        refused = replace(books.relay(strict.port, 2), username="office", password="wrong")
        with lines_to(refused, books.relay(server.port, 1)) as lines:
            lines.carry(claimed(campaign, 12))
            all_answers(lines, 12)
            assert not lines.trouble
    assert len(server.received) == 12


def test_when_every_relay_is_away_the_campaign_pauses(settings: Any) -> None:
    books.readers(3)
    campaign = books.running()
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()} smtp://127.0.0.1:{free_port()}"
    run = sending.send_campaign(campaign, NOW)
    assert run.cause is Cause.RELAY
    assert books.states(campaign) == {"queued": 3}


def test_a_connection_is_opened_anew_after_as_many_messages_as_the_relay_allows() -> None:
    books.readers(10)
    campaign = books.running()
    with receiving() as server:
        relay = replace(books.relay(server.port, 1), messages=4)
        sending.send_campaign(campaign, NOW, relay=relay)
    assert len(server.received) == 10
    assert server.connections == 3
