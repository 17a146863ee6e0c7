"""Text that somebody pasted becomes a table like that of a file: a To line, an Excel selection, a list, CSV. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email.errors import HeaderParseError
from email.header import decode_header
from itertools import pairwise
from pathlib import Path

from subscribers.addresses import LONGEST_TEXT, is_under_another, split
from subscribers.columns import EXACT, FIELDS, MOST_COLUMNS, guess_columns, normal
from subscribers.errors import ImportFileError
from subscribers.mending import AT_SIGNS
from subscribers.table import HEAD_ROWS, Row, Table, checked, with_headings
from subscribers.unfit import refuse_by_rows

MOST_CHARACTERS = 1_000_000
LONGEST_LINE = 50_000  # a To line of a thousand people
NAME = "貼り付けた宛先"  # what the ledger calls the list
HEADING = "メールアドレス"

_AT = f"[@{AT_SIGNS}]"
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")  # mail programs and word processors know them all
# 「To:」 of a mail's head, also as Japanese mail programs call it.
_HEADER = re.compile(r"\s*(?:(?:resent-)?(?:to|cc|bcc|from|reply-to)|宛先|差出人|送信先)\s*[:：]\s*", re.IGNORECASE)
_OPEN, _CLOSE = "<＜(（[［「『【〈《", ">＞)）]］」』】〉》"
_EDGE = re.escape(_OPEN + _CLOSE)
# Bounded, so that a long line of anything else costs no more than its length.
_WORD = re.compile(rf"[^\s{_EDGE}@{AT_SIGNS}]{{1,256}}{_AT}[^\s{_EDGE}]{{1,256}}")
_SEPARATORS = " \t\u3000,;、，；｜|／/"
_BETWEEN = re.compile(r"[\s,;、，；|｜／]+")
# 「名前 <address>」 in any brackets; the name may be missing.
_NAMED = re.compile(rf"(.*?)\s*[{re.escape(_OPEN)}]\s*(\S*?{_AT}\S*?)\s*[{re.escape(_CLOSE)}]\s*")


def rows_from_text(text: str, name: str = NAME) -> Table:
    """The table of what was pasted, one row for each address; ImportFileError if there is nothing or too much of it.

    Rows with tabs, or with a line of headings, stay rows of several columns. `line` is that of the pasted text.
    """
    if len(text) > MOST_CHARACTERS:
        raise ImportFileError(
            f"貼り付けた文字が多すぎます（{len(text):,}文字、上限は{MOST_CHARACTERS:,}文字）。"
            "CSVか.xlsxのファイルにして取り込んでください。"
        )
    if not text.strip():
        raise ImportFileError("宛先が貼り付けられていません。")
    text = text.removeprefix("\ufeff")
    return _columns(text, name) or _addresses(text, name)


# ------------------------------------------------------------ several columns
def _columns(text: str, name: str) -> Table | None:
    """The text as rows of cells, when it has the form of an Excel selection or a CSV file."""
    first = next(line for line in _LINE_END.split(text) if line.strip())
    if _HEADER.match(first):
        return None
    for sign in "\t,;":
        cells = [cell.strip('" ') for cell in first.split(sign, MOST_COLUMNS)]
        has_headings = (
            1 < len(cells) <= MOST_COLUMNS and "address" in guess_columns(cells) and not re.search(_AT, first)
        )
        if has_headings or (_is_selection(text) if sign == "\t" else _is_csv(text, sign, name)):
            return _table(text, sign, name)
    return None


def _is_selection(text: str) -> bool:
    """Whether every line has at most one address, and some have other cells beside it."""
    lines = [[cell for cell in line.split("\t") if cell.strip()] for line in _LINE_END.split(text)]
    most = max((sum(bool(re.search(_AT, cell)) for cell in cells) for cells in lines), default=0)
    return most == 1 and any(len(cells) > 1 for cells in lines)


def _is_csv(text: str, sign: str, name: str) -> bool:
    """Whether these are rows of a CSV file without headings: one column has bare addresses, and others something else.

    A To line has its commas between people: several addresses in a line, or names and brackets around one.
    """
    try:
        rows = [row.cells for row in _read(text, sign, name) if row.cells]
    except csv.Error:
        return False
    found = [(place, cell) for cells in rows for place, cell in enumerate(cells) if re.search(_AT, cell)]
    places = {place for place, cell in found if _WORD.fullmatch(cell.strip())}
    is_one_column = len(places) == 1 and {place for place, _ in found} == places
    has_others = any(cell.strip() for cells in rows for place, cell in enumerate(cells) if place not in places)
    return is_one_column and has_others and len(rows) / 2 <= len(found) <= len(rows)


def _table(text: str, delimiter: str, name: str) -> Table:
    rows = tuple(_cells(text, delimiter, name))
    table = Table(Path(name), "text", "utf-8-sig", delimiter, about=len(rows), given=rows)
    table = with_headings(table, list(rows[:HEAD_ROWS]))
    refuse_by_rows(name, rows[:HEAD_ROWS], table.headings)
    width = max(len(row.cells) for row in rows)
    if not table.heading_line and width > 1:
        remark = "見出しの行がないので、メールアドレスのほかの列は読みません"
        table = replace(table, remarks=(*table.remarks, remark))
    return table


class _Unquoted(csv.excel):
    quoting = csv.QUOTE_NONE


def _cells(text: str, delimiter: str, name: str) -> Iterator[Row]:
    try:
        yield from list(_read(text, delimiter, name))
    except csv.Error:  # a quotation mark that is only a sign
        yield from _read(text, delimiter, name, is_quoted=False)


def _read(text: str, delimiter: str, name: str, *, is_quoted: bool = True) -> Iterator[Row]:
    # Excel quotes a cell with a line break in it, so lines are the csv module's business.
    form: type[csv.Dialect] = csv.excel if is_quoted else _Unquoted
    reader = csv.reader(io.StringIO(text, newline=""), form, delimiter=delimiter, strict=True)
    for number, cells in enumerate(reader, 1):
        yield Row(number, checked(cells, number, name))


# ------------------------------------------------------------ addresses in running text
def _addresses(text: str, name: str) -> Table:
    rows = [
        Row(number, checked(list(cells), number, name))
        for number, line in _lines(text)
        for cells in (_pieces(line) or [()])
    ]
    first = next(row for row in rows if row.cells)
    heading_line = first.line if EXACT.get(normal(first.cells[0])) == "address" else 0
    has_names = any(len(row.cells) > 1 for row in rows)
    return Table(
        Path(name), "text", "utf-8-sig", headings=(HEADING, FIELDS["name"]) if has_names else (HEADING,),
        heading_line=heading_line, columns={"address": 0, "name": 1} if has_names else {"address": 0},
        about=len(rows), given=tuple(rows),
    )  # fmt: skip


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, those of a mail's head unfolded (RFC 5322 2.2.3) and without its 「To:」."""
    pending: tuple[int, str] | None = None
    in_head = False
    for number, line in enumerate(_LINE_END.split(text), 1):
        if len(line) + len(pending[1] if pending else "") > LONGEST_LINE:
            raise ImportFileError(f"{number}行目が長すぎます。宛先ごとに改行してください。")
        if pending and ((in_head and line[:1] in " \t\u3000" and line.strip()) or re.match(r"\s*[<＜]", line)):
            pending = pending[0], f"{pending[1]} {line.strip()}"
            continue
        if pending:
            yield pending
        label = _HEADER.match(line)
        in_head = bool(label) or (in_head and bool(line.strip()))
        pending = number, line[label.end() :] if label else line
    if pending:
        yield pending


def _pieces(line: str) -> list[tuple[str, ...]]:
    """The addresses of a line, each with the name that belongs to it: as a cell of its own, or 「名前 <address>」."""
    if max(map(len, _BETWEEN.split(line))) > LONGEST_TEXT:
        return [(line,)]  # read_address refuses it
    parts = [part.strip(_SEPARATORS) for part in split(line.strip(_SEPARATORS))]
    return [_with_name(piece) for part in parts if part for piece in _by_address(part)]


def _by_address(part: str) -> list[str]:
    """「山田 <a@example.jp> 鈴木 <b@example.jp>」 is two, and so is 「a@example.jp 山田 b@example.jp 鈴木」."""
    found = list(_WORD.finditer(part))
    if len(found) < 2 or is_under_another(part):
        return [part]
    behind = found[0].start() == 0  # nothing stands before the first address: what follows it is its name
    cuts = [word.start() for word in found[1:]] if behind else [_end(part, word.end()) for word in found[:-1]]
    edges = [0, *cuts, len(part)]
    return [part[start:end].strip() for start, end in pairwise(edges)]


def _end(part: str, at: int) -> int:
    """Behind the bracket that closes after an address."""
    closing = re.compile(rf"\s*[{re.escape(_CLOSE)}]").match(part, at)
    return closing.end() if closing else at


def _with_name(piece: str) -> tuple[str, ...]:
    """The address, and the name that stands before or behind; else the piece as it is: read_address judges it."""
    if len(piece) > LONGEST_TEXT:
        return (piece,)
    named = _NAMED.fullmatch(piece)
    if named:
        name, address = named[1], named[2]
    else:
        words = piece.split()
        at = [index for index, word in enumerate(words) if re.search(_AT, word)]
        others = [word for index, word in enumerate(words) if index not in at]
        # A Latin word may be half of an address that was broken in two.
        if len(at) != 1 or not others or any(word.isascii() for word in others):
            return (piece,)
        name, address = " ".join(others), words[at[0]]
    name = _decoded(name.strip(" \t\u3000\"'“”:：・"))
    if name and ("<" in piece or "＜" in piece or re.search(_AT, name) or EXACT.get(normal(name)) == "address"):
        return (f"{name} <{address}>",)  # as a mail program writes it: read_address tells names from labels
    return (address, name) if name else (address,)


def _decoded(name: str) -> str:
    """A name out of a mail's source (RFC 2047); nothing when it cannot be read."""
    if "=?" not in name:
        return name
    try:
        parts: Sequence[tuple[bytes | str, str | None]] = decode_header(name)
        words = "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts)
    except (HeaderParseError, LookupError, ValueError):
        return ""
    return re.sub(r"[<>]", "", words).strip()
