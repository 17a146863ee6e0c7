"""How feeds, their entries and a round of polling are told: to people, and as JSON."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.cli.base import is_terminal
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from feeds.models import Entry, Feed
    from feeds.refresh import Refreshed

NOT_YET = "―"


def feed_facts(feed: Feed) -> dict[str, Any]:
    """A feed and its health, for JSON."""
    return {
        "key": feed.key,
        "name": feed.name,
        "url": feed.url,
        "language": feed.language,
        "section": feed.section,
        "licence": feed.licence,
        "credit": feed.credit,
        "state": str(feed.state),
        "interval_minutes": feed.interval_minutes,
        "last_polled_at": _iso(feed.last_polled_at),
        "last_success_at": _iso(feed.last_success_at),
        "last_new_entry_at": _iso(feed.last_new_entry_at),
        "next_poll_at": _iso(feed.next_poll_at),
        "failures": feed.failures,
        "last_error": feed.last_error,
    }


def entry_facts(entry: Entry) -> dict[str, Any]:
    """An entry, for JSON."""
    return {
        "id": entry.pk,
        "title": entry.title,
        "url": entry.url,
        "published_at": _iso(entry.published_at),
        "seen_at": _iso(entry.seen_at),
        "changed_at": _iso(entry.changed_at),
    }


def refreshed_facts(row: Refreshed) -> dict[str, Any]:
    """What became of one poll, for JSON."""
    return {
        "key": row.key,
        "result": row.result.value,
        "new": row.new,
        "changed": row.changed,
        "same": row.same,
        "duplicates": row.duplicates,
        "problem": row.problem,
        "seconds": row.seconds,
        "next_poll_at": _iso(row.next_poll_at),
    }


def print_feeds(rows: Iterable[tuple[Feed, int]]) -> None:
    """One line per feed, with the number of its entries."""
    headings = ("キー", "名称", "状態", "記事", "前の成功", "前の新着", "次の巡回", "直近の問題")
    print_rows(headings, [_feed_row(feed, entries) for feed, entries in rows])


def _feed_row(feed: Feed, entries: int) -> tuple[object, ...]:
    return (
        feed.key,
        feed.name,
        feed.get_state_display(),
        entries,
        _moment(feed.last_success_at),
        _moment(feed.last_new_entry_at),
        _next_poll(feed),
        feed.last_error,
    )


def print_feed(feed: Feed, total: int, entries: Iterable[Entry]) -> None:
    """Everything about one feed, and its latest entries."""
    print_facts(
        (
            ("キー", feed.key),
            ("名称", feed.name),
            ("アドレス", feed.url),
            ("言語", feed.language),
            ("欄", feed.section or NOT_YET),
            ("利用条件", feed.licence or NOT_YET),
            ("クレジット表記", feed.credit or NOT_YET),
            ("状態", feed.get_state_display()),
            ("巡回の間隔", f"{feed.interval_minutes}分"),
            ("前の巡回", _moment(feed.last_polled_at)),
            ("前の成功", _moment(feed.last_success_at)),
            ("前の新着", _moment(feed.last_new_entry_at)),
            ("次の巡回", _next_poll(feed)),
            ("連続失敗", f"{feed.failures}回"),
            ("直近の問題", feed.last_error or NOT_YET),
            ("記事", f"{total}件"),
        )
    )
    for entry in entries:
        say(f"  {entry.pk} {_moment(entry.published_at or entry.seen_at)} {entry.title}")
        if entry.url:
            say(f"      {entry.url}")


def print_refreshed(rows: Sequence[Refreshed]) -> None:
    """One line per poll and a sum; the problems stand in full."""
    if not rows:
        say("巡回するフィードはありません。")
        return
    headings = ("キー", "結果", "新着", "変更", "重複", "問題")
    print_rows(
        headings, [(row.key, row.result.label, row.new, row.changed, row.duplicates, row.problem) for row in rows]
    )
    counts = Counter(row.result for row in rows)
    results = "、".join(f"{result.label} {count}" for result, count in counts.items())
    say(f"新しい記事 {sum(row.new for row in rows)}件（{results}）")


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[Refreshed], None]]:
    """A progress bar for people; for a pipe, nothing."""
    if not total or not is_terminal():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("巡回中"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda row: bar.update(task, advance=1, description=f"{row.key} {row.result.label}")


def _moment(moment: datetime | None) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else NOT_YET


def _next_poll(feed: Feed) -> str:
    return _moment(feed.next_poll_at) if feed.state == type(feed).State.ACTIVE else NOT_YET


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
