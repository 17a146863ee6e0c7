"""Polling real servers into a real database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from feeds.fetch import Caller, Limits
from feeds.models import Entry, Feed
from feeds.politeness import HostTurns
from feeds.refresh import Refreshed, Result, caller_from_settings, due_feeds, refresh_due, refresh_feed, refresh_feeds
from tests.feed_server import FeedServer, Page, rss, serving

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
LIMITS = Limits(connect_seconds=2, read_seconds=2, total_seconds=5, allow_loopback=True)
CALLER = Caller(turns=HostTurns(pause_seconds=0))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as server:
        yield server


def add(server: FeedServer, path: str, **fields: Any) -> Feed:
    return Feed.objects.create(
        **{"key": path.strip("/"), "name": path, "url": server.url(path), "next_poll_at": NOW, **fields}
    )


def poll(feed: Feed, now: datetime = NOW) -> Refreshed:
    refreshed = refresh_feed(Feed.objects.get(pk=feed.pk), now, LIMITS, CALLER)
    feed.refresh_from_db()
    return refreshed


def titles(feed: Feed) -> list[str]:
    return sorted(feed.entries.values_list("title", flat=True))


# ------------------------------------------------------------ entries
def test_new_stories_are_stored_with_the_feeds_health(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one", "two"), headers={"ETag": '"1"'})
    feed = add(server, "/a", language="ja", interval_minutes=60, failures=3, last_error="old")
    refreshed = poll(feed)
    assert (refreshed.result, refreshed.new, refreshed.problem) == (Result.FETCHED, 2, "")
    assert titles(feed) == ["one", "two"]
    entry = feed.entries.get(title="one")
    assert (entry.guid, entry.url, entry.canonical_url, entry.language, entry.seen_at, entry.changed_at) == (
        "one", "http://news.example.org/one", "http://news.example.org/one", "ja", NOW, None
    )  # fmt: skip
    assert (feed.etag, feed.failures, feed.last_error) == ('"1"', 0, "")
    assert feed.last_polled_at == feed.last_success_at == feed.last_new_entry_at == NOW
    assert feed.next_poll_at == refreshed.next_poll_at == NOW + timedelta(hours=1)


def test_the_second_poll_stores_only_what_is_new(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one", "two"))
    feed = add(server, "/a")
    poll(feed)
    server.pages["/a"] = Page(body=rss("two", "three"))
    later = NOW + timedelta(hours=6)
    refreshed = poll(feed, later)
    assert (refreshed.new, refreshed.same, refreshed.changed) == (1, 1, 0)
    assert titles(feed) == ["one", "three", "two"]
    assert poll(feed, later + timedelta(hours=6)).same == 2
    assert feed.last_new_entry_at == later


def test_a_changed_story_gets_its_new_text_and_stays_the_same_entry(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one"))
    feed = add(server, "/a")
    poll(feed)
    entry = feed.entries.get()
    server.pages["/a"] = Page(body=rss("one").replace(b"<title>one", b"<title>corrected"))
    later = NOW + timedelta(hours=6)
    assert poll(feed, later).changed == 1
    changed = feed.entries.get()
    assert (changed.pk, changed.title, changed.changed_at, changed.seen_at) == (entry.pk, "corrected", later, NOW)


def test_a_story_known_by_its_page_takes_its_new_guid(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one"))
    feed = add(server, "/a")
    poll(feed)
    server.pages["/a"] = Page(body=rss("one").replace(b"<guid>one", b"<guid>new-key"))
    assert poll(feed).changed == 1
    entry = feed.entries.get()
    assert (entry.guid, entry.changed_at) == ("new-key", None)
    assert poll(feed).same == 1


def test_a_story_that_another_feed_brought_is_counted_and_not_stored(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one"))
    server.pages["/b"] = Page(
        body=rss("one", "two").replace(b"http://", b"https://").replace(b"/one<", b"/one/?utm_source=b<")
    )
    first, second = add(server, "/a"), add(server, "/b")
    poll(first)
    refreshed = poll(second)
    assert (refreshed.new, refreshed.duplicates) == (1, 1)
    assert titles(second) == ["two"]


def test_columns_that_are_too_short_never_stop_a_feed(server: FeedServer) -> None:
    long = b"x" * 3000
    body = rss("one").replace(b"<title>one", b"<title>" + long).replace(b"<guid>one", b"<guid>" + long)
    server.pages["/a"] = Page(body=body.replace(b"org/one", b"org/" + long))
    feed = add(server, "/a")
    assert poll(feed).new == 1
    entry = feed.entries.get()
    assert (len(entry.title), entry.guid[:7], entry.url) == (500, "sha256:", "")
    assert poll(feed).same == 1


def test_a_date_in_the_future_is_not_believed(server: FeedServer) -> None:
    date = b"<pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate>"
    server.pages["/a"] = Page(body=rss("one").replace(b"<guid>", date + b"<guid>"))
    feed = add(server, "/a")
    poll(feed)
    assert feed.entries.get().published_at is None


def test_an_entry_without_a_title_is_called_by_its_first_words(server: FeedServer) -> None:
    items = b"<item><guid>1</guid><description>Only a few words.</description></item><item><guid>2</guid></item>"
    server.pages["/a"] = Page(body=b"<rss><channel>%s</channel></rss>" % items)
    feed = add(server, "/a")
    poll(feed)
    assert titles(feed) == ["Only a few words.", "（無題）"]


# ------------------------------------------------------------ what servers say
def test_an_unchanged_feed_is_well(server: FeedServer) -> None:
    server.pages["/a"] = lambda handler: Page(304 if handler.headers.get("If-None-Match") == '"1"' else 500)
    feed = add(server, "/a", etag='"1"', failures=2, last_error="x")
    assert poll(feed).result is Result.UNCHANGED
    assert (feed.failures, feed.last_error, feed.last_success_at, feed.last_new_entry_at) == (0, "", NOW, None)
    assert feed.next_poll_at == NOW + timedelta(hours=6)


def test_a_feed_that_is_gone_is_never_polled_again(server: FeedServer) -> None:
    server.pages["/a"] = Page(410)
    feed = add(server, "/a")
    assert poll(feed).result is Result.GONE
    assert feed.state == Feed.State.GONE
    assert "410" in feed.last_error
    assert not due_feeds(NOW + timedelta(days=999)).exists()


def test_a_busy_server_is_left_alone_as_long_as_it_asks(server: FeedServer) -> None:
    server.pages["/a"] = Page(429, headers={"Retry-After": "7200"})
    feed = add(server, "/a")
    assert poll(feed).result is Result.BUSY
    assert feed.next_poll_at == NOW + timedelta(hours=2)
    assert "429" in feed.last_error


def test_failures_back_off_and_success_forgets_them(server: FeedServer) -> None:
    feed = add(server, "/a")
    waits = []
    for _ in range(9):
        assert poll(feed).result is Result.FAILED
        waits.append((feed.next_poll_at - NOW) / timedelta(minutes=15))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 96, 96]
    assert (feed.failures, feed.last_success_at) == (9, None)
    assert feed.last_error == "フィードが見つかりません（404）。"
    server.pages["/a"] = Page(body=rss())
    poll(feed)
    assert (feed.failures, feed.last_error) == (0, "")


def test_a_page_that_is_no_feed_is_a_failure_in_words(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=b"<!DOCTYPE html><html></html>", headers={"ETag": '"html"'})
    feed = add(server, "/a")
    assert poll(feed).result is Result.FAILED
    assert "HTML" in feed.last_error
    assert feed.etag == ""  # or the page would be "unchanged", and fine, next time


def test_a_cut_off_document_is_read_as_far_as_it_goes_and_told(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one", "two")[:-70])
    feed = add(server, "/a")
    refreshed = poll(feed)
    assert (refreshed.result, refreshed.new) == (Result.FETCHED, 1)
    assert refreshed.problem == feed.last_error
    assert "途中" in feed.last_error


def test_a_permanent_move_is_remembered_when_a_feed_is_there(server: FeedServer) -> None:
    server.pages |= {"/a": Page(301, headers={"Location": "/b"}), "/b": Page(body=rss("one"))}
    feed = add(server, "/a")
    poll(feed)
    assert feed.url == server.url("/b")


def test_a_permanent_move_to_a_web_page_is_not_remembered(server: FeedServer) -> None:
    server.pages |= {"/a": Page(301, headers={"Location": "/b"}), "/b": Page(body=b"<html></html>")}
    feed = add(server, "/a")
    poll(feed)
    assert feed.url == server.url("/a")


def test_a_move_to_another_feeds_address_is_told(server: FeedServer) -> None:
    server.pages |= {"/a": Page(301, headers={"Location": "/b"}), "/b": Page(body=rss("one"))}
    feed = add(server, "/a")
    add(server, "/b")
    assert poll(feed).result is Result.FETCHED
    assert feed.url == server.url("/a")
    assert "同じところ" in feed.last_error


# ------------------------------------------------------------ many
def test_only_active_feeds_whose_time_has_come_are_due(server: FeedServer) -> None:
    add(server, "/later", next_poll_at=NOW + timedelta(minutes=1))
    add(server, "/paused", state=Feed.State.PAUSED)
    add(server, "/gone", state=Feed.State.GONE)
    add(server, "/b", next_poll_at=NOW)
    add(server, "/a", next_poll_at=NOW - timedelta(hours=1))
    assert [feed.key for feed in due_feeds(NOW)] == ["a", "b"]


@pytest.mark.django_db(transaction=True)
def test_one_bad_feed_never_stops_the_others(server: FeedServer) -> None:
    server.pages |= {f"/good{n}": Page(body=rss(f"story{n}")) for n in range(6)}
    server.pages |= {"/html": Page(body=b"<html>"), "/slow": Page(announce=False, script=lambda _: time.sleep(3))}
    server.pages |= {"/laughs": Page(body=b'<!DOCTYPE r [<!ENTITY a "b">]><rss/>'), "/empty": Page(body=rss())}
    paths = [
        "/html",
        "/good0",
        "/slow",
        "/good1",
        "/missing",
        "/good2",
        "/laughs",
        "/good3",
        "/empty",
        "/good4",
        "/good5",
    ]
    feeds = [add(server, path) for path in paths]
    told: list[str] = []
    with serving() as other:
        other.pages["/good6"] = Page(body=rss("story6"))
        feeds.append(add(other, "/good6"))
        limits = Limits(connect_seconds=1, read_seconds=0.5, total_seconds=2, allow_loopback=True)
        rows = refresh_feeds(feeds, NOW, limits, lambda row: told.append(row.key), CALLER)
    assert [row.key for row in rows] == [feed.key for feed in feeds]
    assert sorted(told) == sorted(feed.key for feed in feeds)
    failed = {row.key for row in rows if row.result is Result.FAILED}
    assert failed == {"html", "slow", "missing", "laughs"}
    assert Entry.objects.count() == 7


@pytest.mark.django_db(transaction=True)
def test_a_story_that_two_feeds_bring_at_once_is_stored_once() -> None:
    barrier = threading.Barrier(2, timeout=5)
    with serving() as one, serving() as two:
        for server in (one, two):
            server.pages["/a"] = Page(body=rss("story"), script=lambda _: barrier.wait())
        feeds = [
            Feed.objects.create(
                key=f"f{n}", name="f", url=server.url("/a").replace("127.0.0.1", host), next_poll_at=NOW
            )
            for n, (server, host) in enumerate(((one, "127.0.0.1"), (two, "localhost")))
        ]
        caller = Caller(turns=HostTurns(0), resolver=lambda host, port: ["127.0.0.1"])
        rows = refresh_feeds(feeds, NOW, LIMITS, caller=caller)
    assert sorted((row.new, row.duplicates) for row in rows) == [(0, 1), (1, 0)]
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_feed_deleted_while_it_is_fetched_is_told() -> None:
    with serving() as server:
        feed = add(server, "/a")

        def page(handler: Any) -> Page:
            Feed.objects.all().delete()
            connection.close()
            return Page(body=rss("one"))

        server.pages["/a"] = page
        (row,) = refresh_feeds([feed], NOW, LIMITS, caller=CALLER)
    assert row.result is Result.FAILED
    assert "削除" in row.problem


@pytest.mark.django_db(transaction=True)
def test_the_clock_polls_what_is_due_as_the_settings_allow(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one"))
    add(server, "/a")
    (row,) = refresh_due(NOW)
    assert "内部ネットワーク" in row.problem  # loopback is not allowed by default
    assert server.requests == []


def test_the_newsletter_names_its_website(settings: Any) -> None:
    settings.BASE_URL = "https://news.example.jp"
    assert caller_from_settings().agent == "newsletter-feeds/1.0 (+https://news.example.jp)"
    settings.BASE_URL = "http://127.0.0.1:8000"
    assert caller_from_settings().agent == "newsletter-feeds/1.0"
