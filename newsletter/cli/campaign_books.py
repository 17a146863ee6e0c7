"""`newsletter campaign report|doubt|sweep`: what the books say, and what a person decides about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli import campaign_words as words
from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import Campaign, Delivery
    from newsletter.reports import Report

PROVIDERS = 30  # lines of the report: a few large ones matter, and every small domain is one


@click.command("report")
@click.argument("number", type=click.IntRange(min=1), metavar="[配信番号]", required=False)
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="ファイル",
    help="宛先ごとの結果をCSVに書き出します。メールアドレスを含むので、取り扱いに注意してください。",
)  # fmt: skip
@json_option
@django_command
def report(number: int | None, file: Path | None, as_json: bool) -> None:
    """配信の結果を、状態と理由ごとに数えます。番号を省くと、最新の配信です。"""
    from newsletter import campaigns, reports

    chosen = campaigns.find(number) if number else campaigns.latest()
    made = reports.report(chosen)
    if as_json:
        print_json(words.report_facts(made) | words.books_facts(chosen))
    else:
        print_facts(words.report_lines(made))
        _print_books(made)
    if file:
        count = reports.write_recipients(chosen, file)
        say(f"{file} に {count:,}件を書き出しました（本人だけが読める設定です）。", err=True)


def _print_books(made: Report) -> None:
    """Who did not get it and why, the reply codes, the providers."""
    from newsletter import reports

    if made.lines:
        say()
        rows = ((line.label, line.count, line.reply_code or "", line.reason) for line in made.lines)
        print_rows(("状態", "件数", "応答", "理由"), rows)
    if codes := reports.by_code(made.campaign):
        say()
        print_rows(("応答コード", "件数"), codes.items())
    lines = reports.by_provider(made.campaign)
    if lines:
        say()
        headings = ("受信側", "宛先", "送信済み", "再送待ち", "拒否", "期限切れ", "不明", "不達")
        states = ("sent", "deferred", "refused", "expired", "in_doubt", "bounced")
        print_rows(
            headings,
            ((line.label, line.total, *(line.states.get(state, 0) for state in states)) for line in lines[:PROVIDERS]),
        )
        if len(lines) > PROVIDERS:
            say(f"ほかに{len(lines) - PROVIDERS}の受信側があります（--json ですべて出力します）。")


@click.command("excluded")
@click.argument("number", type=click.IntRange(min=1), metavar="[配信番号]", required=False)
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="ファイル",
    help="ひとりずつの理由をCSVに書き出します。メールアドレスを含むので、取り扱いに注意してください。",
)  # fmt: skip
@json_option
@django_command
def excluded(number: int | None, file: Path | None, as_json: bool) -> None:
    """候補のうち、配信を始めるときに外した人を、理由ごとに数えます。番号を省くと、最新の配信です。"""
    from newsletter import campaigns, reports
    from newsletter.models import Exclusion

    chosen = campaigns.find(number) if number else campaigns.latest()
    reasons = reports.excluded(chosen)
    if as_json:
        print_json({"campaign": chosen.pk, "excluded": reasons})
    elif reasons:
        print_rows(("理由", "件数"), ((Exclusion.Reason(reason).label, count) for reason, count in reasons.items()))
        if chosen.finished_at and not chosen.rehearsal and (offer := campaigns.offer_newly_eligible(chosen)):
            say(offer, err=True)
    else:
        say("外した人はいません。")
    if file:
        count = reports.write_excluded(chosen, file)
        say(f"{file} に {count:,}件を書き出しました（本人だけが読める設定です）。", err=True)


@click.command("doubt")
@click.argument("number", type=click.IntRange(min=1), metavar="[配信番号]", required=False)
@click.option(
    "--delivery",
    "ids",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="台帳番号",
    help="この1件だけ。何度でも指定できます。",
)
@click.option("--treat-as-sent", "as_sent", is_flag=True, help="届いたものとして扱います。")
@click.option("--resend", is_flag=True, help="もう一度送ります（二重に届くことがあります）。")
@click.option("--by", "person", default="", metavar="名前", help="判断した人の名前。決めるときに必要です。")
@json_option
@django_command
def doubt(number: int | None, ids: tuple[int, ...], as_sent: bool, resend: bool, person: str, as_json: bool) -> None:
    """届いたかどうか不明なものを一覧にし、名前を記して決めます。決めるまで、送り直されることはありません。"""
    from newsletter import campaigns, reports

    if as_sent and resend:
        raise click.UsageError("--treat-as-sent と --resend は、どちらか一方だけを指定してください。")
    rows = reports.doubtful(campaigns.find(number) if number else None)
    if ids:
        unknown = set(ids) - {row.pk for row in rows}
        if unknown:
            fail(f"不明のなかに、台帳番号 {'、'.join(map(str, sorted(unknown)))} はありません。")
        rows = [row for row in rows if row.pk in ids]
    if as_sent or resend:
        _decide(rows, person, as_sent, as_json)
    elif as_json:
        print_json([words.doubt_facts(row) for row in rows])
    else:
        _list(rows)


def _list(rows: list[Delivery]) -> None:
    if not rows:
        say("不明なものはありません。")
        return
    print_rows(
        ("台帳番号", "配信", "いつから", "試行", "理由"),
        ((row.pk, _what(row), words.moment(row.settled_at), row.tries, row.reason) for row in rows),
    )
    say(
        "届いたものとして扱う: newsletter campaign doubt [配信番号] --treat-as-sent --by 名前\n"
        "もう一度送る: newsletter campaign doubt [配信番号] --resend --by 名前",
        err=True,
    )


def _what(row: Delivery) -> str:
    if row.campaign is not None:
        return words.campaign_line(row.campaign)
    return f"個別メール {row.letter.kind if row.letter else ''}"


def _decide(rows: list[Delivery], person: str, as_sent: bool, as_json: bool) -> None:
    from django.utils import timezone

    from newsletter import campaigns, doubt

    if not person.strip():
        raise click.UsageError("判断した人の名前を --by で指定してください。")
    ids, now = [row.pk for row in rows], timezone.now()
    decided = (
        doubt.treat_as_sent(ids, person.strip(), now) if as_sent else campaigns.send_again(ids, person.strip(), now)
    )
    if as_json:
        print_json({"decided": decided, "as": "sent" if as_sent else "queued", "by": person.strip()})
        return
    say(f"{decided}件を{'送信済みとしました' if as_sent else 'もう一度送る列に戻しました'}。")
    for campaign in _waiting(rows) if not as_sent else ():
        say(f"送るとき: newsletter campaign resume {campaign.pk}", err=True)


def _waiting(rows: list[Delivery]) -> list[Campaign]:
    return list({row.campaign.pk: row.campaign for row in rows if row.campaign is not None}.values())


@click.command("sweep")
@json_option
@django_command
def sweep(as_json: bool) -> None:
    """途中で消えた処理が持っていた宛先を「不明」にします。newsletter work は毎分これをします。"""
    from django.utils import timezone

    from newsletter.sweep import sweep as sweep_claims

    count = sweep_claims(timezone.now())
    if as_json:
        print_json({"in_doubt": count})
    else:
        say(f"{count}件を「不明」にしました。" if count else "途中で消えた処理はありません。")
