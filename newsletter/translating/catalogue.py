"""A gettext catalogue: read and written as .po, compiled to .mo. Pure, and without GNU gettext, which may be missing.

Only what ours needs: one sentence, one translation; no plural forms, no contexts (GNU gettext manual, 10.3 for .mo).
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HEADER = "Language: en\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
INTRODUCTION = "# The readers' pages in English. docs/running.md says how a sentence is added or changed."
MAGIC = 0x950412DE
_LINE = re.compile(r'(?:(msgid|msgstr)\s+)?(".*")')
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+(?::[^}]*)?\}|<a href=\"[^\"]*\">")


class CatalogueError(Exception):
    """The catalogue cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence, where it stands, and what it is in English; empty when nobody has translated it yet."""

    source: str
    translation: str = ""
    places: tuple[str, ...] = ()
    is_fuzzy: bool = False  # an editor's guess that nobody has looked at: not used

    @property
    def is_translated(self) -> bool:
        return bool(self.translation) and not self.is_fuzzy

    @property
    def lost(self) -> list[str]:
        """Placeholders and links of the sentence that its translation lacks or has made up."""
        wanted, found = (_PLACEHOLDER.findall(text) for text in (self.source, self.translation))
        return sorted(set(wanted) ^ set(found))


def read(text: str) -> list[Entry]:
    """The entries of a .po file, without its header; CatalogueError names the line that is wrong."""
    entries, fields, key, places, is_fuzzy = [], dict[str, str](), "", list[str](), False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not line.strip():
            if fields.get("msgid"):
                entries.append(Entry(fields["msgid"], fields.get("msgstr", ""), tuple(places), is_fuzzy))
            fields, key, places, is_fuzzy = {}, "", [], False
        elif line.startswith("#:"):
            places += line[2:].split()
        elif line.startswith("#"):
            is_fuzzy = is_fuzzy or (line.startswith("#,") and "fuzzy" in line)
        else:
            line_of = _LINE.fullmatch(line.strip())
            keyword = line_of[1] or key if line_of else ""
            if not line_of or not keyword or (line_of[1] and keyword in fields):
                raise CatalogueError(f"{number}行目を読めません（文と文のあいだは1行空けます）: {line[:60]}")
            fields[keyword] = fields.get(keyword, "") + _unquoted(line_of[2], number)
            key = keyword
    return entries


def write(entries: Iterable[Entry]) -> str:
    """The .po file: each sentence on one line, so that a change shows as a change of that line."""
    blocks = [f'{INTRODUCTION}\nmsgid ""\nmsgstr ""\n' + "\n".join(map(_quoted, HEADER.splitlines(keepends=True)))]
    for entry in entries:
        places = f"#: {' '.join(entry.places)}\n" if entry.places else ""
        fuzzy = "#, fuzzy\n" if entry.is_fuzzy else ""
        blocks.append(f"{places}{fuzzy}msgid {_quoted(entry.source)}\nmsgstr {_quoted(entry.translation)}")
    return "\n\n".join(blocks) + "\n"


def merged(entries: Iterable[Entry], sentences: Mapping[str, tuple[str, ...]]) -> list[Entry]:
    """The sentences that there are now, in their order, with the translations that were there before."""
    known = {entry.source: entry for entry in entries}
    empty = Entry("")
    return [
        Entry(source, known.get(source, empty).translation, places, known.get(source, empty).is_fuzzy)
        for source, places in sentences.items()
    ]


def compiled(entries: Iterable[Entry]) -> bytes:
    """The .mo file that Django reads: what is translated, ordered by the sentence."""
    pairs = {"": HEADER} | {entry.source: entry.translation for entry in entries if entry.is_translated}
    ordered = sorted((source.encode(), translation.encode()) for source, translation in pairs.items())
    sources, translations = (b"".join(pair[half] + b"\0" for pair in ordered) for half in (0, 1))
    head = 7 * 4
    first = head + 2 * 8 * len(ordered)
    table = _table([source for source, _ in ordered], first)
    table += _table([translation for _, translation in ordered], first + len(sources))
    numbers = (MAGIC, 0, len(ordered), head, head + 8 * len(ordered), 0, 0)
    return struct.pack("<7I", *numbers) + table + sources + translations


def _table(texts: list[bytes], start: int) -> bytes:
    rows = b""
    for text in texts:
        rows += struct.pack("<2I", len(text), start)
        start += len(text) + 1
    return rows


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _unquoted(literal: str, number: int) -> str:
    try:
        return str(ast.literal_eval(literal))
    except (SyntaxError, ValueError) as error:
        raise CatalogueError(f"{number}行目の引用符を確かめてください: {literal[:60]}") from error
