"""`newsletter submissions remind`: a reminder to the members from whom nothing has come in yet."""

from __future__ import annotations

from datetime import timedelta

import click

from newsletter.cli.base import django_command, json_option, print_json
from newsletter.cli.submission_link import end_of_day
from newsletter.cli.terminal import say

DAYS = 30  # what came in within a month is for this issue


@click.command()
@click.option("--deadline", required=True, metavar="日付", help="投稿の締切。リンクもこの日の終わりまで使えます。")
@click.option("--since", metavar="日付", help=f"この日からあとに投稿した会員には送りません（省くと{DAYS}日前）。")
@click.option("--dry-run", is_flag=True, help="だれに送るかを表示するだけで、送りません。")
@json_option
@django_command
def remind(deadline: str, since: str | None, dry_run: bool, as_json: bool) -> None:
    """まだ投稿のない会員の担当者に、締切のお知らせをメールで送ります。"""
    from django.db import transaction
    from django.utils import timezone

    from feeds import submissions
    from newsletter import letters, tasks

    now = timezone.now()
    expires_at = end_of_day(deadline, now, "--deadline")
    begins = end_of_day(since, now, "--since", past=True) if since else now - timedelta(days=DAYS)
    people = submissions.silent_contributors(begins)
    if not dry_run and people:
        with transaction.atomic():
            for person in people:
                letters.send_reminder(person, timezone.localtime(expires_at).date(), expires_at, now)
            transaction.on_commit(tasks.wake_letters, robust=True)
    if as_json:
        print_json(
            {"dry_run": dry_run, "members": sorted({person.member.key for person in people}), "letters": len(people)}
        )
        return
    for person in people:
        say(f"{person.member.name}　{person.name or person.section}")
    say(f"{len(people)}人に{'送ります（まだ送っていません）' if dry_run else 'メールを送ります'}。", err=True)
