"""Submissions from a CSV or tab-separated file, in whatever encoding a Japanese office saves it. Pure."""

from __future__ import annotations

import codecs
import csv
import io

from feeds.errors import WorkbookError
from feeds.rows import (
    MOST_ROWS,
    SubmittedFile,
    SubmittedRow,
    collect,
    known_count,
    match_headings,
    refuse_too_many,
    submitted_row,
)

LARGEST_FILE = 5 * 1024 * 1024  # bytes
MOST_LINES = 10 * MOST_ROWS
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),  # what Excel calls Unicode テキスト
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_table(content: bytes) -> SubmittedFile:
    """Rows by their headings, columns in any order; WorkbookError when the file cannot be read as a table."""
    if len(content) > LARGEST_FILE:
        raise WorkbookError("ファイルが大きすぎます（5MBまで）。")
    lines = _lines(decode(content))
    filled = [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise WorkbookError("ファイルに何も書かれていません。")
    headings = [cell.strip() for cell in filled[0][1]]
    if not known_count(headings):
        raise WorkbookError("1行目に見出しがありません。「見出し」「本文」などの見出しを1行目に書いてください。")
    columns = match_headings(headings)
    refuse_too_many(len(filled) - 1)
    return SubmittedFile(tuple(_row(number, cells, columns.fields) for number, cells in filled[1:]), columns.unknown)


def decode(content: bytes) -> str:
    """The text of the file: by its byte order mark, else UTF-8, else CP932."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _decoded(content, encoding)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Python reads 0x8160 as U+FF5E though it writes U+301C there; a wave dash must come back as one.
        # 0x817C stays U+FF0D, which is what this file's writers typed (イクレイ－持続可能な…).
        return _decoded(content, "cp932").replace("\uff5e", "\u301c")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise WorkbookError(
            f"文字コードが分かりません（{line}行目あたり）。UTF-8かシフトJISのCSVで保存し直してください。"
        ) from error


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Cells by line, each with the number of the line it begins on."""
    if text[:4].lower() == "sep=":  # Excel's own first line
        text = "\n" + text.partition("\n")[2]  # an empty line keeps the numbers right
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    lines = []
    first = 1
    try:
        for cells in reader:
            lines.append((first, cells))
            first = reader.line_num + 1
            if len(lines) > MOST_LINES:
                raise WorkbookError(f"行が多すぎます（空行を含めて{MOST_LINES}行まで）。")
    except csv.Error as error:
        raise WorkbookError(
            f'{first}行目から先を読めません。引用符（"）の閉じ忘れがないか確かめてください。'
        ) from error
    return lines


def _delimiter(text: str) -> str:
    """Whichever of comma, tab and semicolon makes more known headings of the first line that is not empty."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",\t;", key=lambda mark: known_count(first.replace('"', "").split(mark)))


def _row(number: int, cells: list[str], fields: tuple[str | None, ...]) -> SubmittedRow:
    if any(cell.strip() for cell in cells[len(fields) :]):
        raise WorkbookError(
            f'{number}行目の列が見出しより多くなっています。文の中の「,」は、文全体を引用符（"）で囲んでください。'
        )
    return submitted_row(f"{number}行目", collect(zip(fields, cells, strict=False)))
