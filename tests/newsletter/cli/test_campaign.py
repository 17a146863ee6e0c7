"""`newsletter campaign …` and `newsletter letters …` as a person at the shell meets them."""

from __future__ import annotations

import csv
import email
import email.policy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from newsletter import campaigns, delivery, editions, issues, letters
from newsletter.cli import main
from newsletter.delivery import LEASE, State
from newsletter.models import Campaign, Delivery, Edition, Letter
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.smtp_server import ReceivingServer, free_port, receiving

pytestmark = pytest.mark.django_db
Shell = Callable[..., Result]


@pytest.fixture
def server(settings: Any) -> Iterator[ReceivingServer]:
    """The relay and the catcher of these tests."""
    with receiving() as running:
        settings.RELAY_URL = f"smtp://127.0.0.1:{running.port}"
        settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{free_port()}"
        yield running


@pytest.fixture
def shell() -> Shell:
    def run(*words: str, exit_code: int = 0, answer: str | None = None) -> Result:
        result = CliRunner().invoke(main, list(words), input=answer)
        assert result.exit_code == exit_code, result.output
        assert "Traceback" not in result.output
        return result

    return run


# ------------------------------------------------------------ send
def test_sending_asks_with_number_issue_and_subject_and_reports(server: ReceivingServer, shell: Shell) -> None:
    books.readers(7)
    made = books.edition()
    result = shell("campaign", "send", "--yes", "--by", "佐藤")
    issue = made.issue
    assert f"7件・{issue.month.year}年{issue.month.month}月号" in result.stderr
    assert "「e-ニュース 11月号」" in result.stderr
    assert f"127.0.0.1:{server.port}" in result.stderr
    assert "送信済み: 7件" in result.stdout
    assert len(server.received) == 7
    assert Campaign.objects.get().planned_by == "佐藤"


def test_without_a_yes_nothing_is_planned_and_nothing_is_sent(server: ReceivingServer, shell: Shell) -> None:
    books.readers(1)
    books.edition()
    result = shell("campaign", "send", exit_code=1)
    assert "--yes" in result.stderr
    assert not Campaign.objects.exists()
    assert not server.received


def test_the_report_in_json_counts_every_state(server: ReceivingServer, shell: Shell) -> None:
    gone, *_ = books.readers(4)
    server.rcpt_replies[gone.address] = "550 5.1.1 no such user"
    made = books.edition()
    sent = json.loads(shell("campaign", "send", "--yes", "--json").stdout)
    reported = json.loads(shell("campaign", "report", "--json").stdout)
    assert sent == reported
    assert reported["digest"] == made.digest
    assert (reported["state"], reported["total"], reported["rehearsal"]) == ("done", 4, False)
    assert reported["states"] | {"sent": 3, "refused": 1, "queued": 0, "in_doubt": 0} == reported["states"]
    assert reported["lines"] == [{"state": "refused", "reason": "宛先がありません", "reply_code": 550, "count": 1}]
    assert "@example.jp" not in json.dumps(reported)


def test_the_csv_names_each_recipient_and_only_its_owner_can_read_it(
    server: ReceivingServer, shell: Shell, tmp_path: Path
) -> None:
    wanted = books.readers(3)
    books.edition()
    shell("campaign", "send", "--yes")
    file = tmp_path / "recipients.csv"
    result = shell("campaign", "report", "--csv", str(file))
    assert "3件" in result.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["メールアドレス"] for row in rows] == [reader.address for reader in wanted]
    assert {row["状態"] for row in rows} == {"送信済み"}


def test_the_same_edition_is_not_sent_twice(server: ReceivingServer, shell: Shell) -> None:
    books.readers(2)
    made = books.edition()
    shell("campaign", "send", "--yes")
    result = shell("campaign", "send", f"{made.issue.month:%Y-%m}", "--yes", exit_code=1)
    assert "すでに送り終えています" in result.stderr
    assert len(server.received) == 2


def test_an_edition_that_nobody_approved_is_not_sent(server: ReceivingServer, shell: Shell) -> None:
    made = books.edition(approved=False)
    result = shell("campaign", "send", f"{made.issue.month:%Y-%m}", "--yes", exit_code=1)
    assert "newsletter issue approve" in result.stderr


def test_a_relay_that_is_away_is_said_before_anything_starts(settings: Any, shell: Shell) -> None:
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}"
    books.readers(1)
    made = books.edition()
    result = shell("campaign", "send", "--yes", exit_code=1)
    assert "127.0.0.1" in result.stderr
    assert not Delivery.objects.exists()
    assert not editions.published().filter(pk=made.pk).exists()


def test_a_campaign_stopped_by_refusals_says_why_and_what_to_type_next(server: ReceivingServer, shell: Shell) -> None:
    books.readers(20)
    books.edition()
    server.final_reply = "550 5.7.1 message refused by policy"
    result = shell("campaign", "send", "--yes", exit_code=1)
    campaign = Campaign.objects.get()
    assert campaign.state == Campaign.State.PAUSED
    assert "550 5.7.1" in result.stderr
    assert f"newsletter campaign resume {campaign.pk}" in result.stderr
    server.final_reply = "250 2.0.0 Ok"
    shell("campaign", "resume", str(campaign.pk))
    assert set(books.states(campaign)) == {"sent", "refused"}


# ------------------------------------------------------------ plan, pause, cancel, look
def test_a_campaign_is_planned_for_an_hour_listed_and_sent_by_hand(server: ReceivingServer, shell: Shell) -> None:
    books.readers(1)
    books.edition()
    hour = timezone.localtime(timezone.now() + timedelta(days=2)).replace(hour=10, minute=25)  # neither night nor :00
    planned = shell("campaign", "plan", "--at", f"{hour:%Y-%m-%d %H:%M}", "--by", "佐藤")
    assert f"{hour:%Y-%m-%d %H:%M}" in planned.stdout
    campaign = Campaign.objects.get()
    assert "予定" in shell("campaign", "list").stdout
    assert "いま進める配信はありません" in shell("campaign", "continue").stdout
    shell("campaign", "send", "--campaign", str(campaign.pk), "--yes")
    assert books.states(campaign) == {"sent": 1}
    assert json.loads(shell("campaign", "list", "--json").stdout)[0]["state"] == "done"


def test_an_hour_that_is_over_is_refused(shell: Shell) -> None:
    books.edition()
    assert "過ぎています" in shell("campaign", "plan", "--at", "2020-01-01 10:07", exit_code=1).stderr
    shell("campaign", "plan", "--at", "tomorrow", exit_code=2)


def test_pausing_resuming_and_cancelling(server: ReceivingServer, shell: Shell) -> None:
    books.readers(3)
    campaign = books.running()
    shell("campaign", "pause", str(campaign.pk), "--reason", "件名に誤り", "--by", "鈴木")
    assert "件名に誤り（鈴木）" in shell("campaign", "status").stdout
    assert "停止中" in shell("campaign", "pause", str(campaign.pk), "--reason", "再", exit_code=1).stderr
    assert "送らなかった宛先: 3件" in shell("campaign", "cancel", str(campaign.pk), "--yes").stdout
    assert "取り消されています" in shell("campaign", "resume", str(campaign.pk), exit_code=1).stderr
    assert not server.received


def test_what_does_not_exist_is_said_plainly(shell: Shell) -> None:
    assert "配信 9 はありません" in shell("campaign", "status", "9", exit_code=1).stderr
    assert "まだありません" in shell("campaign", "report", exit_code=1).stderr
    assert "まだありません" in shell("campaign", "list").stdout
    shell("campaign", "status", "x", exit_code=2)


# ------------------------------------------------------------ doubt
def _doubtful(count: int) -> Campaign:
    books.readers(count)
    campaign = books.running()
    delivery.claim("gone", count, timezone.now() - LEASE * 2, campaign)
    return campaign


def test_doubt_is_listed_without_addresses_and_decided_by_name(server: ReceivingServer, shell: Shell) -> None:
    campaign = _doubtful(3)
    assert "3件を「不明」にしました" in shell("campaign", "sweep").stdout
    listed = shell("campaign", "doubt", str(campaign.pk))
    assert "送信中に処理が途切れました" in listed.stdout
    assert "@" not in listed.stdout
    first, *_ = [row["delivery"] for row in json.loads(shell("campaign", "doubt", "--json").stdout)]
    shell("campaign", "doubt", "--resend", exit_code=2)
    shell("campaign", "doubt", "--resend", "--treat-as-sent", "--by", "鈴木", exit_code=2)
    shell("campaign", "doubt", "--delivery", str(first), "--treat-as-sent", "--by", "鈴木")
    assert books.states(campaign) == {"sent": 1, "in_doubt": 2}
    again = shell("campaign", "doubt", str(campaign.pk), "--resend", "--by", "鈴木")
    assert f"newsletter campaign resume {campaign.pk}" in again.stderr
    shell("campaign", "resume", str(campaign.pk))
    assert books.states(campaign) == {"sent": 3}
    assert len(server.received) == 2
    assert "不明なものはありません" in shell("campaign", "doubt").stdout


def test_a_delivery_that_is_not_in_doubt_is_named(shell: Shell) -> None:
    _doubtful(1)
    shell("campaign", "sweep")
    result = shell("campaign", "doubt", "--delivery", "999", "--treat-as-sent", "--by", "鈴木", exit_code=1)
    assert "台帳番号 999" in result.stderr


# ------------------------------------------------------------ rehearsal and test mail
def test_a_rehearsal_sends_everything_to_the_catcher(settings: Any, shell: Shell) -> None:
    books.readers(4)
    made = books.edition()
    settings.RELAY_URL = "smtps://relay.example.jp"
    with receiving() as catcher:
        settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{catcher.port}"
        result = shell("campaign", "rehearse", f"{made.issue.month:%Y-%m}", "--yes")
    assert "外には出ません" in result.stderr
    assert len(catcher.received) == 4
    assert issues.find_issue(f"{made.issue.month:%Y-%m}").state == "approved"
    assert "［リハーサル］" in shell("campaign", "list").stdout


def test_a_test_mail_touches_no_books(server: ReceivingServer, shell: Shell) -> None:
    books.readers(1)
    made = books.edition()
    result = shell("campaign", "test", f"{made.issue.month:%Y-%m}", "editor@example.jp")
    assert "editor@example.jp" in result.stdout
    (mail,) = server.received
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert message["Subject"] == f"【テスト】{made.subject}"
    assert mail.recipients == ("editor@example.jp",)
    assert not Delivery.objects.exists()
    assert not Campaign.objects.exists()


def test_a_test_mail_that_is_refused_says_so(server: ReceivingServer, shell: Shell) -> None:
    made = books.edition()
    server.rcpt_replies["editor@example.jp"] = "550 5.1.1 no such user"
    result = shell("campaign", "test", f"{made.issue.month:%Y-%m}", "editor@example.jp", exit_code=1)
    assert "テストメールを送れませんでした。550 5.1.1" in result.stderr
    assert "「nonsense」はメールアドレスとして" in shell("campaign", "test", "2020-01", "nonsense", exit_code=2).stderr


# ------------------------------------------------------------ letters
def test_letters_are_listed_without_addresses_and_sent(server: ReceivingServer, shell: Shell) -> None:
    books.association()
    letters.send_confirmation(books.reader("new@example.jp", state=Subscriber.State.PENDING))
    listed = shell("letters", "list")
    assert "confirmation" in listed.stdout
    assert "待機" in listed.stdout
    assert "new@example.jp" not in listed.stdout
    assert "1通を送りました" in shell("letters", "send").stdout
    assert "個別メールはありません" in shell("letters", "list", "--unsent").stdout
    assert json.loads(shell("letters", "list", "--json").stdout)[0]["state"] == "sent"
    assert Letter.objects.count() == 1
    assert Delivery.objects.get().state == State.SENT


def test_letters_stay_when_the_relay_is_away_and_the_command_says_so(settings: Any, shell: Shell) -> None:
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}"
    books.association()
    letters.send_confirmation(books.reader("new@example.jp", state=Subscriber.State.PENDING))
    result = shell("letters", "send", exit_code=1)
    assert "待機のまま残っています" in result.stderr
    assert Delivery.objects.get().state == State.QUEUED


def test_every_command_explains_itself_in_japanese(shell: Shell) -> None:
    for group in ("campaign", "letters"):
        assert "します。" in shell(group, "--help").stdout
    assert Edition.objects.count() == campaigns.newest_first().count() == 0
