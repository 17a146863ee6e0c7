"""Take back a whole import within 30 days: who came in by it goes, what it wrote over returns.

Nobody is harmed by it: who did something since (or was named by a later list, or mended by the office) stays as they
are, and the account says so, person by person. A million people pass as plain rows, in blocks; see fates (what becomes
of one), undo_writing and removal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from subscribers import bulk
from subscribers.audience import BLOCK
from subscribers.errors import ImportUndoError
from subscribers.fates import Act, Fate, Former, Line, Undone, decide, plain
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, Suppression
from subscribers.undo_writing import Writing

UNDO_FOR = timedelta(days=30)


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
    return _plan(run, "")


def undo(
    run: ImportRun, by: str, now: datetime, on_block: Callable[[Sequence[Undone]], None] = lambda _: None
) -> Counter[Fate]:
    """Take the import back in one transaction; how many people came to which end."""
    counts: Counter[Fate] = Counter()
    with transaction.atomic(), bulk.checked_at_once():
        ImportRun.objects.select_for_update().get(pk=run.pk)
        undoable(run.pk, now)  # asked again: somebody else may have been faster
        writing = Writing.begin(run, by, now)
        for block in _plan(run, "FOR UPDATE" if connection.features.has_select_for_update else ""):
            writing.write(block)
            counts.update(row.fate for row in block)
            on_block(block)
        writing.end()
    return counts


def forget_former_values(now: datetime) -> int:
    """Delete what imports wrote over once they can no longer be taken back; how many entries."""
    return old_former_values(now).delete()[0]


def old_former_values(now: datetime) -> QuerySet[FormerValues]:
    """What imports wrote over that can no longer be taken back."""
    return FormerValues.objects.filter(import_run__at__lt=now - UNDO_FOR)


# ------------------------------------------------------------ what the database says
def _plan(run: ImportRun, lock: str) -> Iterator[list[Undone]]:
    undone = frozenset(ImportRun.objects.exclude(undone_at=None).values_list("pk", flat=True))
    for block in _lines(run):
        lines = _with_inherited(run, block, undone)
        ids = [line.subscriber_id for line in lines if line.subscriber_id]
        addresses = dict(bulk.select(("id", "address"), Subscriber, "id", ids, f"ORDER BY id {lock}"))
        former = _former(run, [line.subscriber_id for line in lines if line.is_change and line.subscriber_id])
        acts = _acts_since(run, lines, undone)
        yield [
            decide(line, addresses.get(line.subscriber_id), acts.get(line.fingerprint), former.get(line.subscriber_id))
            for line in lines
        ]


def _lines(run: ImportRun) -> Iterator[list[Line]]:
    """The lines of the import in the ledger, in blocks, also of people in whom it changed nothing."""
    ends = run.events.aggregate(first=Min("pk"), last=Max("pk"))
    last = ends["last"] or 0
    # From line to line, whosesoever they are: written in one transaction, they stand together. Asked for by their
    # import, a database that has no statistics yet sorts all of them for every block.
    columns = ("pk", "import_run", "subscriber", "fingerprint", "detail")
    events = ConsentEvent.objects.order_by("pk").values_list(*columns)
    at = (ends["first"] or 1) - 1
    while at < last and (block := list(events.filter(pk__gt=at)[:BLOCK])):
        at = block[-1][0]
        yield [
            Line(event, int(detail.get("row", 0)), mark, subscriber, "changed" in detail, bool(detail.get("same")))
            for event, of, subscriber, mark, detail in block
            if of == run.pk
        ]


def _with_inherited(run: ImportRun, block: Sequence[Line], undone: Collection[int]) -> list[Line]:
    """The lines of the import that taking it back is about, those of people who are here by it alone among them.

    They came in by an earlier list that was taken back, and stayed because this one names them, too: they go with it,
    whether it changed something in them or not. Any other of whom it says the same is left out.
    """
    came_in = _came_in_by([line.fingerprint for line in block if line.is_same or line.is_change], undone)
    heirs = {
        line.fingerprint: line._replace(event=came_in[line.fingerprint], is_change=False)
        for line in block
        if line.fingerprint in came_in
    }
    # Who did something since they came in is here by themselves, and gets back what this list wrote over.
    changed = [heirs[line.fingerprint] for line in block if line.is_change and line.fingerprint in heirs]
    for mark in _acts_since(run, changed, undone):
        del heirs[mark]
    return [heirs.get(line.fingerprint, line) for line in block if not line.is_same or line.fingerprint in heirs]


def _came_in_by(marks: Sequence[str], runs: Collection[int]) -> dict[str, int]:
    """For each fingerprint the line in the ledger with which one of these imports took it in, if one did."""
    if not runs:
        return {}
    of_these = f"AND import_run_id IN ({', '.join(map(str, runs))}) ORDER BY id"
    events = bulk.select(("fingerprint", "id", "detail"), ConsentEvent, "fingerprint", marks, of_these)
    return {mark: event for mark, event, detail in events if not {"same", "changed"} & json.loads(detail).keys()}


def _former(run: ImportRun, ids: Sequence[int]) -> dict[int | None, Former]:
    """What the import wrote over in these people, and what stands there now."""
    columns, also = ("subscriber_id", "before", "after"), f"AND import_run_id = {run.pk:d}"
    kept = bulk.select(columns, FormerValues, "subscriber_id", ids, also)
    if not kept:
        return {}
    found = {id_: (json.loads(before), json.loads(after)) for id_, before, after in kept}
    names = sorted({name for _, after in found.values() for name in after})
    people = Subscriber.objects.filter(pk__in=found).order_by().values("pk", *names)
    return {
        person["pk"]: Former(*found[person["pk"]], {name: plain(person[name]) for name in names}) for person in people
    }


def _acts_since(run: ImportRun, lines: Sequence[Line], undone: Collection[int]) -> dict[str, Act]:
    """For each fingerprint the first thing somebody did after the import's own line."""
    own = {line.fingerprint: line.event for line in lines}
    columns = ("id", "fingerprint", "kind", "at", "import_run_id", "detail")
    also = f"AND (import_run_id IS NULL OR import_run_id <> {run.pk:d}) ORDER BY id"
    acts: dict[str, Act] = {}
    for event, mark, kind, at, of, detail in bulk.select(columns, ConsentEvent, "fingerprint", list(own), also):
        if event > own[mark] and mark not in acts and of not in undone and not _is_of_the_address(kind, detail):
            label = f"取込 {of}" if kind == ConsentEvent.Kind.IMPORTED else ConsentEvent.Kind(kind).label
            acts[mark] = Act(label, _day(at), of)
    return acts


def _day(at: datetime) -> str:
    """The day on the office's calendar; SQLite's moments are UTC without saying so."""
    return timezone.localdate(at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def _is_of_the_address(kind: str, detail: str) -> bool:
    """That a mailbox does not exist is no deed of a person; its suppression stays anyway. Nor is another undoing."""
    if kind == ConsentEvent.Kind.SUPPRESSED:
        return bool(json.loads(detail).get("reason") == Suppression.Reason.BOUNCED)
    return kind == ConsentEvent.Kind.UNDONE
