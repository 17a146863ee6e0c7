"""Write one import, block by block, inside the importer's transaction.

Prepared statements over plain rows: a million model objects would cost more than the rows they stand for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from subscribers import undo
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, new_key

if TYPE_CHECKING:
    from subscribers.importer import Grounds, Known, Planned

CACHE_KB = 65_536
LISTS = ("sections", "pathways")
FIELDS = ("name", "organisation", "department", "municipality", "format", "only_monthly", *LISTS)
_PERSON = ("key", "address", "address_key", "fingerprint", *FIELDS, "language", "state", "created_at", "confirmed_at")
_CHANGED = (*FIELDS, "state", "confirmed_at")
_EVENT = (
    "subscriber_id", "fingerprint", "kind", "basis", "wording", "operator", "detail", "import_run_id", "at",
)  # fmt: skip
# No column of a list says it; the reader may choose another.
_LANGUAGE = Subscriber.Language.JAPANESE.value
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS, ""), "format": "html", "only_monthly": False, **{name: [] for name in LISTS},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Writing:
    """One import while it is being written."""

    run: ImportRun
    grounds: Grounds
    now: datetime
    earlier: tuple[int, ...]  # imports that can still be taken back
    _moments: dict[datetime, Any] = field(default_factory=dict)

    @classmethod
    def begin(cls, grounds: Grounds, now: datetime) -> Writing:
        """The row of the import, still without its counts."""
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                # The indexes of a large list do not fit into the default of 2 MB. A limit, not a need.
                cursor.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        earlier = tuple(undo.open_runs(now).values_list("pk", flat=True))
        run = ImportRun.objects.create(
            file=grounds.file[:255], basis=grounds.basis, proof=grounds.proof, operator=grounds.operator, at=now
        )
        return cls(run, grounds, now, earlier)

    def end(self, counts: Mapping[Any, int]) -> ImportRun:
        """Write down how many rows came to which end."""
        for verdict in ("added", "updated", "same", "refused"):
            setattr(self.run, verdict, counts.get(verdict, 0))
        self.run.save()
        return self.run

    def write(self, block: Sequence[Planned]) -> None:
        """The people of a block, what is written over, and a line in the ledger for each."""
        added = [planned for planned in block if planned.action == "added"]
        updated = [planned for planned in block if planned.action == "updated"]
        _run(_insert(Subscriber, _PERSON), [self._person(planned) for planned in added])
        self._update(updated)
        again = self._vouched_for_again([planned for planned in block if planned.action == "same"])
        ids = _ids([planned.fingerprint for planned in added])
        events = [self._event(planned, ids[planned.fingerprint]) for planned in added]
        events += [self._event(planned, _known(planned).id) for planned in (*updated, *again)]
        _run(_insert(ConsentEvent, _EVENT), events)

    # -------------------------------------------------------- rows
    def _person(self, planned: Planned) -> tuple[Any, ...]:
        address = planned.candidate.address
        assert address is not None  # noqa: S101 - only refused rows have none
        since = self._moment(planned.candidate.consented_at or self.now)
        values = {**_DEFAULTS, **planned.candidate.told}
        told = [_listed(values[name]) if name in LISTS else values[name] for name in FIELDS]
        return (new_key(), address.address, address.key, planned.fingerprint, *told, _LANGUAGE, "active", since, since)

    def _update(self, updated: Sequence[Planned]) -> None:
        rows, former = [], []
        for planned in updated:
            known = _known(planned)
            before = {name: known.values[name] for name in FIELDS} | {
                "state": known.state, "confirmed_at": known.values["confirmed_at"],
            }  # fmt: skip
            confirmed_at = before["confirmed_at"] or planned.candidate.consented_at or self.now
            after = before | dict(planned.changes) | {"confirmed_at": confirmed_at}
            rows.append((*(self._column(name, after[name]) for name in _CHANGED), known.id))
            former.append(_former(self.run, known.id, before, after))
        columns = ", ".join(f"{name} = %s" for name in _CHANGED)
        _run(f"UPDATE {Subscriber._meta.db_table} SET {columns} WHERE id = %s", rows)  # noqa: S608
        FormerValues.objects.bulk_create(former)

    def _vouched_for_again(self, same: Sequence[Planned]) -> list[Planned]:
        """Rows that change nothing, of people who would go if an earlier import were taken back: this list has them."""
        if not self.earlier or not same:
            return []
        by_id = {_known(planned).id: planned for planned in same}
        events = ConsentEvent.objects.filter(subscriber__in=by_id, import_run__in=self.earlier)
        return [by_id[id_] for id_ in set(events.order_by().values_list("subscriber_id", flat=True)) if id_ in by_id]

    def _event(self, planned: Planned, subscriber: int) -> tuple[Any, ...]:
        detail: dict[str, object] = {
            "file": self.grounds.file, "row": planned.candidate.line, "proof": self.grounds.proof,
        }  # fmt: skip
        if planned.action == "updated":
            detail["changed"] = sorted(planned.changes)
        if planned.action == "same":
            detail["same"] = True
        if planned.candidate.consented_at:
            detail["consented_at"] = planned.candidate.consented_at.isoformat()
        return (
            subscriber, planned.fingerprint, ConsentEvent.Kind.IMPORTED.value, str(self.grounds.basis), "",
            self.grounds.operator, json.dumps(detail), self.run.pk, self._moment(self.now),
        )  # fmt: skip

    def _column(self, name: str, value: Any) -> Any:
        if name in LISTS:
            return _listed(value)
        if name == "only_monthly":
            return bool(value)
        return self._moment(value) if name == "confirmed_at" else str(value)

    def _moment(self, at: datetime) -> Any:
        if at not in self._moments:
            if len(self._moments) > 1000:
                self._moments.clear()
            self._moments[at] = connection.ops.adapt_datetimefield_value(at)
        return self._moments[at]


def _listed(values: Sequence[str]) -> str:
    return json.dumps(values) if values else "[]"


def _former(run: ImportRun, id_: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> FormerValues:
    """What is written over, and with what: the changed fields only."""
    changed = [name for name in after if after[name] != before[name]]
    return FormerValues(
        import_run=run,
        subscriber_id=id_,
        before={name: undo.plain(before[name]) for name in changed},
        after={name: undo.plain(after[name]) for name in changed},
    )


def _known(planned: Planned) -> Known:
    assert planned.known is not None  # noqa: S101 - an update has something to update
    return planned.known


def _ids(fingerprints: Sequence[str]) -> dict[str, int]:
    found = Subscriber.objects.filter(fingerprint__in=fingerprints).order_by().values_list("fingerprint", "pk")
    return dict(found)


def _insert(model: type[Subscriber | ConsentEvent], columns: Sequence[str]) -> str:
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    holders = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({holders})"  # noqa: S608 - our own names


def _run(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
