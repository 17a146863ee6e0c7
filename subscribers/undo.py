"""Take back a whole import within 30 days: who came in by it goes, what it wrote over returns.

Nobody is harmed by it: who did something since (or was named by a later list, or mended by the office) stays as they
are, and the account says so, person by person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from subscribers.audience import BLOCK
from subscribers.errors import ImportUndoError
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, Suppression

UNDO_FOR = timedelta(days=30)
GONE = "登録がすでにありません（消去済みか、本人の確認がなかったため）"
NO_VALUES = "取込前の値が残っていません"
OVERWRITTEN = "取込のあとに、同じ項目が変わっています"


class Fate(StrEnum):
    """What becomes of a person when the import is taken back."""

    REMOVED = "removed"
    RESTORED = "restored"
    KEPT = "kept"

    @property
    def label(self) -> str:
        return {Fate.REMOVED: "登録を取り消す", Fate.RESTORED: "前の値に戻す", Fate.KEPT: "そのまま"}[self]


@dataclass(frozen=True, slots=True)
class Undone:
    """One row of the import, and what becomes of the person behind it; `why` when they stay as they are."""

    line: int
    address: str  # empty when there is no entry any more
    fate: Fate
    why: str = ""
    subscriber_id: int | None = None
    fingerprint: str = ""
    values: Mapping[str, Any] | None = None  # to be restored


def open_runs(now: datetime) -> QuerySet[ImportRun]:
    """The imports that can still be taken back."""
    return ImportRun.objects.filter(undone_at=None, at__gte=now - UNDO_FOR)


def undoable(number: int, now: datetime) -> ImportRun:
    """The import of this number; ImportUndoError if it is unknown, taken back or too old."""
    run = ImportRun.objects.filter(pk=number).first()
    if run is None:
        raise ImportUndoError(f"取込 {number} はありません。番号は newsletter subscribers imports で見られます。")
    if run.undone_at:
        raise ImportUndoError(f"取込 {number} は、もう取り消されています（{run.undone_by}）。")
    if run.at < now - UNDO_FOR:
        raise ImportUndoError(
            f"取込 {number} は{UNDO_FOR.days}日より前なので、まとめては取り消せません。取込前の値は残していません。"
        )
    return run


def plan_undo(run: ImportRun) -> Iterator[list[Undone]]:
    """What would become of each person of the import, in blocks; nothing is written."""
    last = 0
    while block := list(run.events.filter(pk__gt=last).order_by("pk")[:BLOCK]):
        last = block[-1].pk
        yield _plan(run, [event for event in block if not event.detail.get("same")])


def undo(
    run: ImportRun, by: str, now: datetime, on_block: Callable[[Sequence[Undone]], None] = lambda _: None
) -> Counter[Fate]:
    """Take the import back in one transaction; how many people came to which end."""
    counts: Counter[Fate] = Counter()
    with transaction.atomic():
        ImportRun.objects.select_for_update().get(pk=run.pk)
        undoable(run.pk, now)  # asked again: somebody else may have been faster
        for block in plan_undo(run):
            _write(run, block, by, now)
            counts.update(row.fate for row in block)
            on_block(block)
        FormerValues.objects.filter(import_run=run).delete()
        ImportRun.objects.filter(pk=run.pk).update(undone_at=now, undone_by=by[:150])
    return counts


def forget_former_values(now: datetime) -> int:
    """Delete what imports wrote over once they can no longer be taken back; how many entries."""
    return old_former_values(now).delete()[0]


def old_former_values(now: datetime) -> QuerySet[FormerValues]:
    """What imports wrote over that can no longer be taken back."""
    return FormerValues.objects.filter(import_run__at__lt=now - UNDO_FOR)


# ------------------------------------------------------------ deciding
def _plan(run: ImportRun, events: Sequence[ConsentEvent]) -> list[Undone]:
    ids = [event.subscriber_id for event in events if event.subscriber_id]
    people = (
        Subscriber.objects.select_for_update() if transaction.get_connection().in_atomic_block else Subscriber.objects
    )
    known = {person.pk: person for person in people.filter(pk__in=ids)}
    former = {row.subscriber_id: row for row in FormerValues.objects.filter(import_run=run, subscriber__in=ids)}
    acts = _acts_since(events)
    return [
        decide(
            event,
            known.get(event.subscriber_id or 0),
            former.get(event.subscriber_id or 0),
            acts.get(event.fingerprint),
        )
        for event in events
    ]


def decide(
    event: ConsentEvent, person: Subscriber | None, former: FormerValues | None, act: ConsentEvent | None
) -> Undone:
    """The fate of one person, from the import's line in the ledger and what has happened since."""
    line = int(event.detail.get("row", 0))
    if person is None:
        return Undone(line, "", Fate.KEPT, GONE, fingerprint=event.fingerprint)
    kept = Undone(line, person.address, Fate.KEPT, "", person.pk, event.fingerprint)
    if act is not None:
        return _because(kept, f"取込のあとに記録があります（{act.get_kind_display()} {act.at:%Y-%m-%d}）")
    if "changed" not in event.detail:
        return Undone(line, person.address, Fate.REMOVED, "", person.pk, event.fingerprint)
    if former is None:
        return _because(kept, NO_VALUES)
    if any(plain(getattr(person, name)) != value for name, value in former.after.items()):
        return _because(kept, OVERWRITTEN)
    return Undone(line, person.address, Fate.RESTORED, "", person.pk, event.fingerprint, former.before)


def _because(kept: Undone, why: str) -> Undone:
    return Undone(kept.line, kept.address, kept.fate, why, kept.subscriber_id, kept.fingerprint)


def _acts_since(events: Sequence[ConsentEvent]) -> dict[str, ConsentEvent]:
    """For each fingerprint the first thing somebody did after the import's own line."""
    if not events:
        return {}
    own = {event.fingerprint: event.pk for event in events}
    later = ConsentEvent.objects.filter(fingerprint__in=list(own), pk__gt=events[0].pk)
    later = later.filter(Q(import_run=None) | Q(import_run__undone_at=None)).exclude(import_run=events[0].import_run_id)
    acts: dict[str, ConsentEvent] = {}
    for event in later.order_by("pk"):
        if event.pk > own[event.fingerprint] and not _is_of_the_address(event):
            acts.setdefault(event.fingerprint, event)
    return acts


def _is_of_the_address(event: ConsentEvent) -> bool:
    """That a mailbox does not exist is no deed of a person; its suppression stays anyway. Nor is another undoing."""
    bounced = event.detail.get("reason") == Suppression.Reason.BOUNCED
    return event.kind == ConsentEvent.Kind.UNDONE or (event.kind == ConsentEvent.Kind.SUPPRESSED and bounced)


# ------------------------------------------------------------ writing
def _write(run: ImportRun, block: Sequence[Undone], by: str, now: datetime) -> None:
    for row in block:
        if row.fate is Fate.RESTORED and row.values is not None and row.subscriber_id:
            Subscriber.objects.filter(pk=row.subscriber_id).update(**_revived(row.values))
    removed = [row.subscriber_id for row in block if row.fate is Fate.REMOVED and row.subscriber_id]
    Subscriber.objects.filter(pk__in=removed).delete()
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            subscriber_id=row.subscriber_id if row.fate is Fate.RESTORED else None,
            fingerprint=row.fingerprint,
            kind=ConsentEvent.Kind.UNDONE,
            operator=by[:150],
            detail={"file": run.file, "row": row.line},
            at=now,
        )
        for row in block
        if row.fate is not Fate.KEPT
    )


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _revived(values: Mapping[str, Any]) -> dict[str, Any]:
    dated = values.get("confirmed_at")
    return dict(values) | ({"confirmed_at": parse_datetime(dated)} if isinstance(dated, str) else {})
