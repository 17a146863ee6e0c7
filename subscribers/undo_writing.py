"""Write the taking back of one import, block by block, inside the transaction of undo."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from subscribers.bulk import Bulk, moment, run_each, widen_cache
from subscribers.fates import Fate, Undone
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber
from subscribers.removal import remove

OPERATOR = 150  # signs that the columns for a name hold
_FIELDS = {field.name: field for field in Subscriber._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class Writing:
    """One import while it is being taken back."""

    run: ImportRun
    by: str
    now: datetime
    _events: Bulk
    _detail: str  # JSON that every line in the ledger begins with

    @classmethod
    def begin(cls, run: ImportRun, by: str, now: datetime) -> Writing:
        """Nothing is written yet."""
        widen_cache()
        alike = {"kind": ConsentEvent.Kind.UNDONE.value, "operator": by[:OPERATOR], "at": moment(now)}
        events = Bulk(ConsentEvent, ("subscriber_id", "fingerprint", "detail"), alike)
        return cls(run, by, now, events, json.dumps({"file": run.file})[:-1] + ', "row": ')

    def write(self, block: Sequence[Undone]) -> None:
        """Former values return, people go, and the ledger gets a line for each of both."""
        _restore([row for row in block if row.fate is Fate.RESTORED])
        self._hand_on([row for row in block if row.heir])
        remove([row.subscriber_id for row in block if row.fate is Fate.REMOVED and row.subscriber_id])
        self._events.insert([self._event(row) for row in block if row.fate is not Fate.KEPT])

    def end(self) -> None:
        """What was written over is needed no more, and the import says who took it back."""
        FormerValues.objects.filter(import_run=self.run).delete()
        ImportRun.objects.filter(pk=self.run.pk).update(undone_at=self.now, undone_by=self.by[:OPERATOR])

    def _hand_on(self, rows: Sequence[Undone]) -> None:
        """A later list that wrote over this one's values returns, if it is taken back, to those before both."""
        heirs = {row.subscriber_id: row.heir for row in rows if row.subscriber_id}
        former = FormerValues.objects.filter(subscriber_id__in=heirs)
        own = {one.subscriber_id: one for one in former.filter(import_run=self.run)}
        later = [
            one
            for one in former.filter(import_run__in=set(heirs.values()))
            if one.import_run_id == heirs[one.subscriber_id]
        ]
        for one in later:
            inherit(one, own[one.subscriber_id])
        FormerValues.objects.bulk_update(later, ("before", "after"))

    def _event(self, row: Undone) -> tuple[int | None, str, str]:
        remains = row.subscriber_id if row.fate is Fate.RESTORED else None
        return remains, row.fingerprint, f"{self._detail}{row.line}}}"


def inherit(later: FormerValues, earlier: FormerValues) -> None:
    """Put the values before an earlier import into those that a later one returns to."""
    for name, value in earlier.before.items():
        if name not in later.before:  # the later list let it stand
            later.before[name], later.after[name] = value, earlier.after[name]
        elif later.before[name] == earlier.after[name]:
            later.before[name] = value


def _restore(rows: Sequence[Undone]) -> None:
    """One statement for all who get the same fields back."""
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        if row.values:
            alike[tuple(row.values)].append((*map(_stored, row.values.items()), row.subscriber_id))
    for names, people in alike.items():
        columns = ", ".join([f"{name} = %s" for name in names])
        run_each(f"UPDATE {Subscriber._meta.db_table} SET {columns} WHERE id = %s", people)  # noqa: S608


def _stored(named: tuple[str, Any]) -> Any:
    name, value = named
    field = _FIELDS[name]
    return field.get_db_prep_save(field.to_python(value), connection)
