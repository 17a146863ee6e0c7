"""`newsletter feeds …`: register sources, poll them, see how they are."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from newsletter.cli import feeds_report as report
from newsletter.cli.base import EXIT_FAILED, django_command, fail, json_option, print_json
from newsletter.cli.feeds_read import read
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from feeds.models import Feed

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
SHORTEST_INTERVAL, LONGEST_INTERVAL = 10, 7 * 24 * 60  # minutes
key_argument = click.argument("key", metavar="キー")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def feeds() -> None:
    """情報源（フィード）を登録し、巡回し、状態を確認します。"""


feeds.add_command(read)


@feeds.command("add")
@click.argument("url", metavar="アドレス")
@click.option(
    "--key", default="", metavar="キー", help="英小文字・数字・-_ の短い名前。省くと、サーバの名前から作ります。"
)
@click.option("--name", default="", metavar="名称", help="掲載する情報源の名称。省くと、キーと同じ。")
@click.option("--language", default="en", show_default=True, metavar="言語", help="記事の言語（ja、en など）。")
@click.option("--section", default="", metavar="欄", help="記事を提案する欄のキー。")
@click.option("--licence", default="", metavar="条件", help="記事の利用条件。")
@click.option("--credit", default="", metavar="表記", help="掲載するときのクレジット表記。")
@click.option(
    "--interval",
    default=360,
    show_default=True,
    type=click.IntRange(SHORTEST_INTERVAL, LONGEST_INTERVAL),
    metavar="分",
    help="巡回の間隔（分）。",
)
@json_option
@django_command
def add(url: str, key: str, name: str, as_json: bool, interval: int, **fields: str) -> None:
    """フィードを登録します。ここでは取得しません。続けて feeds refresh キー を実行すると、すぐに確かめられます。"""
    from feeds.guard import check_url

    check_url(url)
    _check_section(fields["section"])
    if key and not KEY.fullmatch(key):
        fail(f"キー {key} は使えません。英小文字・数字・-・_ だけで、40文字までにしてください。")
    feed = _register(url, key, name, interval, fields)
    if as_json:
        print_json(report.feed_facts(feed))
    else:
        say(f"登録しました。{feed.name}（{feed.key}） {feed.url}")


def _register(url: str, key: str, name: str, interval: int, fields: dict[str, str]) -> Feed:
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from feeds.models import Feed

    with transaction.atomic():
        taken = Feed.objects.filter(url=url).first()
        if taken:
            fail(f"このアドレスは {taken.name}（{taken.key}）として登録済みです。")
        if key and Feed.objects.filter(key=key).exists():
            fail(f"キー {key} は使われています。ほかのキーを指定してください。")
        key = key or _free_key(url)
        feed = Feed(url=url, key=key, name=name.strip() or key, interval_minutes=interval, **fields)
        try:
            feed.full_clean()
        except ValidationError as error:
            labels = {field.name: str(getattr(field, "verbose_name", field.name)) for field in Feed._meta.get_fields()}
            problems = (f"{labels.get(field, field)}: {' '.join(words)}" for field, words in error.message_dict.items())
            fail("登録できません。" + " ".join(problems))
        feed.save()
    return feed


def _free_key(url: str) -> str:
    """A key from the host's name: `www.city.example.jp` -> `city-example-jp`, with a number if that is taken."""
    from urllib.parse import urlsplit

    from feeds.models import Feed

    host = (urlsplit(url).hostname or "").removeprefix("www.")
    stem = re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:36] or "feed"
    taken = set(Feed.objects.filter(key__startswith=stem).values_list("key", flat=True))
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(key for key in numbered if key not in taken)


def _check_section(section: str) -> None:
    from newsletter import profile

    known = profile.current_or_none()
    keys = [row.key for row in known.sections] if known else []
    if section and keys and section not in keys:
        fail(f"{section} という欄はありません。欄のキー: {'、'.join(keys)}")


@feeds.command("list")
@json_option
@django_command
def list_(as_json: bool) -> None:
    """登録したフィードと、その状態の一覧を表示します。"""
    from django.db.models import Count

    from feeds.models import Feed

    rows = list(Feed.objects.annotate(entry_count=Count("entries")))
    if as_json:
        print_json([report.feed_facts(feed) | {"entries": feed.entry_count} for feed in rows])
        return
    report.print_feeds([(feed, feed.entry_count) for feed in rows])
    if not rows:
        say("フィードはまだありません。newsletter feeds add アドレス で登録してください。", err=True)


@feeds.command("show")
@key_argument
@click.option(
    "--entries", "count", default=10, show_default=True, type=click.IntRange(0, 500), help="表示する記事の数。"
)
@json_option
@django_command
def show(key: str, count: int, as_json: bool) -> None:
    """フィードの登録内容と状態、新しい記事を表示します。"""
    feed = _find(key)
    total, entries = feed.entries.count(), list(feed.entries.all()[:count])
    if as_json:
        latest = [report.entry_facts(entry) for entry in entries]
        print_json(report.feed_facts(feed) | {"entries": total, "latest": latest})
    else:
        report.print_feed(feed, total, entries)


@feeds.command("pause")
@key_argument
@click.option("--off", is_flag=True, help="停止を取り消し、巡回を再開します（resume と同じ）。")
@json_option
@django_command
def pause(key: str, off: bool, as_json: bool) -> None:
    """フィードの巡回を止めます。記事は残ります。"""
    _switch(key, paused=not off, as_json=as_json)


@feeds.command("resume")
@key_argument
@json_option
@django_command
def resume(key: str, as_json: bool) -> None:
    """止めたフィードや、廃止（410）とされたフィードの巡回を再開します。"""
    _switch(key, paused=False, as_json=as_json)


def _switch(key: str, *, paused: bool, as_json: bool) -> None:
    from django.utils import timezone

    from feeds.models import Feed

    feed = _find(key)
    if paused:
        feed.state = Feed.State.PAUSED
    elif feed.state != Feed.State.ACTIVE:
        feed.state, feed.failures, feed.next_poll_at = Feed.State.ACTIVE, 0, timezone.now()
    feed.save(update_fields=["state", "failures", "next_poll_at"])
    if as_json:
        print_json(report.feed_facts(feed))
    else:
        say(f"{feed.name}（{feed.key}）: {feed.get_state_display()}")


@feeds.command(
    "refresh",
    short_help="フィードを巡回し、新しい記事を取り込みます。",
    help="フィードを巡回し、新しい記事を取り込みます。キーを省くと、予定の時刻が来たものだけを巡回します。\n\n"
    "終了コードは、キーで指定したフィードに失敗があったとき、または全部失敗したときに1、それ以外は0です。"
    "一つの失敗で、ほかの巡回は止まりません。",
)
@click.argument("keys", metavar="[キー]...", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="予定の時刻にかかわらず、停止中と廃止を除くすべてを巡回します。"
)
@json_option
@django_command
def refresh(keys: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Poll the named feeds, all, or the due ones."""
    from django.utils import timezone

    from feeds import refresh as polling

    if keys and everything:
        raise click.UsageError("キーと --all は一緒に使えません。")
    now = timezone.now()
    wanted = _wanted(keys, everything, now)
    with report.progress(len(wanted)) as advance:
        rows = polling.refresh_feeds(wanted, now, polling.limits_from_settings(), on_done=advance)
    if as_json:
        print_json([report.refreshed_facts(row) for row in rows])
    else:
        report.print_refreshed(rows)
    failed = [row for row in rows if row.result.is_problem]
    if failed and (keys or len(failed) == len(rows)):
        sys.exit(EXIT_FAILED)


def _wanted(keys: tuple[str, ...], everything: bool, now: datetime) -> list[Feed]:
    from feeds.models import Feed
    from feeds.refresh import due_feeds

    if keys:
        return [_find(key) for key in dict.fromkeys(keys)]
    if everything:
        return list(Feed.objects.filter(state=Feed.State.ACTIVE))
    return list(due_feeds(now))


def _find(key: str) -> Feed:
    from feeds.models import Feed

    feed = Feed.objects.filter(key=key).first()
    if feed is None:
        fail(f"{key} というキーのフィードはありません。newsletter feeds list で確かめてください。")
    return feed
