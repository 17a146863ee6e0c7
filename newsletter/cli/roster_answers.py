"""`newsletter roster show|import|apply|undo`: one member's answer, row by row, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import EXIT_FAILED, by_option, django_command, fail, json_option, print_json
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import RosterAnswer, RosterSheet
    from newsletter.roster.applying import Plan
    from newsletter.roster.questions import Person


@click.command()
@click.argument("member_name", metavar="会員")
@json_option
@django_command
def show(member_name: str, as_json: bool) -> None:
    """1つの会員の宛先と回答、反映するとどうなるかを表示します。"""
    from django.utils import timezone

    from feeds import members
    from newsletter.roster import answers, applying, people, rounds

    sheet = rounds.sheet_of(members.find(member_name))
    asked, last = people.people(people.lines(sheet)), answers.latest(sheet)
    hidden = people.private_readers(sheet.member)
    plan = applying.plan(last, timezone.now()) if last and last.entries and not applying.is_applied(last) else None
    if as_json:
        print_json(_sheet_facts(sheet, asked, hidden) | {"answer": _answer_facts(last), "plan": _plan_facts(plan)})
        return
    say(f"{sheet}（期限 {sheet.round.deadline:%Y-%m-%d}）")
    print_rows(
        ("番号", "氏名", "部署", "メールアドレス", "使いみち"),
        ((one.number, one.name, one.department, one.address, one.roles) for one in asked),
    )
    if hidden:
        say(f"このほか、個人やほかの役所のアドレスなどで購読している方が{hidden}人います（用紙には載せません）。")
    _print_answers(sheet)
    if plan:
        _print_plan(plan)


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("member_name", metavar="会員")
@click.option("--dry-run", is_flag=True, help="調べるだけで、受け付けません。")
@json_option
@django_command
def import_form(file: Path, member_name: str, dry_run: bool, as_json: bool) -> None:
    """会員から戻ってきたExcelの様式を、回答として受け付けます（名簿はまだ変わりません）。

    1か所でも誤りがあれば、何も受け付けません。
    """
    from django.db import transaction
    from django.utils import timezone

    from feeds import members
    from newsletter import tasks
    from newsletter.models import RosterAnswer
    from newsletter.roster import answers, returned, rounds

    sheet = rounds.sheet_of(members.find(member_name))
    back = returned.read(file, sheet)
    outcome: dict[str, Any] = {"file": str(file), "member": sheet.member.name, "problems": list(back.problems)}
    if not back.problems and not dry_run:
        respondent = answers.Respondent(back.filled.by_name[:100], back.filled.by_department[:200])
        with transaction.atomic():
            received = answers.receive(sheet, back.entries, respondent, RosterAnswer.Door.EXCEL, timezone.now())
            transaction.on_commit(tasks.wake_letters, robust=True)
        outcome |= {"answer": received.answer.pk, "new": received.is_new}
    outcome["summary"] = answers.summary(back.entries)
    if as_json:
        print_json(outcome)
    else:
        _print_received(outcome, dry_run)
    if back.problems:
        raise click.exceptions.Exit(EXIT_FAILED)


@click.command()
@click.argument("member_name", metavar="会員")
@click.option("--dry-run", is_flag=True, help="どうなるかを表示するだけで、反映しません。")
@by_option
@json_option
@django_command
def apply(member_name: str, dry_run: bool, person: str, as_json: bool) -> None:
    """会員のいちばん新しい回答を、名簿に反映します。加わる方と外れる方には、メールでお知らせします。

    全部を一度に行い、途中で止まることはありません。解除・停止・消去された方は、戻りません（拒否）。
    """
    from django.db import transaction
    from django.utils import timezone

    from feeds import members
    from newsletter import tasks
    from newsletter.roster import answers, applying, rounds

    sheet = rounds.sheet_of(members.find(member_name))
    last = answers.latest(sheet)
    if last is None:
        fail(f"{sheet.member.name}からの回答はまだありません。")
    now = timezone.now()
    plan = applying.plan(last, now)
    run = None
    if not dry_run:
        with transaction.atomic():
            run = applying.apply(last, person, now).run
            transaction.on_commit(tasks.wake_letters, robust=True)
    if as_json:
        print_json({"applied": not dry_run, "import": run.pk if run else None, "plan": _plan_facts(plan)})
        return
    _print_plan(plan)
    say(
        f"反映しました。取り消すとき（30日以内）: newsletter roster undo {sheet.member.key}"
        if run
        else "試しに見ただけで、何も変えていません。"
    )


@click.command()
@click.argument("member_name", metavar="会員")
@by_option
@json_option
@django_command
def undo(member_name: str, person: str, as_json: bool) -> None:
    """反映した回答を取り消し、名簿と投稿の担当者を前に戻します（30日以内）。"""
    from django.utils import timezone

    from feeds import members
    from newsletter.roster import answers, applying, rounds

    sheet = rounds.sheet_of(members.find(member_name))
    last = answers.latest(sheet)
    applied = sheet.answers.filter(applied_at__isnull=False, undone_at=None).order_by("-applied_at").first()
    if applied is None:
        fail(f"{sheet.member.name}に、取り消せる反映はありません。")
    applying.take_back(applied, person, timezone.now())
    if as_json:
        print_json({"member": sheet.member.name, "answer": applied.pk, "import": applied.import_run_id})
        return
    say(f"{sheet.member.name}の回答{applied.pk}の反映を取り消しました。")
    if last is not None and last.pk == applied.pk:
        say("もう一度反映するには newsletter roster apply を実行してください。")


# ------------------------------------------------------------ in words
def _print_answers(sheet: RosterSheet) -> None:
    from newsletter.roster import answers, applying

    for answer in sheet.answers.select_related("import_run").order_by("pk"):
        by = f"{answer.by_department} {answer.by_name}".strip()
        state = f"反映 {_moment(answer.applied_at)} {answer.applied_by}（取込 {answer.import_run_id}）"
        if not applying.is_applied(answer):
            state = "取消" if answer.applied_at else "未反映"
        words = answers.summary(answers.entries_of(answer)) or "（内容は残していません）"
        print_facts([(f"回答{answer.pk}", f"{_moment(answer.at)} {answer.get_door_display()} {by}　{words}　{state}")])


def _print_plan(plan: Plan) -> None:
    print_rows(
        ("行", "だれ", "回答", "結果", "理由"),
        ((row.number, row.title, row.told, row.verdict, " / ".join(row.words)) for row in plan.rows),
    )
    for remark in plan.remarks:
        say(f"ご注意: {remark}")
    counts = plan.counts
    say(
        f"登録 {counts['added']}件、更新 {counts['updated']}件、外す {counts['departed']}件、拒否 {counts['refused']}件"
    )


def _print_received(outcome: dict[str, Any], dry_run: bool) -> None:
    for problem in outcome["problems"]:
        say(f"エラー: {problem}", err=True)
    if outcome["problems"]:
        say(f"{len(outcome['problems'])}か所に誤りがあるため、何も受け付けていません。", err=True)
    elif dry_run:
        say(f"受け付けられます：{outcome['member']}　{outcome['summary']}")
    elif outcome["new"]:
        say(f"受け付けました：{outcome['member']}　回答{outcome['answer']}　{outcome['summary']}")
    else:
        say(f"同じ回答を受け付け済みです：{outcome['member']}　回答{outcome['answer']}")


def _sheet_facts(sheet: RosterSheet, asked: list[Person], hidden: int) -> dict[str, Any]:
    return {
        "member": sheet.member.name,
        "reference": sheet.reference,
        "deadline": sheet.round.deadline,
        "sent_at": sheet.sent_at,
        "people": [
            {"number": one.number, "name": one.name, "department": one.department, "address": one.address}
            | {"shared": one.is_shared, "reads": one.reads, "writes": one.writes}
            for one in asked
        ],
        "private_readers": hidden,
    }


def _answer_facts(answer: RosterAnswer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    names = ("at", "door", "by_name", "by_department", "entries", "applied_at", "applied_by", "undone_at")
    return {"number": answer.pk, "import": answer.import_run_id} | {name: getattr(answer, name) for name in names}


def _plan_facts(plan: Plan | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    rows = [
        {"row": row.number, "who": row.title, "told": row.told, "verdict": row.verdict, "problem": row.is_problem}
        | {"words": list(row.words)}
        for row in plan.rows
    ]
    return {"rows": rows, "remarks": list(plan.remarks), "counts": dict(plan.counts)}


def _moment(at: Any) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
