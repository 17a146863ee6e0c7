"""Read the Excel form back, or any sheet with the form's headings in a row or in a column. Pure.

The file is somebody else's: archive.py looks at it first, then openpyxl reads values only, row by row.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import MAC_EPOCH
from openpyxl.utils.exceptions import InvalidFileException

from feeds.archive import refuse_hostile
from feeds.errors import WorkbookError
from feeds.fields import BY_NAME, GROUPS, MEMBER, MEMBER_CODE, FieldError, Kind, error, field_of
from feeds.japanese_dates import from_excel_serial
from feeds.rows import SubmittedFile, SubmittedRow, collect, known_count, match_headings, refuse_too_many, submitted_row

LABELS_HEADING = "項目"  # over the questions
ITEM_HEADING = "{}件目"  # over each column for a submission
ENOUGH_HEADINGS = 3  # known headings in one row or column
MOST_SHEET_ROWS = 5_000
MOST_SHEET_COLUMNS = 260
CONTACT_FIELDS = tuple(item.name for item in next(group for group in GROUPS if group.key == "contact").fields)

# What openpyxl and the XML readers raise for a workbook that is broken or made to hurt.
_READER_ERRORS = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError,
    IndexError, OSError, SyntaxError, OverflowError, AssertionError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Value:
    """A cell: what Excel last showed there, and whether a formula made it."""

    value: object
    is_formula: bool = False


@dataclass(frozen=True, slots=True)
class _Grid:
    """The cells of one sheet, empty ones as None, and the day from which it counts dates."""

    rows: list[list[_Value | None]]
    epoch: date

    def label(self, row: int, column: int) -> str:
        cell = self.cell(row, column)
        return cell.value if cell and isinstance(cell.value, str) else ""

    def cell(self, row: int, column: int) -> _Value | None:
        cells = self.rows[row] if row < len(self.rows) else []
        return cells[column] if column < len(cells) else None

    @property
    def width(self) -> int:
        return max((len(cells) for cells in self.rows), default=0)


def read_form(content: bytes) -> SubmittedFile:
    """The submissions in an .xlsx; WorkbookError when it cannot be read as the form or a list with its headings."""
    refuse_hostile(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on every Excel feature that it leaves out
            grids = list(_grids(content))
    except _READER_ERRORS as problem:
        raise WorkbookError("Excelのファイルを読めません。Excelで開いて保存し直してください。") from problem
    for grid in grids:
        read = _read_card(grid) or _read_list(grid)
        if read is not None:
            return read
    raise WorkbookError("様式の見出しが見つかりません。事務局が渡した様式のシートに書いてください。")


def _grids(content: bytes) -> Iterator[_Grid]:
    """Every visible sheet. Two readings: one gives the values, the other tells which of them are formulas."""
    shown = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    written = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    epoch = MAC_EPOCH.date() if shown.epoch == MAC_EPOCH else date(1899, 12, 30)
    for sheet in shown.worksheets:
        if sheet.sheet_state == "visible":
            yield _Grid(_merged(_rows(sheet), _rows(written[sheet.title])), epoch)


def _rows(sheet: object) -> list[list[object]]:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # what the file says of its own size is not believed
    rows: list[list[object]] = []
    for cells in sheet.iter_rows(values_only=True):  # type: ignore[attr-defined]
        if len(rows) >= MOST_SHEET_ROWS or len(cells) > MOST_SHEET_COLUMNS:
            raise WorkbookError("シートが大きすぎます。使っていない行と列を削除して、保存し直してください。")
        rows.append(list(cells))
    return rows


def _merged(shown: list[list[object]], written: list[list[object]]) -> list[list[_Value | None]]:
    return [
        [_value(value, text) for value, text in zip(values, texts, strict=True)]
        for values, texts in zip(shown, written, strict=True)
    ]


def _value(value: object, text: object) -> _Value | None:
    if isinstance(text, str) and text.startswith("=") and text != value:
        return _Value(value, is_formula=True)
    if isinstance(value, str):
        value = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), value)  # ECMA-376 22.4.2.4
        return _Value(value) if value.strip() else None
    return None if value is None else _Value(value)


def _read_card(grid: _Grid) -> SubmittedFile | None:
    """One question per row, one submission per column: the form as we write it."""
    for column in range(min(grid.width, 5)):
        labels = [grid.label(row, column) for row in range(len(grid.rows))]
        if known_count(labels) >= ENOUGH_HEADINGS + 2:  # member and code stand there too
            return _card(grid, column, labels)
    return None


def _card(grid: _Grid, column: int, labels: list[str]) -> SubmittedFile:
    top = next((row for row, label in enumerate(labels) if label.strip() == LABELS_HEADING), -1)
    questions = [label if row > top else "" for row, label in enumerate(labels)]
    matched = match_headings(questions)
    titles = [grid.label(top, place) for place in range(grid.width)] if top >= 0 else []
    first = next((place for place, title in enumerate(titles) if re.match(r"\s*[0-9０-９]+件目", title)), column + 1)
    member = {field_of(label): row for row, label in enumerate(labels[: top + 1])}
    rows = []
    for place in range(first, grid.width):
        cells = [(name, row, place) for row, name in enumerate(matched.fields) if name]
        name = f"{get_column_letter(place + 1)}列（{place - first + 1}件目）"
        item = _item(grid, name, cells)
        if item is not None:
            rows.append(item)
    refuse_too_many(len(rows))
    rows = [_of_member(grid, row, member, column + 1) for row in _with_contact(rows)]
    unknown = tuple(text for text in matched.unknown if not text.startswith("■"))
    return SubmittedFile(tuple(rows), unknown)


def _with_contact(rows: list[SubmittedRow]) -> list[SubmittedRow]:
    """Whoever leaves the contact of a later submission empty means the one of the first."""
    if not rows:
        return []
    contact = {name: rows[0].fields[name] for name in CONTACT_FIELDS if name in rows[0].fields}
    return [
        row if any(name in row.fields for name in CONTACT_FIELDS) else replace(row, fields={**row.fields, **contact})
        for row in rows
    ]


def _of_member(grid: _Grid, row: SubmittedRow, places: dict[str | None, int], column: int) -> SubmittedRow:
    def text(name: str) -> str:
        cell = grid.cell(places[name], column) if name in places else None
        return _text(cell.value, Kind.LINE, grid.epoch).strip() if cell else ""

    return replace(row, member=row.member or text(MEMBER), member_code=row.member_code or text(MEMBER_CODE))


def _read_list(grid: _Grid) -> SubmittedFile | None:
    """One submission per row, headings above: a list that somebody made."""
    for number, cells in enumerate(grid.rows[:30]):
        headings = [grid.label(number, column) for column in range(len(cells))]
        if known_count(headings) >= ENOUGH_HEADINGS:
            matched = match_headings(headings)
            rows = []
            for row in range(number + 1, len(grid.rows)):
                places = [(name, row, column) for column, name in enumerate(matched.fields) if name]
                item = _item(grid, f"{row + 1}行目", places)
                rows += [item] if item is not None else []
                refuse_too_many(len(rows))
            return SubmittedFile(tuple(rows), matched.unknown)
    return None


def _item(grid: _Grid, place: str, cells: list[tuple[str, int, int]]) -> SubmittedRow | None:
    """The submission that stands in these cells; None when all of them are empty."""
    texts: list[tuple[str | None, str]] = []
    problems: list[FieldError] = []
    where: dict[str, str] = {}
    for name, row, column in cells:
        cell = grid.cell(row, column)
        where.setdefault(name, f"{get_column_letter(column + 1)}{row + 1}")
        if cell is None:
            continue
        problem = _problem(cell)
        if problem and name in BY_NAME:
            problems.append(error(name, problem))
            where[name] = f"{get_column_letter(column + 1)}{row + 1}"
        elif cell.value is not None:
            kind = BY_NAME[name].kind if name in BY_NAME else Kind.LINE
            texts.append((name, _text(cell.value, kind, grid.epoch)))
    if not texts and not problems:
        return None
    return submitted_row(place, collect(texts), cells=where, problems=problems)


def _problem(cell: _Value) -> str:
    if cell.is_formula and cell.value is None:
        return "数式の結果がファイルに保存されていません。数式ではなく、値を書いてください。"
    if isinstance(cell.value, str) and re.fullmatch(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)", cell.value):
        return f"数式の結果がエラー（{cell.value}）になっています。値を書いてください。"
    return ""


def _text(value: object, kind: Kind, epoch: date) -> str:
    """The cell's value as somebody would have typed it."""
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, datetime):
        return _moment(value, kind)
    if isinstance(value, date):
        return f"{value:%Y/%m/%d}"
    if isinstance(value, (time, timedelta)):
        return str(value).removesuffix(":00") if str(value).count(":") == 2 else str(value)
    if isinstance(value, (int, float)):
        return _number(value, kind, epoch)
    return str(value)


def _moment(value: datetime, kind: Kind) -> str:
    if kind is Kind.DATE or (value.hour, value.minute) == (0, 0):
        return f"{value:%Y/%m/%d}"
    return f"{value:%Y/%m/%d %H:%M}"


def _number(value: float, kind: Kind, epoch: date) -> str:
    day = from_excel_serial(value, epoch) if kind is Kind.DATE else None
    if day is not None:
        return f"{day:%Y/%m/%d}"
    return str(int(value)) if float(value).is_integer() else str(value)
