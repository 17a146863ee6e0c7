"""The sending of one edition to one audience: plan, start, pause, resume, cancel, close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from feeds import submissions
from feeds.models import Entry
from newsletter import audiences, delivery, doubt, editions, identity, issues, profile, quiet_hours, release, waves
from newsletter.errors import CampaignError
from newsletter.models import Campaign, Delivery, Edition, Issue
from newsletter.segments import Segment

State = Campaign.State
ACTIVE = release.ACTIVE
# Certainly not in the mailbox. CANCELLED is no failure, and about IN_DOUBT somebody must choose.
NOT_DELIVERED = (Delivery.State.REFUSED, Delivery.State.EXPIRED, Delivery.State.BOUNCED)


# ------------------------------------------------------------ plan and start
@transaction.atomic
def plan(
    edition: Edition,
    by: str,
    now: datetime,
    rehearsal: bool = False,
    starts_at: datetime | None = None,
    *,
    in_doubt: str = "",
    segment: Segment | None = None,
) -> Campaign:
    """A campaign that has not begun. The real one needs an approved edition, and there is one at a time per issue."""
    edition = _alone_with(edition)
    check(edition, rehearsal, segment=segment)
    if starts_at is not None and not rehearsal:
        release.refuse_same_person(edition, by)  # the clock will send it in this person's name
    return Campaign.objects.create(
        edition=edition, rehearsal=rehearsal, starts_at=starts_at, planned_by=by[:150], planned_at=now,
        in_doubt=in_doubt or profile.current().manners.in_doubt, segment=segment.stored if segment else {},
    )  # fmt: skip


@transaction.atomic
def again(
    campaign: Campaign,
    by: str,
    now: datetime,
    states: Collection[str] = NOT_DELIVERED,
    *,
    in_doubt: str = "",
    newly_eligible: bool = False,
) -> Campaign:
    """A planned campaign of the same edition for exactly those whom `campaign` left in one of `states`.

    With `newly_eligible` also for those whom it had to leave out and who may be written to by now.
    """
    edition = _alone_with(campaign.edition)
    campaign.refresh_from_db()
    if campaign.rehearsal or campaign.state not in (State.DONE, State.CANCELLED):
        raise CampaignError(
            f"配信 {campaign.pk} は「{campaign.get_state_display()}」です。送り直せるのは、終わった配信だけです。"
        )
    release.refuse_unsendable(edition)
    release.refuse_running(edition)
    repeat = Campaign(
        edition=edition, planned_by=by[:150], planned_at=now, again_of=campaign, again_states=sorted(states),
        in_doubt=in_doubt or campaign.in_doubt, again_eligible=newly_eligible,
    )  # fmt: skip
    if not audiences.candidates(repeat).exists():
        words = f"配信 {campaign.pk} には、送り直す相手がありません。"
        raise CampaignError(words if newly_eligible else words + offer_newly_eligible(campaign))
    repeat.save()
    return repeat


def offer_newly_eligible(campaign: Campaign) -> str:
    """How many were left out of a campaign and may be written to now, and how; empty when nobody is."""
    count = audiences.newly_eligible(campaign).count()
    command = f"newsletter campaign again {campaign.pk} --newly-eligible"
    return (
        f"配信 {campaign.pk} で外した方のうち、{count:,}件にはいまなら送れます。含めるとき: {command}" if count else ""
    )


def _alone_with(edition: Edition) -> Edition:
    """Read anew. Two people who plan at once wait for each other here, and the second sees the first one's campaign."""
    Issue.objects.select_for_update().get(pk=edition.issue_id)
    return Edition.objects.select_related("issue").get(pk=edition.pk)


def choose_in_doubt(campaign: Campaign, policy: str) -> None:
    """What shall happen to mails in doubt; chosen before the first one is sent."""
    if not Campaign.objects.filter(pk=campaign.pk, state=State.PLANNED).update(in_doubt=policy):
        raise CampaignError(f"配信 {campaign.pk} はもう始まっているので、不明の扱いは変えられません。")


def check(edition: Edition, rehearsal: bool = False, by: str = "", segment: Segment | None = None) -> None:
    """CampaignError unless a campaign of this edition may be planned now (for that part of the readers), by `by`."""
    if segment and (segment.section or segment.pathway) and not edition.issue.extra:
        # The page on which readers choose promises them this.
        raise CampaignError(
            "毎月の号は、欄や道筋の希望では絞れません。毎月の号はどなたにもお届けすると、読者の設定のページで"
            "お約束しています。希望で絞れるのは号外だけです。"
        )
    release.refuse_unsendable(edition, rehearsal)
    if not rehearsal:
        release.refuse_second(edition)
        if by:
            release.refuse_same_person(edition, by)


def problem(campaign: Campaign) -> str:
    """Why the edition of a running campaign may not be sent any more; empty when it may."""
    try:
        release.refuse_unsendable(campaign.edition, campaign.rehearsal)
    except CampaignError as error:
        return str(error)
    return ""


@transaction.atomic
def start(campaign: Campaign, now: datetime, by: str = "") -> int:
    """PLANNED -> SENDING: check the edition once more and write one Delivery per recipient. Returns how many."""
    identity.require()
    _lock(campaign)
    if campaign.state != State.PLANNED:
        raise CampaignError(f"配信 {campaign.pk} は「{campaign.get_state_display()}」なので、開始できません。")
    return _begin(campaign, now, by)


def _begin(campaign: Campaign, now: datetime, by: str) -> int:
    edition, person = campaign.edition, by or campaign.planned_by
    release.refuse_unsendable(edition, campaign.rehearsal)
    if not campaign.rehearsal:
        release.refuse_same_person(edition, person)
    campaign.state, campaign.started_at, campaign.pause_reason = State.SENDING, now, ""
    campaign.released_by = person[:150]
    quiet_hours.go_on(campaign, person, now)
    added = waves.begin(campaign, now)
    if not added:
        # Done with nobody, the edition would count as sent, and the archive would show an issue that no one got.
        raise CampaignError("送る相手が1件もありません。newsletter subscribers で購読者を確かめてください。")
    campaign.expanded_at = now
    campaign.save()
    if not campaign.rehearsal:
        # From the first mail on, its link to the web version must work: the issue is public now.
        Issue.objects.filter(pk=edition.issue_id).update(state=Issue.State.SENT)
    return added


# ------------------------------------------------------------ pause, resume, cancel
def pause(campaign: Campaign, reason: str) -> bool:
    """SENDING -> PAUSED; whoever sends it stops within moments. False when it was not running."""
    running = Campaign.objects.filter(pk=campaign.pk, state=State.SENDING)
    return bool(running.update(state=State.PAUSED, pause_reason=reason[:500]))


@transaction.atomic
def resume(campaign: Campaign, now: datetime | None = None, by: str = "") -> None:
    """PAUSED -> SENDING. One that is SENDING already (its sender died, it rests) only does not rest this night."""
    now = now or timezone.now()
    identity.require()
    _lock(campaign)
    if campaign.state == State.PAUSED and campaign.expanded_at is None:
        _begin(campaign, now, by)  # it was stopped before it began: see schedule.start_at_its_hour
        return
    if campaign.state == State.PAUSED:
        release.refuse_unsendable(campaign.edition, campaign.rehearsal)
        campaign.state, campaign.pause_reason = State.SENDING, ""
        # Somebody looked and says "go on": the brakes count from here.
        campaign.forgiven = waves.standing(campaign) if campaign.wave else {}
        campaign.save(update_fields=["state", "pause_reason", "forgiven"])
    must_be_running(campaign)
    quiet_hours.go_on(campaign, by, now)


@transaction.atomic
def cancel(campaign: Campaign, by: str, now: datetime) -> int:
    """End the campaign: what waits becomes CANCELLED, what was handed over stays. Returns how many waited."""
    _lock(campaign)
    if campaign.state not in ACTIVE:
        raise CampaignError(f"配信 {campaign.pk} は「{campaign.get_state_display()}」なので、取り消せません。")
    campaign.state, campaign.finished_at, campaign.pause_reason = (
        State.CANCELLED,
        now,
        f"{by}さんが取り消しました"[:500],
    )
    campaign.save()
    cancelled = delivery.cancel_waiting(campaign, now)
    _after_the_end(campaign)
    return cancelled


def is_running(campaign: Campaign) -> bool:
    """Whether the campaign is SENDING, asked of the database."""
    return Campaign.objects.filter(pk=campaign.pk, state=State.SENDING).exists()


def counts(campaign: Campaign) -> Counter[str]:
    """How many deliveries stand in which state."""
    rows = campaign.deliveries.order_by().values_list("state").annotate(Count("pk"))
    return Counter(dict(rows))


def must_be_running(campaign: Campaign) -> None:
    """CampaignError, with what to do, unless the campaign is SENDING."""
    if campaign.state == State.SENDING:
        return
    words = {
        State.PLANNED: f"まだ始まっていません。newsletter campaign send --campaign {campaign.pk} で始められます。",
        State.PAUSED: f"停止中です。newsletter campaign resume {campaign.pk} で続けられます。",
        State.DONE: "すでに終わっています。",
        State.CANCELLED: "取り消されています。",
    }
    raise CampaignError(f"配信 {campaign.pk} は{words[State(campaign.state)]}")


# ------------------------------------------------------------ the end
@transaction.atomic
def close_if_finished(campaign: Campaign, now: datetime) -> bool:
    """SENDING -> DONE when nothing is queued, deferred or in flight. What is in doubt waits for a person."""
    _lock(campaign)
    if campaign.state == State.CANCELLED:
        # Claims that came back after the cancelling.
        delivery.cancel_waiting(campaign, now)
    if campaign.state != State.SENDING or campaign.deliveries.filter(state__in=delivery.UNFINISHED).exists():
        return False
    campaign.state, campaign.finished_at = State.DONE, now
    campaign.save(update_fields=["state", "finished_at"])
    _after_the_end(campaign)
    return True


def _after_the_end(campaign: Campaign) -> None:
    if campaign.rehearsal:
        delivery.forget_readers(campaign)
        return
    issue = campaign.edition.issue
    if campaign.deliveries.filter(state__in=delivery.PERHAPS_ARRIVED).exists():
        submissions.mark_used(Entry.objects.filter(placements__issue=issue))
    elif campaign.state == State.CANCELLED:
        # Not one mail left us, so the issue is what it was before: it may be reopened, or sent at another time.
        Campaign.objects.filter(pk=campaign.pk).update(started_at=None)
        others = Campaign.objects.filter(edition__issue=issue, rehearsal=False, started_at__isnull=False)
        if not others.exists():
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENT).update(state=Issue.State.APPROVED)


@transaction.atomic
def send_again(ids: Collection[int], by: str, now: datetime) -> int:
    """Queue deliveries in doubt again, because `by` says so; a campaign that was DONE runs again. Returns how many."""
    decided = doubt.send_again(ids, by, now)
    waiting = Delivery.objects.filter(campaign=OuterRef("pk"), pk__in=ids, state__in=delivery.WAITING)
    finished = Campaign.objects.filter(Exists(waiting), state=State.DONE)
    finished.update(state=State.SENDING, finished_at=None)
    return decided


# ------------------------------------------------------------ which edition, which campaigns
def issue_to_send(name: str = "") -> Issue:
    """The issue of that name; without one the latest that is approved and was not sent."""
    if name.strip():
        return issues.find_issue(name)
    issue = issues.latest(Issue.objects.filter(state=Issue.State.APPROVED))
    if issue is None:
        raise CampaignError(
            "承認済みで、まだ配信していない号がありません。newsletter issue approve で承認してください。"
        )
    return issue


def issue_at_hand() -> Issue:
    """The latest issue that was not sent yet, being edited or approved."""
    issue = issues.latest(Issue.objects.exclude(state=Issue.State.SENT))
    if issue is None:
        raise CampaignError("編集中の号も承認済みの号もありません。newsletter issue open で開いてください。")
    return issue


def approved_edition(issue: Issue) -> Edition:
    """The newest edition of the issue that may be sent."""
    for edition in issue.editions.order_by("-made_at", "-pk"):
        if editions.is_approved(edition):
            return edition
    raise CampaignError(
        f"{issue}には承認された版がありません。newsletter issue approve で承認してから配信してください。"
    )


def find(number: int) -> Campaign:
    """The campaign of this number; CampaignError if there is none."""
    campaign = _with_issue().filter(pk=number).first()
    if campaign is None:
        raise CampaignError(f"配信 {number} はありません。newsletter campaign list で確かめてください。")
    return campaign


def newest_first() -> QuerySet[Campaign]:
    """All campaigns, by their start or, if they have not begun, their planning."""
    return _with_issue().order_by(Coalesce("started_at", "planned_at").desc(), "-pk")


def latest() -> Campaign:
    """The newest campaign; CampaignError if there is none."""
    campaign = newest_first().first()
    if campaign is None:
        raise CampaignError("配信はまだありません。newsletter campaign send で始めます。")
    return campaign


def planned_for(issue: Issue) -> Campaign | None:
    """The real campaign of the issue that has not begun, if there is one."""
    return _with_issue().filter(edition__issue=issue, rehearsal=False, state=State.PLANNED).first()


def _with_issue() -> QuerySet[Campaign]:
    return Campaign.objects.select_related("edition__issue")


def _lock(campaign: Campaign) -> None:
    """Read the caller's campaign anew, and keep others from changing it until the transaction ends."""
    campaign.refresh_from_db(from_queryset=Campaign.objects.select_for_update())
