"""What became of a campaign: totals by state, reason and reply; who is in doubt; one line per recipient as CSV."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from django.db.models import Count, Model, Q, QuerySet
from django.utils import timezone

from newsletter import campaigns, quiet_hours, segments, workers
from newsletter.delivery import UNFINISHED
from newsletter.errors import CampaignError
from newsletter.mail import providers
from newsletter.models import Campaign, Delivery
from newsletter.segments import Segment
from subscribers.exporter import escape

State = Delivery.State
Row = TypeVar("Row", bound=Model)
BLOCK = 500

HEADINGS = (
    "配信台帳番号", "メールアドレス", "状態", "試行回数", "応答コード", "応答文", "理由", "次の再送", "確定日時",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """How many deliveries share a state, a reason and a reply code."""

    state: str
    reason: str
    reply_code: int | None
    count: int

    @property
    def label(self) -> str:
        """The state in Japanese."""
        return str(State(self.state).label)


@dataclass(frozen=True, slots=True)
class Report:
    """The books of one campaign at this moment."""

    campaign: Campaign
    states: dict[str, int]  # every state, also those at 0
    lines: tuple[Line, ...]  # all but the plainly sent, most frequent first
    next_retry_at: datetime | None
    excluded: dict[str, int] = field(default_factory=dict)  # Exclusion.Reason, those that occur
    rests_until: datetime | None = None  # it is night, and the campaign rests

    @property
    def sentence(self) -> str:
        """Whom the campaign is for, as people say it."""
        return segments.sentence(Segment.of(self.campaign.segment))

    @property
    def candidates(self) -> int:
        """Everybody the campaign was about: recipients and excluded."""
        return self.total + sum(self.excluded.values())

    @property
    def total(self) -> int:
        """All recipients."""
        return sum(self.states.values())

    @property
    def unfinished(self) -> int:
        """Those for whom something still happens by itself."""
        return sum(self.states[state] for state in UNFINISHED)

    @property
    def seconds(self) -> float | None:
        """From the start to the end, or None while it has no end."""
        started, finished = self.campaign.started_at, self.campaign.finished_at
        return (finished - started).total_seconds() if started and finished else None


def report(campaign: Campaign, now: datetime | None = None) -> Report:
    """Count the campaign's deliveries; set-based, however many there are."""
    now = now or timezone.now()
    counts = campaigns.counts(campaign)
    troubled = campaign.deliveries.exclude(state__in=(State.HELD, State.QUEUED, State.SENDING)).exclude(
        state=State.SENT, reason=""
    )
    grouped = troubled.order_by().values_list("state", "reason", "reply_code").annotate(Count("pk"))
    lines = sorted((Line(*row) for row in grouped), key=lambda line: -line.count)
    states = {state: counts[state] for state in State.values}
    rests = campaign.state == Campaign.State.SENDING and any(states[state] for state in UNFINISHED)
    return Report(
        campaign,
        states,
        tuple(lines),
        _next_retry(campaign),
        excluded(campaign),
        quiet_hours.rests_until(campaign, now) if rests else None,
    )


def _next_retry(campaign: Campaign) -> datetime | None:
    """When the next deferred mail is tried again: not in the night."""
    waiting = campaign.deliveries.filter(state=State.DEFERRED).order_by("retry_at")
    due = waiting.values_list("retry_at", flat=True).first()
    return (quiet_hours.rests_until(campaign, due) or due) if due else None


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """What became of a campaign at one provider."""

    provider: str
    states: dict[str, int]  # those that occur

    @property
    def total(self) -> int:
        """All its recipients."""
        return sum(self.states.values())

    @property
    def label(self) -> str:
        """The provider's name."""
        return providers.label(self.provider)


def why_it_stands(campaign: Campaign) -> str:
    """The reason of a pause, or the last words of a sender on this machine that could not write to the ledger."""
    if campaign.state != Campaign.State.SENDING or campaign.pause_reason:
        return campaign.pause_reason
    words = workers.last_words()
    claimed = campaign.deliveries.filter(state=State.SENDING, claimed_by__in=words)
    holder = claimed.order_by().values_list("claimed_by", flat=True).first()
    return words[holder] if holder else ""


def by_provider(campaign: Campaign) -> list[ProviderLine]:
    """The campaign's deliveries by provider and state, the largest provider first."""
    found: dict[str, dict[str, int]] = {}
    grouped = campaign.deliveries.order_by().values_list("provider", "state").annotate(Count("pk"))
    for provider, state, count in grouped:
        found.setdefault(provider, {})[state] = count
    lines = [ProviderLine(provider, states) for provider, states in found.items()]
    return sorted(lines, key=lambda line: (-line.total, line.provider))


def by_code(campaign: Campaign) -> dict[int, int]:
    """How many deliveries stand with which last reply code."""
    answered = campaign.deliveries.filter(reply_code__isnull=False).order_by()
    return dict(answered.values_list("reply_code").annotate(Count("pk")).order_by("reply_code"))


def excluded(campaign: Campaign) -> dict[str, int]:
    """How many candidates were excluded when the audience was frozen, by reason, most frequent first."""
    rows = campaign.exclusions.order_by().values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    return dict(rows)


def doubtful(campaign: Campaign | None = None) -> list[Delivery]:
    """The deliveries a person must decide about, letters too, with what they were for."""
    rows = Delivery.objects.filter(state=State.IN_DOUBT)
    if campaign is not None:
        rows = rows.filter(campaign=campaign)
    return list(rows.select_related("campaign__edition__issue", "letter", "subscriber").order_by("pk"))


def write_recipients(campaign: Campaign, path: Path) -> int:
    """One line per recipient, readable by its owner only: the list that is asked for after a mail went wrong."""
    rows = campaign.deliveries.select_related("subscriber")
    return _write(path, HEADINGS, (_cells(row) for row in _in_blocks(rows)))


def write_excluded(campaign: Campaign, path: Path) -> int:
    """One line per excluded candidate, readable by its owner only."""
    rows = campaign.exclusions.select_related("subscriber")
    cells = ((row.subscriber.address if row.subscriber else "", row.get_reason_display()) for row in _in_blocks(rows))
    return _write(path, ("メールアドレス", "理由"), cells)


def _write(path: Path, headings: Iterable[str], lines: Iterable[Iterable[str]]) -> int:
    if not path.parent.is_dir():
        raise CampaignError(f"フォルダ「{path.parent}」がありません。")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".report-", suffix=".csv")  # mode 0600
    temporary = Path(name)
    try:
        # Excel reads UTF-8 only with a mark.
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(headings)
            count = 0
            for line in lines:
                writer.writerow(escape(cell) for cell in line)
                count += 1
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _in_blocks(rows: QuerySet[Row]) -> Iterator[Row]:
    """So that no cursor stays open while the file is written."""
    last = 0
    while block := list(rows.order_by("pk").filter(pk__gt=last)[:BLOCK]):
        yield from block
        last = block[-1].pk


def _cells(row: Delivery) -> Iterable[str]:
    return (
        str(row.pk),
        row.subscriber.address if row.subscriber else "",
        row.get_state_display(),
        str(row.tries),
        str(row.reply_code or ""),
        row.reply_text,
        row.reason,
        _moment(row.retry_at if row.state == State.DEFERRED else None),
        _moment(row.settled_at),
    )


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


def letters(*, unsent_only: bool = False, limit: int = 50) -> list[Delivery]:
    """The newest letters with their deliveries."""
    rows = Delivery.objects.filter(letter__isnull=False)
    if unsent_only:
        rows = rows.filter(~Q(state=State.SENT))
    return list(rows.select_related("letter").defer("letter__html", "letter__text").order_by("-pk")[:limit])
