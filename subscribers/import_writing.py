"""Write one import, block by block, inside the importer's transaction."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from subscribers import bulk, undo
from subscribers.bulk import Bulk, listed, moment
from subscribers.fates import plain
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber
from subscribers.planned import Grounds, Known, Planned

MANY = 10_000  # rows, from which a database without statistics is slow
LISTS = ("sections", "pathways")
FIELDS = ("name", "organisation", "department", "municipality", "format", "only_monthly", "language", *LISTS)
_PERSON = ("id", "key", "address", "address_key", "fingerprint", *FIELDS, "created_at", "confirmed_at", "paused_until")
_CHANGED = (*FIELDS, "state", "confirmed_at")
_EVENT = ("subscriber_id", "fingerprint", "detail")
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(FIELDS, ""), "format": "html", "only_monthly": False, "language": "ja",
    **{name: [] for name in LISTS},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Writing:
    """One import while it is being written."""

    run: ImportRun
    grounds: Grounds
    now: datetime
    earlier: tuple[int, ...]  # imports that can still be taken back
    _people: Bulk
    _events: Bulk
    _detail: str  # JSON that every line in the ledger begins with

    @classmethod
    def begin(cls, grounds: Grounds, now: datetime) -> Writing:
        """The row of the import, still without its counts."""
        bulk.widen_cache()
        earlier = tuple(undo.open_runs(now).values_list("pk", flat=True))
        run = ImportRun.objects.create(
            file=grounds.file[:255], basis=grounds.basis, proof=grounds.proof, operator=grounds.operator, at=now
        )
        alike: dict[str, Any] = {
            "kind": ConsentEvent.Kind.IMPORTED.value, "basis": str(grounds.basis), "operator": grounds.operator,
            "import_run_id": run.pk, "at": moment(now),
        }  # fmt: skip
        people = Bulk(Subscriber, _PERSON, {"state": Subscriber.State.ACTIVE.value})
        detail = json.dumps({"file": grounds.file, "proof": grounds.proof})[:-1] + ', "row": '
        return cls(run, grounds, now, earlier, people, Bulk(ConsentEvent, _EVENT, alike), detail)

    def end(self, counts: Mapping[Any, int]) -> ImportRun:
        """Write down how many rows came to which end."""
        for verdict in ("added", "updated", "same", "refused"):
            setattr(self.run, verdict, counts.get(verdict, 0))
        self.run.save()
        if self.run.added + self.run.updated >= MANY:
            bulk.count_anew(Subscriber, ConsentEvent, FormerValues)
        return self.run

    def write(self, block: Sequence[Planned]) -> None:
        """The people of a block, what is written over, and a line in the ledger for each."""
        added = [planned for planned in block if planned.action == "added"]
        updated = [planned for planned in block if planned.action == "updated"]
        ids = bulk.reserve(Subscriber, len(added)) if added else ()
        self._people.insert(list(map(self._person, added, ids, _new_keys(len(added)))))
        self._update(updated)
        again = self._vouched_for_again([planned for planned in block if planned.action == "same"])
        events = list(map(self._event, added, ids))
        events += [self._event(planned, _known(planned).id) for planned in (*updated, *again)]
        self._events.insert(events)

    # -------------------------------------------------------- rows
    def _person(self, planned: Planned, id_: int, key: str) -> tuple[Any, ...]:
        address = planned.candidate.address
        assert address is not None  # noqa: S101 - only refused rows have none
        since = moment(planned.candidate.consented_at or self.now)
        told = {**_DEFAULTS, **planned.candidate.told}
        return (
            id_, key, address.address, address.key, planned.fingerprint,
            told["name"], told["organisation"], told["department"], told["municipality"], told["format"],
            told["only_monthly"], told["language"], listed(told["sections"]), listed(told["pathways"]),
            since, since, moment(planned.candidate.paused_until) if planned.candidate.paused_until else None,
        )  # fmt: skip

    def _update(self, updated: Sequence[Planned]) -> None:
        rows, former = [], []
        ids = [_known(planned).id for planned in updated]
        confirmed = dict(Subscriber.objects.filter(pk__in=ids).order_by().values_list("pk", "confirmed_at"))
        for planned in updated:
            known = _known(planned)
            before = {name: known.values[name] for name in FIELDS} | {
                "state": known.state, "confirmed_at": confirmed[known.id],
            }  # fmt: skip
            confirmed_at = before["confirmed_at"] or planned.candidate.consented_at or self.now
            after = before | dict(planned.changes) | {"confirmed_at": confirmed_at}
            rows.append((*(self._column(name, after[name]) for name in _CHANGED), known.id))
            former.append(_former(self.run, known.id, before, after))
        columns = ", ".join(f"{name} = %s" for name in _CHANGED)
        bulk.run_each(f"UPDATE {Subscriber._meta.db_table} SET {columns} WHERE id = %s", rows)  # noqa: S608
        FormerValues.objects.bulk_create(former)

    def _vouched_for_again(self, same: Sequence[Planned]) -> list[Planned]:
        """Rows that change nothing, of people who would go if an earlier import were taken back: this list has them."""
        if not self.earlier or not same:
            return []
        by_id = {_known(planned).id: planned for planned in same}
        found = bulk.select(("subscriber_id", "import_run_id"), ConsentEvent, "subscriber_id", list(by_id))
        return [by_id[id_] for id_ in dict.fromkeys(id_ for id_, run in found if run in self.earlier)]

    def _event(self, planned: Planned, subscriber: int) -> tuple[Any, ...]:
        candidate = planned.candidate
        extra: dict[str, object] = {}
        if planned.action == "updated":
            extra["changed"] = sorted(planned.changes)
        if planned.action == "same":
            extra["same"] = True
        if candidate.consented_at:
            extra["consented_at"] = candidate.consented_at.isoformat()
        tail = f", {json.dumps(extra)[1:]}" if extra else "}"
        return subscriber, planned.fingerprint, f"{self._detail}{candidate.line}{tail}"

    def _column(self, name: str, value: Any) -> Any:
        if name in LISTS:
            return listed(value)
        if name == "only_monthly":
            return bool(value)
        return moment(value) if name == "confirmed_at" else str(value)


def _new_keys(number: int) -> list[str]:
    """As new_key, for one block, whose keys share their first two bytes; 112 bits are each one's own.

    So they stand together in the unique index: keys all over it made a million rows an eighth slower.
    """
    shared, own = os.urandom(2), os.urandom(14 * number)
    keys = [shared + own[start : start + 14] for start in range(0, 14 * number, 14)]
    return [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys]


def _former(run: ImportRun, id_: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> FormerValues:
    """What is written over, and with what: the changed fields only."""
    changed = [name for name in after if after[name] != before[name]]
    return FormerValues(
        import_run=run,
        subscriber_id=id_,
        before={name: plain(before[name]) for name in changed},
        after={name: plain(after[name]) for name in changed},
    )


def _known(planned: Planned) -> Known:
    assert planned.known is not None  # noqa: S101 - an update has something to update
    return planned.known
