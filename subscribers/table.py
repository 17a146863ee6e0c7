"""Read a list of people from CSV or .xlsx as rows of text, whatever Excel made of it. Everything in it is hostile.

No database here: a file becomes a Table, a Table gives its rows again and again.
"""

from __future__ import annotations

import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from subscribers import jis, merged
from subscribers.archive import refuse_hostile
from subscribers.columns import LONGEST_CELL, LONGEST_ROW, MOST_COLUMNS, guess_columns, normal
from subscribers.encodings import find_encoding, read_lines
from subscribers.errors import ImportFileError
from subscribers.hidden import hidden_rows
from subscribers.sheet import lines, unsaved_words
from subscribers.unfit import FIRST_BYTES, refuse_by_content, refuse_by_rows, without_masks

if TYPE_CHECKING:
    from openpyxl import Workbook

LARGEST_FILE = 300 * 2**20
HEAD_ROWS = 20  # the headings stand within the first of these
DELIMITERS = ",\t;"

# What openpyxl and zipfile raise for files that are broken or hostile.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # of ElementTree and of lxml
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    AssertionError,
    OverflowError,
)


class Row(NamedTuple):
    """One row as it stands in the file; `line` is its number in Excel, where a line break in a cell begins no row."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose form is known: how to read it again, and which column means what."""

    path: Path
    kind: str  # csv, xlsx, or text: what somebody pasted
    encoding: str = ""
    delimiter: str = ","
    sheet: str = ""
    headings: tuple[str, ...] = ()
    heading_line: int = 0  # 0: the file has no headings
    columns: dict[str, int] | None = None  # field -> index
    about: int = 0  # rows, roughly: for a progress bar
    remarks: tuple[str, ...] = ()
    unnamed: tuple[int, ...] = ()  # columns without a heading in which the first rows have something
    given: tuple[Row, ...] = ()  # of a text, which has no file to be read again

    def rows(self, needed: Collection[int] = ()) -> Iterator[Row]:
        """The rows below the headings, from the file.

        ImportFileError when one of the `needed` columns has a formula whose result was not saved.
        """
        return (row for row in _raw_rows(self, needed) if row.line > self.heading_line)

    def rows_to_judge(self) -> Iterator[Row]:
        """The rows a list has to account for: those below the headings, and what looks like people above them.

        ImportFileError when a cell that is read has a formula without its result, or an address is masked.
        """
        columns = self.columns or {}
        rows = _raw_rows(self, columns.values())
        ours = (row for row in rows if row.line > self.heading_line or _is_above_by_mistake(self, row))
        return without_masks(self.path.name, ours, columns.get("address"))

    @property
    def is_cp932(self) -> bool:
        """Whether its text came through CP932, which has one sign for 〜 and ～."""
        return self.encoding in ("cp932", jis.EUC, jis.ISO_2022)

    @property
    def unused(self) -> list[str]:
        """The headings of columns that are not read; those without a heading by their number."""
        used = set((self.columns or {}).values())
        names = {index: name for index, name in enumerate(self.headings) if name.strip()}
        names |= {index: f"{index + 1}列目" for index in self.unnamed if index not in names}
        return [names[index] for index in sorted(names) if index not in used]


def open_table(path: Path, *, is_form: bool = False) -> Table:
    """Find out what `path` is and where its headings are; ImportFileError in words if it is no list that can be read.

    `is_form`: it may be the form of 宛先の確認, which is no list of readers.
    """
    size = path.stat().st_size
    if size == 0:
        raise ImportFileError(f"{path.name}: 空のファイルです。")
    if size > LARGEST_FILE:
        raise ImportFileError(f"{path.name}: 大きすぎます（上限は{LARGEST_FILE // 2**20}MB）。分けてください。")
    with path.open("rb") as file:
        first = file.read(FIRST_BYTES)
    if first.startswith(b"PK\x03\x04"):
        return _open_xlsx(path, is_form=is_form)
    refuse_by_content(path.name, first)
    return _open_csv(path, is_form=is_form)


def unescape(cell: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from running the cell; see exporter.escape."""
    return cell[1:] if cell.startswith("'") and re.match(r"'+[=+\-@\t\r＝＋－＠]", cell) else cell


# ------------------------------------------------------------ CSV
def _open_csv(path: Path, *, is_form: bool) -> Table:
    encoding, lines = find_encoding(path)
    tables = [Table(path, "csv", encoding, sign, about=lines) for sign in DELIMITERS]
    heads = [_csv_head(table) for table in tables]
    best = tables[max(range(len(tables)), key=lambda index: _score(heads[index]))]
    head = list(islice(_csv_rows(best), HEAD_ROWS))
    table = with_headings(best, head)
    if not is_form:
        refuse_by_rows(path.name, head, table.headings)
    return table


def _csv_head(table: Table) -> list[Row]:
    """The first rows, read leniently: the separator is still a guess, and what is wrong may be the guess."""
    rows: list[Row] = []
    reader = csv.reader(_RowLines(table), delimiter=table.delimiter)
    with suppress(csv.Error):
        rows.extend(Row(number, tuple(cells)) for number, cells in enumerate(islice(reader, HEAD_ROWS), 1))
    return rows


def _score(head: list[Row]) -> tuple[int, int]:
    """How well these rows read as a list: fields recognised, then columns found."""
    recognised = max((len(guess_columns(row.cells)) for row in head), default=0)
    return recognised, max((len(row.cells) for row in head), default=0)


class _RowLines:
    """The lines of a file for the csv module, which would make one row of all of them: cells may have line breaks."""

    def __init__(self, table: Table) -> None:
        self._lines = read_lines(table.path, table.encoding)
        self.length = 0  # characters since the last row, whose end the reader of rows tells

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.length += len(line)
            if self.length > LONGEST_ROW:
                raise csv.Error("row longer than any list has")
            yield line


def _csv_rows(table: Table) -> Iterator[Row]:
    # Strict: a quotation mark that is never closed would swallow the rows behind it.
    lines = _RowLines(table)
    reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
    number, starts_at = 1, 1
    try:
        for cells in reader:
            lines.length = 0
            yield Row(number, checked(cells, number, table.path.name))
            number, starts_at = number + 1, reader.line_num + 1
    except csv.Error as error:
        in_editor = f"（テキストエディターでは{starts_at}行目）" if starts_at != number else ""
        raise ImportFileError(
            f"{table.path.name}: {number}行目{in_editor}がCSVとして読めません。"
            '引用符（"）の閉じ忘れがないか見てください。'
        ) from error


# ------------------------------------------------------------ .xlsx
def _open_xlsx(path: Path, *, is_form: bool) -> Table:
    try:
        refuse_hostile(path)
        with open_book(path) as book:
            tables = [Table(path, "xlsx", sheet=sheet.title, about=sheet.max_row or 0) for sheet in book.worksheets]
            heads = [list(islice(_sheet_rows(book, table), HEAD_ROWS)) for table in tables]
            if not tables:
                raise ImportFileError(f"{path.name}: 表のシートがありません。")
            best = max(range(len(tables)), key=lambda index: _score(heads[index])[0])
            table = with_headings(tables[best], heads[best])
            if not is_form:
                refuse_by_rows(path.name, heads[best], table.headings)
            _refuse_unsaved_head(book, table)
            table = _remarked(table, _part(book, table))
    except BROKEN as error:
        raise ImportFileError(
            f"{path.name}: Excelのファイル（.xlsx）として読めません。保存し直してください。"
        ) from error
    others = "、".join(other.sheet for other in tables if other.sheet != table.sheet)
    remark = f"シート「{table.sheet}」だけを読みます。読まないシート: {others}"
    return replace(table, remarks=(*table.remarks, remark)) if others else table


def with_remarks(table: Table) -> Table:
    """The table of a sheet that somebody chose, with remarks on hidden rows and merged cells; no form of ours."""
    with open_book(table.path) as book:
        refuse_by_rows(table.path.name, list(islice(_sheet_rows(book, table), HEAD_ROWS)), table.headings)
        part = _part(book, table)
    return _remarked(table, part)


def _part(book: Workbook, table: Table) -> str:
    return str(book[table.sheet]._worksheet_path)  # type: ignore[attr-defined]


def _remarked(table: Table, part: str) -> Table:
    try:
        hidden = hidden_rows(table.path, part)
    except BROKEN as error:
        raise ImportFileError(f"{table.path.name}: Excelのファイルの途中が壊れていて読めません。") from error
    remarks = [f"非表示の行が{hidden:,}行あります。ほかの行と同じように読みます"] if hidden else []
    below = [one for one in merged.merges(table.path, part, MOST_COLUMNS) if one.first > table.heading_line]
    remarks += merged.remarks(below, (table.columns or {}).get("address"))
    return replace(table, remarks=(*table.remarks, *remarks))


@contextmanager
def open_book(path: Path) -> Iterator[Workbook]:
    """An .xlsx whose sheets are read row by row; BROKEN when it is none."""
    import openpyxl

    with path.open("rb") as file:  # a path would be judged by its ending
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about validations and styles that it leaves out
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()


def _xlsx_rows(table: Table, needed: Collection[int]) -> Iterator[Row]:
    try:
        with open_book(table.path) as book:
            yield from _sheet_rows(book, table, frozenset(needed))
    except BROKEN as error:
        raise ImportFileError(f"{table.path.name}: Excelのファイルの途中が壊れていて読めません。") from error


def _sheet_rows(book: Workbook, table: Table, needed: frozenset[int] = frozenset()) -> Iterator[Row]:
    merges = merged.merges(table.path, _part(book, table), MOST_COLUMNS)
    below = [one for one in merges if one.first > table.heading_line]
    carrying = merged.Carrying(below, (table.columns or {}).get("address"))
    # One more than a list may have, so that it is refused as in a CSV; a hostile row has 16,384.
    found = lines(book, table.sheet, MOST_COLUMNS + 1)
    for line in found:
        if line.unsaved and line.number > table.heading_line and not needed.isdisjoint(line.unsaved):
            raise ImportFileError(f"{table.path.name}: {unsaved_words(chain([line], found), needed)}")
        texts = carrying.into(line.number, [_text(value) for value in line.values])
        yield Row(line.number, checked(texts, line.number, table.path.name))


def _refuse_unsaved_head(book: Workbook, table: Table) -> None:
    """Say it at once when the first rows need formulas without results; the others are looked at when they are read."""
    needed = frozenset((table.columns or {}).values())
    if "address" not in (table.columns or {}):  # it may be hidden in any column
        table, needed = replace(table, heading_line=0), frozenset(range(MOST_COLUMNS))
    for _ in islice(_sheet_rows(book, table, needed), table.heading_line + HEAD_ROWS):
        pass


def _text(value: object) -> str:
    """A cell as people see it: no .0 behind a code, dates as 2026-11-24."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


# ------------------------------------------------------------ both
def _raw_rows(table: Table, needed: Collection[int] = ()) -> Iterator[Row]:
    if table.kind == "text":
        return iter(table.given)
    return _xlsx_rows(table, needed) if table.kind == "xlsx" else _csv_rows(table)


def checked(cells: list[str], line: int, name: str) -> tuple[str, ...]:
    """The cells of a row as text without empty ones behind; ImportFileError if they cannot be a row of a list."""
    while cells and not cells[-1].strip():
        cells.pop()
    if len(cells) > MOST_COLUMNS:
        raise ImportFileError(f"{name}: {line}行目の列が多すぎます。{MOST_COLUMNS}列までです。")
    whole = "".join(cells)
    if len(whole) > LONGEST_CELL and max(map(len, cells)) > LONGEST_CELL:
        raise ImportFileError(
            f'{name}: {line}行目に長すぎるセルがあります。引用符（"）の閉じ忘れがないか見てください。'
        )
    return tuple(map(unescape, cells)) if "'" in whole else tuple(cells)


def _is_above_by_mistake(table: Table, row: Row) -> bool:
    # A title has no address; a list that was put together from two has people above its headings.
    return row.line < table.heading_line and any("@" in normal(cell) for cell in row.cells)


def with_headings(table: Table, head: list[Row]) -> Table:
    """The table with its headings and columns: the first row of the head that names an address column."""
    found = _with_headings(table, head)
    return replace(found, unnamed=unnamed(found, head))


def unnamed(table: Table, head: list[Row]) -> tuple[int, ...]:
    """The columns of these rows that have something in them, but no heading."""
    filled = {
        index for row in head if row.line > table.heading_line for index, cell in enumerate(row.cells) if cell.strip()
    }
    return tuple(sorted(index for index in filled if not "".join(table.headings[index : index + 1]).strip()))


def _with_headings(table: Table, head: list[Row]) -> Table:
    for row in head:
        columns = guess_columns(row.cells)
        if "address" in columns:
            return replace(table, headings=row.cells, heading_line=row.line, columns=columns)
    return _without_known_headings(table, [row for row in head if any(cell.strip() for cell in row.cells)])


def _without_known_headings(table: Table, head: list[Row]) -> Table:
    """No heading speaks of addresses: the column that holds one is it, and what stands above it are the headings."""
    above = Row(0, ())
    for row in head:
        found = next((index for index, cell in enumerate(row.cells) if "@" in normal(cell)), None)
        if found is not None:
            remark = f"{found + 1}列目をメールアドレスとして読みます"
            columns = guess_columns(above.cells) | {"address": found}
            remarks = (*table.remarks, remark)
            return replace(table, headings=above.cells, heading_line=above.line, columns=columns, remarks=remarks)
        above = row
    first = head[0] if head else Row(0, ())
    return replace(table, headings=first.cells, heading_line=first.line, columns=guess_columns(first.cells))
