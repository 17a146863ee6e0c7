"""The rows of a sheet, one after another: what its cells hold, and where a formula stands without its result. Pure.

As openpyxl's own read-only sheet, on the same reader of cells, but for two things that one does not tell: a formula
whose result nobody saved looks like an empty cell to it, and a number that is no date becomes 「#VALUE!」. What stands
behind the rows (conditional formats, extensions, drawings) is not read, so it can neither fail nor warn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from subscribers.merged import MOST_NAMED, letters

if TYPE_CHECKING:
    from openpyxl import Workbook

LAST_LINE = 1_048_576  # of any sheet, in Excel


class Line(NamedTuple):
    """One row: its number, its values from column A on, and the columns (from 0) of formulas without a result."""

    number: int
    values: list[object]
    unsaved: tuple[int, ...] = ()


def lines(book: Workbook, title: str, most_columns: int) -> Iterator[Line]:
    """The rows of this sheet with the first `most_columns` of their cells; rows that are not in the file are empty."""
    from openpyxl.worksheet._reader import ROW_TAG
    from openpyxl.xml.constants import SHEET_MAIN_NS
    from openpyxl.xml.functions import iterparse

    sheet: Any = book[title]
    last = 0
    with sheet._get_source() as part:
        reader = _cell_reader(part, sheet)
        for _, element in iterparse(part):
            if element.tag == f"{{{SHEET_MAIN_NS}}}sheetData":
                return
            if element.tag != ROW_TAG:
                continue
            number, cells = reader.parse_row(element)
            element.clear()
            reader.row_dimensions.clear()  # it would remember the height of every row
            if number > LAST_LINE:
                raise ValueError(f"row {number}")
            if number > last:  # a second row of the same number is none
                yield from (Line(line, []) for line in range(last + 1, number))
                yield _line(number, cells, reader.unsaved, most_columns)
                last = number
            reader.unsaved.clear()


def unsaved_words(lines_: Iterable[Line], needed: Collection[int]) -> str:
    """What is said of formulas in these columns that some program wrote and no Excel ever calculated."""
    cells = (f"{letters(column)}{line.number}" for line in lines_ for column in line.unsaved if column in needed)
    named = list(islice(cells, MOST_NAMED + 1))
    more = " ほか" if len(named) > MOST_NAMED else ""
    cells_named = "、".join(named[:MOST_NAMED])
    return f"数式の値が保存されていません（{cells_named}{more}）。Excelで開いて保存し直してください。"


def _line(number: int, cells: list[dict[str, Any]], unsaved: list[int], most_columns: int) -> Line:
    kept = [(cell["column"] - 1, cell["value"]) for cell in cells if cell["column"] <= most_columns]
    values: list[object] = [None] * (max((column for column, _ in kept), default=-1) + 1)
    for column, value in kept:
        values[column] = value
    return Line(number, values, tuple(column for column in unsaved if column < most_columns))


def _cell_reader(part: Any, sheet: Any) -> Any:
    from openpyxl.utils.datetime import from_excel
    from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

    book = sheet.parent
    dates, durations = book._date_formats, book._timedelta_formats

    class CellReader(WorkSheetParser):
        unsaved: list[int]

        def parse_cell(self, element: Any) -> Any:
            cell = super().parse_cell(element)
            if cell["value"] is None:
                # 「=IF(B2="","",B2)」 has a result, the empty text; t="str" is how Excel says so.
                has_text = element.get("t") == "str" and element.find(VALUE_TAG) is not None
                if not has_text and element.find(FORMULA_TAG) is not None:
                    self.unsaved.append(cell["column"] - 1)
            elif cell["data_type"] == "n" and cell["style_id"] in dates:
                cell["value"] = self._date(cell["value"], cell["style_id"] in durations)
            return cell

        def _date(self, number: float, is_duration: bool) -> object:
            try:
                return from_excel(number, self.epoch, timedelta=is_duration)
            except (OverflowError, ValueError):
                return number  # 20240401, typed into a cell that shows dates

    # It is told of no formats of dates: it would warn, in English, of a number that is none.
    reader = CellReader(part, sheet._shared_strings, data_only=True, epoch=book.epoch)
    reader.unsaved = []
    return reader
