"""`newsletter issue correct` and `corrections`: put right in the archive what went out wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import by_option, django_command, json_option, print_json
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import Correction


@click.command("correct")
@click.argument("name", metavar="号")
@click.argument("number", type=click.IntRange(min=0), metavar="番号")
@click.option(
    "--old", required=True, metavar="文字", help="誤り。載っているとおりの文字で、その記事に1か所だけのもの。"
)
@click.option("--new", required=True, metavar="文字", help='正しい文字。空（""）にすると、削除の訂正になります。')
@click.option("--note", default="", metavar="説明", help="読者への説明（ページに載ります）。")
@by_option
@json_option
@django_command
def correct(name: str, number: int, old: str, new: str, note: str, person: str, as_json: bool) -> None:
    """配信したあとの訂正を記録し、ウェブの号・記事・テキスト版に載せます。番号は紙面の番号、0 は号の全体です。

    訂正した人の名前は記録に残りますが、ページには載りません。お送りした版とアドレスは変わりません。
    """
    from django.utils import timezone

    from newsletter import corrections, issues, links

    chosen = issues.find_issue(name)
    correction = corrections.correct(chosen, number, old, new, person, timezone.now(), note=note)
    page = links.item_url(chosen, number) if number else links.issue_url(chosen)
    if as_json:
        print_json({**_facts(correction), "url": page})
        return
    say(f"訂正しました。{_line(correction)}\n{page}")


@click.command("corrections")
@click.argument("name", metavar="[号]", default="")
@json_option
@django_command
def corrections(name: str, as_json: bool) -> None:
    """訂正の記録を、新しい順に表示します。"""
    from newsletter import issues
    from newsletter.models import Correction

    rows = Correction.objects.select_related("edition__issue").order_by("-at", "-pk")
    if name:
        rows = rows.filter(edition__issue=issues.find_issue(name))
    if as_json:
        print_json([_facts(row) for row in rows])
        return
    for row in rows:
        say(_line(row))
    if not rows:
        say("訂正はありません。")


def _facts(row: Correction) -> dict[str, Any]:
    return {
        "issue": row.edition.issue.slug,
        "item": row.item,
        "field": row.field,
        "old": row.old,
        "new": row.new,
        "note": row.note,
        "by": row.by,
        "at": row.at,
    }


def _line(row: Correction) -> str:
    from django.utils import timezone

    from newsletter import frozen
    from newsletter.mail.dates import japanese_date

    printed = {item.number: item for item in frozen.thaw(row.edition.content)}
    where = f"{row.item}番の{frozen.label(printed.get(row.item), row.field)}" if row.item else "号の全体"
    day = japanese_date(timezone.localtime(row.at))
    note = f" 説明: {row.note}" if row.note else ""
    return f"{day} {row.edition.issue} {where} 誤「{row.old}」 正「{row.new or '（削除）'}」{note} （{row.by}）"
