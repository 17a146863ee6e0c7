"""`newsletter submissions link`: a member's own link to the submission form."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import click

from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.terminal import say

DAYS = 30  # a month and its issue; whoever needs longer says so with --until


@click.command()
@click.argument("member_name", metavar="会員")
@click.option("--until", metavar="日付", help=f"この日の終わりまで使えます（省くと{DAYS}日後まで）。例：2026-11-30")
@click.option("--send", is_flag=True, help="会員の担当者全員にメールで送ります。")
@json_option
@django_command
def link(member_name: str, until: str | None, send: bool, as_json: bool) -> None:
    """会員専用の投稿フォームのリンクを作ります。"""
    from django.db import transaction
    from django.utils import timezone

    from feeds import members
    from newsletter import letters, links, tasks

    now = timezone.now()
    expires_at = end_of_day(until, now, "--until")
    member = members.find(member_name)
    people = list(member.contributors.filter(active=True)) if send else []
    if send and not people:
        fail(
            f"{member.name}の担当者が登録されていません。"
            f"newsletter submissions contributor add {member.key} --email … で登録してください。"
        )
    with transaction.atomic():
        for person in people:
            letters.send_submission_link(person, expires_at, now)
        if people:
            transaction.on_commit(tasks.wake_letters, robust=True)
    url = links.submission_url(member.key, expires_at)
    if as_json:
        print_json({"member": member.name, "url": url, "expires_at": expires_at.isoformat(), "sent": len(people)})
        return
    say(url)
    say(f"{member.name}専用、{timezone.localtime(expires_at):%Y-%m-%d %H:%M}まで有効です。", err=True)
    if people:
        say(f"担当者{len(people)}人にメールを送ります。", err=True)


def end_of_day(text: str | None, now: datetime, option: str, *, past: bool = False) -> datetime:
    """The last second of the day that `text` names (30 days from now if none); BadParameter if it cannot be."""
    from django.utils import timezone

    from feeds.japanese_dates import DateError, read_date

    if text is None:
        day = timezone.localdate(now) + timedelta(days=DAYS)
    else:
        try:
            day = read_date(text)
        except DateError as error:
            raise click.BadParameter(str(error), param_hint=option) from error
    moment = timezone.make_aware(datetime.combine(day, time(23, 59, 59)))
    if moment <= now and not past:
        raise click.BadParameter("過ぎた日です。きょう以降の日付を書いてください。", param_hint=option)
    return moment
