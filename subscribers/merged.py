"""Cells of a sheet that were merged over several rows: what stands in the first of them is meant for all. Pure."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from subscribers.errors import ImportFileError

CHUNK = 1 << 20
LONGEST_REST = 1 << 16  # bytes behind the last "<" of a chunk; a tag is shorter
MOST = 100_000  # merges over several rows: a list of that many people has one for each office
MOST_NAMED = 3  # cells in a sentence
# ECMA-376 18.3.1.54; never across a "<", so that what is no XML costs no more than its length.
_MERGE = re.compile(
    rb"""<(?:\w+:)?mergeCell\s(?:[^<>]*?\s)?ref\s*=\s*["']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})["']"""
)


class Merge(NamedTuple):
    """One column, from 0, of a merged range; the lines as Excel counts them."""

    first: int
    last: int
    column: int

    def __str__(self) -> str:
        return f"{letters(self.column)}{self.first}:{letters(self.column)}{self.last}"


def merges(path: Path, part: str, most_columns: int) -> list[Merge]:
    """What is merged over several rows in the sheet in this part of the .xlsx, from top to bottom.

    Found in its bytes: it stands behind the rows, and openpyxl tells it only of sheets that it holds as a whole.
    ImportFileError when there is more than any list has.
    """
    found: list[Merge] = []
    for left, top, _, bottom in _references(path, part):
        column, first, last = _column(left), int(top), int(bottom)
        if first < last and column < most_columns:
            found.append(Merge(first, last, column))
        if len(found) > MOST:
            raise ImportFileError(
                f"{path.name}: 縦に結合されたセルが多すぎます（{MOST:,}か所まで）。"
                "結合を解除し、どの行にも値を書いて保存し直してください。"
            )
    return sorted(found, key=lambda merge: (merge.first, merge.column))


def _references(path: Path, part: str) -> Iterator[tuple[str, str, str, str]]:
    rest = b""
    with zipfile.ZipFile(path) as parts, parts.open(part) as sheet:
        while chunk := sheet.read(CHUNK):
            text = rest + chunk
            for found in _MERGE.findall(text) if b"mergeCell" in text else ():
                yield tuple(each.decode("ascii") for each in found)
            opened = text.rfind(b"<")
            rest = text[opened:] if 0 <= opened >= len(text) - LONGEST_REST else b""


def remarks(found: Sequence[Merge], address: int | None) -> Iterator[str]:
    """What is said of a list with these merges; the column of addresses is another matter."""
    carried = [str(merge) for merge in found if merge.column != address]
    addresses = [str(merge) for merge in found if merge.column == address]
    if carried:
        yield f"縦に結合されたセルがあります（{_named(carried)}）。結合された行は、どれも同じ値として読みます"
    if addresses:
        yield (
            f"メールアドレスの列に縦の結合があります（{_named(addresses)}）。いちばん上の行の方だけのアドレスとして読みます"
        )


def _named(cells: Sequence[str]) -> str:
    more = f"、ほか{len(cells) - MOST_NAMED:,}か所" if len(cells) > MOST_NAMED else ""
    return "、".join(cells[:MOST_NAMED]) + more


def _column(word: str) -> int:
    index = 0
    for letter in word:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def letters(column: int) -> str:
    """How Excel calls a column (from 0): A, B … AA."""
    word, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        word = chr(ord("A") + rest) + word
    return word


@dataclass
class Carrying:
    """Gives each row what was merged down into it; asked for every row, from top to bottom."""

    merges: Iterable[Merge]
    not_into: int | None = None  # the column of addresses: the rows of one address would be as many people
    _open: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> last line, text

    def __post_init__(self) -> None:
        self._coming = iter(self.merges)
        self._next = next(self._coming, None)

    def into(self, line: int, cells: list[str]) -> list[str]:
        """The cells with what is merged down into this line. An empty row stays empty."""
        is_filled = bool(self._open) and any(cell.strip() for cell in cells)
        for column in list(self._open):
            last, text = self._open[column]
            if line > last:
                del self._open[column]
            elif is_filled:
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = cells[column] if cells[column].strip() else text
        self._begin(line, cells)
        return cells

    def _begin(self, line: int, cells: list[str]) -> None:
        while self._next and self._next.first <= line:
            column = self._next.column
            text = cells[column] if column < len(cells) else ""
            if self._next.first == line and column != self.not_into and text.strip():
                self._open[column] = self._next.last, text
            self._next = next(self._coming, None)
