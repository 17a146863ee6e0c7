"""`newsletter submissions …`: what members sent, and the office's decision on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import by_option, django_command, fail, json_option, print_json
from newsletter.cli.contributors import contributor
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.submission_files import form, import_files
from newsletter.cli.submission_link import link
from newsletter.cli.submission_reminder import remind
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from feeds.models import Submission

STATES = ["received", "returned", "accepted", "used", "withdrawn"]


@click.group()
def submissions() -> None:
    """会員自治体の投稿を受け付け、採否を決めます。"""


submissions.add_command(contributor)
submissions.add_command(form)
submissions.add_command(import_files)
submissions.add_command(link)
submissions.add_command(remind)


@submissions.command("list")
@click.option("--state", type=click.Choice(STATES), help="この状態のものだけを表示します。")
@click.option("--member", "member_name", metavar="会員", help="この会員のものだけを表示します。")
@json_option
@django_command
def list_(state: str | None, member_name: str | None, as_json: bool) -> None:
    """投稿を新しい順に一覧にします。"""
    from feeds import members
    from feeds.models import Submission

    found = Submission.objects.select_related("member")
    if state:
        found = found.filter(state=state)
    if member_name:
        found = found.filter(member=members.find(member_name))
    if as_json:
        print_json([_summary(submission) for submission in found])
        return
    print_rows(
        ("受付番号", "状態", "会員", "見出し", "受付日", "受付方法"),
        (
            (row.pk, row.get_state_display(), row.member, row.title, _day(row.received_at), row.get_door_display())
            for row in found
        ),
    )


@submissions.command()
@click.argument("number", metavar="受付番号", type=int)
@json_option
@django_command
def show(number: int, as_json: bool) -> None:
    """1件の投稿を全部の項目とともに表示します。"""
    from feeds.fields import FIELDS, MEMBER_LABEL, Kind

    submission = _find(number)
    if as_json:
        print_json(_summary(submission) | {field.name: _plain(submission, field.name) for field in FIELDS})
        return
    facts: list[tuple[str, object]] = [
        ("受付番号", submission.pk),
        ("状態", submission.get_state_display()),
        (MEMBER_LABEL, submission.member),
        ("受付", f"{_day(submission.received_at)} {submission.get_door_display()}"),
    ]
    if submission.reason:
        facts.append(("理由", submission.reason))
    for field in FIELDS:
        value = _plain(submission, field.name)
        if field.kind is Kind.YES_NO:
            value = "はい" if value else "いいえ"
        if value not in ("", None, []):
            facts.append((field.label, "、".join(map(str, value)) if isinstance(value, list) else value))
    print_facts(facts)


@submissions.command()
@click.argument("numbers", metavar="受付番号...", type=int, nargs=-1, required=True)
@by_option
@json_option
@django_command
def accept(numbers: tuple[int, ...], person: str, as_json: bool) -> None:
    """投稿を採用し、号に載せられる記事にします。"""
    from django.db import transaction
    from django.utils import timezone

    from feeds import submissions as verbs

    with transaction.atomic():
        accepted = [_find(number) for number in numbers]
        for submission in accepted:
            verbs.accept(submission, person, timezone.now())
    _report(accepted, as_json, "採用しました。")


@submissions.command("return")
@click.argument("number", metavar="受付番号", type=int)
@click.option("--reason", required=True, metavar="理由", help="直してほしい点。会員の担当者にメールで届きます。")
@by_option
@json_option
@django_command
def return_(number: int, reason: str, person: str, as_json: bool) -> None:
    """投稿を理由とともに差し戻し、担当者にメールで知らせます。"""
    from django.db import transaction
    from django.utils import timezone

    from feeds import submissions as verbs
    from newsletter import letters, tasks

    now = timezone.now()
    with transaction.atomic():
        submission = verbs.return_(_find(number), reason, person, now)
        letters.send_returned(submission, now)
        transaction.on_commit(tasks.wake_letters, robust=True)
    _report([submission], as_json, "差し戻し、理由をメールで送ります。")


@submissions.command()
@click.argument("number", metavar="受付番号", type=int)
@click.option("--reason", default="", metavar="理由", help="取り下げの理由（記録に残ります）。")
@by_option
@json_option
@django_command
def withdraw(number: int, reason: str, person: str, as_json: bool) -> None:
    """まだ掲載していない投稿を取り下げます。"""
    from django.utils import timezone

    from feeds import submissions as verbs

    submission = verbs.withdraw(_find(number), reason, timezone.now(), person)
    _report([submission], as_json, "取り下げました。")


@submissions.command()
@json_option
@django_command
def tidy(as_json: bool) -> None:
    """送信されずに1日たった写真の控えなど、使われていない写真を消去します。"""
    from django.utils import timezone

    from feeds import photo_files

    deleted = photo_files.tidy(timezone.now())
    if as_json:
        print_json({"deleted": deleted})
    else:
        say(f"使われていない写真を{deleted}枚消去しました。")


def _find(number: int) -> Submission:
    from feeds.models import Submission

    submission = Submission.objects.select_related("member").filter(pk=number).first()
    if submission is None:
        fail(f"受付番号{number}の投稿はありません。newsletter submissions list で確かめてください。")
    return submission


def _report(changed: Iterable[Submission], as_json: bool, words: str) -> None:
    rows = list(changed)
    for row in rows:
        row.refresh_from_db()
    if as_json:
        print_json([_summary(row) for row in rows])
        return
    for row in rows:
        say(f"受付番号{row.pk} {row}：{words}")


def _summary(submission: Submission) -> dict[str, Any]:
    return {
        "number": submission.pk,
        "state": submission.state,
        "member": submission.member.name,
        "member_key": submission.member.key,
        "title": submission.title,
        "door": submission.door,
        "received_at": submission.received_at.isoformat(),
        "reason": submission.reason,
        "decided_by": submission.decided_by,
        "decided_at": submission.decided_at.isoformat() if submission.decided_at else None,
    }


def _plain(submission: Submission, name: str) -> Any:
    value = getattr(submission, name)
    return value.name or "" if name == "photo" else value


def _day(moment: Any) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
