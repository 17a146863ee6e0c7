"""Read a list in another way than was guessed: encoding, separator, sheet, line of headings, columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from subscribers import jis
from subscribers.columns import FIELDS, MOST_COLUMNS, guess_columns, normal
from subscribers.encodings import count_lines
from subscribers.errors import ImportFileError
from subscribers.table import BROKEN, HEAD_ROWS, Row, Table, open_book, unnamed, with_headings, with_remarks

ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "cp932": "Shift_JIS（CP932）",
    jis.EUC: "EUC-JP",
    jis.ISO_2022: "ISO-2022-JP（JIS）",
    "utf-16": "UTF-16",
}
SEPARATORS = {",": "コンマ（,）", "\t": "タブ", ";": "セミコロン（;）"}


def head(table: Table, most: int = HEAD_ROWS) -> list[Row]:
    """The first rows, the headings among them; ImportFileError when they cannot be read in this way."""
    try:
        return list(islice(replace(table, heading_line=0).rows(), most))
    except UnicodeError as error:
        raise ImportFileError(f"{table.path.name}: この文字コードでは読めません。") from error


def sheets(table: Table) -> list[str]:
    """The names of an .xlsx file's sheets; none for other files."""
    if table.kind != "xlsx":
        return []
    try:
        with open_book(table.path) as book:
            return [sheet.title for sheet in book.worksheets]
    except BROKEN as error:
        raise ImportFileError(f"{table.path.name}: Excelのファイルとして読めません。") from error


def in_form(table: Table, *, encoding: str, delimiter: str, sheet: str) -> Table:
    """The same file read in another form, with headings and columns guessed anew; all of it is tried."""
    if table.kind == "csv" and (encoding not in (*ENCODINGS, table.encoding) or delimiter not in SEPARATORS):
        raise ImportFileError("文字コードと区切りを選んでください。")
    if table.kind == "xlsx" and sheet not in sheets(table):
        raise ImportFileError(f"シート「{sheet[:30]}」がありません。")
    bare = Table(table.path, table.kind, encoding, delimiter, sheet, about=table.about, given=table.given)
    if table.kind == "csv":
        _check_encoding(bare)
    read = with_headings(bare, head(bare))
    return with_remarks(read) if table.kind == "xlsx" else read


def below(table: Table, line: int) -> Table:
    """The same rows with the headings in this line (0: there are none) and the columns guessed from them."""
    rows = head(table)
    if line == 0:
        found = _address_column(rows)
        bare = replace(table, headings=(), heading_line=0, columns={} if found is None else {"address": found})
        return replace(bare, unnamed=unnamed(bare, rows))
    chosen = next((row for row in rows if row.line == line), None)
    if chosen is None:
        raise ImportFileError(f"見出しの行は、はじめの{HEAD_ROWS}行から選んでください。")
    columns = guess_columns(chosen.cells)
    found = _address_column([row for row in rows if row.line > line])
    if "address" not in columns and found is not None:
        columns = {name: index for name, index in columns.items() if index != found} | {"address": found}
    headed = replace(table, headings=chosen.cells, heading_line=chosen.line, columns=columns)
    return replace(headed, unnamed=unnamed(headed, rows))


def width(table: Table) -> int:
    """How many columns the first rows have."""
    return min(MOST_COLUMNS, max((len(row.cells) for row in head(table)), default=0))


def with_columns(table: Table, chosen: Mapping[int, str]) -> Table:
    """The table with the columns a person chose: index -> field. One column for each field, and one for addresses."""
    columns: dict[str, int] = {}
    for index, name in sorted(chosen.items()):
        if name not in FIELDS:
            raise ImportFileError(f"列「{name[:30]}」はありません。")
        if name in columns:
            raise ImportFileError(
                f"「{FIELDS[name]}」の列が2つあります（{columns[name] + 1}列目と{index + 1}列目）。1つにしてください。"
            )
        columns[name] = index
    if "address" not in columns:
        raise ImportFileError("「メールアドレス」の列を1つ選んでください。")
    return replace(table, columns=columns)


def _address_column(rows: list[Row]) -> int | None:
    return next((index for row in rows for index, cell in enumerate(row.cells) if "@" in normal(cell)), None)


def _check_encoding(table: Table) -> None:
    if not count_lines(table.path, table.encoding):
        name = ENCODINGS.get(table.encoding, table.encoding)
        raise ImportFileError(f"{table.path.name}: {name}としては読めません。")
