"""The Excel form: a card, one question per row, one submission per column. Pure; workbook_reader reads it back."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from feeds.fields import GROUPS, MEMBER_CODE_LABEL, MEMBER_LABEL, Field, Kind, heading
from feeds.japanese_dates import EARLIEST, LATEST
from feeds.workbook_reader import ITEM_HEADING, LABELS_HEADING, read_form

__all__ = ["FormFacts", "read_form", "write_form"]

SHEET, CHOICES_SHEET = "投稿", "選択肢"
ITEMS = 5  # columns for submissions
SDG_ROWS = 3  # a list can hold one value per cell
LABEL, MARK, HINT, FIRST_ITEM = 1, 2, 3, 4  # columns
FIRST_ROW = 7  # of the questions; the heading stands one above

FACE = "游ゴシック"
INK, FAINT, ACCENT, TINT, LINE = "1F2A2E", "5B686D", "0B5D4E", "EEF5F3", "B8C4C1"
THIN = Side(style="thin", color=LINE)
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
HEIGHTS = {Kind.TEXT: 260, Kind.LINE: 34}  # points; Excel allows 409
GUIDE = (
    "白い欄に書いて保存し、事務局にメールでお送りください。1件のお知らせを縦に1列で書きます。"
    "2件目からのご担当は、1件目と同じなら空欄のままで結構です。"
    "写真は、このファイルには貼り付けず、別のファイルとして一緒にお送りください。"
)


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the form shows besides its questions."""

    title: str  # the e-news' own name
    member: str
    member_code: str
    pathways: Mapping[str, str]  # key -> label
    sdgs: Mapping[int, str]


def write_form(facts: FormFacts) -> bytes:
    """An .xlsx for one member, with its name and code filled in, locked but for the cells to write in."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    book.properties.creator = book.properties.lastModifiedBy = facts.title
    book.properties.title = f"{facts.title} 投稿様式"
    _write_choices(book, facts)
    _write_head(sheet, facts)
    _write_questions(sheet, facts)
    _set_page(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_choices(book: Workbook, facts: FormFacts) -> None:
    """The lists behind the drop-downs stand on a sheet of their own: 255 characters are too few for them."""
    sheet = book.create_sheet(CHOICES_SHEET)
    for row, label in enumerate(facts.pathways.values(), start=1):
        _put(sheet, row, 1, label)
    for row, (number, label) in enumerate(sorted(facts.sdgs.items()), start=1):
        _put(sheet, row, 2, f"{number} {label}")
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True


def _write_head(sheet: Worksheet, facts: FormFacts) -> None:
    _put(sheet, 1, LABEL, f"{facts.title} 投稿様式", size=16, bold=True, color=ACCENT)
    sheet.row_dimensions[1].height = 30
    for row, label, value in ((2, MEMBER_LABEL, facts.member), (3, MEMBER_CODE_LABEL, facts.member_code)):
        _put(sheet, row, LABEL, label, color=FAINT)
        _put(sheet, row, MARK, value, bold=True)
    last = get_column_letter(FIRST_ITEM + 1)
    sheet.merge_cells(f"A4:{last}4")
    _put(sheet, 4, LABEL, GUIDE, wrap=True)
    sheet.row_dimensions[4].height = 52
    titles = {LABEL: LABELS_HEADING, MARK: "必須", HINT: "書き方"}
    titles |= {FIRST_ITEM + number: ITEM_HEADING.format(number + 1) for number in range(ITEMS)}
    for column, text in titles.items():
        cell = _put(sheet, FIRST_ROW - 1, column, text, bold=True, color="FFFFFF", fill=ACCENT)
        cell.alignment = Alignment(horizontal="center", vertical="center")
        cell.border = BOX
    sheet.row_dimensions[FIRST_ROW - 1].height = 24


def _write_questions(sheet: Worksheet, facts: FormFacts) -> None:
    row = FIRST_ROW
    for group in GROUPS:
        _write_group_title(sheet, row, f"■ {group.title}", group.hint)
        row += 1
        for field in group.fields:
            rows = SDG_ROWS if field.kind is Kind.NUMBERS else 1
            for number in range(rows):
                label = f"{heading(field)} {number + 1}" if rows > 1 else heading(field)
                _write_question(sheet, row, field, label, _hint(field))
                _add_rule(sheet, row, field, facts)
                row += 1


def _hint(field: Field) -> str:
    return {
        Kind.FILE: "一緒に送る写真のファイル名。例：kankyo.jpg（JPEG・PNG・WebP、10MBまで）",
        Kind.NUMBERS: "関係のある目標を一覧から選んでください。4つ以上あるときは「7、11、13」のように番号で書けます。",
        Kind.CHOICE: "もっとも近いものを一覧から一つ選んでください。",
    }.get(field.kind, field.hint)


def _write_group_title(sheet: Worksheet, row: int, title: str, hint: str) -> None:
    for column in range(LABEL, FIRST_ITEM + ITEMS):
        sheet.cell(row, column).fill = PatternFill("solid", fgColor=TINT)
    _put(sheet, row, LABEL, title, bold=True, color=ACCENT, fill=TINT)
    _put(sheet, row, HINT, hint, color=FAINT, fill=TINT)
    sheet.row_dimensions[row].height = 24


def _write_question(sheet: Worksheet, row: int, field: Field, label: str, hint: str) -> None:
    sheet.row_dimensions[row].height = HEIGHTS.get(field.kind, HEIGHTS[Kind.LINE])
    _put(sheet, row, LABEL, label, bold=True, wrap=True).border = BOX
    mark = _put(sheet, row, MARK, "必須" if field.required else "任意", color="B3261E" if field.required else FAINT)
    mark.border, mark.alignment = BOX, Alignment(horizontal="center", vertical="center")
    _put(sheet, row, HINT, hint, color=FAINT, size=10, wrap=True).border = BOX
    for column in range(FIRST_ITEM, FIRST_ITEM + ITEMS):
        cell = sheet.cell(row, column)
        # Text cells keep the first 0 of a telephone number, and an address stays what was typed.
        cell.number_format = "yyyy/m/d" if field.kind is Kind.DATE else "@"
        cell.protection = Protection(locked=False)
        cell.font, cell.border = Font(name=FACE, size=11, color=INK), BOX
        cell.alignment = Alignment(wrap_text=True, vertical="top" if field.kind is Kind.TEXT else "center")


def _add_rule(sheet: Worksheet, row: int, field: Field, facts: FormFacts) -> None:
    rule = _rule(field, facts)
    rule.allow_blank = True
    rule.promptTitle, rule.prompt = field.label[:32], (_hint(field) or field.label)[:255]
    rule.errorTitle = field.label[:32]
    rule.showInputMessage = rule.showErrorMessage = True
    rule.add(f"{get_column_letter(FIRST_ITEM)}{row}:{get_column_letter(FIRST_ITEM + ITEMS - 1)}{row}")
    sheet.add_data_validation(rule)


def _rule(field: Field, facts: FormFacts) -> DataValidation:
    """`stop` refuses what can never be right; `warning` lets through what the import can still read."""
    if field.kind is Kind.DATE:
        first, last = (f"DATE({day.year},{day.month},{day.day})" for day in (EARLIEST, LATEST))
        return DataValidation(
            "date", operator="between", formula1=first, formula2=last, errorStyle="warning",
            error="日付として読めません。2026/11/23 の形で書いてください。",
        )  # fmt: skip
    if field.kind is Kind.CHOICE:
        source = f"'{CHOICES_SHEET}'!$A$1:$A${max(1, len(facts.pathways))}"
        return DataValidation("list", formula1=source, errorStyle="stop", error="一覧から選んでください。")
    if field.kind is Kind.NUMBERS:
        source = f"'{CHOICES_SHEET}'!$B$1:$B${max(1, len(facts.sdgs))}"
        return DataValidation(
            "list", formula1=source, errorStyle="warning", error="一覧から選ぶか、7、13 のように番号で書いてください。"
        )
    if field.kind is Kind.YES_NO:
        return DataValidation(
            "list", formula1='"はい,いいえ"', errorStyle="stop", error="はい か いいえ を選んでください。"
        )
    limit = field.limit or 200
    return DataValidation(
        "textLength", operator="lessThanOrEqual", formula1=str(limit), errorStyle="stop",
        error=f"{limit}文字以内で書いてください。",
    )  # fmt: skip


def _set_page(sheet: Worksheet) -> None:
    widths = {LABEL: 24, MARK: 8, HINT: 42} | {FIRST_ITEM + number: 46 for number in range(ITEMS)}
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = f"{get_column_letter(FIRST_ITEM)}{FIRST_ROW}"
    sheet.sheet_view.showGridLines = False
    first = f"{get_column_letter(FIRST_ITEM)}{FIRST_ROW + 1}"
    for selection in sheet.sheet_view.selection:
        if selection.pane == "bottomRight":
            selection.activeCell = selection.sqref = first
    sheet.protection.sheet = True  # no password: it is there against slips, not against people
    sheet.protection.formatCells = sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{FIRST_ROW - 1}:{FIRST_ROW - 1}"


def _put(
    sheet: Worksheet, row: int, column: int, text: str, *,
    size: int = 11, bold: bool = False, color: str = INK, fill: str = "", wrap: bool = False,
) -> Cell:  # fmt: skip
    """Write `text` as text, whatever it begins with: a name that starts with = must not become a formula."""
    cell = cast("Cell", sheet.cell(row, column))
    cell.value = text
    cell.data_type = "s"
    cell.font = Font(name=FACE, size=size, bold=bold, color=color)
    cell.alignment = Alignment(vertical="center", wrap_text=wrap)
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    return cell
