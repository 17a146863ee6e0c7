"""The Excel form of 宛先の確認: one person per row, rows for new people, locked but for the cells to write in. Pure.

Read back by subscribers.table, the same reader as that of every list: whatever Excel or others made of the file.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from newsletter.errors import RosterError
from newsletter.roster.questions import ASKED, LABELS, SHARED_LEAVE, Choice, Person, Typed
from subscribers.columns import normal
from subscribers.table import Row, Table, open_table

SHEET = "宛先の確認"
# Heading, width; the first five are ours, the others are for the member to write in.
COLUMNS = {
    "number": ("番号", 7),
    "name": ("お名前", 18),
    "department": ("部署", 24),
    "address": ("メールアドレス", 30),
    "roles": ("使いみち", 16),
    "choice": ("変わりはありますか", 24),
    "new_name": ("新しいお名前", 18),
    "new_department": ("新しい部署", 24),
    "new_address": ("新しいメールアドレス", 34),
    "consented": ("ご本人の了解", 14),
    "writes": ("投稿のご担当にもなる", 20),
}
OURS = ("number", "name", "department", "address", "roles")
PLACE = {name: column for column, name in enumerate(COLUMNS, start=1)}
MEMBER, REFERENCE, DEADLINE, BY_NAME, BY_DEPARTMENT = "会員", "照合番号", "期限", "回答者のお名前", "回答者の部署"
NEW, NEW_ROWS = "追加", 10
YES, NO = "はい", "いいえ"
YES_WORDS = {"はい", "有", "あり", "ok", "yes", "true", "1", "○", "〇", "◯", "✓", "✔", "レ", "済", "得た", "得ました"}

FACE = "游ゴシック"
INK, FAINT, ACCENT, TINT, LINE = "1F2A2E", "5B686D", "0B5D4E", "EEF5F3", "B8C4C1"
THIN = Side(style="thin", color=LINE)
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
GUIDE = (
    "白い欄に書いて保存し、事務局へお送りください。1行ずつ「変わりはありますか」を選び、「変更する」のときは右の欄に新しい内容を"
    "書きます。新しい方は「追加」の行に書いてください。新しいアドレスには、ご本人の了解が必要です。"
)


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the form shows besides the people."""

    title: str  # the e-news' own name
    year: int
    member: str
    reference: str  # 2027-kitakyushu
    deadline: date


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that came back, unjudged."""

    reference: str
    by_name: str
    by_department: str
    typed: Mapping[int, Typed]  # by the sheet's numbers
    new: Mapping[str, Typed]  # by new-1, new-2 …
    places: Mapping[str, str]  # row of the answer -> 12行目
    printed: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # number -> name and address of its row
    strays: tuple[str, ...] = field(default=())  # rows that belong to nobody of the sheet, in Japanese


# ------------------------------------------------------------ out
def write_form(facts: FormFacts, people: Sequence[Person]) -> bytes:
    """An .xlsx for one member."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    book.properties.creator = book.properties.lastModifiedBy = facts.title
    book.properties.title = f"{facts.year}年度 宛先の確認"
    first = _write_head(sheet, facts)
    for row, person in enumerate(people, start=first):
        _write_person(sheet, row, person)
    last = first + len(people) + NEW_ROWS - 1
    for row in range(first + len(people), last + 1):
        _write_new(sheet, row)
    _add_lists(sheet, people, first, last)
    _set_page(sheet, first)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_head(sheet: Worksheet, facts: FormFacts) -> int:
    """Title, guide, what the form belongs to, the headings; the answer is the row of the first person."""
    _put(sheet, 1, 1, f"{facts.title}　{facts.year}年度 宛先の確認", size=16, bold=True, color=ACCENT)
    sheet.merge_cells(start_row=2, start_column=1, end_row=2, end_column=len(COLUMNS))
    _put(sheet, 2, 1, GUIDE, wrap=True)
    sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 30, 40
    deadline = f"{facts.deadline.year}年{facts.deadline.month}月{facts.deadline.day}日"
    known = {MEMBER: facts.member, REFERENCE: facts.reference, DEADLINE: deadline}
    for row, (label, value) in enumerate({**known, BY_NAME: "", BY_DEPARTMENT: ""}.items(), start=3):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
        _put(sheet, row, 1, label, color=FAINT)
        cell = _put(sheet, row, 3, value, bold=True)
        if label not in known:
            _open(cell)
    headings = 9
    for name, (heading, _) in COLUMNS.items():
        cell = _put(sheet, headings, PLACE[name], heading, bold=True, color="FFFFFF", fill=ACCENT, wrap=True)
        cell.alignment, cell.border = Alignment(horizontal="center", vertical="center", wrap_text=True), BOX
    sheet.row_dimensions[headings].height = 36
    return headings + 1


def _write_person(sheet: Worksheet, row: int, person: Person) -> None:
    shown = (str(person.number), person.name, person.department, person.shown_address, person.roles)
    for name, text in zip(OURS, shown, strict=True):
        _put(sheet, row, PLACE[name], text, fill=TINT, wrap=True).border = BOX
    for name in COLUMNS:
        if name not in (*OURS, "writes"):
            _open(_put(sheet, row, PLACE[name], Choice.STAY.label if name == "choice" else ""))
    _put(sheet, row, PLACE["writes"], "", fill=TINT).border = BOX
    sheet.row_dimensions[row].height = 32


def _write_new(sheet: Worksheet, row: int) -> None:
    for name in COLUMNS:
        is_open = name in ("new_name", "new_department", "new_address", "consented", "writes")
        cell = _put(sheet, row, PLACE[name], NEW if name == "number" else "", fill="" if is_open else TINT)
        cell.border = BOX
        if is_open:
            _open(cell)
    sheet.row_dimensions[row].height = 24


def _add_lists(sheet: Worksheet, people: Sequence[Person], first: int, last: int) -> None:
    """The drop-downs; what the import can still read is let through with a warning."""
    if people:
        choices = [choice.label for choice in ASKED]
        if any(person.is_shared for person in people):
            choices.append(SHARED_LEAVE)
        _add_list(sheet, "choice", choices, first, first + len(people) - 1, "変わりはありますか")
    _add_list(sheet, "consented", [YES], first, last, "ご本人の了解を得ましたか")
    _add_list(sheet, "writes", [YES, NO], first + len(people), last, "投稿の依頼と控えもお送りしますか")


def _add_list(sheet: Worksheet, name: str, words: Sequence[str], first: int, last: int, title: str) -> None:
    rule = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True, errorStyle="warning")
    rule.promptTitle, rule.prompt, rule.error = COLUMNS[name][0], title, "一覧から選んでください。"
    rule.showInputMessage = rule.showErrorMessage = True
    letter = get_column_letter(PLACE[name])
    rule.add(f"{letter}{first}:{letter}{last}")
    sheet.add_data_validation(rule)


def _set_page(sheet: Worksheet, first: int) -> None:
    for name, (_, width) in COLUMNS.items():
        sheet.column_dimensions[get_column_letter(PLACE[name])].width = width
    sheet.freeze_panes = f"C{first}"
    sheet.sheet_view.showGridLines = False
    sheet.protection.sheet = True  # no password: it is there against slips, not against people
    sheet.protection.formatCells = sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"{first - 1}:{first - 1}"


def _put(
    sheet: Worksheet, row: int, column: int, text: str, *,
    size: int = 11, bold: bool = False, color: str = INK, fill: str = "", wrap: bool = False,
) -> Cell:  # fmt: skip
    """Write `text` as text, whatever it begins with: a name that starts with = must not become a formula."""
    cell = cast("Cell", sheet.cell(row, column))
    if text:
        cell.value, cell.data_type = text, "s"
    cell.font = Font(name=FACE, size=size, bold=bold, color=color)
    cell.alignment = Alignment(vertical="center", wrap_text=wrap)
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
    return cell


def _open(cell: Cell) -> None:
    """A cell to write in: unlocked, text, with a border."""
    cell.protection, cell.number_format, cell.border = Protection(locked=False), "@", BOX
    cell.alignment = Alignment(vertical="center", wrap_text=True)


# ------------------------------------------------------------ back
def read_form(path: Path) -> Filled:
    """What the file says; ImportFileError when it cannot be read, RosterError when it is no form of ours."""
    table = open_table(path, is_form=True)
    places = _columns(table)
    named: dict[str, Sequence[str]] = {}  # above the headings
    typed: dict[int, Typed] = {}
    new: dict[str, Typed] = {}
    where: dict[str, str] = {}
    printed: dict[int, tuple[str, str]] = {}
    strays: list[str] = []
    # All rows, so that a formula without its result is noticed also above the headings.
    for row in replace(table, heading_line=0, columns=places).rows(needed=places.values()):
        if row.line <= table.heading_line:
            named |= {normal(row.cells[0]): row.cells} if row.cells else {}
            continue
        number, told = _cell(row, places["number"]), _typed(row, places)
        if number.isascii() and number.isdigit() and int(number[:6]) not in typed:
            key = int(number[:6])
            typed[key], where[str(key)] = told, f"{row.line}行目"
            printed[key] = _text(row, places, "name"), _text(row, places, "address")
        elif number in ("", NEW) and not told.is_empty:
            new[f"new-{len(new) + 1}"], where[f"new-{len(new)}"] = told, f"{row.line}行目"
        elif number not in ("", NEW):
            strays.append(
                f"{row.line}行目: 番号「{number[:20]}」は読めないか、2回あります。番号は書き換えないでください。"
            )
    return Filled(
        _beside(named, REFERENCE),
        _beside(named, BY_NAME),
        _beside(named, BY_DEPARTMENT),
        typed,
        new,
        where,
        printed,
        tuple(strays),
    )


def _columns(table: Table) -> dict[str, int]:
    """Our columns by their headings; the ones that an answer cannot do without must be there."""
    headings = [normal(heading) for heading in table.headings]
    found = {name: headings.index(normal(text)) for name, (text, _) in COLUMNS.items() if normal(text) in headings}
    missing = [
        COLUMNS[name][0]
        for name in ("number", "choice", "new_name", "new_department", "new_address", "consented")
        if name not in found
    ]
    if missing:
        raise RosterError(
            f"{table.path.name}: 宛先の確認の様式ではないようです（見出し「{'」「'.join(missing)}」がありません）。"
            "お送りした様式に書いてください。"
        )
    return found


def _typed(row: Row, places: Mapping[str, int]) -> Typed:
    return Typed(
        choice=_choice(_text(row, places, "choice")),
        name=_text(row, places, "new_name"),
        department=_text(row, places, "new_department"),
        address=_text(row, places, "new_address"),
        consented=normal(_text(row, places, "consented")) in YES_WORDS,
        writes=normal(_text(row, places, "writes")) in YES_WORDS,
    )


def _text(row: Row, places: Mapping[str, int], name: str) -> str:
    return _cell(row, places[name]) if name in places else ""


def _choice(text: str) -> str:
    words = {normal(label): choice for choice, label in LABELS.items()} | {normal(SHARED_LEAVE): Choice.LEAVE}
    return str(words.get(normal(text), text))


def _beside(named: Mapping[str, Sequence[str]], label: str) -> str:
    cells = named.get(normal(label), ())
    return next((cell.strip() for cell in cells[1:] if cell.strip()), "")


def _cell(row: Row, column: int) -> str:
    return row.cells[column].strip() if column < len(row.cells) else ""
