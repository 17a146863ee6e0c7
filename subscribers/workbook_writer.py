"""Write rows of text as .xlsx, of any length; what the disk refuses is an OSError, and nothing half-written stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from lxml.etree import SerialisationError

if TYPE_CHECKING:
    from openpyxl import Workbook

SHEET = "購読者"


def write_xlsx(path: Path, headings: Sequence[str], rows: Iterator[Sequence[str]]) -> int:
    """The rows below the headings, every cell as text; how many. OSError when there is no room for them."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(SHEET)
    try:
        count = _fill(sheet, headings, rows)
        _save(book, path)
    except SerialisationError as error:  # of libxml2, into openpyxl's own file in TMPDIR: 「IO_ENOSPC」
        _put_away(sheet)
        number = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
        raise OSError(number, os.strerror(number), sheet._writer.out) from error
    except BaseException:
        _put_away(sheet)
        raise
    return count


def _fill(sheet: Any, headings: Sequence[str], rows: Iterator[Sequence[str]]) -> int:
    from openpyxl.cell import Cell, WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.utils import get_column_letter

    for index in range(1, len(headings) + 1):
        sheet.column_dimensions[get_column_letter(index)].width = 30 if index == 1 else 18
    sheet.freeze_panes = "A2" if headings else None

    def cell_of(text: str) -> Cell:
        cell: Cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        cell.data_type = "s"  # never a formula, whatever it starts with
        cell.number_format = "@"  # a code keeps its zeros when somebody edits it
        return cell

    if headings:
        sheet.append([cell_of(heading) for heading in headings])
    count = 0
    for row in rows:
        sheet.append([cell_of(text) for text in row])
        count += 1
    return count


def _save(book: Workbook, path: Path) -> None:
    """As book.save, but the archive is closed when there is no room for it: left open, it complains on its way out."""
    from openpyxl.writer.excel import ExcelWriter

    archive = ZipFile(path, "w", ZIP_DEFLATED, allowZip64=True)
    try:
        ExcelWriter(book, archive).save()
    finally:
        with suppress(OSError):  # the first one is on its way already
            archive.close()


def _put_away(sheet: Any) -> None:
    """Close and remove openpyxl's own file, which holds the whole list and would stay until the program ends."""
    writer = sheet._writer
    if writer is None:
        return
    for stream in (sheet._rows, writer.xf):
        with suppress(SerialisationError, OSError):
            if stream is not None:
                stream.close()
    with suppress(FileNotFoundError):
        writer.cleanup()
