"""Planning, starting, stopping and closing: what is refused, what each step leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.models import Entry, Member, Submission
from newsletter import campaigns, delivery, editions, schedule
from newsletter.delivery import Settlement, State
from newsletter.errors import CampaignError
from newsletter.models import Campaign, Edition, Issue, Placement
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db


def _all(campaign: Campaign, state: State) -> None:
    claims = delivery.claim("w", 100, NOW, campaign).claims
    delivery.settle("w", [Settlement(one.delivery_id, state, NOW) for one in claims], NOW)


# ------------------------------------------------------------ plan
def test_an_edition_that_is_not_approved_cannot_be_sent_but_rehearsed() -> None:
    made = books.edition(approved=False)
    with pytest.raises(CampaignError, match="承認されていません"):
        campaigns.plan(made, "担当", NOW)
    assert campaigns.plan(made, "担当", NOW, rehearsal=True).rehearsal


def test_an_edition_changed_behind_our_back_cannot_be_sent_at_all() -> None:
    made = books.edition()
    Edition.objects.filter(pk=made.pk).update(subject="別の件名")
    for rehearsal in (False, True):
        with pytest.raises(CampaignError, match="確定したときと違っています"):
            campaigns.plan(made, "担当", NOW, rehearsal=rehearsal)


def test_an_edition_changed_after_planning_cannot_start() -> None:
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    Edition.objects.filter(pk=campaign.edition_id).update(html="<p>別の本文</p>")
    with pytest.raises(CampaignError, match="確定したときと違っています"):
        campaigns.start(campaign, NOW)
    assert not campaign.deliveries.exists()


def test_there_is_one_real_campaign_of_an_issue_at_a_time() -> None:
    made = books.edition()
    first = campaigns.plan(made, "担当", NOW)
    with pytest.raises(CampaignError, match=f"すでに配信 {first.pk}（予定）があります"):
        campaigns.plan(made, "別の担当", NOW)
    assert campaigns.plan(made, "担当", NOW, rehearsal=True)
    campaigns.cancel(first, "担当", NOW)
    assert campaigns.plan(made, "担当", NOW)


def test_an_edition_that_was_sent_is_not_sent_again() -> None:
    books.readers(1)
    campaign = books.running()
    _all(campaign, State.SENT)
    assert campaigns.close_if_finished(campaign, NOW)
    with pytest.raises(CampaignError, match="すでに送り終えています"):
        campaigns.plan(campaign.edition, "担当", NOW)


# ------------------------------------------------------------ start and end
def test_the_start_opens_the_books_and_the_archive() -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    assert campaigns.start(campaign, NOW) == 2
    campaign.refresh_from_db()
    assert (campaign.state, campaign.started_at, campaign.expanded_at) == (Campaign.State.SENDING, NOW, NOW)
    assert campaign.edition.issue.state == Issue.State.SENT
    assert campaign.edition in editions.published()
    with pytest.raises(CampaignError, match="開始できません"):
        campaigns.start(campaign, NOW)


def test_a_campaign_for_nobody_does_not_start() -> None:
    books.readers(1, state="left")
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    with pytest.raises(CampaignError, match="送る相手が1件もありません"):
        campaigns.start(campaign, NOW)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.PLANNED
    assert campaign.edition.issue.state == Issue.State.APPROVED


def test_a_rehearsal_leaves_the_issue_as_it_is() -> None:
    books.readers(1)
    campaign = books.running(rehearsal=True)
    _all(campaign, State.SENT)
    assert campaigns.close_if_finished(campaign, NOW)
    assert campaign.edition.issue.state == Issue.State.APPROVED
    assert not editions.published().exists()
    assert campaigns.plan(campaign.edition, "担当", NOW)


def test_it_is_done_when_nothing_is_queued_deferred_or_in_flight() -> None:
    books.readers(2)
    campaign = books.running()
    one, two = delivery.claim("w", 2, NOW, campaign).claims
    assert not campaigns.close_if_finished(campaign, NOW)
    delivery.settle(
        "w",
        [
            Settlement(one.delivery_id, State.IN_DOUBT, NOW),
            Settlement(two.delivery_id, State.DEFERRED, NOW, retry_at=NOW),
        ],
        NOW,
    )
    assert not campaigns.close_if_finished(campaign, NOW)
    delivery.wake(NOW, campaign)
    _all(campaign, State.SENT)
    assert campaigns.close_if_finished(campaign, NOW + timedelta(minutes=1))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.finished_at) == (Campaign.State.DONE, NOW + timedelta(minutes=1))


def _with_submission(issue: Issue) -> Submission:
    member = Member.objects.create(key="a-city", name="見本市")
    submission = Submission.objects.create(
        member=member, door="web", state=Submission.State.ACCEPTED, fingerprint="f", title="題", body="本文",
        contact_name="担当", contact_email="staff@example.lg.jp",
    )  # fmt: skip
    entry = Entry.objects.create(submission=submission, guid="g", title="題", fingerprint="f")
    Placement.objects.create(issue=issue, entry=entry, section="member", position=1)
    return submission


@pytest.mark.parametrize(("state", "used"), [(State.SENT, "used"), (State.REFUSED, "accepted")])
def test_submissions_are_used_once_a_mail_may_have_arrived(state: State, used: str) -> None:
    books.readers(1)
    made = books.edition()
    submission = _with_submission(made.issue)
    campaign = books.running(made)
    submission.refresh_from_db()
    assert submission.state == Submission.State.ACCEPTED
    _all(campaign, state)
    campaigns.close_if_finished(campaign, NOW)
    submission.refresh_from_db()
    assert submission.state == used


# ------------------------------------------------------------ pause, resume, cancel
def test_pausing_says_why_and_resuming_goes_on() -> None:
    books.readers(1)
    campaign = books.running()
    assert campaigns.pause(campaign, "件名に誤り")
    assert not campaigns.pause(campaign, "もう一度")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (Campaign.State.PAUSED, "件名に誤り")
    with pytest.raises(CampaignError, match=f"newsletter campaign resume {campaign.pk}"):
        campaigns.must_be_running(campaign)
    campaigns.resume(campaign)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (Campaign.State.SENDING, "")


def test_a_campaign_whose_sender_died_may_be_resumed_and_one_that_is_over_may_not() -> None:
    books.readers(1)
    campaign = books.running()
    campaigns.resume(campaign)
    campaigns.cancel(campaign, "担当", NOW)
    with pytest.raises(CampaignError, match="取り消されています"):
        campaigns.resume(campaign)
    with pytest.raises(CampaignError, match="取り消せません"):
        campaigns.cancel(campaign, "担当", NOW)


def test_a_campaign_cancelled_before_any_mail_left_gives_the_issue_back() -> None:
    books.readers(3)
    campaign = books.running()
    assert campaigns.cancel(campaign, "担当", NOW) == 3
    assert books.states(campaign) == {"cancelled": 3}
    issue = Issue.objects.get(pk=campaign.edition.issue_id)
    assert issue.state == Issue.State.APPROVED
    assert not editions.published().exists()


def test_a_campaign_cancelled_half_way_keeps_what_was_sent() -> None:
    books.readers(3)
    made = books.edition()
    submission = _with_submission(made.issue)
    campaign = books.running(made)
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.SENT, NOW)], NOW)
    assert campaigns.cancel(campaign, "担当", NOW) == 2
    assert books.states(campaign) == {"sent": 1, "cancelled": 2}
    assert Issue.objects.get(pk=made.issue_id).state == Issue.State.SENT
    submission.refresh_from_db()
    assert submission.state == Submission.State.USED
    assert editions.published().exists()


def test_claims_that_come_back_after_the_cancelling_are_cancelled_too() -> None:
    books.readers(2)
    campaign = books.running()
    one, two = delivery.claim("w", 2, NOW, campaign).claims
    campaigns.cancel(campaign, "担当", NOW)
    delivery.release("w", [one.delivery_id])
    delivery.settle("w", [Settlement(two.delivery_id, State.DEFERRED, NOW, retry_at=NOW)], NOW)
    campaigns.close_if_finished(campaign, NOW)
    assert books.states(campaign) == {"cancelled": 2}


# ------------------------------------------------------------ which
def test_the_newest_approved_edition_is_the_one_that_is_sent() -> None:
    made = books.edition()
    html = made.html + "<p>直した</p>"
    newer = Edition.objects.create(
        issue=made.issue, subject=made.subject, html=html, text=made.text,
        digest=editions.digest_of(made.issue.month, made.subject, "", html, made.text),
    )  # fmt: skip
    assert campaigns.approved_edition(made.issue) == made
    books.approve(newer)
    assert campaigns.approved_edition(made.issue) == newer
    assert campaigns.issue_to_send() == made.issue


def test_without_an_approved_edition_it_says_what_to_do() -> None:
    issue = books.edition(approved=False).issue
    with pytest.raises(CampaignError, match="newsletter issue approve"):
        campaigns.approved_edition(issue)
    with pytest.raises(CampaignError, match="newsletter issue approve"):
        campaigns.issue_to_send()
    with pytest.raises(CampaignError, match="配信 99 はありません"):
        campaigns.find(99)


def test_the_newest_campaign_is_the_one_that_started_last() -> None:
    books.readers(1)
    real = campaigns.plan(books.edition(), "担当", NOW)
    rehearsal = campaigns.plan(real.edition, "担当", NOW + timedelta(minutes=1), rehearsal=True)
    assert campaigns.latest() == rehearsal
    campaigns.start(rehearsal, NOW + timedelta(minutes=2))
    campaigns.start(real, NOW + timedelta(minutes=3))
    assert list(campaigns.newest_first()) == [real, rehearsal]


def test_a_planned_campaign_is_due_at_its_hour_only() -> None:
    hour = NOW + timedelta(hours=2)
    campaign = campaigns.plan(books.edition(), "担当", NOW, starts_at=hour)
    books_without_hour = campaigns.plan(books.edition(), "担当", NOW)
    assert not schedule.due(NOW).exists()
    assert list(schedule.due(hour)) == [campaign]
    assert books_without_hour.starts_at is None
