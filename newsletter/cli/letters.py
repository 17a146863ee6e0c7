"""`newsletter letters …`: confirmations, receipts and other one-off mail."""

from __future__ import annotations

import click

from newsletter.cli import campaign_words as words
from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.listing import print_rows


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def letters() -> None:
    """確認メール、受付のお知らせなど、1通ずつのメールを送ります。"""


@letters.command("send")
@json_option
@django_command
def send(as_json: bool) -> None:
    """待っている個別メールを、いま送ります。newsletter work は毎分これをします。"""
    from newsletter import sending

    run = sending.send_letters()
    counts = {state: count for state, count in run.progress.states.items() if count}
    if as_json:
        print_json({"waiting": run.progress.total, "states": counts, "stopped": run.words})
    else:
        click.echo(f"{counts.get('sent', 0)}通を送りました（待っていたのは{run.progress.total}通）。")
    if run.words:
        fail(f"途中で止まりました。送れなかったものは待機のまま残っています。{run.words}")


@letters.command("list")
@click.option("--unsent", is_flag=True, help="まだ送り終えていないものだけ。")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="件数", help="表示する数。"
)
@json_option
@django_command
def list_(unsent: bool, limit: int, as_json: bool) -> None:
    """個別メールの一覧を、新しい順に表示します。"""
    from newsletter import reports

    rows = reports.letters(unsent_only=unsent, limit=limit)
    if as_json:
        print_json([words.letter_facts(row) for row in rows])
        return
    if not rows:
        click.echo("個別メールはありません。")
        return
    print_rows(
        ("台帳番号", "種類", "作成", "状態", "試行", "次の再送", "理由"),
        [
            (
                row.pk, row.letter.kind if row.letter else "", words.moment(row.queued_at), row.get_state_display(),
                row.tries, words.moment(row.retry_at), row.reason,
            )
            for row in rows
        ],
    )  # fmt: skip
