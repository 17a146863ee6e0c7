"""What of a parsed feed is new, changed or the same; and when to poll again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.locations import same_page_key
from feeds.parse import ParsedEntry, ParsedFeed

FIRST_RETRY = timedelta(minutes=15)
LONGEST_BACK_OFF = timedelta(days=1)
SHORTEST_RETRY_AFTER = timedelta(minutes=5)
LONGEST_RETRY_AFTER = timedelta(days=7)
# Two entries with the same short text ("closed today") may be two stories; the same paragraph is one.
_TELLING_LENGTH = 60


class Kind(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Known:
    """An entry of this feed that is stored already."""

    guid: str
    canonical_url: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Change:
    """One story of the document, and the stored entry it is (None for a new one)."""

    kind: Kind
    entry: ParsedEntry
    known: Known | None = None


def decide(known: Iterable[Known], parsed: ParsedFeed) -> list[Change]:
    """Recognise each story by its GUID, then its page, then its words; each story once, in the document's order."""
    entries = _once_each(parsed.entries)
    memory = _Memory(known, entries)
    changes = []
    for entry in entries:
        before = memory.take(entry)
        changes.append(Change(_kind(entry, before), entry, before))
    return changes


def pages_of_their_own(changes: Iterable[Change]) -> dict[str, ParsedEntry]:
    """The new stories by the page that is theirs alone: what may be looked for among the entries of other feeds.

    A home page, or a page that several stories of the document lead to, says nothing about which story it is.
    """
    entries = [(change.kind, change.entry, same_page_key(change.entry.canonical_url)) for change in changes]
    pages = Counter(page for _, _, page in entries)
    return {
        page: entry for kind, entry, page in entries if kind is Kind.NEW and pages[page] == 1 and page.partition("/")[2]
    }


def next_poll(
    now: datetime, interval: timedelta, *, failures: int = 0, retry_after: timedelta | None = None
) -> datetime:
    """The interval after success; what the server asks for; else back-off from a quarter of an hour to a day."""
    if retry_after is not None:
        return now + min(max(retry_after, SHORTEST_RETRY_AFTER), LONGEST_RETRY_AFTER)
    if failures <= 0:
        return now + interval
    doublings = min(failures - 1, 20)  # far beyond a day; a counter of years must not overflow
    return now + min(FIRST_RETRY * (1 << doublings), LONGEST_BACK_OFF)


def _kind(entry: ParsedEntry, before: Known | None) -> Kind:
    if before is None:
        return Kind.NEW
    moved = entry.canonical_url and entry.canonical_url != before.canonical_url
    same = entry.fingerprint == before.fingerprint and entry.guid == before.guid and not moved
    return Kind.SAME if same else Kind.CHANGED


def _once_each(entries: Iterable[ParsedEntry]) -> list[ParsedEntry]:
    """The first of each story: the same GUID, or the same page under the same title, is one story."""
    seen: set[tuple[str, str]] = set()
    stories = []
    for entry in entries:
        keys = {("guid", entry.guid)}
        if entry.canonical_url:
            keys.add((same_page_key(entry.canonical_url), entry.title))
        if _is_telling(entry):
            keys.add(("words", entry.fingerprint))
        if seen.isdisjoint(keys):
            stories.append(entry)
        seen |= keys
    return stories


def _is_telling(entry: ParsedEntry) -> bool:
    return len(entry.title) + len(entry.summary) >= _TELLING_LENGTH


class _Memory:
    """The stored entries by each of their keys. One that was recognised is not given to a second story."""

    def __init__(self, known: Iterable[Known], entries: list[ParsedEntry]) -> None:
        stored = list(known)
        self._by_guid = {entry.guid: entry for entry in stored}
        self._by_page = {same_page_key(entry.canonical_url): entry for entry in stored if entry.canonical_url}
        self._by_words = {entry.fingerprint: entry for entry in stored}
        # A page that several stories of one document lead to ("our news") tells nothing about which is which.
        self._pages = Counter(same_page_key(entry.canonical_url) for entry in entries)
        guids = {entry.guid for entry in entries}
        self._taken = {entry.guid for entry in stored if entry.guid in guids}

    def take(self, entry: ParsedEntry) -> Known | None:
        by_guid = self._by_guid.get(entry.guid)
        if by_guid is not None:
            return by_guid
        page = same_page_key(entry.canonical_url)
        found = self._free(self._by_page.get(page)) if page and self._pages[page] == 1 else None
        if found is None and (_is_telling(entry) or not entry.url):
            found = self._free(self._by_words.get(entry.fingerprint))
        if found is not None:
            self._taken.add(found.guid)
        return found

    def _free(self, candidate: Known | None) -> Known | None:
        return None if candidate is None or candidate.guid in self._taken else candidate
