"""What a poll brought goes into the database, in one transaction per feed: entries, validators, health, next poll."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from feeds import text
from feeds.decide import Change, Kind, Known, decide, next_poll, pages_of_their_own
from feeds.errors import FeedsError
from feeds.fetch import Fetched
from feeds.locations import same_page_key
from feeds.models import Entry, Feed
from feeds.parse import ParsedEntry, ParsedFeed

MOST_ENTRIES = 500  # of one document; sources list ten to a hundred
LONGEST_KEY = 1000
LONGEST_TITLE = 500
LONGEST_PROBLEM = 500
# A date further ahead is a mistake of the source, and would keep its entry at the top for ever.
LATEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of the stories of one document."""

    new: int
    changed: int
    same: int
    duplicates: int
    problem: str
    next_poll_at: datetime


@transaction.atomic
def store(feed_id: int, fetched: Fetched, parsed: ParsedFeed, now: datetime) -> Stored:
    """Write the entries of a document, and that the feed is well."""
    feed = _locked(feed_id)
    changes = decide(_known(feed), _fitting(parsed))
    repeated = _told_elsewhere(feed, changes)
    new = [change.entry for change in changes if change.kind is Kind.NEW and change.entry not in repeated]
    Entry.objects.bulk_create(_as_entry(feed, entry, now) for entry in new)
    changed = [change for change in changes if change.kind is Kind.CHANGED]
    for change in changed:
        _update(feed, change, now)
    problem = _move(feed, fetched.permanent_url) or parsed.remark
    feed.etag, feed.last_modified = fetched.validators.etag, fetched.validators.last_modified
    feed.last_new_entry_at = now if new else feed.last_new_entry_at
    _record_success(feed, now, problem)
    same = len(changes) - len(new) - len(changed) - len(repeated)
    return Stored(len(new), len(changed), same, len(repeated), feed.last_error, feed.next_poll_at)


@transaction.atomic
def keep(feed_id: int, now: datetime) -> datetime:
    """304: the feed is well and has nothing new; returns the next poll."""
    feed = _locked(feed_id)
    _record_success(feed, now, "")
    return feed.next_poll_at


@transaction.atomic
def close(feed_id: int, words: str, now: datetime) -> None:
    """410: the feed is never polled again."""
    feed = _locked(feed_id)
    feed.state, feed.last_polled_at, feed.last_error = Feed.State.GONE, now, words
    feed.save(update_fields=["state", "last_polled_at", "last_error"])


@transaction.atomic
def record_failure(feed_id: int, words: str, now: datetime, retry_after: timedelta | None) -> datetime:
    """Keep what went wrong, in words, and back off; returns the next poll."""
    feed = _locked(feed_id)
    feed.failures += 1
    feed.last_polled_at, feed.last_error = now, text.shorten(words, LONGEST_PROBLEM)
    feed.next_poll_at = next_poll(now, _interval(feed), failures=feed.failures, retry_after=retry_after)
    feed.save(update_fields=["failures", "last_polled_at", "last_error", "next_poll_at"])
    return feed.next_poll_at


def _locked(feed_id: int) -> Feed:
    """This feed, with all feeds locked: they take turns at storing, so that a story that two bring at once is one."""
    feeds = {feed.pk: feed for feed in Feed.objects.select_for_update().order_by("pk")}
    if feed_id not in feeds:
        raise FeedsError("巡回の間に、フィードの登録が削除されました。")
    return feeds[feed_id]


def _interval(feed: Feed) -> timedelta:
    return timedelta(minutes=max(feed.interval_minutes, 1))


def _record_success(feed: Feed, now: datetime, problem: str) -> None:
    feed.last_polled_at = feed.last_success_at = now
    feed.last_error, feed.failures = text.shorten(problem, LONGEST_PROBLEM), 0
    feed.next_poll_at = next_poll(now, _interval(feed))
    health = ("last_polled_at", "last_success_at", "last_new_entry_at", "last_error", "failures", "next_poll_at")
    feed.save(update_fields=["url", "etag", "last_modified", *health])


def _move(feed: Feed, permanent_url: str | None) -> str:
    """Remember where a feed went for good; says why if it cannot be."""
    if not permanent_url or permanent_url == feed.url or len(permanent_url) > LONGEST_KEY:
        return ""
    other = Feed.objects.filter(url=permanent_url).exclude(pk=feed.pk).first()
    if other is not None:
        return f"アドレスが {other.name}（{other.key}）と同じところへ移りました。どちらかを停止してください。"
    feed.url = permanent_url
    return ""


def _known(feed: Feed) -> list[Known]:
    rows = Entry.objects.filter(feed=feed).values_list("guid", "canonical_url", "fingerprint")
    return [Known(*row) for row in rows]


def _fitting(parsed: ParsedFeed) -> ParsedFeed:
    """The document cut to what the columns hold; keys too long are replaced by their digest, never cut."""
    return replace(parsed, entries=tuple(map(_fit, parsed.entries)))


def _fit(entry: ParsedEntry) -> ParsedEntry:
    guid = entry.guid if len(entry.guid) <= LONGEST_KEY else f"sha256:{hashlib.sha256(entry.guid.encode()).hexdigest()}"
    fits = len(entry.url) <= LONGEST_KEY and len(entry.canonical_url) <= LONGEST_KEY
    return (
        entry
        if fits and guid == entry.guid
        else replace(entry, guid=guid, url=entry.url if fits else "", canonical_url=entry.canonical_url if fits else "")
    )


def _told_elsewhere(feed: Feed, changes: Iterable[Change]) -> set[ParsedEntry]:
    """The new stories whose page an entry of another feed has already."""
    own = pages_of_their_own(changes)
    addresses = [f"{scheme}://{page}" for page in own for scheme in ("http", "https")]
    told = set()
    for start in range(0, len(addresses), 400):  # SQLite takes a limited number of parameters
        some = addresses[start : start + 400]
        others = Entry.objects.filter(feed__isnull=False, canonical_url__in=some).exclude(feed=feed)
        told |= {same_page_key(address) for address in others.values_list("canonical_url", flat=True)}
    return {entry for page, entry in own.items() if page in told}


def _as_entry(feed: Feed, entry: ParsedEntry, now: datetime) -> Entry:
    return Entry(feed=feed, language=feed.language, seen_at=now, **_fields(entry, now))


def _update(feed: Feed, change: Change, now: datetime) -> None:
    """The stored entry gets the new text. Where it is placed already, the placement keeps its own words."""
    before = change.known
    if before is None:
        return
    fields = _fields(change.entry, now)
    if fields["published_at"] is None:
        del fields["published_at"]
    if change.entry.fingerprint != before.fingerprint:
        fields["changed_at"] = now
    Entry.objects.filter(feed=feed, guid=before.guid).update(**fields)


def _fields(entry: ParsedEntry, now: datetime) -> dict[str, Any]:
    published_at = entry.published_at
    return {
        "guid": entry.guid,
        "canonical_url": entry.canonical_url,
        "url": entry.url,
        "title": text.shorten(entry.title or text.shorten(entry.summary, 60) or "（無題）", LONGEST_TITLE),
        "summary": entry.summary,
        "body": entry.body,
        "published_at": None if published_at and published_at > now + LATEST else published_at,
        "fingerprint": entry.fingerprint,
    }
