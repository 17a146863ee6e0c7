"""Rows of submissions as they stand in a file, before anybody has checked them: what table.py and workbook.py read."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from feeds.errors import WorkbookError
from feeds.fields import (
    BY_NAME,
    FIELDS,
    HEADINGS,
    MEMBER,
    MEMBER_CODE,
    MEMBER_CODE_LABEL,
    MEMBER_LABEL,
    FieldError,
    field_of,
    heading,
    heading_key,
)

MOST_ROWS = 200  # submissions in one file
MOST_COLUMNS = 260
LONGEST_HEADING = 30  # characters; longer ones are nobody's slip of the pen
MOST_REMARKS = 20
_MANY = {"sdgs"}  # fields that may stand in several columns


@dataclass(frozen=True, slots=True)
class SubmittedRow:
    """One submission as its texts stand in the file."""

    place: str  # where it stands, in words: 「3行目」
    fields: Mapping[str, str]  # field name -> text
    member: str = ""  # name or code as written; empty: the file does not say
    member_code: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)  # field name -> cell, for Excel: 「D12」
    problems: tuple[FieldError, ...] = ()  # cells that could not be read


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """Everything that was read from one file."""

    rows: tuple[SubmittedRow, ...]
    unknown_headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field each column holds; None for columns that are not read."""

    fields: tuple[str | None, ...]
    unknown: tuple[str, ...]


def match_headings(headings: Sequence[str]) -> Columns:
    """Name the field of every heading; WorkbookError when a needed one is missing or one stands twice."""
    if len(headings) > MOST_COLUMNS and sum(map(bool, headings)) > MOST_COLUMNS:
        raise WorkbookError(f"見出しが多すぎます（{MOST_COLUMNS}個まで）。使っていない列を削除してください。")
    fields = tuple(field_of(heading) for heading in headings)
    named = [name for name in fields if name]
    twice = [name for name, count in Counter(named).items() if count > 1 and name not in _MANY]
    if twice:
        raise WorkbookError(f"「{_label(twice[0])}」の見出しが2つ以上あります。1つにしてください。")
    missing = [item.label for item in FIELDS if item.required and item.name not in named]
    if missing:
        raise WorkbookError(f"見出し{_quoted(missing)}がありません。様式の見出しを消さずに、そのまま使ってください。")
    unknown = [text for text, name in zip(headings, fields, strict=True) if text.strip() and not name]
    remarks = [_with_guess(text) for text in unknown[:MOST_REMARKS]]
    if len(unknown) > MOST_REMARKS:
        remarks.append(f"ほか{len(unknown) - MOST_REMARKS}個")
    return Columns(fields, tuple(remarks))


def known_count(headings: Iterable[str]) -> int:
    """How many of the texts are headings of the form: enough of them make a heading row."""
    return len({name for name in map(field_of, headings) if name})


def collect(named_texts: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """Texts by field; a field in several columns (SDGs 1, SDGs 2 …) is joined."""
    texts: dict[str, str] = {}
    for name, text in named_texts:
        if name and text.strip():
            texts[name] = f"{texts[name]}、{text}" if name in texts else text
    return texts


def submitted_row(
    place: str,
    texts: dict[str, str],
    *,
    cells: Mapping[str, str] | None = None,
    problems: Iterable[FieldError] = (),
) -> SubmittedRow:
    """Take the member's columns out of the texts, and make the row."""
    fields = {name: text for name, text in texts.items() if name in BY_NAME}
    return SubmittedRow(
        place, fields, texts.get(MEMBER, "").strip(), texts.get(MEMBER_CODE, "").strip(), cells or {}, tuple(problems)
    )


def refuse_too_many(count: int) -> None:
    """WorkbookError when a file holds more submissions than one import takes."""
    if count > MOST_ROWS:
        raise WorkbookError(f"1つのファイルに書ける投稿は{MOST_ROWS}件までです。ファイルを分けてください。")


def csv_headings() -> list[str]:
    """The headings of a CSV file, in the order of the form."""
    return [MEMBER_LABEL, MEMBER_CODE_LABEL, *map(heading, FIELDS)]


def _label(name: str) -> str:
    labels = {MEMBER: MEMBER_LABEL, MEMBER_CODE: MEMBER_CODE_LABEL}
    return labels[name] if name in labels else heading(BY_NAME[name])


def _quoted(labels: Iterable[str]) -> str:
    return "".join(f"「{label}」" for label in labels)


def _with_guess(text: str) -> str:
    """The heading, and the one it may have been meant to be."""
    if len(text) > LONGEST_HEADING:
        return f"{text.strip()[:LONGEST_HEADING]}…"
    close = difflib.get_close_matches(heading_key(text), list(HEADINGS), n=1, cutoff=0.75)
    return f"{text.strip()}（「{_label(HEADINGS[close[0]])}」のことでしょうか）" if close else text.strip()
