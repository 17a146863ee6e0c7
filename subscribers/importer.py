"""Take a list of people in: read it, plan every row, and only then, on request, write it all in one transaction.

Nobody who left, was suppressed or erased comes back by a list, and no row is passed over in silence.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction

from subscribers import bulk, returning
from subscribers.audience import BLOCK
from subscribers.candidates import Candidate, RowReader
from subscribers.columns import named
from subscribers.errors import ImportFileError
from subscribers.fingerprints import Fingerprints
from subscribers.import_writing import FIELDS as _FIELDS
from subscribers.import_writing import LISTS, Writing
from subscribers.likeness import is_equal, is_equal_under_geta
from subscribers.models import ImportRun, Subscriber, Suppression
from subscribers.planned import Grounds, Known, Planned, Verdict
from subscribers.reading import GETA, Lookups, geta_warning
from subscribers.seen import Seen
from subscribers.states import STATE_COLUMNS
from subscribers.table import Table

SUPPRESSED = {
    Suppression.Reason.LEFT: "ご本人が解除しています。購読するには、ご本人の新しい申込が必要です。",
    Suppression.Reason.BOUNCED: "宛先不明のため停止中です。届くことを確かめて、停止を解除してください。",
    Suppression.Reason.COMPLAINED: "迷惑メールの報告で停止中です。ご本人の希望を確かめて、停止を解除してください。",
    Suppression.Reason.ERASED: "ご本人の求めで消去した宛先です。ご本人の新しい申込が必要です。",
    Suppression.Reason.BY_HAND: "事務局が停止した宛先です。",
}

STOPPED_ABOVE = (
    "{0}行目で、送ってほしくない方として拒否したアドレスです。送ってよい方なら、{0}行目を消すか直してください。"
)
TO_STOP = (
    "止めるには、編集デスクの「さがす」でこの方を開き、「配信を止める」を押してください"
    "（コマンドは newsletter subscribers suppress アドレス --reason left）。"
)
NO_ROWS = "取り込む行がありません。何も取り込んでいません。ファイルの中身と見出しの行を確かめてください。"


def read_rows(table: Table, lookups: Lookups, on_blank: Callable[[], None] = lambda: None) -> Iterator[Candidate]:
    """The candidates of a file, row by row; what is read of it beforehand is read at once, outside of any writing."""
    return _candidates(table, row_reader(table, lookups), on_blank)


def _candidates(table: Table, reader: RowReader, on_blank: Callable[[], None]) -> Iterator[Candidate]:
    read = reader.read
    for line, cells in table.rows_to_judge():
        if cells:  # empty cells behind the last one with something in it were taken off
            yield from read(line, cells)
        else:
            on_blank()


def row_reader(table: Table, lookups: Lookups) -> RowReader:
    """Who reads the rows of this list; ImportFileError when no column of it holds addresses."""
    columns = need_addresses(table)
    return RowReader(columns, lookups, table.headings, table.heading_line, _stopped_lines(table, columns, lookups))


def _stopped_lines(table: Table, columns: Mapping[str, int], lookups: Lookups) -> dict[str, int]:
    """Address key -> the first line that says no mail is wanted: it counts also for a line that stands above it.

    So the list is read once more than otherwise, but only one that speaks of it.
    """
    spoken = {name: place for name, place in columns.items() if name in STATE_COLUMNS}
    if not spoken:
        return {}
    find = RowReader(spoken | {"address": columns["address"]}, lookups, (), table.heading_line).stopped_keys
    found: dict[str, int] = {}
    for line, cells in table.rows_to_judge():
        for key in find(line, cells):
            found.setdefault(key, line)
    return found


def need_addresses(table: Table) -> Mapping[str, int]:
    """The columns of a list; ImportFileError when none of them holds addresses."""
    if not table.columns or "address" not in table.columns:
        raise ImportFileError(
            f"{table.path.name}: メールアドレスの列が見つかりません。"
            f"見出しは {named(table.headings)} です。--column address=見出し で指定してください。"
        )
    return table.columns


def plan_import(
    candidates: Iterable[Candidate], fingerprint_key: str, *, is_cp932: bool = False
) -> Iterator[list[Planned]]:
    """What would become of each candidate, in blocks, two queries each; nothing is written."""
    candidates, fingerprints = iter(candidates), Fingerprints(fingerprint_key)
    # Into an empty database nobody is known; who signs up meanwhile is found by the unique index.
    find_known = _known if Subscriber.objects.exists() else lambda _keys: dict[str, Known]()
    gone, left = returning.once_gone(), SUPPRESSED[Suppression.Reason.LEFT]
    with Seen() as seen, few_collections():
        while block := list(islice(candidates, BLOCK)):
            planned = _plan_block(block, seen, fingerprints, find_known, is_cp932=is_cp932)
            yield returning.told(planned, gone, left) if gone else planned


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for circular garbage less often: rows make none, and looking took a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(max(100_000, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _plan_block(
    block: Sequence[Candidate],
    seen: Seen,
    fingerprints: Fingerprints,
    find_known: Callable[[Sequence[str]], dict[str, Known]],
    *,
    is_cp932: bool,
) -> list[Planned]:
    marks = {address.key: fingerprints.of(address.key) for _, _, _, address, *_ in block if address}
    known = find_known(list(marks))
    stopped = _stopped(list(marks.values()))
    # The lines of who wants no mail are remembered as negative numbers.
    usable = [
        (one.address.key, -one.line if one.is_stopped else one.line)
        for one in block
        if one.address and (not one.refusal or one.is_stopped)
    ]
    first_lines = iter(seen.add(usable))
    planned = []
    for candidate in block:
        key = candidate.address.key if candidate.address else ""
        mark = marks.get(key, "")
        first_line = next(first_lines) if key and (candidate.is_stopped or not candidate.refusal) else None
        planned.append(decide(candidate, mark, known.get(key), stopped.get(mark), first_line, is_cp932=is_cp932))
    return planned


def decide(
    candidate: Candidate,
    mark: str,
    known: Known | None,
    stopped: Suppression.Reason | None,
    first_line: int | None,
    *,
    is_cp932: bool = False,
) -> Planned:
    """The verdict on one candidate, from what the file and the database say.

    `first_line` is where the address stood before; a negative one said there that no mail is wanted.
    """
    refusal = _refusal(candidate, known, stopped, first_line)
    if refusal:
        return Planned(candidate, Verdict.REFUSED, mark, known, remarks=(refusal,))
    if known is None:
        return Planned(candidate, Verdict.ADDED, mark)
    changes = {
        name: value
        for name, value in candidate.told.items()
        if not is_equal(value, known.values[name], is_cp932=is_cp932)
        and not (name in candidate.fills and known.values[name])
    }
    whole = [name for name in changes if is_equal_under_geta(changes[name], known.values[name], is_cp932=is_cp932)]
    for name in whole:
        del changes[name]
    keeps_no = changes.get("only_monthly") is False  # a no of their own stands, as a goodbye does
    if keeps_no:
        del changes["only_monthly"]
    remarks = [f"変わる項目: {'、'.join(_NAMES[name] for name in changes)}"] if changes else []
    if whole:
        remarks.append(f"「{GETA}」のところは、登録済みの字のままにします: {'、'.join(_NAMES[name] for name in whole)}")
        said = {geta_warning(name) for name in whole}
        candidate = candidate._replace(warnings=tuple(one for one in candidate.warnings if one not in said))
    if keeps_no:
        remarks.append("号外を受け取らないことにしている方なので、号外は変えません")
    if candidate.paused_until:
        remarks.append("登録済みの方のお休みは変えません")
    if known.state == Subscriber.State.PENDING:
        changes["state"] = Subscriber.State.ACTIVE
        remarks.append("確認待ちだった方を購読中にします")
    action = Verdict.UPDATED if changes else Verdict.SAME
    return Planned(candidate, action, mark, known, changes, tuple(remarks))


def _refusal(
    candidate: Candidate, known: Known | None, stopped: Suppression.Reason | None, first_line: int | None
) -> str:
    """Why this candidate is not taken in; empty when nothing speaks against it."""
    if candidate.refusal:
        return f"{candidate.refusal}{_still_reads(candidate, known, stopped, first_line)}"
    if first_line is not None and first_line < 0:
        return STOPPED_ABOVE.format(-first_line)
    if first_line is not None:
        return f"{first_line}行目と同じアドレスです（大文字と小文字、全角と半角は区別しません）。"
    if stopped:
        return SUPPRESSED[stopped]
    return SUPPRESSED[Suppression.Reason.LEFT] if known and known.state == Subscriber.State.LEFT else ""


def _still_reads(
    candidate: Candidate, known: Known | None, stopped: Suppression.Reason | None, first_line: int | None
) -> str:
    """That a list stops nobody, of a row that says somebody wants no mail: who would read on all the same."""
    state = known.state if known else ""
    if not candidate.is_stopped or stopped or state == Subscriber.State.LEFT:
        return ""
    if state == Subscriber.State.ACTIVE:
        return f"この方は購読中のままです。{TO_STOP}"
    return f"このアドレスは{first_line}行目で購読中になります。{TO_STOP}" if first_line and first_line > 0 else ""


def run_import(
    candidates: Iterable[Candidate],
    grounds: Grounds,
    now: datetime,
    fingerprint_key: str,
    *,
    is_cp932: bool = False,
    may_be_empty: bool = False,
    on_block: Callable[[Sequence[Planned]], None] = lambda _: None,
    on_end: Callable[[], None] = lambda: None,
    on_done: Callable[[ImportRun], None] = lambda _: None,
) -> Counter[Verdict]:
    """Write the whole list in one transaction, or nothing of it; how many rows came to which end.

    The import can be taken back for 30 days: see undo.py. `on_end` is the last act of the transaction; `on_done` gets
    the row of the import once it is written.
    """
    if not grounds.proof.strip():
        raise ImportFileError("同意の証跡（どこで確かめられるか）を書いてください。")
    counts: Counter[Verdict] = Counter()
    try:
        with transaction.atomic():
            writing = Writing.begin(grounds, now)
            for block in plan_import(candidates, fingerprint_key, is_cp932=is_cp932):
                writing.write(block)
                counts.update(planned.action for planned in block)
                on_block(block)
            if not counts and not may_be_empty:
                raise ImportFileError(NO_ROWS)
            run = writing.end(counts)
            on_end()
    except IntegrityError as error:
        raise ImportFileError(
            "取込の間に、同じ宛先の申込がありました。何も取り込んでいません。もう一度実行してください。"
        ) from error
    on_done(run)
    return counts


# ------------------------------------------------------------ the database's side
_NAMES = {
    "name": "氏名",
    "organisation": "所属団体",
    "department": "部署",
    "municipality": "団体コード",
    "format": "形式",
    "sections": "希望する欄",
    "pathways": "希望する道筋",
    "only_monthly": "号外",
    "language": "言語",
}


def _known(keys: Sequence[str]) -> dict[str, Known]:
    rows = bulk.select(("address_key", "id", "state", *_FIELDS), Subscriber, "address_key", keys)
    return {key: Known(id_, state, _stored(values)) for key, id_, state, *values in rows}


def _stopped(marks: Sequence[str]) -> dict[str, Suppression.Reason]:
    open_ones = bulk.select(("fingerprint", "reason"), Suppression, "fingerprint", marks, "AND lifted_at IS NULL")
    return {mark: Suppression.Reason(reason) for mark, reason in open_ones}


def _stored(values: Sequence[Any]) -> dict[str, Any]:
    stored = dict(zip(_FIELDS, values, strict=True))
    for name in LISTS:
        stored[name] = _unlisted(stored[name])
    return stored


@lru_cache(maxsize=4096)
def _unlisted(text: str) -> list[str]:
    keys: list[str] = json.loads(text)
    return keys
