"""`newsletter adopt`: a named person says that this machine may send from this database."""

from __future__ import annotations

import click

from newsletter.cli.base import django_command, json_option, print_json
from newsletter.cli.terminal import say


@click.command()
@click.option("--by", "person", required=True, metavar="名前", help="引き継ぐ人の名前（記録に残ります）。")
@click.option("--join", is_flag=True, help="戻したものではなく、動いているデータベースに、この機械を加えます。")
@json_option
@django_command
def adopt(person: str, join: bool, as_json: bool) -> None:
    """バックアップから戻したデータベースで、この機械が送信できるようにします。途中の配信はすべて止めます。"""
    from django.utils import timezone

    from newsletter import adoption

    now = timezone.now()
    if join:
        adoption.join(person, now)
        adopted = adoption.Adopted()
    else:
        adopted = adoption.adopt_restored(person, now)
    if as_json:
        facts = {"paused": adopted.paused, "postponed": adopted.postponed, "in_doubt": adopted.in_doubt}
        print_json({"by": person, "joined": join, **facts})
        return
    say("この機械から送信できるようにしました。")
    for number in adopted.paused:
        say(f"配信 {number} を止めました。続けるとき: newsletter campaign resume {number}")
    for number in adopted.postponed:
        say(f"配信 {number} の予定を外しました。送るとき: newsletter campaign send --campaign {number}")
    if adopted.in_doubt:
        say(
            f"{adopted.in_doubt:,}件は、バックアップのあとに送ったかもしれないので「不明」にしました。"
            "決めるとき: newsletter campaign doubt"
        )
