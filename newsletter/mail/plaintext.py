"""The text edition: a product of its own, made from the content and never from the HTML.

34 全角 wide, 禁則 kept, every URL bare on its own line, its signs from text-theme.toml, 機種依存文字 replaced.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from newsletter.mail.charset import Replacement, without_machine_dependent
from newsletter.mail.linebreak import URL, width, wrap

__all__ = [
    "COLUMNS",
    "FILTERS",
    "Marks",
    "finish_text",
    "plain_content",
    "prose",
    "read_marks",
    "urls_apart",
    "width",
    "wrap",
]

COLUMNS = 68  # 34 全角
C = TypeVar("C")
_BRACKETED_URL = re.compile(rf"[（(＜<「]\s*({URL.pattern})\s*[）)＞>」]|({URL.pattern})", re.IGNORECASE)
_ONLY_PUNCTUATION = re.compile(r"[\s。、．，.,]*")


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs of the text edition, one per level, as text-theme.toml names them."""

    rule: str  # repeated to the full width, above and below the title of a section
    item: str
    fact: str
    link: str
    note: str

    @property
    def line(self) -> str:
        """A rule across the whole width: 34 ━."""
        return self.rule * (COLUMNS // max(width(self.rule), 1))


def read_marks(file: Path) -> Marks:
    """The theme file; TypeError or ValueError if a sign is missing, unknown or not text."""
    signs = tomllib.loads(file.read_text(encoding="utf-8"))
    wrong = [name for name, sign in signs.items() if not isinstance(sign, str) or not sign]
    if wrong:
        raise ValueError("文字で書いてください：" + "、".join(wrong))
    return Marks(**signs)


def prose(text: str, first: str = "", rest: str = "") -> str:
    """A paragraph filled to the width, `first` before line 1 and `rest` before the others; URLs bare and alone."""
    lines: list[str] = []
    for piece in urls_apart(text):
        if URL.fullmatch(piece):
            lines.append(piece)
        else:
            lines += wrap(piece, COLUMNS, first=rest if lines else first, rest=rest)
    return "\n".join(lines)


def finish_text(text: str) -> str:
    """Too wide lines of a template wrapped, no trailing spaces, at most two empty lines, one line end at the end."""
    lines = [line for long in text.strip("\r\n").split("\n") for line in _fitted(long.rstrip())]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)) + "\n"


def _fitted(line: str) -> list[str]:
    return [line] if width(line) <= COLUMNS or URL.fullmatch(line) else wrap(line, COLUMNS)


def plain_content(content: C) -> tuple[C, tuple[Replacement, ...]]:
    """The same content with every 機種依存文字 replaced by the table, and what was replaced."""
    found: list[Replacement] = []
    return _plain(content, found), tuple(found)


def _plain(value: Any, found: list[Replacement]) -> Any:
    if isinstance(value, str):
        # Line ends are the content's own; each line is plain text.
        pairs = [without_machine_dependent(line) for line in value.splitlines()]
        found += [one for _, replacements in pairs for one in replacements]
        return "\n".join(line for line, _ in pairs)
    if isinstance(value, tuple):
        return tuple(_plain(one, found) for one in value)
    if isinstance(value, Mapping):
        return {key: _plain(one, found) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _plain(getattr(value, f.name), found) for f in fields(value)})
    return value


def urls_apart(text: str) -> list[str]:
    """The text in pieces, each URL alone and without the brackets around it."""
    pieces, place = [], 0
    for match in _BRACKETED_URL.finditer(text):
        pieces += [text[place : match.start()], match[1] or match[2]]
        place = match.end()
    pieces.append(text[place:])
    pieces = [piece.strip(" \n") for piece in pieces]
    return [
        piece
        for number, piece in enumerate(pieces)
        if number == 0 == len(pieces) - 1 or not _ONLY_PUNCTUATION.fullmatch(piece)
    ]


FILTERS = {"prose": prose, "columns": width}
