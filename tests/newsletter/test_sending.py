"""The engine against real SMTP servers: every mail once, every reply in the books."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from newsletter import campaigns, delivery, links, sending
from newsletter.delivery import State
from newsletter.engine import Cause
from newsletter.mail.envelope import read_verp
from newsletter.models import Campaign, Delivery, Letter
from newsletter.outgoing import NOBODY
from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import addresses, moody
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_relay(settings: Any) -> None:
    """No test finds a server of the developer's machine."""
    settings.RELAY_URL = settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def settings_relay(port: int) -> None:
    settings.RELAY_URL = f"smtp://127.0.0.1:{port}"


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
    assert addresses(server) == sorted(reader.address for reader in wanted)
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
    wanted = books.readers(60)
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
    assert set(addresses(server)) == {reader.address for reader in wanted} - set(left)
    assert books.states(campaign) == {"sent": 60 - len(left), "cancelled": len(left)}


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


# ------------------------------------------------------------ rehearsal
def test_a_rehearsal_goes_to_the_catcher_whatever_the_relay_is(settings: Any) -> None:
    wanted = books.readers(3)
    campaign = books.running(books.edition(approved=False), rehearsal=True)
    settings.RELAY_URL = "smtps://office:secret@relay.example.jp"
    with receiving() as catcher:
        settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{catcher.port}"
        sending.send_campaign(campaign, NOW)
    assert addresses(catcher) == sorted(reader.address for reader in wanted)
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
    assert addresses(server) == ["new@example.jp", "staff@example.lg.jp"]
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
