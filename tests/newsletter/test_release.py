"""Who may send what, when: two people, the hour, what to do about doubt."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.conf import settings
from django.utils import timezone

from newsletter import campaigns, delivery, doubt, profile, sending
from newsletter.cli import main
from newsletter.delivery import Settlement, State
from newsletter.errors import CampaignError
from newsletter.models import Approval, Campaign, Delivery, Edition
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import moody
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db
Load = Callable[..., None]


@pytest.fixture(autouse=True)
def _own_relay(settings: Any) -> None:
    """What a test sets is put back, and none finds a server of the developer's machine."""
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The shipped profile with other rules of sending."""

    def loaded(**rules: object) -> None:
        source = books.PROFILE.read_text("utf-8")
        head, _, tail = source.partition("[sending]")
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in rules.items())
        rest = tail.partition("\n# 購読申込")[2]
        file = tmp_path / "profile.toml"
        file.write_text(f"{head}[sending]\n{lines}\n# 購読申込{rest}", "utf-8")
        profile.load(file, NOW)

    return loaded


def _shell(*words: str) -> Result:
    return CliRunner().invoke(main, ["campaign", *words])


# ------------------------------------------------------------ two people
def test_the_maker_may_not_send_when_the_profile_wants_another(load: Load) -> None:
    load(release_by_another=True)
    books.readers(1)
    made = books.edition()
    Edition.objects.filter(pk=made.pk).update(made_by="佐藤 花子")
    campaign = campaigns.plan(made, "佐藤 花子", NOW)
    with pytest.raises(CampaignError, match=r"この版を作った人です。.*別の人"):
        campaigns.start(campaign, NOW, "佐藤花子")
    assert not Delivery.objects.exists()
    campaigns.start(campaign, NOW, "鈴木")
    campaign.refresh_from_db()
    assert campaign.released_by == "鈴木"


def test_the_only_approver_may_not_send_either(load: Load) -> None:
    load(release_by_another=True)
    made = books.edition()
    Approval.objects.filter(edition=made, person="承認者1").update(person="鈴木")
    Approval.objects.filter(edition=made, person="承認者2").update(person="鈴 木")
    with pytest.raises(CampaignError, match="承認したのは鈴木さんだけ"):
        campaigns.check(made, by="鈴木")
    Approval.objects.create(edition=made, person="佐藤", digest=made.digest)
    campaigns.check(made, by="鈴木")


def test_a_planner_with_an_hour_is_the_one_who_sends(load: Load) -> None:
    load(release_by_another=True)
    made = books.edition()
    Edition.objects.filter(pk=made.pk).update(made_by="佐藤")
    with pytest.raises(CampaignError, match="作った人"):
        campaigns.plan(made, "佐藤", NOW, starts_at=NOW)
    campaigns.plan(made, "佐藤", NOW, rehearsal=True, starts_at=NOW)


def test_without_the_rule_one_person_may_do_both() -> None:
    books.readers(1)
    made = books.edition()
    Edition.objects.filter(pk=made.pk).update(made_by="佐藤")
    campaign = campaigns.plan(made, "佐藤", NOW)
    assert campaigns.start(campaign, NOW, "佐藤") == 1


# ------------------------------------------------------------ the hour
def test_a_schedule_that_is_far_too_late_asks_instead_of_firing() -> None:
    books.readers(1)
    campaign = campaigns.plan(books.edition(), "担当", NOW, starts_at=NOW)
    assert sending.continue_campaigns(NOW + timedelta(hours=6, minutes=1)) == []
    campaign.refresh_from_db()
    assert (campaign.state, campaign.deliveries.count()) == (Campaign.State.PAUSED, 0)
    assert "6時間を過ぎています" in campaign.pause_reason
    campaigns.resume(campaign, NOW + timedelta(hours=7), "鈴木")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.released_by) == (Campaign.State.SENDING, "鈴木")
    assert campaign.deliveries.count() == 1


def test_a_late_schedule_can_be_cancelled_and_the_issue_is_what_it_was() -> None:
    books.readers(1)
    campaign = campaigns.plan(books.edition(), "担当", NOW, starts_at=NOW)
    sending.continue_campaigns(NOW + timedelta(hours=7))
    assert campaigns.cancel(campaign, "担当", NOW) == 0
    assert campaigns.plan(campaign.edition, "担当", NOW)


def test_nothing_starts_in_the_quiet_hours(load: Load) -> None:
    load(quiet_hours="21:00-08:00")
    books.readers(1)
    night = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)  # 23:00 in Japan
    campaign = campaigns.plan(books.edition(), "担当", NOW, starts_at=night)
    assert sending.continue_campaigns(night) == []
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.PLANNED
    assert f"{timezone.localtime(campaign.starts_at):%m-%d %H:%M}" == "12-01 08:07"


def test_the_command_moves_the_hour_and_says_so(load: Load) -> None:
    load(quiet_hours="21:00-08:00")
    books.edition()
    tomorrow = f"{timezone.localtime() + timedelta(days=1):%Y-%m-%d}"
    result = _shell("plan", "--at", f"{tomorrow} 07:30")
    assert f"静かにする時間帯（21:00-08:00）を避けて、{tomorrow} 08:07" in result.stderr
    campaigns.cancel(Campaign.objects.get(), "担当", NOW)
    assert f"正時を避けて、{tomorrow} 10:07" in _shell("plan", "--at", f"{tomorrow} 10:00").stderr
    campaigns.cancel(campaigns.latest(), "担当", NOW)
    assert not _shell("plan", "--at", f"{tomorrow} 10:15").stderr


# ------------------------------------------------------------ doubt
def _hang_up_once(campaign: Campaign) -> None:
    with moody(moods=["hang up"]) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))


@pytest.mark.parametrize(("policy", "state"), [("ask", "in_doubt"), ("leave", "in_doubt"), ("resend", "deferred")])
def test_doubt_follows_the_policy_chosen_before(policy: str, state: str) -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "担当", NOW, in_doubt=policy)
    campaigns.start(campaign, NOW)
    _hang_up_once(campaign)
    assert books.states(campaign) == {"sent": 1, state: 1}


def test_rather_twice_sends_again_and_ends() -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "担当", NOW, in_doubt="resend")
    campaigns.start(campaign, NOW)
    _hang_up_once(campaign)
    row = Delivery.objects.get(state=State.DEFERRED)
    assert "方針により送り直します" in row.reason
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.continue_campaigns(NOW + timedelta(minutes=6))
    assert books.states(campaign) == {"sent": 2}


def test_a_mail_that_is_lost_again_and_again_asks_after_all() -> None:
    books.readers(1)
    campaign = campaigns.plan(books.edition(), "担当", NOW, in_doubt="resend")
    campaigns.start(campaign, NOW)
    Delivery.objects.update(state=State.IN_DOUBT, tries=3)
    assert doubt.follow_policy(NOW, campaign) == 0


def test_the_policy_is_chosen_before_the_first_mail() -> None:
    books.readers(1)
    campaign = books.running()
    with pytest.raises(CampaignError, match="もう始まっている"):
        campaigns.choose_in_doubt(campaign, "resend")


def test_the_profile_says_what_is_usual(load: Load) -> None:
    load(in_doubt="leave")
    assert campaigns.plan(books.edition(), "担当", NOW).in_doubt == "leave"
    assert "不明の扱い: 届かなくても送り直さない" in _shell("status").stdout


# ------------------------------------------------------------ the report
def test_the_report_counts_by_provider_and_reply_code() -> None:
    for address in ("a@gmail.com", "b@gmail.com", "c@docomo.ne.jp", "d@city.example.lg.jp"):
        books.reader(address)
    campaign = books.running()
    claims = delivery.claim("w", 4, NOW, campaign).claims
    outcomes = {"c@docomo.ne.jp": (State.REFUSED, 550)}
    rows = []
    for one in claims:
        state, code = outcomes.get(one.addressee.address, (State.SENT, 250))
        rows.append(Settlement(one.delivery_id, state, NOW, reply_code=code))
    delivery.settle("w", rows, NOW)
    reported = json.loads(_shell("report", "--json").stdout)
    assert reported["providers"] == [
        {"provider": "gmail", "total": 2, "states": {"sent": 2}},
        {"provider": "city.example.lg.jp", "total": 1, "states": {"sent": 1}},
        {"provider": "docomo", "total": 1, "states": {"refused": 1}},
    ]
    assert reported["reply_codes"] == {"250": 3, "550": 1}
    assert "Gmail\t2\t2" in _shell("report").stdout
