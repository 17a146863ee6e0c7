"""Read a list of people from CSV or .xlsx as rows of text, whatever Excel made of it. Everything in it is hostile.

No database here: a file becomes a Table, a Table gives its rows again and again.
"""

from __future__ import annotations

import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from subscribers import jis
from subscribers.columns import LONGEST_CELL, LONGEST_ROW, MOST_COLUMNS, guess_columns, normal
from subscribers.encodings import find_encoding, read_lines
from subscribers.errors import ImportFileError
from subscribers.hidden import hidden_rows

if TYPE_CHECKING:
    from openpyxl import Workbook

LARGEST_FILE = 300 * 2**20
LARGEST_SHEET = 512 * 2**20  # of all parts of an .xlsx together, unpacked
MOST_PARTS = 1_000
HIGHEST_RATIO = 150  # a sheet packs 10 to 50 times; a bomb 1,000 times
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

    def rows(self) -> Iterator[Row]:
        """The rows below the headings, from the file."""
        return (row for row in _raw_rows(self) if row.line > self.heading_line)

    def rows_to_judge(self) -> Iterator[Row]:
        """The rows a list has to account for: those below the headings, and what looks like people above them."""
        return (row for row in _raw_rows(self) if row.line > self.heading_line or _is_above_by_mistake(self, row))

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


def open_table(path: Path) -> Table:
    """Find out what `path` is and where its headings are; ImportFileError in words if it cannot be read."""
    size = path.stat().st_size
    if size == 0:
        raise ImportFileError(f"{path.name}: 空のファイルです。")
    if size > LARGEST_FILE:
        raise ImportFileError(f"{path.name}: 大きすぎます（上限は{LARGEST_FILE // 2**20}MB）。分けてください。")
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PK\x03\x04"):
        return _open_xlsx(path)
    if magic.startswith(b"\xd0\xcf\x11\xe0"):
        raise ImportFileError(
            f"{path.name}: 古いExcel形式（.xls）か、パスワードの付いたファイルです。"
            "パスワードを外し、.xlsx か CSV で保存し直してください。"
        )
    return _open_csv(path)


def unescape(cell: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from running the cell; see exporter.escape."""
    return cell[1:] if cell.startswith("'") and re.match(r"'+[=+\-@\t\r＝＋－＠]", cell) else cell


# ------------------------------------------------------------ CSV
def _open_csv(path: Path) -> Table:
    encoding, lines = find_encoding(path)
    tables = [Table(path, "csv", encoding, sign, about=lines) for sign in DELIMITERS]
    heads = [_csv_head(table) for table in tables]
    best = tables[max(range(len(tables)), key=lambda index: _score(heads[index]))]
    return with_headings(best, list(islice(_csv_rows(best), HEAD_ROWS)))


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
def _open_xlsx(path: Path) -> Table:
    try:
        _check_parts(path)
        with open_book(path) as book:
            sheet_parts = [str(sheet._worksheet_path) for sheet in book.worksheets]  # type: ignore[attr-defined]
            tables = [Table(path, "xlsx", sheet=sheet.title, about=sheet.max_row or 0) for sheet in book.worksheets]
            heads = [list(islice(_sheet_rows(book, table), HEAD_ROWS)) for table in tables]
    except BROKEN as error:
        raise ImportFileError(
            f"{path.name}: Excelのファイル（.xlsx）として読めません。保存し直してください。"
        ) from error
    if not tables:
        raise ImportFileError(f"{path.name}: 表のシートがありません。")
    best = max(range(len(tables)), key=lambda index: _score(heads[index])[0])
    table = _with_hidden_rows(with_headings(tables[best], heads[best]), sheet_parts[best])
    others = "、".join(other.sheet for other in tables if other.sheet != table.sheet)
    remark = f"シート「{table.sheet}」だけを読みます。読まないシート: {others}"
    return replace(table, remarks=(*table.remarks, remark)) if others else table


def with_hidden_rows(table: Table) -> Table:
    """The table of a sheet that somebody chose, saying how many of its rows Excel does not show."""
    with open_book(table.path) as book:
        part = str(book[table.sheet]._worksheet_path)  # type: ignore[attr-defined]
    return _with_hidden_rows(table, part)


def _with_hidden_rows(table: Table, part: str) -> Table:
    try:
        hidden = hidden_rows(table.path, part)
    except BROKEN as error:
        raise ImportFileError(f"{table.path.name}: Excelのファイルの途中が壊れていて読めません。") from error
    remark = f"非表示の行が{hidden:,}行あります。ほかの行と同じように読みます"
    return replace(table, remarks=(*table.remarks, remark)) if hidden else table


def _check_parts(path: Path) -> None:
    """Refuse a packed bomb before anything is unpacked. zipfile never gives out more than a part declares."""
    with zipfile.ZipFile(path) as parts:
        members = parts.infolist()
        total = sum(member.file_size for member in members)
        swollen = any(
            member.file_size > 2**20 and member.file_size > HIGHEST_RATIO * max(member.compress_size, 1)
            for member in members
        )
        if len(members) > MOST_PARTS or total > LARGEST_SHEET or swollen:
            raise ImportFileError(
                f"{path.name}: 中身が大きすぎるため、安全のために読みません。CSVで保存し直してください。"
            )
        if "xl/workbook.xml" not in parts.namelist():
            raise ImportFileError(f"{path.name}: Excelの .xlsx ではありません。.xlsx か CSV で保存し直してください。")
        for member in members:
            if member.filename.endswith((".xml", ".rels")):
                with parts.open(member) as part:
                    # No spreadsheet program writes one; entities are the only use it would have.
                    if b"<!DOCTYPE" in part.read(4096):
                        raise ImportFileError(f"{path.name}: 安全のために読まない内容（DOCTYPE）が入っています。")


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


def _xlsx_rows(table: Table) -> Iterator[Row]:
    try:
        with open_book(table.path) as book:
            yield from _sheet_rows(book, table)
    except BROKEN as error:
        raise ImportFileError(f"{table.path.name}: Excelのファイルの途中が壊れていて読めません。") from error


def _sheet_rows(book: Workbook, table: Table) -> Iterator[Row]:
    sheet = book[table.sheet]
    sheet.reset_dimensions()  # the size a file declares may be wrong
    # One more than a list may have, so that it is refused as in a CSV; a hostile row has 16,384.
    for line, values in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), 1):
        yield Row(line, checked([_text(value) for value in values], line, table.path.name))


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
def _raw_rows(table: Table) -> Iterator[Row]:
    if table.kind == "text":
        return iter(table.given)
    return _xlsx_rows(table) if table.kind == "xlsx" else _csv_rows(table)


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
