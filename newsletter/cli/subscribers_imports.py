"""`newsletter subscribers imports` and `undo-import`: what was taken in, and how to take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import streams
from newsletter.cli.base import by_option, django_command, json_option, print_json
from newsletter.cli.listing import print_rows
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from datetime import datetime

    from subscribers.fates import Undone
    from subscribers.models import ImportRun


@click.command()
@json_option
@django_command
def imports(as_json: bool) -> None:
    """取り込んだ名簿を、新しい順に表示します。30日以内なら undo-import で取り消せます。"""
    from django.utils import timezone

    from subscribers.models import ImportRun

    runs, now = list(ImportRun.objects.all()), timezone.now()
    if as_json:
        print_json([_facts(run) for run in runs])
        return
    if not runs:
        say("取り込んだ名簿はまだありません。")
        return
    headings = ("番号", "日時", "名簿", "登録", "更新", "同じ", "拒否", "操作者", "取消")
    rows = (
        (
            run.pk,
            _moment(run.at),
            run.file,
            run.added,
            run.updated,
            run.same,
            run.refused,
            run.operator,
            _undo(run, now),
        )
        for run in runs
    )
    print_rows(headings, rows)


@click.command("undo-import")
@click.argument("number", type=click.IntRange(min=1), metavar="取込番号")
@click.option("--apply", "is_applied", is_flag=True, help="取り消します。付けなければ、結果を示すだけです。")
@click.option("--all", "everybody", is_flag=True, help="そのまま残る方だけでなく、全員を1行ずつ示します。")
@by_option
@json_option
@django_command
def undo_import(number: int, is_applied: bool, everybody: bool, person: str, as_json: bool) -> None:
    """名簿の取込をまるごと取り消します（取込から30日以内）。

    新しく登録された方の登録を取り消し、書き換えた項目を前の値に戻します。取込のあとに、ご本人が手続きをした方、
    事務局が直した方、ほかの名簿にも載っていた方は、そのまま残し、理由を1人ずつ示します。
    """
    from django.utils import timezone

    from subscribers import undo

    now = timezone.now()
    run = undo.undoable(number, now)
    told = _Told(everybody, as_json)
    if is_applied:
        undo.undo(run, person, now, told.add)
    else:
        streams.end_with_the_reader()
        for block in undo.plan_undo(run):
            told.add(block)
    told.end(run, is_applied)


class _Told:
    """What is said of each person, and at the end."""

    def __init__(self, everybody: bool, as_json: bool) -> None:
        self.everybody, self.as_json = everybody, as_json
        self.counts: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []

    def add(self, block: Sequence[Undone]) -> None:
        self.counts.update(str(row.fate) for row in block)
        shown = [row for row in block if self.everybody or row.fate == "kept"]
        if self.as_json:
            self.rows += [
                {"line": row.line, "address": row.address, "fate": str(row.fate), "why": row.why} for row in shown
            ]
            return
        self._print(shown)

    def _print(self, rows: Iterable[Undone]) -> None:
        for row in rows:
            say("\t".join((f"{row.line}行目" if row.line else "―", row.fate.label, row.address or "―", row.why)))

    def end(self, run: ImportRun, is_applied: bool) -> None:
        counts = {name: self.counts[name] for name in ("removed", "restored", "kept")}
        if self.as_json:
            print_json({"import": run.pk, "file": run.file, "applied": is_applied, "counts": counts, "rows": self.rows})
            return
        say(
            f"取込 {run.pk}「{run.file}」: 登録を取り消す {counts['removed']}件、前の値に戻す {counts['restored']}件、"
            f"そのまま {counts['kept']}件"
        )
        say(
            "取り消しました。"
            if is_applied
            else "試しに見ただけで、何も変えていません。取り消すには --apply を付けてください。"
        )


def _undo(run: ImportRun, now: datetime) -> str:
    from subscribers.undo import UNDO_FOR

    if run.undone_at:
        return f"{_moment(run.undone_at)} に取消（{run.undone_by}）"
    return f"{_moment(run.at + UNDO_FOR)} まで" if now <= run.at + UNDO_FOR else "期限切れ"


def _facts(run: ImportRun) -> dict[str, Any]:
    names = (
        "file",
        "basis",
        "proof",
        "operator",
        "at",
        "added",
        "updated",
        "same",
        "refused",
        "undone_at",
        "undone_by",
    )
    return {"number": run.pk} | {name: getattr(run, name) for name in names}


def _moment(at: datetime) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
