"""What is new, changed or the same, and when to ask again: pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feeds.decide import Change, Kind, Known, decide, next_poll, pages_of_their_own
from feeds.locations import canonical_url
from feeds.parse import ParsedEntry, ParsedFeed

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = "A paragraph that is long enough to tell this story from every other one in the world."


def entry(guid: str, url: str = "", title: str = "Title", words: str = "", summary: str = "") -> ParsedEntry:
    return ParsedEntry(guid, url, canonical_url(url), title, summary, "", None, words or f"{title} {summary}")


def known(guid: str, url: str = "", words: str = "Title ") -> Known:
    return Known(guid, canonical_url(url), words)


def kinds(stored: list[Known], *entries: ParsedEntry) -> list[tuple[Kind, str, str]]:
    changes = decide(stored, ParsedFeed("", "", entries))
    return [(change.kind, change.entry.guid, change.known.guid if change.known else "") for change in changes]


def test_everything_is_new_the_first_time() -> None:
    assert kinds([], entry("a"), entry("b")) == [(Kind.NEW, "a", ""), (Kind.NEW, "b", "")]


def test_the_same_words_under_the_same_guid_are_the_same() -> None:
    assert kinds([known("a", "http://e.jp/a")], entry("a", "http://e.jp/a")) == [(Kind.SAME, "a", "a")]


def test_other_words_under_the_same_guid_are_a_change() -> None:
    assert kinds([known("a")], entry("a", words="corrected")) == [(Kind.CHANGED, "a", "a")]


def test_another_address_under_the_same_guid_is_a_change() -> None:
    assert kinds([known("a", "http://e.jp/old")], entry("a", "http://e.jp/new")) == [(Kind.CHANGED, "a", "a")]
    assert kinds([known("a", "http://e.jp/old")], entry("a")) == [(Kind.SAME, "a", "a")]  # the link is missing today


def test_a_story_whose_guid_changed_is_known_by_its_page() -> None:
    assert kinds([known("a", "http://e.jp/1")], entry("b", "http://e.jp/1?utm_source=x")) == [(Kind.CHANGED, "b", "a")]


def test_a_source_that_moves_to_https_brings_nothing_new() -> None:
    stored = [known("http://e.jp/1", "http://e.jp/1")]
    assert kinds(stored, entry("https://e.jp/1", "https://e.jp/1")) == [
        (Kind.CHANGED, "https://e.jp/1", "http://e.jp/1")
    ]


def test_a_story_whose_guid_and_page_changed_is_known_by_its_words() -> None:
    stored = [known("a", "http://e.jp/1", words=f"Title {LONG}")]
    assert kinds(stored, entry("b", "http://new.e.jp/9", summary=LONG)) == [(Kind.CHANGED, "b", "a")]


def test_few_words_do_not_make_two_stories_one() -> None:
    stored = [known("a", "http://e.jp/1")]
    assert kinds(stored, entry("b", "http://e.jp/2")) == [(Kind.NEW, "b", "")]


def test_a_note_without_an_address_is_known_by_its_words() -> None:
    assert kinds([known("a")], entry("b")) == [(Kind.CHANGED, "b", "a")]


def test_a_known_entry_is_not_taken_for_two_stories() -> None:
    stored = [known("a", "http://e.jp/1")]
    decided = kinds(stored, entry("b", "http://e.jp/1"), entry("a", "http://e.jp/1", "Other", words="other"))
    assert decided == [(Kind.NEW, "b", ""), (Kind.CHANGED, "a", "a")]


def test_one_story_stands_once_in_a_document() -> None:
    assert kinds([], entry("a", title="x"), entry("a", title="y")) == [(Kind.NEW, "a", "")]
    assert kinds([], entry("a", "http://e.jp/1"), entry("b", "http://e.jp/1#top")) == [(Kind.NEW, "a", "")]
    assert kinds([], entry("a", "http://e.jp/1", summary=LONG), entry("b", "http://e.jp/2", summary=LONG)) == [
        (Kind.NEW, "a", "")
    ]


def test_stories_that_lead_to_one_page_stay_apart() -> None:
    page = "http://e.jp/news"
    first, second = entry("a", page, "First", words="1"), entry("b", page, "Second", words="2")
    assert kinds([], first, second) == [(Kind.NEW, "a", ""), (Kind.NEW, "b", "")]
    assert kinds([known("a", page, "1")], second, entry("c", page, "Third", words="3")) == [
        (Kind.NEW, "b", ""),
        (Kind.NEW, "c", ""),
    ]


def test_only_a_page_of_its_own_is_looked_for_elsewhere() -> None:
    own, home = entry("a", "https://e.jp/1"), entry("b", "https://e.jp/", "Home", words="h")
    shared = [entry(guid, "https://e.jp/news", guid, words=guid) for guid in "cd"]
    changes = [Change(Kind.NEW, one) for one in (own, home, *shared)]
    changes.append(Change(Kind.SAME, entry("e", "https://e.jp/5"), known("e")))
    assert pages_of_their_own(changes) == {"e.jp/1": own}


@pytest.mark.parametrize(
    ("failures", "retry_after", "wait"),
    [
        (0, None, 6 * HOUR),
        (1, None, HOUR / 4),
        (2, None, HOUR / 2),
        (3, None, HOUR),
        (7, None, 16 * HOUR),
        (8, None, 24 * HOUR),
        (100_000, None, 24 * HOUR),
        (1, 2 * HOUR, 2 * HOUR),
        (9, 2 * HOUR, 2 * HOUR),
        (1, timedelta(0), HOUR / 12),
        (1, timedelta(days=400), timedelta(days=7)),
    ],
)
def test_the_next_poll(failures: int, retry_after: timedelta | None, wait: timedelta) -> None:
    assert next_poll(NOW, 6 * HOUR, failures=failures, retry_after=retry_after) == NOW + wait
