"""Poll feeds: fetch -> parse -> decide -> one transaction that stores entries, validators, health and the next poll."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from queue import SimpleQueue
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import QuerySet

from feeds import storing
from feeds.errors import FeedsError
from feeds.fetch import Answer, Busy, Caller, Fetched, Gone, Limits, Validators, fetch, user_agent
from feeds.models import Feed
from feeds.parse import ParsedFeed, parse_feed
from feeds.politeness import HostTurns

logger = logging.getLogger(__name__)
THREADS = 8
GONE_WORDS = "配信元がフィードを廃止しました（410）。"


class Result(StrEnum):
    FETCHED = "fetched"
    UNCHANGED = "unchanged"  # 304
    BUSY = "busy"  # 429, 503: asked to come later
    GONE = "gone"  # 410: never polled again
    FAILED = "failed"

    @property
    def label(self) -> str:
        labels = {"fetched": "取得", "unchanged": "変更なし", "busy": "混雑", "gone": "廃止", "failed": "失敗"}
        return labels[self.value]

    @property
    def is_problem(self) -> bool:
        return self in (Result.BUSY, Result.GONE, Result.FAILED)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one poll."""

    key: str
    result: Result
    new: int = 0
    changed: int = 0
    same: int = 0
    duplicates: int = 0  # stories that another source, or a member, brought first
    problem: str = ""  # in words; a document that was read may have one too
    seconds: float = 0.0
    next_poll_at: datetime | None = None  # None: not planned


def due_feeds(now: datetime) -> QuerySet[Feed]:
    """The feeds whose turn it is, longest waiting first."""
    return Feed.objects.filter(state=Feed.State.ACTIVE, next_poll_at__lte=now).order_by("next_poll_at", "pk")


def refresh_due(now: datetime) -> list[Refreshed]:
    """Poll what is due, as the settings allow."""
    return refresh_feeds(due_feeds(now), now, limits_from_settings())


def limits_from_settings() -> Limits:
    """The limits of this installation."""
    return Limits(allow_loopback=settings.FEEDS_ALLOW_LOOPBACK)


def caller_from_settings() -> Caller:
    """Who asks: the newsletter, with its website if that can be reached from outside."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    website = settings.BASE_URL if "." in host and not host.replace(".", "").isdigit() else ""
    return Caller(agent=user_agent("", website), turns=HostTurns())


def refresh_feeds(
    feeds: Iterable[Feed],
    now: datetime,
    limits: Limits,
    on_done: Callable[[Refreshed], None] | None = None,
    caller: Caller | None = None,
) -> list[Refreshed]:
    """Poll many feeds side by side, those of one host one after the other; `on_done` is told of each in this thread.

    One bad feed never stops the others. The answers come in the order of `feeds`.
    """
    wanted = list(feeds)
    refreshed: dict[str, Refreshed] = {}
    with _Round(now, limits, caller or caller_from_settings()) as round_:
        for of_host in _by_host(wanted):
            round_.poll(of_host)
        while len(refreshed) < len(wanted):
            done = round_.finished.get()
            refreshed[done.key] = done
            if on_done is not None:
                on_done(done)
    return [refreshed[feed.key] for feed in wanted]


def refresh_feed(feed: Feed, now: datetime, limits: Limits, caller: Caller | None = None) -> Refreshed:
    """Poll one feed and store what came of it. What can go wrong at the source is a result, not an exception."""
    started = time.monotonic()
    validators = Validators(feed.etag, feed.last_modified)
    try:
        answer = fetch(feed.url, validators, limits, caller or caller_from_settings())
        parsed = _parsed(answer)
    except FeedsError as error:
        refreshed = _failed(feed, Result.FAILED, str(error), now)
    else:
        refreshed = _settled(feed, answer, parsed, now)
    return replace(refreshed, seconds=round(time.monotonic() - started, 3))


def _parsed(answer: Answer) -> ParsedFeed | None:
    if not isinstance(answer, Fetched):
        return None
    return parse_feed(answer.body, url=answer.url, content_type=answer.content_type, most_entries=storing.MOST_ENTRIES)


def _settled(feed: Feed, answer: Answer, parsed: ParsedFeed | None, now: datetime) -> Refreshed:
    if isinstance(answer, Fetched) and parsed is not None:
        stored = storing.store(feed.pk, answer, parsed, now)
        return Refreshed(
            feed.key,
            Result.FETCHED,
            stored.new,
            stored.changed,
            stored.same,
            stored.duplicates,
            stored.problem,
            next_poll_at=stored.next_poll_at,
        )
    if isinstance(answer, Gone):
        storing.close(feed.pk, GONE_WORDS, now)
        return Refreshed(feed.key, Result.GONE, problem=GONE_WORDS)
    if isinstance(answer, Busy):
        words = f"相手のサーバが混み合っているため、後でもう一度取得します（{answer.status}）。"
        return _failed(feed, Result.BUSY, words, now, answer)
    return Refreshed(feed.key, Result.UNCHANGED, next_poll_at=storing.keep(feed.pk, now))


def _failed(feed: Feed, result: Result, words: str, now: datetime, busy: Busy | None = None) -> Refreshed:
    retry_after = busy.retry_after if busy else None
    next_poll_at = storing.record_failure(feed.pk, words, now, retry_after)
    return Refreshed(feed.key, result, problem=words, next_poll_at=next_poll_at)


def _by_host(feeds: Iterable[Feed]) -> Iterable[list[Feed]]:
    hosts: dict[str, list[Feed]] = {}
    for feed in feeds:
        hosts.setdefault(urlsplit(feed.url).hostname or "", []).append(feed)
    return hosts.values()


class _Round:
    """One round of polling: threads, each at one host at a time, and the answers as they come."""

    def __init__(self, now: datetime, limits: Limits, caller: Caller) -> None:
        self._now, self._limits, self._caller = now, limits, caller
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feeds")
        self._stopped = threading.Event()
        self.finished: SimpleQueue[Refreshed] = SimpleQueue()

    def __enter__(self) -> _Round:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()  # after Ctrl-C what is under way ends, and nothing else is begun
        self._pool.shutdown(cancel_futures=True)

    def poll(self, feeds: Sequence[Feed]) -> None:
        """Queue the feeds of one host."""
        self._pool.submit(self._poll_one_by_one, list(feeds))

    def _poll_one_by_one(self, waiting: list[Feed]) -> None:
        try:
            while waiting and not self._stopped.is_set():
                self.finished.put(self._poll_safely(waiting[0]))
                del waiting[0]
        finally:
            for feed in waiting:
                self.finished.put(Refreshed(feed.key, Result.FAILED, problem="巡回が中断されました。"))
            connections.close_all()  # this thread's own

    def _poll_safely(self, feed: Feed) -> Refreshed:
        try:
            return refresh_feed(feed, self._now, self._limits, self._caller)
        except FeedsError as error:
            return Refreshed(feed.key, Result.FAILED, problem=str(error))
        except DatabaseError as error:
            logger.warning("feed %s could not be stored: %s", feed.key, error)
            return Refreshed(feed.key, Result.FAILED, problem="取得した内容をデータベースに保存できませんでした。")
        except Exception as error:  # a worker's loop: it records, and goes on with the next feed
            logger.exception("feed %s could not be refreshed", feed.key)
            return Refreshed(
                feed.key, Result.FAILED, problem=f"巡回の途中で問題が起きました（{type(error).__name__}）。"
            )
