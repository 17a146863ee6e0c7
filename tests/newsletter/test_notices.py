"""Letters to the staff: the request for approval, and the report when a campaign is over."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.contrib.auth.models import User
from pytest_django import Settings

from newsletter import issues, sending
from newsletter.cli import main
from newsletter.models import Campaign, Delivery, Edition, Issue, Letter
from tests.newsletter import books
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def account() -> User:
    load_profile()
    return User.objects.create_user("hanako", "hanako@example.lg.jp", last_name="見本", first_name="花子")


# ------------------------------------------------------------ the request for approval
@pytest.fixture
def issue() -> Issue:
    opened = issues.open_issue(NOW.date().replace(day=1))
    issues.place(opened, member_entry("計画を策定しました"))
    return opened


def ask(*people: str) -> Result:
    options = [part for person in people for part in ("--to", person)]
    return CliRunner().invoke(main, ["issue", "request-approval", *options, "--by", "見本 太郎"])


@pytest.mark.usefixtures("issue")
def test_colleagues_are_asked_for_a_yes_to_one_frozen_edition() -> None:
    result = ask("見本 花子", "見本 次郎 <jiro@example.lg.jp>")
    assert result.exit_code == 0, result.output
    edition = Edition.objects.get()
    letters = list(Letter.objects.order_by("pk"))
    assert [letter.address for letter in letters] == ["hanako@example.lg.jp", "jiro@example.lg.jp"]
    for letter, name in zip(letters, ("見本 花子", "見本 次郎"), strict=True):
        assert f"{name} 様" in letter.text
        assert edition.digest[:12] in letter.text
        assert "1. 【北九州市】計画を策定しました" in letter.text
        assert "http://127.0.0.1:8000/staff/" in letter.text
        assert letter.delivery.state == Delivery.State.QUEUED
    assert not edition.approvals.exists()


def test_an_unfinished_issue_or_an_unknown_person_asks_nobody(issue: Issue) -> None:
    assert "利用者はいません" in ask("hanako", "nobody").stderr
    issues.place(issue, feed_entry("Not yet translated"))
    assert "まだ版にできません" in ask("hanako").stderr
    assert not Letter.objects.exists()


# ------------------------------------------------------------ the report
def sent(planned_by: str, *, rehearsal: bool = False) -> Campaign:
    books.readers(3)
    campaign = books.running(rehearsal=rehearsal)
    Campaign.objects.filter(pk=campaign.pk).update(planned_by=planned_by)
    campaign.refresh_from_db()
    with receiving() as server:
        sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port))
    return campaign


def test_who_planned_a_campaign_gets_its_report_when_it_is_over() -> None:
    campaign = sent("hanako")
    (letter,) = Letter.objects.all()
    assert (letter.kind, letter.address) == ("report", "hanako@example.lg.jp")
    assert "3件のうち3件を送りました" in letter.text
    assert f"配信番号：{campaign.pk}" in letter.text
    assert "分からないもの" not in letter.text


@pytest.mark.parametrize(("planned_by", "rehearsal"), [("nobody", False), ("", False), ("hanako", True)])
def test_nobody_else_does(planned_by: str, rehearsal: bool) -> None:
    sent(planned_by, rehearsal=rehearsal)
    assert not Letter.objects.exists()


def test_a_template_that_is_broken_does_not_break_the_campaign(settings: Settings, tmp_path: Path) -> None:
    settings.MAIL_TEMPLATES = tmp_path
    campaign = sent("hanako")
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DONE
    assert not Letter.objects.exists()
