"""One row of a list becomes a candidate: a usable address and what the row tells of a person, or a refusal. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from subscribers.addresses import Address, Note, NoteKind, read_address, read_plain, split
from subscribers.columns import normal, shortened, unread_states
from subscribers.errors import AddressError
from subscribers.moments import read_end, read_moment
from subscribers.reading import LONGEST, NOTHING, Lookups, Reading, Told, tidy
from subscribers.sentences import Sentence
from subscribers.states import STATE_COLUMNS, standing

OWN = ("address", "name", "family", "given", "consented", "paused")  # columns that differ from row to row
# What makes a name worth a second look, in any of the ways below.
_REMARKABLE = re.compile("[#〃々″〓\ue000-\uf8ff\u3099\u309a]|同上|  ")

ABOVE_HEADINGS = "見出しより上にある行なので、読みません。取り込むときは、見出しの行より下に移してください。"

STOPPED_ELSEWHERE = (
    "{0}行目の状態で拒否したアドレスなので、この行も取り込みません。送ってよい方なら、{0}行目を消すか直してください。"
)
STOPPED_BESIDE = (
    "アドレスのそばに「{}」と書いてあるので、取り込みません。送ってよい方なら、アドレスだけを書いてください。"
)
MOST_SURPLUS, LONGEST_SURPLUS = 3, 20  # cells without a heading in one warning, and characters of each


class Candidate(NamedTuple):  # as Address: a million are made
    """What one row says about one address."""

    line: int
    cells: tuple[str, ...]
    written: str  # the address as it stands in the file
    address: Address | None = None
    told: Mapping[str, Any] = MappingProxyType({})  # field of Subscriber -> value; only what is told
    consented_at: datetime | None = None
    notes: tuple[str, ...] = ()  # small mends
    warnings: tuple[str, ...] = ()  # what somebody should look at
    refusal: str = ""
    fills: tuple[str, ...] = ()  # of `told`: only for who has nothing there yet
    paused_until: datetime | None = None  # of who comes in: whoever is in chooses that alone
    is_stopped: bool = False  # refused because no mail is wanted: holds for the address in every row of the list


def read_candidates(
    line: int, cells: Sequence[str], columns: Mapping[str, int], lookups: Lookups
) -> Iterator[Candidate]:
    """The people of one row: one, or several when their addresses share the cell."""
    yield from RowReader(columns, lookups).read(line, tuple(cells))


class RowReader:
    """Reads the rows of one list. What many rows say alike (the same office, the same format) is judged once."""

    def __init__(
        self,
        columns: Mapping[str, int],
        lookups: Lookups,
        headings: Sequence[str] = (),
        heading_line: int = 0,
        stopped: Mapping[str, int] = MappingProxyType({}),  # address key -> the line that says no mail is wanted
    ) -> None:
        self._stopped = stopped
        self._unread_states = [(place, field, headings[place]) for place, field in unread_states(headings, columns)]
        taken = set(columns.values())
        self._blank = [place for place, name in enumerate(headings) if not name.strip() and place not in taken]
        self._headed = len(headings) if heading_line else sys.maxsize  # without headings no column has one
        self._taken = taken
        self._heading_line = heading_line
        self._places = dict(columns)
        self._width = max(columns.values(), default=-1) + 1
        self._shared_names = [name for name in columns if name not in OWN]
        self._shared_texts = _picker([columns[name] for name in self._shared_names])
        self._shared = lru_cache(maxsize=5_000)(self._read_shared)
        self._moment = lru_cache(maxsize=5_000)(self._read_moment)
        self._lookups = lookups

    def read(self, line: int, cells: tuple[str, ...]) -> Iterable[Candidate]:
        """The people of one row."""
        if line < self._heading_line:
            written = next((cell for cell in cells if "@" in normal(cell)), "")
            return (Candidate(line, cells, written, refusal=ABOVE_HEADINGS),)
        texts = cells if len(cells) >= self._width else cells + ("",) * (self._width - len(cells))
        shared = self._shared(self._shared_texts(texts))
        own = self._own(texts)
        if len(cells) > self._headed or self._blank:
            own = self._with_surplus(cells, own)
        if self._unread_states:
            own = self._with_unread_states(cells, own)
        written = self._cell(texts, "address")
        try:
            address = read_plain(written)  # most rows of most files
        except AddressError:
            address = None
        if address is None:
            return self._several(line, cells, written, shared, own)
        return (self._candidate(line, cells, written, address, shared, own),)

    def stopped_keys(self, line: int, cells: tuple[str, ...]) -> list[str]:
        """The addresses of a row whose state says that no mail is wanted."""
        texts = cells if len(cells) >= self._width else cells + ("",) * (self._width - len(cells))
        if line < self._heading_line or not standing(*(self._cell(texts, name) for name in STATE_COLUMNS)).is_stopped:
            return []
        keys = []
        for part in split(self._cell(texts, "address")):
            with suppress(AddressError):
                keys.append(read_address(part).key)
        return keys

    def _several(self, line: int, cells: tuple[str, ...], written: str, shared: Told, own: Told) -> Iterator[Candidate]:
        parts = split(written)
        if len(parts) > 1:
            warning = f"1つのセルに{len(parts)}件のアドレスがあったので、分けて取り込みます"
            own = own._replace(warnings=(*own.warnings, warning))
        for part in parts:
            try:
                address = read_address(part)
            except AddressError as error:
                words = f"{error}" if part.strip() else "メールアドレスが空欄です。"
                yield Candidate(line, cells, part, refusal=words)
                continue
            yield self._candidate(line, cells, part, address, shared, own)

    def _candidate(
        self, line: int, cells: tuple[str, ...], written: str, address: Address, shared: Told, own: Told
    ) -> Candidate:
        """The candidate with what its row tells, unless the row is refused."""
        state = shared.standing.refusal
        if state or self._stopped or address.notes:  # few rows
            stopped = state or self._stopped_elsewhere(address) or _stopped_beside(address)
            is_stopped = shared.standing.is_stopped if state else bool(stopped)
            if stopped:
                return Candidate(line, cells, written, address, refusal=stopped, is_stopped=is_stopped)
        return _candidate(line, cells, written, address, shared, own)

    def _stopped_elsewhere(self, address: Address) -> str:
        line = self._stopped.get(address.key)
        return STOPPED_ELSEWHERE.format(line) if line else ""

    def _cell(self, texts: Sequence[str], name: str) -> str:
        return texts[self._places[name]] if name in self._places else ""

    def _read_shared(self, texts: Sequence[str]) -> Told:
        return Reading(self._lookups).shared(dict(zip(self._shared_names, texts, strict=True)))

    def _own(self, texts: Sequence[str]) -> Told:
        """What belongs to one person only: the name, when they agreed, until when they pause."""
        name = self._cell(texts, "name")
        consented = self._cell(texts, "consented")
        if name.isprintable() and name and len(name) <= LONGEST["name"] and not _REMARKABLE.search(name):
            told = Told({"name": name.strip()}) if not name.isspace() else NOTHING
        else:
            told = Reading(self._lookups).own(name, self._cell(texts, "family"), self._cell(texts, "given"))
        if consented:
            moment, warnings = self._moment(consented)
            told = told._replace(consented_at=moment, warnings=(*told.warnings, *warnings))
        if paused := tidy(self._cell(texts, "paused")):
            told = self._with_pause(told, paused)
        return told

    def _with_pause(self, told: Told, text: str) -> Told:
        until = read_end(text, self._lookups.zone)
        if until is None:
            warning = f"お休みの日付「{text[:30]}」が読めないので、読み飛ばしました"
            return told._replace(warnings=(*told.warnings, warning))
        return told._replace(paused_until=until) if until > self._lookups.now else told

    def _with_surplus(self, cells: Sequence[str], own: Told) -> Told:
        """With a warning when something stands in columns that have no heading and are not read."""
        places = (*self._blank, *range(self._headed, len(cells)))
        found = [
            f"{place + 1}列目「{_shown(cells[place])}」"
            for place in places
            if place not in self._taken and cells[place : place + 1] and cells[place].strip()
        ]
        if not found:
            return own
        more = f"、ほか{len(found) - MOST_SURPLUS}列" if len(found) > MOST_SURPLUS else ""
        warning = f"見出しのない列に値があります（{'、'.join(found[:MOST_SURPLUS])}{more}）。取り込みません"
        return own._replace(warnings=(*own.warnings, warning))

    def _with_unread_states(self, cells: Sequence[str], own: Told) -> Told:
        """With a warning when a second column speaks against this person, of which only the first is read."""
        warnings = []
        for place, field, heading in self._unread_states:
            cell = "".join(cells[place : place + 1])
            if standing(*(cell if name == field else "" for name in STATE_COLUMNS)).refusal:
                warnings.append(
                    f"読まない列「{shortened(heading)}」が「{_shown(cell)}」です。送ってよい方か確かめてください"
                )
        return own._replace(warnings=(*own.warnings, *warnings)) if warnings else own

    def _read_moment(self, text: str) -> tuple[datetime | None, tuple[str, ...]]:
        value = tidy(text)
        if not value:
            return None, ()
        moment = read_moment(value, self._lookups.zone)
        if moment is None:
            return None, (f"日付「{value[:30]}」が読めないので、読み飛ばしました",)
        if moment > self._lookups.now:
            return None, (f"日付「{value[:30]}」が今より後なので、読み飛ばしました",)
        return moment, ()


def _shown(cell: str) -> str:
    words = " ".join(cell.split())
    return words if len(words) <= LONGEST_SURPLUS else f"{words[:LONGEST_SURPLUS]}…"


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """The cells in these places; itemgetter gives a tuple for two and more only."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda texts: tuple(texts[place] for place in places)


def _candidate(line: int, cells: tuple[str, ...], written: str, address: Address, shared: Told, own: Told) -> Candidate:
    refusal = own.refusal or shared.refusal
    if refusal:
        return Candidate(line, cells, written, address, refusal=refusal)
    told = {**shared.told, **own.told}
    notes = (*shared.notes, *own.notes) if shared.notes or own.notes else ()
    warnings = (*shared.warnings, *own.warnings) if shared.warnings or own.warnings else ()
    if address.notes or address.name:
        name = tidy(address.name)
        if name and len(name) <= LONGEST["name"] and not told.get("name"):
            told["name"] = name
        small = [note for note in address.notes if note.kind is NoteKind.MENDED or _is_name(note, told.get("name", ""))]
        notes = (*map(str, small), *notes)
        warnings = (*(str(note) for note in address.warnings if note not in small), *warnings)
    return Candidate(
        line, cells, written, address, told, own.consented_at, notes, warnings, "", shared.fills, own.paused_until
    )  # fmt: skip


def _is_name(note: Note, name: str) -> bool:
    """Whether what was taken off beside the address is the person's name, which the row has anyway."""
    removed = note.text.values.get("removed") if isinstance(note.text, Sentence) else None
    letters = re.sub(r"\W", "", str(removed or ""))
    return bool(letters) and note.kind is NoteKind.REMARK and letters in re.sub(r"\W", "", name)


def _stopped_beside(address: Address) -> str:
    """Why this person is refused for what somebody wrote beside the address; mostly nothing."""
    if not address.notes:
        return ""
    said = next((note.text for note in address.notes if note.kind is NoteKind.UNWANTED), "")
    return STOPPED_BESIDE.format(said.values["removed"]) if isinstance(said, Sentence) else ""
