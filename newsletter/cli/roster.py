"""`newsletter roster …`: 宛先の確認, the yearly question to members who of their people is still there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import by_option, django_command, fail, json_option, print_json
from newsletter.cli.listing import print_rows
from newsletter.cli.roster_answers import apply, import_form, show, undo
from newsletter.cli.terminal import printable, say

if TYPE_CHECKING:
    from newsletter.models import RosterSheet
    from newsletter.roster.board import BoardRow
    from newsletter.roster.rounds import Posted


@click.group()
def roster() -> None:
    """4月の人事異動に合わせて、会員に宛先の確認をお願いし、回答を名簿に反映します。"""


roster.add_command(show)
roster.add_command(import_form)
roster.add_command(apply)
roster.add_command(undo)


@roster.command("open")
@click.argument("year", metavar="年度", type=click.IntRange(2020, 2100))
@click.option("--deadline", required=True, metavar="日付", help="回答の期限。リンクはこの日の終わりまで使えます。")
@by_option
@json_option
@django_command
def open_(year: int, deadline: str, person: str, as_json: bool) -> None:
    """宛先の確認を始めます（まだ送りません）。同じ年度でもう一度実行すると、期限を改めます。"""
    from django.utils import timezone

    from newsletter.roster import rounds

    opened, is_new = rounds.open_round(year, _day(deadline), person, timezone.now())
    sheets = opened.sheets.count()
    if as_json:
        print_json({"year": year, "deadline": opened.deadline, "new": is_new, "members": sheets})
        return
    say(f"{opened}を始めました。" if is_new else f"{opened}の期限を改めました。")
    say(f"期限 {opened.deadline:%Y-%m-%d}、会員 {sheets}。送るには newsletter roster send を実行してください。")


@roster.command()
@click.argument("members", metavar="[会員]...", nargs=-1)
@click.option("--link-only", is_flag=True, help="Excelの様式を添付せず、リンクだけを送ります。")
@click.option("--dry-run", is_flag=True, help="だれに送るかを表示するだけで、送りません。")
@json_option
@django_command
def send(members: tuple[str, ...], link_only: bool, dry_run: bool, as_json: bool) -> None:
    """まだ送っていない会員（または指定した会員）の担当者に、宛先の確認のお願いを送ります。"""
    from django.db import transaction
    from django.utils import timezone

    from newsletter import tasks
    from newsletter.roster import rounds

    sheets = _chosen(rounds.unsent(rounds.current()), members)
    if dry_run:
        _report(rounds.contributors_of(sheets), dry_run, as_json)
        return
    with transaction.atomic():
        posted = rounds.send(sheets, timezone.now(), link_only=link_only)
        transaction.on_commit(tasks.wake_letters, robust=True)
    _report(posted, dry_run, as_json)


@roster.command()
@click.argument("members", metavar="[会員]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="だれに送るかを表示するだけで、送りません。")
@json_option
@django_command
def remind(members: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """送ったのに回答のない会員の担当者に、もう一度お願いします（20時間以内に送った会員は除きます）。"""
    from django.db import transaction
    from django.utils import timezone

    from newsletter import tasks
    from newsletter.roster import rounds

    now = timezone.now()
    sheets = _chosen(rounds.silent(rounds.current(), now), members)
    if dry_run:
        _report(rounds.contributors_of(sheets), dry_run, as_json)
        return
    with transaction.atomic():
        posted = rounds.remind(sheets, now)
        transaction.on_commit(tasks.wake_letters, robust=True)
    _report(posted, dry_run, as_json)


@roster.command("board")
@json_option
@django_command
def board_(as_json: bool) -> None:
    """会員ごとに、送付・回答・反映の様子を一覧にします。開封したかどうかは記録していません。"""
    from django.utils import timezone

    from newsletter.roster import board, rounds

    current = rounds.current()
    rows = board.board(current, timezone.localdate())
    totals = board.totals(rows)
    if as_json:
        print_json(
            {"year": current.year, "deadline": current.deadline, "closed_at": current.closed_at}
            | {
                "totals": {str(standing): number for standing, number in totals},
                "members": [_facts(row) for row in rows],
            }
        )
        return
    closed = f"（{current.closed_at:%Y-%m-%d} に締めました）" if current.closed_at else ""
    say(f"{current}　期限 {current.deadline:%Y-%m-%d}{closed}")
    say("、".join(f"{standing.label} {number}" for standing, number in totals) or "会員がありません。")
    print_rows(
        ("会員", "状態", "宛先", "送付", "督促", "不達", "回答", "回答者", "内容"),
        (
            (
                row.member, row.standing.label, row.people, _moment(row.sheet.sent_at), _moment(row.sheet.reminded_at),
                f"{row.failed}通" if row.failed else "", _moment(row.answer.at if row.answer else None),
                row.answer.by_name if row.answer else "", row.summary,
            )
            for row in rows
        ),
    )  # fmt: skip


@roster.command()
@click.argument("member_name", metavar="会員")
@json_option
@django_command
def link(member_name: str, as_json: bool) -> None:
    """会員専用の確認ページのリンクを表示します（電話で問い合わせを受けたときなど）。"""
    from feeds import members
    from newsletter.roster import rounds

    sheet = rounds.sheet_of(members.find(member_name))
    url = rounds.link(sheet)
    if as_json:
        print_json({"member": sheet.member.name, "url": url, "expires_at": rounds.expires_at(sheet.round).isoformat()})
        return
    say(url)
    say(f"{sheet.member.name}専用、{sheet.round.deadline:%Y-%m-%d} の終わりまで有効です。", err=True)


@roster.command()
@click.argument("member_name", metavar="会員")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="ファイル", help="書き出す先。")
@click.option("--force", is_flag=True, help="同じ名前のファイルがあれば上書きします。")
@json_option
@django_command
def form(member_name: str, output: Path | None, force: bool, as_json: bool) -> None:
    """会員の宛先を入れたExcelの様式を作ります。"""
    from feeds import members
    from newsletter.roster import files, rounds

    sheet = rounds.sheet_of(members.find(member_name))
    path = output or Path(f"宛先の確認_{sheet.round.year}年度_{sheet.member.name}.xlsx")
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(files.form_of(sheet))
    except FileExistsError:
        fail(f"{path} はすでにあります。-o で別の名前にするか、--force で上書きしてください。")
    if as_json:
        print_json({"member": sheet.member.name, "reference": sheet.reference, "file": str(path)})
    else:
        say(f"{sheet.member.name}の様式を作りました：{path}")


@roster.command()
@click.option("--yes", is_flag=True, help="確認せずに締めます。")
@by_option
@json_option
@django_command
def close(yes: bool, person: str, as_json: bool) -> None:
    """宛先の確認を締めます。リンクは使えなくなり、反映しなかった回答の内容は消します。"""
    from django.utils import timezone

    from newsletter.roster import board, rounds

    current = rounds.current()
    waiting = [row for row in board.board(current, timezone.localdate()) if row.standing is board.Standing.ANSWERED]
    names = "、".join(row.member.name for row in waiting)
    if waiting and not yes and not click.confirm(printable(f"まだ反映していない回答があります（{names}）。締めますか")):
        fail("締めませんでした。newsletter roster apply 会員 で反映できます。")
    closed = rounds.close(current, person, timezone.now())
    if as_json:
        print_json(
            {"year": closed.year, "closed_at": closed.closed_at, "unapplied": [row.member.key for row in waiting]}
        )
    else:
        say(f"{closed}を締めました。")


# ------------------------------------------------------------ what they share
def _day(text: str) -> date:
    from feeds.japanese_dates import DateError, read_date

    try:
        return read_date(text)
    except DateError as error:
        raise click.BadParameter(str(error), param_hint="--deadline") from error


def _chosen(sheets: Sequence[RosterSheet], names: Sequence[str]) -> list[RosterSheet]:
    """The sheets of the named members, or all of them."""
    from feeds import members

    if not names:
        return list(sheets)
    wanted = {member.pk: member for member in map(members.find, names)}
    chosen = [sheet for sheet in sheets if sheet.member_id in wanted]
    missing = set(wanted) - {sheet.member_id for sheet in chosen}
    if missing:
        words = "、".join(member.name for pk, member in wanted.items() if pk in missing)
        fail(f"{words}には送れません。送付や回答が済んでいないか、newsletter roster board で確かめてください。")
    return chosen


def _report(posted: Posted, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "letters": len(posted.contributors),
                "members": list(dict.fromkeys(person.member.key for person in posted.contributors)),
                "unreachable": [member.key for member in posted.unreachable],
            }
        )
        return
    for person in posted.contributors:
        say(f"{person.member.name}　{person.name or person.section}")
    for member in posted.unreachable:
        say(
            f"ご注意: {member.name}には担当者が登録されていないので、送れません。"
            f"newsletter submissions contributor add {member.key} --email … で登録してください。",
            err=True,
        )
    done = "送ります（まだ送っていません）" if dry_run else "メールを送ります"
    say(f"{len(posted.contributors)}人に{done}。", err=True)


def _facts(row: BoardRow) -> dict[str, Any]:
    answer = row.answer
    return {
        "member": row.member.name,
        "member_key": row.member.key,
        "standing": str(row.standing),
        "label": row.standing.label,
        "people": row.people,
        "sent_at": row.sheet.sent_at,
        "reminded_at": row.sheet.reminded_at,
        "letters": row.letters,
        "failed": row.failed,
        "answered_at": answer.at if answer else None,
        "answered_by": answer.by_name if answer else "",
        "door": answer.door if answer else "",
        "applied_at": answer.applied_at if answer and row.standing == "applied" else None,
        "summary": row.summary,
    }


def _moment(at: Any) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%m-%d %H:%M}" if at else ""
