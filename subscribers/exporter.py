"""Write the list of subscribers as CSV or .xlsx: read again it changes nothing, and no cell runs as a formula."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.db.models import QuerySet
from django.utils import timezone

from subscribers import suppression
from subscribers.audience import BLOCK, readers
from subscribers.columns import EXTRAS, FIELDS
from subscribers.errors import ImportFileError
from subscribers.models import Subscriber, Suppression
from subscribers.reading import ALL, GETA
from subscribers.table import Table
from subscribers.workbook_writer import write_xlsx

# The import knows them all but 申込 and 解除, which only people read.
HEADINGS = (
    *(FIELDS[name] for name in ("address", "name", "organisation", "department", "municipality")),
    *(FIELDS[name] for name in ("format", "only_monthly", "language", "sections", "pathways", "state", "consented")),
    "申込",
    "解除",
    "お休み（いつまで）",
)
REFUSED_HEADING = "拒否の理由"
# Words that the import knows, so that nobody comes back by an exported list.
STOPPED = {
    Suppression.Reason.LEFT: "解除済み",
    Suppression.Reason.BOUNCED: "宛先不明",
    Suppression.Reason.COMPLAINED: "迷惑メール報告",
    Suppression.Reason.ERASED: "消去済み",
    Suppression.Reason.BY_HAND: "配信停止",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """Characters of one cell that the encoding cannot hold, or gives back as their twin."""

    line: int
    heading: str
    value: str
    characters: str

    def __str__(self) -> str:
        signs = "、".join(f"{sign}（U+{ord(sign):04X}）" for sign in self.characters)
        return f"{self.line}行目 {self.heading}「{self.value}」: {signs}"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written; when `is_written` is False, `losses` say why not."""

    rows: int
    is_written: bool
    losses: tuple[Loss, ...] = ()
    twins: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Titles:
    """How the association calls its sections and pathways: key -> title."""

    sections: Mapping[str, str]
    pathways: Mapping[str, str]


def export(
    path: Path,
    *,
    encoding: str = "utf-8-sig",
    everybody: bool = False,
    section_titles: Mapping[str, str] | None = None,
    pathway_labels: Mapping[str, str] | None = None,
    lossy: bool = False,
) -> Exported:
    """Write who may be written to (or everybody) to `path`; .xlsx by its ending, else CSV in UTF-8 with BOM or CP932.

    Who pauses is among them: the pause ends by itself, and a list is no campaign. A column says until when it lasts.
    CP932 that cannot hold a character writes nothing, unless `lossy`: then 〓 stands there. Never a question mark.
    """
    is_xlsx = path.suffix.lower() == ".xlsx"
    losses: list[Loss] = []
    twins: list[Loss] = []
    titles = Titles(section_titles or {}, pathway_labels or {})

    def watched() -> Iterator[list[str]]:
        for line, row in enumerate(_rows(everybody, titles), 2):
            if encoding == "cp932" and not is_xlsx:
                _find_losses(line, row, losses, twins)
                row = [replace_missing(cell) for cell in row]
            yield row

    with _replacing(path) as temporary:
        write = _write_xlsx if is_xlsx else _csv_writer(encoding)
        rows = write(temporary, HEADINGS, watched())
        if losses and not lossy:
            return Exported(rows, is_written=False, losses=tuple(losses), twins=tuple(twins))
        temporary.replace(path)
    return Exported(rows, is_written=True, losses=tuple(losses), twins=tuple(twins))


def write_refused(path: Path, table: Table, refused: Callable[[], Iterable[tuple[Sequence[str], str]]]) -> int:
    """Write refused rows as they came, in the form of their file, each with the reason behind it; how many."""
    # A row may be longer than the headings: the reasons stand behind the longest, under a heading of their own.
    width = max([len(table.headings), *(len(cells) for cells, _ in refused())])
    headings = (*_filled(table.headings, width), REFUSED_HEADING) if table.heading_line else ()

    def rows() -> Iterator[list[str]]:
        return ([*_filled(cells, width), reason] for cells, reason in refused())

    # Reasons are our words: where the file's encoding misses one of their characters, UTF-8 is what Excel reads too.
    encoding = table.encoding
    if table.is_cp932 and (encoding != "cp932" or any(missing(cell) for row in rows() for cell in row)):
        encoding = "utf-8-sig"
    write = _write_xlsx if table.kind == "xlsx" else _csv_writer(encoding, table.delimiter)
    with _replacing(path) as temporary:
        written = write(temporary, headings, rows())
        temporary.replace(path)
    return written


def reason_for(cells: Sequence[str], address: str, reason: str) -> str:
    """The reason, with the address it is about in front when that shares its cell with something else."""
    alone = {" ".join(cell.split()) for cell in cells}
    return f"{address}: {reason}" if address and address not in alone else reason


def escape(cell: str) -> str:
    """An apostrophe before what a spreadsheet would run as a formula; table.unescape takes exactly that one off."""
    return f"'{cell}" if re.match(r"'*[=+\-@\t\r＝＋－＠]", cell) else cell


def missing(text: str) -> str:
    """The characters of `text` that CP932 does not have, each once."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return "".join(dict.fromkeys(sign for sign in text if not _fits(sign)))
    return ""


def replace_missing(text: str) -> str:
    """The text with 〓 for what CP932 does not have."""
    gone = missing(text)
    return text.translate(dict.fromkeys(map(ord, gone), GETA)) if gone else text


def _filled(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


# ------------------------------------------------------------ rows
def _rows(everybody: bool, titles: Titles) -> Iterator[list[str]]:
    people = Subscriber.objects.all() if everybody else readers()
    for block in _in_blocks(people):
        stopped = suppression.reasons([subscriber.fingerprint for subscriber in block]) if everybody else {}
        for subscriber in block:
            yield _cells(subscriber, stopped.get(subscriber.fingerprint), titles)


def _cells(subscriber: Subscriber, stopped: Suppression.Reason | None, titles: Titles) -> list[str]:
    return [
        subscriber.address,
        subscriber.name,
        subscriber.organisation,
        subscriber.department,
        subscriber.municipality,
        subscriber.get_format_display(),
        EXTRAS[subscriber.only_monthly],
        subscriber.get_language_display(),
        "、".join(titles.sections.get(key, key) for key in subscriber.sections) or ALL,
        "、".join(titles.pathways.get(key, key) for key in subscriber.pathways) or ALL,
        STOPPED[stopped] if stopped else subscriber.get_state_display(),
        _moment(subscriber.confirmed_at),
        _moment(subscriber.created_at),
        _moment(subscriber.left_at),
        _moment(subscriber.paused_until if _is_paused(subscriber) else None),
    ]


def _is_paused(subscriber: Subscriber) -> bool:
    """Whether they pause: nobody is written to by a campaign then (audience.recipients), and they stay a reader."""
    return subscriber.paused_until is not None and subscriber.paused_until > timezone.now()


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""


def _in_blocks(people: QuerySet[Subscriber]) -> Iterator[list[Subscriber]]:
    """By ascending key, each block a query of its own: no cursor stays open while the file is written."""
    last = 0
    while block := list(people.filter(pk__gt=last).order_by("pk")[:BLOCK]):
        yield block
        last = block[-1].pk


def _find_losses(line: int, row: Sequence[str], losses: list[Loss], twins: list[Loss]) -> None:
    for heading, cell in zip(HEADINGS, row, strict=True):
        if cell.isascii():
            continue
        gone = missing(cell)
        if gone:
            losses.append(Loss(line, heading, cell, gone))
        changed = "".join(dict.fromkeys(sign for sign in cell if sign not in gone and _comes_back(sign) != sign))
        if changed:
            twins.append(Loss(line, heading, cell, changed))


def _fits(sign: str) -> bool:
    try:
        sign.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _comes_back(sign: str) -> str:
    # As table.py reads CP932: 0x8160 is 〜 (301C).
    return sign.encode("cp932").decode("cp932").replace("～", "〜")


# ------------------------------------------------------------ files
@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path`, readable by its owner only, that takes its place or vanishes: never half a list."""
    if not path.parent.is_dir():
        raise ImportFileError(f"フォルダ「{path.parent}」がありません。")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".export-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _csv_writer(encoding: str, delimiter: str = ",") -> Callable[[Path, Sequence[str], Iterator[list[str]]], int]:
    def write(path: Path, headings: Sequence[str], rows: Iterator[list[str]]) -> int:
        # utf-16-le and -be were found without a mark; Excel needs one to read the file again.
        with path.open("w", encoding="utf-16" if encoding.startswith("utf-16") else encoding, newline="") as file:
            return _write_csv(file, headings, rows, delimiter)

    return write


def _write_csv(file: IO[str], headings: Sequence[str], rows: Iterator[list[str]], delimiter: str) -> int:
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    if headings:
        writer.writerow([escape(heading) for heading in headings])
    count = 0
    for row in rows:
        writer.writerow([escape(cell) for cell in row])
        count += 1
    return count


def _write_xlsx(path: Path, headings: Sequence[str], rows: Iterator[list[str]]) -> int:
    return write_xlsx(path, [escape(heading) for heading in headings], ([escape(cell) for cell in row] for row in rows))
