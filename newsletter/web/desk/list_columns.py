"""Taking a list in, second screen: how it was read and which column means what, to be corrected."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from newsletter.errors import UploadError
from newsletter.lists import taking_in, uploads
from newsletter.lists.uploads import Upload
from newsletter.web.desk.access import TAKE_IN, account_of, for_staff
from subscribers import reread
from subscribers.columns import FIELDS
from subscribers.errors import ImportFileError
from subscribers.table import Row, Table

EXAMPLES = 3  # rows beside each column
UNUSED = ""
CHANGED = "名簿の読み方を変えました。列を確かめてください。"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list as the page shows it."""

    index: int
    heading: str
    examples: list[str]
    field: str  # a key of FIELDS, or empty

    @property
    def number(self) -> int:
        return self.index + 1


@for_staff(TAKE_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show how the list is read; a POST reads it as corrected and tries every row, or reads it in another form."""
    try:
        upload = uploads.find(account_of(request).pk, key, timezone.now())
    except UploadError as error:
        messages.error(request, str(error))
        return redirect("desk_list_upload")
    if upload.import_number:
        return redirect("desk_list_rows", key)
    try:
        return _answer(request, upload)
    except (ImportFileError, FileNotFoundError) as error:
        # Not even its first rows can be read any more: damaged on the disk, or thrown away in another window.
        uploads.discard(upload)
        messages.error(request, str(error) if isinstance(error, ImportFileError) else uploads.GONE)
        return redirect("desk_list_upload")


def _answer(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.method != "POST":
        return _page(request, upload)
    try:
        if _read_as_told(request, upload):
            return redirect("desk_list_rows", upload.key)
    except ImportFileError as error:
        return _page(request, upload, str(error))
    messages.success(request, CHANGED)
    return redirect("desk_list_columns", upload.key)


def _read_as_told(request: HttpRequest, upload: Upload) -> bool:
    """Read the list as told: True when every row was tried with these columns, False in another form now."""
    table = uploads.table_of(upload)
    reformed = _in_another_form(table, request.POST)
    if reformed is None and request.POST.get("verb") != "reread":
        chosen = _chosen(request.POST, reread.width(table))
        taking_in.try_out(uploads.read_as(upload, reread.with_columns(table, chosen)), timezone.now())
        return True
    taking_in.forget_trial(upload)
    uploads.read_as(upload, reformed or table)
    return False


def _in_another_form(table: Table, told: QueryDict) -> Table | None:
    """The table as the person says it must be read; None when they left that alone."""
    encoding = told.get("encoding", table.encoding)
    separator = {"tab": "\t"}.get(told.get("delimiter", ""), told.get("delimiter", table.delimiter))
    sheet = told.get("sheet", table.sheet)
    line = told.get("heading_line", str(table.heading_line))
    if (encoding, separator, sheet) != (table.encoding, table.delimiter, table.sheet):
        return reread.in_form(table, encoding=encoding, delimiter=separator, sheet=sheet)
    if line != str(table.heading_line):
        return reread.below(table, int(line) if line.isascii() and line.isdigit() and len(line) < 8 else -1)
    return None


def _chosen(told: QueryDict, width: int) -> dict[int, str]:
    chosen = {index: told.get(f"column-{index}", UNUSED) for index in range(width)}
    return {index: field for index, field in chosen.items() if field != UNUSED}


# ------------------------------------------------------------ the page
def _page(request: HttpRequest, upload: Upload, problem: str = "") -> HttpResponse:
    table = uploads.table_of(upload)
    rows = reread.head(table)
    page = {
        "upload": upload,
        "table": table,
        "problem": problem,
        "columns": _columns(table, rows, request.POST if problem else None),
        "fields": FIELDS,
        "encodings": reread.ENCODINGS | ({} if table.encoding in reread.ENCODINGS else _own(table)),
        "separators": [(sign if sign != "\t" else "tab", words) for sign, words in reread.SEPARATORS.items()],
        "separator": "tab" if table.delimiter == "\t" else table.delimiter,
        "sheets": reread.sheets(table),
        "heads": [(row.line, " ／ ".join(cell for cell in row.cells if cell.strip())[:60]) for row in rows],
        "rows": table.about,
    }
    return render(request, "desk/list_columns.html", page, status=422 if problem else 200)


def _own(table: Table) -> dict[str, str]:
    return {table.encoding: {"utf-8": "UTF-8"}.get(table.encoding, "UTF-16（印なし）")}


def _columns(table: Table, rows: list[Row], told: QueryDict | None) -> list[Column]:
    """Each column with its heading, some cells, and what it means: as the person just said, or as it was read."""
    fields = {index: field for field, index in (table.columns or {}).items()}
    below = [row for row in rows if row.line > table.heading_line]
    return [
        Column(
            index,
            _cell(table.headings, index).strip(),
            [cell for cell in (_cell(row.cells, index).strip() for row in below) if cell][:EXAMPLES],
            told.get(f"column-{index}", UNUSED) if told else fields.get(index, UNUSED),
        )
        for index in range(max((len(row.cells) for row in rows), default=0))
    ]


def _cell(cells: tuple[str, ...], index: int) -> str:
    return cells[index] if index < len(cells) else ""
