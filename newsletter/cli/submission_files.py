"""`newsletter submissions form|import`: the Excel form out, Excel forms and CSV files in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import EXIT_FAILED, django_command, fail, json_option, print_json
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from feeds.intake import CheckedFile, CheckedRow, RowProblem

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command()
@click.argument("member_name", metavar="会員")
@click.option("-o", "--output", type=FILE, metavar="ファイル", help="書き出す先。省くと、いまのフォルダに作ります。")
@click.option("--force", is_flag=True, help="同じ名前のファイルがあれば上書きします。")
@json_option
@django_command
def form(member_name: str, output: Path | None, force: bool, as_json: bool) -> None:
    """会員の名前を入れたExcel様式（.xlsx）を作ります。会員は名称、団体コード、キーのどれかで指定します。"""
    from feeds import members
    from feeds.workbook import FormFacts, write_form
    from newsletter import profile

    association = profile.current()
    member = members.find(member_name)
    pathways = {pathway.key: pathway.label_ja for pathway in association.pathways}
    content = write_form(FormFacts(association.title, member.name, member.code, pathways, association.sdgs))
    path = output or Path(f"投稿様式_{member.name}.xlsx")
    try:
        # A form that somebody filled in may have the same name.
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        fail(f"{path} はすでにあります。-o で別の名前にするか、--force で上書きしてください。")
    if as_json:
        print_json({"member": member.name, "member_key": member.key, "file": str(path)})
    else:
        say(f"{member.name}の投稿様式を作りました：{path}")


@click.command("import")
@click.argument("paths", metavar="ファイル...", type=FILE, nargs=-1, required=True)
@click.option("--member", "member_name", metavar="会員", help="ファイルに会員の列がないときの、会員の名称かコード。")
@click.option("--photos", type=FOLDER, metavar="フォルダ", help="写真のあるフォルダ。省くと、ファイルと同じ場所です。")
@click.option("--dry-run", is_flag=True, help="調べるだけで、受け付けません。")
@click.option("--no-receipt", is_flag=True, help="受付の控えのメールを送りません。")
@json_option
@django_command
def import_files(
    paths: tuple[Path, ...], member_name: str | None, photos: Path | None,
    dry_run: bool, no_receipt: bool, as_json: bool,
) -> None:  # fmt: skip
    """Excel様式（.xlsx）かCSVの投稿を受け付けます。1か所でも誤りがあれば、何も受け付けません。"""
    from feeds import intake, members
    from newsletter import profile

    pathways = {pathway.key: pathway.label_ja for pathway in profile.current().pathways}
    member = members.find(member_name) if member_name else None
    files = [intake.check_file(path, pathways=pathways, member=member, photo_folder=photos) for path in paths]
    problems = [problem for file in files for problem in file.problems]
    rows = [row for file in files for row in file.rows]
    outcome = {"stored": False, "dry_run": dry_run, "received": [], "repeated": []}
    if not problems:
        outcome |= _foreseen(rows) if dry_run else _stored(rows, no_receipt)
    outcome |= {"problems": [_problem(problem) for problem in problems], "unknown_headings": _unknown(paths, files)}
    if as_json:
        print_json(outcome)
    else:
        _print(outcome, problems)
    if problems:
        raise click.exceptions.Exit(EXIT_FAILED)


def _stored(rows: Sequence[CheckedRow], no_receipt: bool) -> dict[str, Any]:
    from django.db import transaction
    from django.utils import timezone

    from feeds import intake
    from newsletter import letters, tasks

    now = timezone.now()
    with transaction.atomic():
        stored = intake.store(rows, now)
        new = [row for row in stored if row.is_new]
        if new and not no_receipt:
            for row in new:
                letters.send_receipt(row.submission, row.submission.contact_email, now)
            transaction.on_commit(tasks.wake_letters, robust=True)
    return {
        "stored": True,
        "received": [_line(row.row, row.submission.pk) for row in new],
        "repeated": [_line(row.row, row.submission.pk, row.remark) for row in stored if not row.is_new],
    }


def _foreseen(rows: Sequence[CheckedRow]) -> dict[str, Any]:
    from feeds import intake

    foreseen = intake.foresee(rows)
    return {
        "received": [_line(row, None) for row, remark in foreseen if not remark],
        "repeated": [_line(row, None, remark) for row, remark in foreseen if remark],
    }


def _line(row: CheckedRow, number: int | None, remark: str = "") -> dict[str, Any]:
    line = {
        "file": row.file,
        "row": row.place,
        "number": number,
        "member": row.member.name,
        "title": row.draft.title,
        "door": str(row.door),
        "photo": row.photo is not None,
    }
    return line | ({"remark": remark} if remark else {})


def _problem(problem: RowProblem) -> dict[str, str]:
    return {
        "file": problem.file,
        "row": problem.place,
        "cell": problem.cell,
        "field": problem.field,
        "label": problem.label,
        "message": problem.message,
    }


def _unknown(paths: Sequence[Path], files: Sequence[CheckedFile]) -> list[dict[str, str]]:
    return [
        {"file": path.name, "heading": heading}
        for path, file in zip(paths, files, strict=True)
        for heading in file.unknown_headings
    ]


def _print(outcome: dict[str, Any], problems: Sequence[RowProblem]) -> None:
    for unknown in outcome["unknown_headings"]:
        say(f"注意: {unknown['file']}：見出し「{unknown['heading']}」の欄は読みませんでした。", err=True)
    if problems:
        for problem in problems:
            say(f"エラー: {problem}", err=True)
        say(
            f"{len(problems)}か所に誤りがあるため、何も受け付けていません。直してからもう一度実行してください。",
            err=True,
        )
        return
    done = "受け付けられます" if outcome["dry_run"] else "受け付けました"
    for line in outcome["received"]:
        number = f"受付番号{line['number']} " if line["number"] else ""
        say(f"{done}：{number}【{line['member']}】{line['title']}（{line['file']} {line['row']}）")
    for line in outcome["repeated"]:
        say(f"同じ内容です：【{line['member']}】{line['title']}（{line['file']} {line['row']}）{line['remark']}")
    say(f"{done}：{len(outcome['received'])}件、同じ内容：{len(outcome['repeated'])}件")
