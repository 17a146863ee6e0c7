"""House dictionaries in prh's YAML format, layered, with our additive keys valid_from, note, level and when. Pure.

A rule: `expected` (with $1 for groups), `pattern` or `patterns` (plain text or /regular expression/flags), `specs`
(from, to: run whenever the file is read), `regexpMustEmpty` ($1: a match with that group filled is dropped), and
`options: {wordBoundary: true}`. Ours: `valid_from` (the rule holds for mail sent from that day on), `note` (Japanese,
said in the finding), `level` (error or warning), `when: mixed` (the pattern matches every form, and only an issue
that mixes forms is flagged). A broken entry becomes a Problem with its line and is left out; the others are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path

import yaml

from newsletter.proof.dictionary_entry import Entry, EntryError, entry_of

SHIPPED = ("hyoki", "koyobun", "association")
LARGEST = 2_000_000  # bytes of one dictionary


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a dictionary, and where."""

    file: str
    line: int
    message: str  # Japanese

    def __str__(self) -> str:
        return f"{self.file} {self.line}行目: {self.message}"


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Layers of entries, the later ones on top: an entry replaces those below with the same pattern."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()

    def layer(self, *names: str) -> tuple[Entry, ...]:
        """The entries of these layers."""
        return tuple(entry for entry in self.entries if entry.layer in names)

    def house(self) -> tuple[Entry, ...]:
        """The general layer, and every layer that is not shipped."""
        return tuple(entry for entry in self.entries if entry.layer not in ("koyobun", "association"))

    def on(self, day: date) -> Dictionary:
        """The dictionary as it is in force on a day."""
        entries = tuple(e for e in self.entries if e.valid_from is None or e.valid_from <= day)
        return Dictionary(entries, self.problems)


def read(text: str, layer: str, file: str = "") -> Dictionary:
    """One dictionary file; what cannot be used is a Problem, never an exception."""
    file = file or f"{layer}.yml"
    entries: list[Entry] = []
    problems: list[Problem] = []
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        nodes = _rules_of(root)
    except EntryError as error:
        return Dictionary((), (Problem(file, error.line, str(error)),))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        return Dictionary((), (Problem(file, line, "YAMLとして読めません。字下げと引用符を確かめてください。"),))
    for node in nodes:
        try:
            entry, remarks = entry_of(node, layer)
        except EntryError as error:
            problems.append(Problem(file, error.line, str(error)))
        else:
            entries.append(entry)
            problems += [Problem(file, line, message) for line, message in remarks]
    return Dictionary(tuple(entries), tuple(problems))


def _rules_of(root: yaml.Node | None) -> list[yaml.Node]:
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode):
        raise EntryError(1, "辞書の形が違います。「version: 1」と「rules:」の2つで書き始めてください。")
    for key, value in root.value:
        if key.value == "imports":
            raise EntryError(key.start_mark.line + 1, "importsは使えません。辞書は設定で何枚でも重ねられます。")
        if key.value == "rules" and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    raise EntryError(root.start_mark.line + 1, "「rules:」の一覧がありません。")


def read_file(path: Path) -> Dictionary:
    """The dictionary of a file that staff keep; a file that cannot be read is a Problem."""
    try:
        if path.stat().st_size > LARGEST:
            return Dictionary((), (Problem(path.name, 1, "ファイルが大きすぎます（2MBまで）。"),))
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return Dictionary((), (Problem(path.name, 1, "UTF-8で保存されていません。UTF-8で保存し直してください。"),))
    except OSError as error:
        return Dictionary((), (Problem(path.name, 1, f"ファイルを開けません（{error.strerror}）。"),))
    return read(text, "house", path.name)


@lru_cache(maxsize=1)
def shipped() -> Dictionary:
    """The dictionaries that come with the gate."""
    folder = resources.files("newsletter.proof") / "dictionaries"
    return layered(read((folder / f"{name}.yml").read_text(encoding="utf-8"), name) for name in SHIPPED)


def layered(dictionaries: Iterable[Dictionary]) -> Dictionary:
    """The dictionaries as one, the later ones on top: the same pattern again replaces the entry below."""
    entries: dict[tuple[str, ...], Entry] = {}
    problems: list[Problem] = []
    for one in dictionaries:
        problems += one.problems
        for entry in one.entries:
            entries.pop(entry.written, None)
            entries[entry.written] = entry
    return Dictionary(tuple(entry for entry in entries.values() if not entry.is_off), tuple(problems))


def with_house(paths: Iterable[Path]) -> Dictionary:
    """The shipped dictionaries with the files that staff keep on top, in their order."""
    return layered((shipped(), *(read_file(path) for path in paths)))


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry found in a text, and what it says instead."""

    entry: Entry
    start: int
    end: int
    replacement: str


def hits(entries: Iterable[Entry], text: str) -> Iterator[Hit]:
    """Where the entries apply to a text; of two that overlap, the longer one is told."""
    found: list[Hit] = []
    for entry in entries:
        found += [Hit(entry, start, end, put) for start, end, put in entry.corrections(text)]
    found.sort(key=lambda hit: (hit.start, -hit.end))
    end = -1
    for hit in found:
        if hit.start >= end:
            yield hit
            end = hit.end
