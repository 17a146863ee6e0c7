"""How a round stands, member by member. Whether anybody opened a letter is not recorded, so it is not shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Count, Prefetch, Q

from feeds.models import Member
from newsletter.models import Delivery, RosterAnswer, RosterLine, RosterRound, RosterSheet
from newsletter.roster import answers, applying, people

FAILED = (Delivery.State.REFUSED, Delivery.State.BOUNCED, Delivery.State.EXPIRED, Delivery.State.CANCELLED)


class Standing(StrEnum):
    """Where one member's sheet stands."""

    UNREACHABLE = "unreachable"  # not sent: there is no contributor
    UNSENT = "unsent"
    SENT = "sent"
    OVERDUE = "overdue"  # sent, not answered, and the deadline has passed
    ANSWERED = "answered"  # an answer waits for the office
    APPLIED = "applied"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Standing.UNREACHABLE: "送り先なし",
    Standing.UNSENT: "未送付",
    Standing.SENT: "送付済",
    Standing.OVERDUE: "期限切れ",
    Standing.ANSWERED: "回答済",
    Standing.APPLIED: "反映済",
}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One member on the board."""

    sheet: RosterSheet
    standing: Standing
    people: int
    letters: int  # that were written
    failed: int  # of these, how many did not arrive
    answer: RosterAnswer | None  # the one that counts
    summary: str  # of the answer

    @property
    def member(self) -> Member:
        return self.sheet.member


def standing_of(
    *, is_reachable: bool, sent_at: datetime | None, is_answered: bool, is_applied: bool, deadline: date, today: date
) -> Standing:
    """Where a sheet stands, from what is known of it."""
    if is_answered:
        return Standing.APPLIED if is_applied else Standing.ANSWERED
    if sent_at is None:
        return Standing.UNSENT if is_reachable else Standing.UNREACHABLE
    return Standing.OVERDUE if today > deadline else Standing.SENT


def board(round_: RosterRound, today: date) -> list[BoardRow]:
    """Every member of the round, in the order of the registry."""
    newest = Prefetch("answers", RosterAnswer.objects.select_related("import_run").order_by("-pk"), to_attr="newest")
    whole = Prefetch("lines", RosterLine.objects.select_related("subscriber", "contributor"), to_attr="whole")
    sheets = (
        round_.sheets.select_related("round", "member")
        .annotate(
            contributors=Count("member__contributors", Q(member__contributors__active=True), distinct=True),
            written=Count("letters", distinct=True),
            failed=Count("letters", Q(letters__delivery__state__in=FAILED), distinct=True),
        )
        .prefetch_related(newest, whole)
    )
    return [_row(sheet, today) for sheet in sheets.order_by("member__kind", "member__code", "member__key")]


def totals(rows: list[BoardRow]) -> list[tuple[Standing, int]]:
    """How many members stand where, in the order of the way; what nobody is in is left out."""
    counted = Counter(row.standing for row in rows)
    return [(standing, counted[standing]) for standing in Standing if counted[standing]]


def _row(sheet: RosterSheet, today: date) -> BoardRow:
    newest: list[RosterAnswer] = sheet.newest  # type: ignore[attr-defined]  # of the prefetch
    answer = newest[0] if newest else None
    standing = standing_of(
        is_reachable=bool(sheet.contributors),  # type: ignore[attr-defined]  # of the annotation
        sent_at=sheet.sent_at,
        is_answered=answer is not None,
        is_applied=answer is not None and applying.is_applied(answer),
        deadline=sheet.round.deadline,
        today=today,
    )
    return BoardRow(
        sheet=sheet,
        standing=standing,
        people=len(people.people(sheet.whole)),  # type: ignore[attr-defined]
        letters=sheet.written,  # type: ignore[attr-defined]
        failed=sheet.failed,  # type: ignore[attr-defined]
        answer=answer,
        summary=answers.summary(answers.entries_of(answer)) if answer else "",
    )
