"""The engine against real SMTP servers: every mail once, every reply in the books, every trouble in words."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings

from newsletter import campaigns, connections, delivery, links, sending, workers
from newsletter.delivery import State
from newsletter.engine import Cause
from newsletter.errors import CampaignError
from newsletter.mail.envelope import read_verp
from newsletter.mail.relay import Timeouts
from newsletter.models import Attempt, Campaign, Delivery, Edition, Letter
from newsletter.outgoing import NOBODY, EditionMail
from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.smtp_server import ReceivingServer, free_port, receiving

pytestmark = pytest.mark.django_db


@dataclass
class MoodyServer(ReceivingServer):
    """Answers with the replies of `moods`, one for each mail, and is as slow as it is told."""

    moods: list[str] = field(default_factory=list)
    slow: float = 0.0
    mail_reply: str = ""
    busy: int = 0
    busiest: int = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.mail_reply:
            return self.mail_reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(self.slow)
        self.busy -= 1
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "hang up":
            server.transport.close()
            return "250 never heard"
        return mood or await super().handle_DATA(server, session, envelope)


@contextlib.contextmanager
def moody(**options: Any) -> Iterator[MoodyServer]:
    server = MoodyServer(port=free_port(), **options)
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _addresses(server: ReceivingServer) -> list[str]:
    return sorted(address for mail in server.received for address in mail.recipients)


def _message(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


# ------------------------------------------------------------ the good day
def test_every_reader_gets_one_mail_of_their_own() -> None:
    wanted = books.readers(25)
    campaign = books.running()
    seen: list[int] = []
    with receiving() as server:
        run = sending.send_campaign(
            campaign, NOW, relay=books.relay(server.port), on_progress=lambda progress: seen.append(progress.finished)
        )
    assert (run.cause, run.progress.states[State.SENT], run.progress.total) == (Cause.NONE, 25, 25)
    assert _addresses(server) == sorted(reader.address for reader in wanted)
    assert all(len(mail.recipients) == 1 for mail in server.received)
    assert books.states(campaign) == {"sent": 25}
    assert seen == sorted(seen)
    assert seen[-1] == 25
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE
    assert server.connections <= 4


def test_a_mail_carries_its_own_sender_id_and_links() -> None:
    (reader,) = books.readers(1)
    campaign = books.running()
    with receiving() as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    (mail,) = server.received
    row = Delivery.objects.get()
    message = _message(mail.content)
    assert read_verp(mail.sender, settings.FINGERPRINT_KEY) == row.pk
    assert message["To"] == reader.address
    assert message["Message-ID"].startswith(f"<{row.pk}.")
    token = re.search(r"/u/([^/>]+)/", message["List-Unsubscribe"])
    assert token
    assert links.read_unsubscribe(token[1]) == links.ReaderLink(reader.key, row.pk)
    assert "List-Unsubscribe-Post" in message
    body = message.get_body(("plain",)).get_content()
    assert links.unsubscribe_url(reader.key, row.pk) in body
    assert "slot.invalid" not in mail.content.decode()


def test_who_wants_text_gets_text_alone() -> None:
    books.reader("text@example.jp", format_="text")
    campaign = books.running()
    with receiving() as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert _message(server.received[0].content).get_content_type() == "text/plain"


def test_who_leaves_while_the_campaign_runs_gets_nothing_that_was_not_handed_over() -> None:
    wanted = books.readers(12)
    campaign = books.running()
    left: list[str] = []

    def leave_half_way(progress: Any) -> None:
        if not left and progress.finished >= 2:
            rows = campaign.deliveries.filter(state=State.QUEUED).select_related("subscriber")
            for row in rows:
                assert row.subscriber
                left.append(row.subscriber.address)
                signup.leave(row.subscriber.key, None, NOW)

    with moody(slow=0.02) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1), on_progress=leave_half_way)
    assert left
    assert set(_addresses(server)) == {reader.address for reader in wanted} - set(left)
    assert books.states(campaign) == {"sent": 12 - len(left), "cancelled": len(left)}


# ------------------------------------------------------------ replies
def test_it_defers_what_is_refused_for_now_and_goes_on_when_it_is_due() -> None:
    books.readers(3)
    campaign = books.running()
    with moody(moods=["451 4.7.1 greylisted, come back"]) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
        assert books.states(campaign) == {"sent": 2, "deferred": 1}
        assert run.cause is Cause.NONE
        row = Delivery.objects.get(state=State.DEFERRED)
        assert row.retry_at
        assert NOW < row.retry_at < NOW + timedelta(hours=1)
        assert (row.reply_code, row.reason) == (451, "一時的に受け付けられませんでした")
        campaign.refresh_from_db()
        assert campaign.state == Campaign.State.SENDING
        first = sending.continue_campaigns(NOW + timedelta(seconds=1))
        assert first == []
        settings_relay(server.port)
        sending.continue_campaigns(row.retry_at)
    assert books.states(campaign) == {"sent": 3}
    assert [attempt.outcome for attempt in row.attempts.all()] == ["deferred", "sent"]
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE


@pytest.fixture(autouse=True)
def _own_relay(settings: Any) -> None:
    """No test finds a server of the developer's machine."""
    settings.RELAY_URL = settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def settings_relay(port: int) -> None:
    settings.RELAY_URL = f"smtp://127.0.0.1:{port}"


def test_a_delivery_expires_when_its_tries_are_used_up() -> None:
    books.readers(1)
    campaign = books.running()
    Delivery.objects.update(tries=60)
    with moody(moods=["452 4.2.2 mailbox full"]) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    row = Delivery.objects.get()
    assert (row.state, row.reason, row.retry_at) == (State.EXPIRED, "再送の期限が過ぎました", None)


def test_an_address_that_does_not_exist_is_refused_and_suppressed() -> None:
    gone, _ = books.readers(2)
    campaign = books.running()
    with receiving() as server:
        server.rcpt_replies[gone.address] = f"550 5.1.1 <{gone.address}>: no such user"
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    row = Delivery.objects.get(state=State.REFUSED)
    assert (row.subscriber_id, row.reply_code, row.reason) == (gone.pk, 550, "宛先がありません")
    assert gone.address not in row.reply_text + row.attempts.get().reply_text
    assert suppression.standing(gone.fingerprint).reason == Suppression.Reason.BOUNCED  # type: ignore[union-attr]


def test_a_reader_whose_filter_refuses_stays_a_reader() -> None:
    (reader,) = books.readers(1)
    campaign = books.running()
    with moody(moods=["550 Unknown user"]) as server:  # docomo, after DATA: the reader's own filter
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert books.states(campaign) == {"refused": 1}
    assert not suppression.is_suppressed(reader.fingerprint)


def test_refusals_about_us_pause_the_campaign_and_punish_nobody() -> None:
    books.readers(12)
    campaign = books.running()
    with moody(moods=["550 5.7.26 unauthenticated mail is prohibited"] * 20) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert run.cause is Cause.POLICY
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.PAUSED
    assert "550 5.7.26" in campaign.pause_reason
    states = books.states(campaign)
    assert 3 <= states["refused"] <= 4
    assert states["queued"] == 12 - states["refused"]
    assert not Suppression.objects.exists()


def test_a_line_lost_after_the_final_dot_leaves_the_mail_in_doubt() -> None:
    books.readers(3)
    campaign = books.running()
    with moody(moods=["hang up"]) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert books.states(campaign) == {"sent": 2, "in_doubt": 1}
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE
    assert Delivery.objects.get(state=State.IN_DOUBT).reason == "送信の途中で接続が切れました"


def test_an_address_no_envelope_can_hold_is_refused_without_asking_the_relay() -> None:
    (reader, _) = books.readers(2)
    Subscriber.objects.filter(pk=reader.pk).update(address="no-at-sign")
    campaign = books.running()
    with receiving() as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert run.progress.finished == 2
    row = Delivery.objects.get(state=State.REFUSED)
    assert row.reason == "メールアドレスの形をしていません。"
    assert len(server.received) == 1


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

    server = Shy(port=free_port(), slow=0.01)
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 4))
    finally:
        controller.stop()
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
    assert len(set(_addresses(server))) == len(server.received) == 30


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
    assert states["sent"] <= 6


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


# ------------------------------------------------------------ rehearsal
def test_a_rehearsal_goes_to_the_catcher_whatever_the_relay_is(settings: Any) -> None:
    wanted = books.readers(3)
    campaign = books.running(books.edition(approved=False), rehearsal=True)
    settings.RELAY_URL = "smtps://office:secret@relay.example.jp"
    with receiving() as catcher:
        settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{catcher.port}"
        sending.send_campaign(campaign, NOW)
    assert _addresses(catcher) == sorted(reader.address for reader in wanted)
    message = _message(catcher.received[0].content)
    assert message["Subject"].startswith("【リハーサル】")
    token = re.search(r"/u/([^/>]+)/", message["List-Unsubscribe"])
    assert token
    assert links.read_unsubscribe(token[1]).subscriber_key == NOBODY
    assert not Delivery.objects.filter(subscriber__isnull=False).exists()


# ------------------------------------------------------------ letters
def _letter(kind: str, *, subscriber: Subscriber | None = None, address: str = "") -> Letter:
    letter = Letter.objects.create(
        kind=kind, subscriber=subscriber, address=address, subject="お知らせ", html="<p>本文</p>", text="本文",
        written_at=NOW,
    )  # fmt: skip
    delivery.queue_letter(letter, NOW)
    return letter


def test_letters_go_out_without_list_headers_and_not_as_bulk() -> None:
    books.association()
    pending = books.reader("new@example.jp", state=Subscriber.State.PENDING)
    _letter("confirmation", subscriber=pending)
    _letter("receipt", address="staff@example.lg.jp")
    with receiving() as server:
        run = sending.send_letters(NOW, relay=books.relay(server.port))
    assert run.progress.states[State.SENT] == 2
    assert _addresses(server) == ["new@example.jp", "staff@example.lg.jp"]
    message = _message(server.received[0].content)
    assert "List-Unsubscribe" not in message
    assert message["Auto-Submitted"] == "auto-generated"


def test_letters_stay_queued_while_the_relay_is_away() -> None:
    books.association()
    _letter("receipt", address="staff@example.lg.jp")
    run = sending.send_letters(NOW, relay=books.relay(free_port()))
    assert run.cause is Cause.RELAY
    assert Delivery.objects.get().state == State.QUEUED
    with receiving() as server:
        sending.send_letters(NOW, relay=books.relay(server.port))
    assert Delivery.objects.get().state == State.SENT


def test_without_letters_nothing_is_opened_and_no_profile_is_needed() -> None:
    assert sending.send_letters(NOW).progress.total == 0


# ------------------------------------------------------------ the hour
def test_a_planned_campaign_starts_at_its_hour() -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "担当", NOW, starts_at=NOW + timedelta(hours=1))
    with receiving() as server:
        settings_relay(server.port)
        assert sending.continue_campaigns(NOW) == []
        (run,) = sending.continue_campaigns(NOW + timedelta(hours=1))
    assert run.progress.states[State.SENT] == 2
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE


def test_a_planned_campaign_that_may_not_start_waits_and_says_why() -> None:
    made = books.edition()
    campaign = campaigns.plan(made, "担当", NOW, starts_at=NOW)
    made.approvals.update(void_at=NOW)
    assert sending.continue_campaigns(NOW) == []
    campaign.refresh_from_db()
    assert (campaign.state, campaign.starts_at) == (Campaign.State.PLANNED, None)
    assert "承認されていません" in campaign.pause_reason
