"""`newsletter issue proof | ignore | fix`: what the proofreading says of an issue, and what persons decide about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from newsletter.cli.base import EXIT_FAILED, by_option, django_command, fail, json_option, print_json
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import LinkCheck

WHICH = "2026-11 か 第137号。省くと、編集中の最新の号。"
issue_option = click.option("--issue", "name", default="", metavar="号", help=f"号。{WHICH}")
key_argument = click.argument("key", metavar="指摘")


@click.command("proof")
@click.argument("name", metavar="[号]", default="")
@json_option
@django_command
def proof(name: str, as_json: bool) -> None:
    """号を校正し、誤りと注意を、その場所と直し方とともに表示します。

    誤りが残っていると承認できません。指摘の8文字の番号を、ignore と fix に使います。
    そのまま保存や印刷をして、同僚に渡せます。
    """
    from newsletter import editions, issues
    from newsletter.cli import proof_words as words
    from newsletter.proof.dictionary import with_house
    from newsletter.proofing import gate, reading

    chosen = issues.find_issue(name)
    remarks = gate.proofread(chosen)
    # What law wants in both parts of the finished mail, and items that are not ready: nobody can ignore these.
    lacking = editions.lacking(chosen, *editions.render(chosen))
    problems = with_house(reading.house_dictionaries()).problems
    if as_json:
        print_json(
            {
                "issue": chosen.slug,
                "errors": sum(remark.stops for remark in remarks),
                "warnings": sum(remark.is_open and not remark.stops for remark in remarks),
                "findings": [words.remark_facts(remark) for remark in remarks],
                "decisions": [words.decision_facts(decision) for decision in gate.decided(chosen)],
                "lacking": lacking,
                "dictionary_problems": [str(problem) for problem in problems],
            }
        )
        return
    say("\n".join(words.report_lines(chosen, reading.manuscript_of(chosen), remarks)))
    if lacking:
        say("\n■ 版にする前に\n" + "\n".join(f"  {line}" for line in lacking))
    for problem in problems:
        say(f"辞書の注意: {problem}", err=True)


@click.command("ignore")
@key_argument
@issue_option
@click.option("--reason", metavar="理由", help="無視してよい理由（記録に残ります）。")
@click.option("--undo", is_flag=True, help="無視や承認の決定を取り消します。")
@by_option
@json_option
@django_command
def ignore(key: str, name: str, reason: str | None, undo: bool, person: str, as_json: bool) -> None:
    """「ここは無視する」: 指摘のひとつを、理由とともに無視します。ほかの場所を直しても、無視したままです。"""
    from django.utils import timezone

    from newsletter import issues
    from newsletter.cli import proof_words as words
    from newsletter.proofing import gate

    chosen = issues.find_issue(name)
    if undo:
        gate.take_back(chosen, key)
        say("決定を取り消しました。" if not as_json else "{}")
        return
    if not (reason or "").strip():
        raise click.UsageError("--reason に、無視してよい理由を書いてください（記録に残ります）。")
    decision = gate.ignore(chosen, key, person, reason or "", timezone.now())
    if as_json:
        print_json(words.decision_facts(decision))
        return
    say(f"無視します。{words.decision_line(decision)}")


@click.command("fix")
@key_argument
@issue_option
@click.option("--choice", type=click.IntRange(min=1), default=1, show_default=True, help="直し方の番号。")
@json_option
@django_command
def fix(key: str, name: str, choice: int, as_json: bool) -> None:
    """指摘のひとつを、示された直し方で直します。"""
    from newsletter import issues
    from newsletter.cli import proof_words as words
    from newsletter.proofing import fixing, gate

    fixed = fixing.fix(issues.find_issue(name), key, choice)
    if as_json:
        print_json({**words.finding_facts(fixed.finding), "before": fixed.before, "after": fixed.after})
        return
    replacement = fixed.finding.fixes[choice - 1].replacement
    where = gate.place_words(fixed.finding)
    say(f"{where}を直しました。「{words.shown(fixed.finding.found)}」→「{words.shown(replacement)}」")


@click.command("links")
@click.argument("name", metavar="[号]", default="")
@click.option("--again", is_flag=True, help="1日以内に確かめたものも、もう一度確かめます。")
@json_option
@django_command
def links(name: str, again: bool, as_json: bool) -> None:
    """号のリンク先のページが開けるかを確かめます。結果は1日のあいだ覚えています。

    消えたページがあると終了コード1で終わります。裏方の処理（newsletter work）も、1時間ごとに確かめます。
    """
    from django.conf import settings
    from django.utils import timezone

    from newsletter import issues
    from newsletter.proofing import link_checks

    chosen = issues.find_issue(name)
    if not settings.CHECK_LINKS:
        fail("リンクの確認は、設定（NEWSLETTER_CHECK_LINKS）で止めてあります。")
    items = link_checks.links_of(chosen)
    checks = link_checks.check(items, timezone.now(), again=again)
    if as_json:
        print_json([_link_facts(check, items[check.url]) for check in checks])
    else:
        for check in checks:
            state = "✕" if check.gone else "△" if check.problem else "○"
            where = "・".join(f"{number}番" for number in items[check.url]) or "リード文"
            say(f"{state} {where} {check.url} {check.problem}".rstrip())
        gone, unsure = sum(c.gone for c in checks), sum(bool(c.problem) and not c.gone for c in checks)
        say(f"リンク {len(checks)}件、開けない {gone}件、確かめられない {unsure}件")
    if any(check.gone for check in checks):
        sys.exit(EXIT_FAILED)


def _link_facts(check: LinkCheck, items: tuple[int, ...]) -> dict[str, object]:
    return {
        "url": check.url,
        "items": list(items),
        "gone": check.gone,
        "problem": check.problem,
        "checked_at": check.checked_at,
    }
