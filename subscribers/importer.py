"""Take a list of people in: read it, plan every row, and only then, on request, write it all in one transaction.

Nobody who left, was suppressed or erased comes back by a list, and no row is passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from django.db import IntegrityError, connection, transaction

from subscribers import suppression, undo
from subscribers.addresses import fingerprint
from subscribers.audience import BLOCK
from subscribers.candidates import Candidate, Lookups, read_candidates
from subscribers.errors import ImportFileError
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, Suppression
from subscribers.table import Table

WRITE_BATCH = 1000


class Verdict(StrEnum):
    """What becomes of a row. WARNED is added, updated or the same, and somebody should look at it."""

    ADDED = "added"
    UPDATED = "updated"
    SAME = "same"
    WARNED = "warned"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Verdict.ADDED: "登録",
    Verdict.UPDATED: "更新",
    Verdict.SAME: "同じ",
    Verdict.WARNED: "警告",
    Verdict.REFUSED: "拒否",
}

SUPPRESSED = {
    Suppression.Reason.LEFT: "ご本人が解除しています。購読するには、ご本人の新しい申込が必要です。",
    Suppression.Reason.BOUNCED: "宛先不明のため停止中です。届くことを確かめて、停止を解除してください。",
    Suppression.Reason.COMPLAINED: "迷惑メールの報告で停止中です。ご本人の希望を確かめて、停止を解除してください。",
    Suppression.Reason.ERASED: "ご本人の求めで消去した宛先です。ご本人の新しい申込が必要です。",
    Suppression.Reason.BY_HAND: "事務局が停止した宛先です。",
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why we may write to the people of this list: it goes into the ledger, for each of them."""

    basis: ConsentEvent.Basis
    proof: str  # where the consent can be seen: a folder, a form, a decision
    operator: str
    file: str  # the name of the list


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has under this address."""

    id: int
    state: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """One candidate and what is to become of it."""

    candidate: Candidate
    action: Verdict  # never WARNED
    fingerprint: str = ""
    known: Known | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The one word for the row."""
        is_written = self.action in (Verdict.ADDED, Verdict.UPDATED)
        return Verdict.WARNED if is_written and self.candidate.warnings else self.action

    @property
    def words(self) -> tuple[str, ...]:
        """Everything there is to say about the row, in Japanese."""
        if self.action is Verdict.REFUSED:
            return self.remarks
        return (*self.remarks, *self.candidate.warnings, *self.candidate.notes)


def read_rows(table: Table, lookups: Lookups, on_blank: Callable[[], None] = lambda: None) -> Iterator[Candidate]:
    """The candidates of a file, row by row."""
    if not table.columns or "address" not in table.columns:
        raise ImportFileError(
            f"{table.path.name}: メールアドレスの列が見つかりません。"
            f"見出しは {'、'.join(table.headings) or '（なし）'} です。--column address=見出し で指定してください。"
        )
    for row in table.rows():
        if any(cell.strip() for cell in row.cells):
            yield from read_candidates(row.line, row.cells, table.columns, lookups)
        else:
            on_blank()


def plan_import(
    candidates: Iterable[Candidate], fingerprint_key: str, *, is_cp932: bool = False
) -> Iterator[list[Planned]]:
    """What would become of each candidate, in blocks, two queries each; nothing is written."""
    seen: dict[str, int] = {}
    candidates = iter(candidates)
    while block := list(islice(candidates, BLOCK)):
        keys = [candidate.address.key for candidate in block if candidate.address]
        marks = {key: fingerprint(key, fingerprint_key) for key in keys}
        known = _known(keys)
        stopped = suppression.reasons(list(marks.values()))
        planned = []
        for candidate in block:
            key = candidate.address.key if candidate.address else ""
            mark = marks.get(key, "")
            planned.append(decide(candidate, mark, known.get(key), stopped.get(mark), seen.get(key), is_cp932=is_cp932))
            if key and not candidate.refusal:
                seen.setdefault(key, candidate.line)
        yield planned


def decide(
    candidate: Candidate,
    mark: str,
    known: Known | None,
    stopped: Suppression.Reason | None,
    first_line: int | None,
    *,
    is_cp932: bool = False,
) -> Planned:
    """The verdict on one candidate, from what the file and the database say."""
    refusal = candidate.refusal
    if not refusal and first_line is not None:
        refusal = f"{first_line}行目と同じアドレスです（大文字と小文字、全角と半角は区別しません）。"
    if not refusal and stopped:
        refusal = SUPPRESSED[stopped]
    if not refusal and known and known.state == Subscriber.State.LEFT:
        refusal = SUPPRESSED[Suppression.Reason.LEFT]
    if refusal:
        return Planned(candidate, Verdict.REFUSED, mark, known, remarks=(refusal,))
    if known is None:
        return Planned(candidate, Verdict.ADDED, mark)
    changes = {
        name: value
        for name, value in candidate.told.items()
        if not _equal(value, known.values[name], is_cp932=is_cp932)
    }
    remarks = [f"変わる項目: {'、'.join(_NAMES[name] for name in changes)}"] if changes else []
    if known.state == Subscriber.State.PENDING:
        changes["state"] = Subscriber.State.ACTIVE
        remarks.append("確認待ちだった方を購読中にします")
    action = Verdict.UPDATED if changes else Verdict.SAME
    return Planned(candidate, action, mark, known, changes, tuple(remarks))


def run_import(
    candidates: Iterable[Candidate],
    grounds: Grounds,
    now: datetime,
    fingerprint_key: str,
    *,
    is_cp932: bool = False,
    on_block: Callable[[Sequence[Planned]], None] = lambda _: None,
    on_done: Callable[[ImportRun], None] = lambda _: None,
) -> Counter[Verdict]:
    """Write the whole list in one transaction, or nothing of it; how many rows came to which end.

    The import can be taken back for 30 days: see undo.py. `on_done` gets its row.
    """
    if not grounds.proof.strip():
        raise ImportFileError("同意の証跡（どこで確かめられるか）を書いてください。")
    counts: Counter[Verdict] = Counter()
    try:
        with transaction.atomic():
            writing = _Writing.begin(grounds, now)
            for block in plan_import(candidates, fingerprint_key, is_cp932=is_cp932):
                writing.write(block)
                counts.update(planned.action for planned in block)
                on_block(block)
            run = writing.end(counts)
    except IntegrityError as error:
        raise ImportFileError(
            "取込の間に、同じ宛先の申込がありました。何も取り込んでいません。もう一度実行してください。"
        ) from error
    on_done(run)
    return counts


# ------------------------------------------------------------ the database's side
_FIELDS = ("name", "organisation", "department", "municipality", "format", "sections")
_NAMES = {
    "name": "氏名",
    "organisation": "所属団体",
    "department": "部署",
    "municipality": "団体コード",
    "format": "形式",
    "sections": "希望する欄",
}


def _known(keys: Sequence[str]) -> dict[str, Known]:
    rows = (
        Subscriber.objects.filter(address_key__in=keys)
        .order_by()
        .values("pk", "address_key", "state", "confirmed_at", *_FIELDS)
    )
    return {row["address_key"]: Known(row["pk"], row["state"], row) for row in rows}


def _equal(told: object, stored: object, *, is_cp932: bool) -> bool:
    """Whether the file says what we have. CP932 cannot tell 〜 from ～, so it never changes one into the other."""
    if is_cp932 and isinstance(told, str) and isinstance(stored, str) and told != stored:
        return told.encode("cp932", "replace") == stored.encode("cp932", "xmlcharrefreplace")
    return told == stored


@dataclass(frozen=True, slots=True)
class _Writing:
    """One import while it is being written."""

    run: ImportRun
    grounds: Grounds
    now: datetime
    earlier: tuple[int, ...]  # imports that can still be taken back

    @classmethod
    def begin(cls, grounds: Grounds, now: datetime) -> _Writing:
        earlier = tuple(undo.open_runs(now).values_list("pk", flat=True))
        run = ImportRun.objects.create(
            file=grounds.file[:255], basis=grounds.basis, proof=grounds.proof, operator=grounds.operator, at=now
        )
        return cls(run, grounds, now, earlier)

    def end(self, counts: Counter[Verdict]) -> ImportRun:
        for verdict in (Verdict.ADDED, Verdict.UPDATED, Verdict.SAME, Verdict.REFUSED):
            setattr(self.run, str(verdict), counts[verdict])
        self.run.save()
        return self.run

    def write(self, block: Sequence[Planned]) -> None:
        added = [(planned, _subscriber(planned, self.now)) for planned in block if planned.action is Verdict.ADDED]
        Subscriber.objects.bulk_create([subscriber for _, subscriber in added], batch_size=WRITE_BATCH)
        updated = [(planned, _changed(planned, self.now)) for planned in block if planned.action is Verdict.UPDATED]
        _update([subscriber for _, subscriber in updated])
        FormerValues.objects.bulk_create(
            [_former(self.run, planned, subscriber) for planned, subscriber in updated], batch_size=WRITE_BATCH
        )
        written = (*added, *updated, *self._vouched_for_again(block))
        events = [_event(planned, subscriber, self.grounds, self.run) for planned, subscriber in written]
        ConsentEvent.objects.bulk_create(events, batch_size=WRITE_BATCH)

    def _vouched_for_again(self, block: Sequence[Planned]) -> list[tuple[Planned, Subscriber]]:
        """Rows that change nothing, of people who would go if an earlier import were taken back: this list has them."""
        same = {planned.known.id: planned for planned in block if planned.action is Verdict.SAME and planned.known}
        if not self.earlier or not same:
            return []
        events = ConsentEvent.objects.filter(subscriber__in=same, import_run__in=self.earlier)
        ids = events.order_by().values_list("subscriber_id", flat=True).distinct()
        return [(same[id_], Subscriber(pk=id_)) for id_ in ids if id_ is not None]


def _former(run: ImportRun, planned: Planned, subscriber: Subscriber) -> FormerValues:
    """What is written over, and with what: the changed fields only."""
    known = planned.known
    assert known is not None  # noqa: S101 - an update has something to update
    names = [*planned.changes]
    if known.values["confirmed_at"] != subscriber.confirmed_at:
        names.append("confirmed_at")
    before = Subscriber(**{name: known.state if name == "state" else known.values[name] for name in names})
    return FormerValues(
        import_run=run,
        subscriber=subscriber,
        before=undo.plain_values(before, names),
        after=undo.plain_values(subscriber, names),
    )


def _update(subscribers: Sequence[Subscriber]) -> None:
    """One prepared statement for all: bulk_update needs a minute for the 50,000 changes of an April."""
    written = (*_FIELDS, "state", "confirmed_at")
    fields = [field for field in Subscriber._meta.concrete_fields if field.name in written]
    columns = ", ".join(f"{field.column} = %s" for field in fields)
    statement = f"UPDATE {Subscriber._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608 - our own names
    rows = [
        (*(field.get_db_prep_save(getattr(one, field.attname), connection) for field in fields), one.pk)
        for one in subscribers
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _subscriber(planned: Planned, now: datetime) -> Subscriber:
    address = planned.candidate.address
    assert address is not None  # noqa: S101 - only refused rows have none
    since = planned.candidate.consented_at or now
    return Subscriber(
        address=address.address,
        address_key=address.key,
        fingerprint=planned.fingerprint,
        state=Subscriber.State.ACTIVE,
        created_at=since,
        confirmed_at=since,
        **planned.candidate.told,
    )


def _changed(planned: Planned, now: datetime) -> Subscriber:
    known = planned.known
    assert known is not None  # noqa: S101 - an update has something to update
    values = {name: known.values[name] for name in _FIELDS} | dict(planned.changes)
    confirmed_at = known.values["confirmed_at"] or planned.candidate.consented_at or now
    return Subscriber(pk=known.id, **({"state": known.state} | values), confirmed_at=confirmed_at)


def _event(planned: Planned, subscriber: Subscriber, grounds: Grounds, run: ImportRun) -> ConsentEvent:
    detail: dict[str, object] = {"file": grounds.file, "row": planned.candidate.line, "proof": grounds.proof}
    if planned.action is Verdict.UPDATED:
        detail["changed"] = sorted(planned.changes)
    if planned.action is Verdict.SAME:
        detail["same"] = True
    if planned.candidate.consented_at:
        detail["consented_at"] = planned.candidate.consented_at.isoformat()
    return ConsentEvent(
        subscriber=subscriber,
        fingerprint=planned.fingerprint,
        kind=ConsentEvent.Kind.IMPORTED,
        basis=grounds.basis,
        operator=grounds.operator,
        detail=detail,
        import_run=run,
        at=run.at,
    )
