"""What members' answers hold about people: found for a request, and emptied when it is not needed any more.

個人情報保護法22条: an answer that is in force is needed as long as it can be taken back; then it keeps its counts, and
the ledger keeps who said when that a person may be written to. Whose address it is, the caller decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from newsletter.models import RosterAnswer, RosterRound
from newsletter.roster import applying, rounds
from newsletter.roster.questions import Entry, emptied, revived, stored
from subscribers.undo import UNDO_FOR

LEFT_OPEN_FOR = timedelta(days=180)  # after the deadline: a round that nobody closes must not keep people for ever
BY_ITSELF = "自動（期限から180日）"

Lines = Collection[tuple[int, int]]  # sheet and number on it


@dataclass(frozen=True, slots=True)
class Named:
    """Where one person stands in answers; by their primary keys."""

    answers: tuple[int, ...] = ()  # that say something about them
    former: tuple[int, ...] = ()  # that keep what they were as a contributor, for taking it back


def of(is_theirs: Callable[[str], bool], lines: Lines) -> Named:
    """The answers with an address that `is_theirs`, or with words about one of these lines of a sheet."""
    found = [
        (answer.pk, any(True for _ in entries_about(answer, is_theirs, lines)), _holds(answer, is_theirs))
        for answer in _with_content()
    ]
    return Named(tuple(pk for pk, is_told, _ in found if is_told), tuple(pk for pk, _, is_former in found if is_former))


def entries_about(answer: RosterAnswer, is_theirs: Callable[[str], bool], lines: Lines) -> Iterator[Entry]:
    """The lines of an answer that say something about this person."""
    for entry in revived(answer.entries):
        if _is_about(answer, entry, is_theirs, lines):
            yield entry


@transaction.atomic
def empty(is_theirs: Callable[[str], bool], lines: Lines, *, with_former: bool) -> None:
    """Take this person out of every answer; that the member said something about somebody stays."""
    for answer in _with_content().select_for_update(of=("self",)):
        entries = [
            emptied(entry) if _is_about(answer, entry, is_theirs, lines) else entry for entry in revived(answer.entries)
        ]
        former = _without(answer.former_contributors, is_theirs) if with_former else answer.former_contributors
        if stored(entries) != answer.entries or former != answer.former_contributors:
            RosterAnswer.objects.filter(pk=answer.pk).update(entries=stored(entries), former_contributors=former)


# ------------------------------------------------------------ how long
def count_old(now: datetime) -> int:
    """How many answers `forget_old` would empty."""
    waiting = RosterAnswer.objects.filter(sheet__round__in=_left_open(now), applied_at=None).exclude(entries=[])
    return waiting.count() + sum(1 for _ in _old(now))


def forget_old(now: datetime) -> int:
    """Close what was left open for half a year, and empty the answers that cannot be taken back; how many."""
    forgotten = count_old(now)
    for round_ in _left_open(now):
        rounds.close(round_, BY_ITSELF, now)
    for answer in list(_old(now)):
        with transaction.atomic():
            locked = RosterAnswer.objects.select_for_update(of=("self",)).select_related("import_run").get(pk=answer.pk)
            if not _is_needed(locked, now):
                locked.entries, locked.former_contributors = _counts_only(locked), {}
                locked.save(update_fields=["entries", "former_contributors"])
    return forgotten


def _left_open(now: datetime) -> QuerySet[RosterRound]:
    return RosterRound.objects.filter(closed_at=None, deadline__lt=timezone.localdate(now - LEFT_OPEN_FOR))


def _old(now: datetime) -> Iterator[RosterAnswer]:
    before = now - UNDO_FOR
    closed = _with_content().filter(sheet__round__closed_at__lt=before).select_related("import_run")
    for answer in closed.filter(Q(applied_at=None) | Q(applied_at__lt=before)):
        if (answer.entries, answer.former_contributors) != (_counts_only(answer), {}):
            yield answer


def _is_needed(answer: RosterAnswer, now: datetime) -> bool:
    """Whether it was applied (once more) in between, so that it can be taken back."""
    return answer.applied_at is not None and answer.applied_at >= now - UNDO_FOR


def _counts_only(answer: RosterAnswer) -> list[dict[str, Any]]:
    """Of one that is in force; any other could be applied, and an answer without its words must not be."""
    return stored([emptied(entry) for entry in revived(answer.entries)]) if applying.is_applied(answer) else []


# ------------------------------------------------------------ who is meant
def _with_content() -> QuerySet[RosterAnswer]:
    return RosterAnswer.objects.exclude(entries=[], former_contributors={}).order_by("pk")


def _is_about(answer: RosterAnswer, entry: Entry, is_theirs: Callable[[str], bool], lines: Lines) -> bool:
    if entry == emptied(entry):
        return False
    return (
        any(map(is_theirs, (entry.address, entry.name, entry.department))) or (answer.sheet_id, entry.number) in lines
    )


def _holds(answer: RosterAnswer, is_theirs: Callable[[str], bool]) -> bool:
    return bool(_without(answer.former_contributors, is_theirs) != answer.former_contributors)


def _without(value: Any, is_theirs: Callable[[str], bool]) -> Any:
    """JSON without every object that holds an address which is theirs."""
    if not isinstance(value, dict):
        return value
    return {key: _without(one, is_theirs) for key, one in value.items() if not _names(one, is_theirs)}


def _names(value: Any, is_theirs: Callable[[str], bool]) -> bool:
    return isinstance(value, dict) and any(isinstance(one, str) and is_theirs(one) for one in value.values())
