"""The desk's first screen: what waits for a person today, on one page. It only reads."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from feeds.models import Feed, Member, Submission
from newsletter import profile, reports
from newsletter.models import Campaign, Delivery, Issue, Placement, RosterRound
from newsletter.roster import board
from newsletter.web.desk.access import for_staff, name_of
from subscribers.models import Subscriber

SHOWN = 5  # lines of each list; the admin has the rest


@dataclass(frozen=True, slots=True)
class SectionState:
    """One heading of the current issue."""

    title: str
    placements: int
    waiting: int


@dataclass(frozen=True, slots=True)
class IssueState:
    """The issue being assembled, or the newest one."""

    issue: Issue
    sections: list[SectionState]
    waiting: list[Placement]  # the first few
    waiting_rest: int  # how many more
    others: list[Issue]  # not sent either: a 号外 beside the monthly number, or the next month


@dataclass(frozen=True, slots=True)
class CampaignState:
    """The newest campaign and how many of its deliveries stand where."""

    campaign: Campaign
    total: int
    states: list[tuple[str, int]]
    why_it_stands: str


@dataclass(frozen=True, slots=True)
class RosterState:
    """宛先の確認 while it is under way."""

    round: RosterRound
    totals: list[tuple[str, int]]
    waiting: list[Member]  # the first few whose answer was not applied
    waiting_count: int


@for_staff()
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, what went wrong, how the last sending stands."""
    undecided = Submission.objects.filter(state=Submission.State.RECEIVED).select_related("member")
    troubled = Feed.objects.filter(Q(failures__gt=0) | Q(state=Feed.State.GONE))
    page = {
        "name": name_of(request),
        "current": current_issue(),
        "submissions": undecided.order_by("received_at", "pk")[:SHOWN],
        "submission_count": undecided.count(),
        "feeds": troubled.order_by("-failures", "pk")[:SHOWN],
        "feed_count": troubled.count(),
        "active_feeds": Feed.objects.filter(state=Feed.State.ACTIVE).count(),
        "campaign": latest_campaign(),
        "readers": Subscriber.objects.filter(state=Subscriber.State.ACTIVE).count(),
        "pending_readers": Subscriber.objects.filter(state=Subscriber.State.PENDING).count(),
        "roster": open_roster(),
        "in_doubt": Delivery.objects.filter(state=Delivery.State.IN_DOUBT).count(),
    }
    return render(request, "desk/home.html", page)


def open_roster() -> RosterState | None:
    """The round of 宛先の確認 that is under way: where its members stand, and whose answers wait for the office."""
    round_ = RosterRound.objects.filter(closed_at=None).first()
    if round_ is None:
        return None
    rows = board.board(round_, timezone.localdate())
    waiting = [row.member for row in rows if row.standing is board.Standing.ANSWERED]
    totals = [(standing.label, number) for standing, number in board.totals(rows)]
    return RosterState(round_, totals, waiting[:SHOWN], len(waiting))


def current_issue() -> IssueState | None:
    """The earliest issue that was not sent, else the newest, with its headings in the profile's order."""
    unsent = list(Issue.objects.exclude(state=Issue.State.SENT).order_by("month", "release_on", "extra"))
    issue = unsent[0] if unsent else Issue.objects.first()
    if issue is None:
        return None
    placements = list(issue.placements.select_related("entry"))
    waiting = [placement for placement in placements if placement.is_waiting]
    return IssueState(issue, _sections(placements), waiting[:SHOWN], len(waiting[SHOWN:]), unsent[1:])


def _sections(placements: list[Placement]) -> list[SectionState]:
    facts = profile.current_or_none()
    titles = {section.key: section.title for section in facts.sections} if facts else {}
    titles |= {placement.section: placement.section for placement in placements if placement.section not in titles}
    return [
        SectionState(
            title,
            sum(placement.section == key for placement in placements),
            sum(placement.section == key and placement.is_waiting for placement in placements),
        )
        for key, title in titles.items()
    ]


def latest_campaign() -> CampaignState | None:
    """The newest campaign that reaches readers or the catcher, counted by state."""
    campaign = Campaign.objects.select_related("edition__issue").first()
    if campaign is None:
        return None
    counts = dict(campaign.deliveries.order_by().values_list("state").annotate(Count("pk")))
    states = [(label, counts[value]) for value, label in Delivery.State.choices if counts.get(value)]
    return CampaignState(campaign, sum(counts.values()), states, reports.why_it_stands(campaign))
