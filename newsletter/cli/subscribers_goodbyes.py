"""`newsletter subscribers goodbyes`: what was taken while the database could not be written."""

from __future__ import annotations

import click

from newsletter.cli.base import EXIT_FAILED, django_command, json_option, print_json


@click.command()
@click.option("--dry-run", is_flag=True, help="待っている件数を示すだけで、記録しません。")
@json_option
@django_command
def goodbyes(dry_run: bool, as_json: bool) -> None:
    """データベースが使えないあいだに受け付けた配信停止を、記録します（毎分自動でも動きます）。

    待っているあいだも、その方々へは送りません。データベースがまだ使えないときは、待ったまま終了コード1で終わります。
    """
    from django.utils import timezone

    from newsletter import departures
    from newsletter import goodbyes as waiting_room

    entered = 0 if dry_run else departures.enter_waiting(timezone.now())
    waiting = waiting_room.waiting()
    if as_json:
        print_json({"dry_run": dry_run, "entered": entered, "waiting": [one.at for one in waiting]})
    else:
        if not dry_run:
            click.echo(f"{entered:,}件を記録しました。" if entered else "記録したものはありません。")
        if waiting:
            oldest = timezone.localtime(waiting[0].at)
            click.echo(f"待っている配信停止: {len(waiting):,}件（最も古いものは{oldest:%Y-%m-%d %H:%M}）")
        else:
            click.echo("待っている配信停止はありません。")
    if waiting and not dry_run:
        raise click.exceptions.Exit(EXIT_FAILED)
