"""`newsletter issue …`: open, assemble, preview and approve the monthly issue."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli import issue_correct, issue_preview, issue_proof, issue_request
from newsletter.cli import issue_report as report
from newsletter.cli.base import django_command, fail, json_option, print_json, read_utf8
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import Issue, Placement

TEXT_FILE = click.Path(allow_dash=True, path_type=Path)
WHICH = "2026-11 か 第137号、号外は 2026-11-x1。省くと、編集中の最新の号。"
issue_argument = click.argument("name", metavar="[号]", default="")
issue_option = click.option("--issue", "name", default="", metavar="号", help=f"号。{WHICH}")
number_argument = click.argument("number", type=click.IntRange(min=1), metavar="番号")
day_option = click.option(
    "--release", type=click.DateTime(["%Y-%m-%d"]), metavar="日付", help="配信日（2026-11-30 の形）。"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def issue() -> None:
    """号を組み立て、確認し、承認します。号は 2026-11 や 第137号、号外は 2026-11-x1 で選びます。"""


for command in (
    issue_preview.preview,
    issue_request.request_approval,
    issue_correct.correct,
    issue_correct.corrections,
    issue_proof.proof,
    issue_proof.ignore,
    issue_proof.fix,
    issue_proof.links,
):
    issue.add_command(command)


@issue.command("open")
@click.argument("month", metavar="月号")
@click.option(
    "--number", type=click.IntRange(min=1), metavar="号数", help="通算号数。省くと、プロファイルから数えます。"
)
@click.option("--subject", default="", metavar="件名", help="件名。省くと、e-ニュースの名前と月号から作ります。")
@click.option("--extra", is_flag=True, help="毎月の号のほかに送る号外を開きます（号数は付きません）。")
@day_option
@json_option
@django_command
def open_(month: str, number: int | None, subject: str, extra: bool, release: datetime | None, as_json: bool) -> None:
    """新しい号を開きます。配信日は、省くと月の最終営業日（号外は今日）です。"""
    from django.utils import timezone

    from newsletter import calendar, issues

    if extra and number is not None:
        raise click.UsageError("号外に号数は付きません。--extra と --number は、どちらか一方だけにしてください。")
    first, day = calendar.read_month(month), _day(release)
    opened = (
        issues.open_extra(first, day or timezone.localdate(), subject)
        if extra
        else issues.open_issue(first, number, day, subject)
    )
    _answer(opened, as_json, f"開きました。{report.issue_line(opened)}\n件名: {opened.subject}")


@issue.command("list")
@json_option
@django_command
def list_(as_json: bool) -> None:
    """号の一覧を、新しい順に表示します。"""
    from newsletter.models import Issue

    rows = list(Issue.objects.all())
    if as_json:
        print_json([report.issue_facts(row) for row in rows])
        return
    for row in rows:
        say(f"{report.issue_line(row)} 掲載 {row.placements.count()}件")
    if not rows:
        say("号はまだありません。newsletter issue open 2026-11 のように開いてください。")


@issue.command("suggest")
@issue_argument
@click.option("--old", is_flag=True, help="古い記事も候補にします。")
@json_option
@django_command
def suggest(name: str, old: bool, as_json: bool) -> None:
    """まだ使っていない記事から号の案を作ります。すでにある掲載は動かしません。"""
    from django.utils import timezone

    from newsletter import issues

    chosen = issues.find_issue(name)
    suggested = issues.suggest(chosen, timezone.now(), old_too=old)
    if not as_json:
        say("\n".join(report.suggested_lines(suggested)))
        return
    added = {row.pk for row in suggested.added}
    print_json(
        {
            **report.issue_facts(chosen),
            "added": [report.placement_facts(n, row) for n, row in report.numbered(chosen) if row.pk in added],
            "left_out": [
                {"entry": left.entry_id, "title": left.title, "reason": left.reason} for left in suggested.left_out
            ],
            "old_entries": suggested.old_entries,
        }
    )


@issue.command("place")
@click.argument("entry_id", type=click.IntRange(min=1), metavar="記事番号")
@issue_option
@click.option("--section", default="", metavar="欄", help="欄のキー。省くと、記事の出どころで決めます。")
@click.option("--position", type=click.IntRange(min=1), metavar="順番", help="欄の中の順番。省くと最後。")
@click.option("--headline", metavar="見出し", help="見出し（日本語）。")
@click.option("--text", metavar="本文", help="本文（日本語）。段落は空行で分けます。")
@json_option
@django_command
def place(
    entry_id: int,
    name: str,
    section: str,
    position: int | None,
    headline: str | None,
    text: str | None,
    as_json: bool,
) -> None:
    """記事を号に入れます。記事番号は suggest が表示します。"""
    from feeds.models import Entry
    from newsletter import issues

    chosen = issues.find_issue(name)
    entry = Entry.objects.select_related("feed", "submission__member").filter(pk=entry_id).first()
    if entry is None:
        fail(f"記事 {entry_id} はありません。番号を確かめてください。")
    placement = issues.place(chosen, entry, section, position, headline=headline, text=text)
    _answer_placement(chosen, placement, "入れました。", as_json)


@issue.command("move")
@number_argument
@issue_option
@click.option("--section", default="", metavar="欄", help="移す先の欄のキー。省くと、いまの欄。")
@click.option("--position", type=click.IntRange(min=1), metavar="順番", help="欄の中の順番。省くと最後。")
@json_option
@django_command
def move(number: int, name: str, section: str, position: int | None, as_json: bool) -> None:
    """掲載の順番や欄を変えます。番号は show が表示する通し番号です。"""
    from newsletter import issues

    chosen = issues.find_issue(name)
    placement = issues.move(issues.find_placement(chosen, number), section, position)
    _answer_placement(chosen, placement, "移しました。", as_json)


@issue.command("drop")
@number_argument
@issue_option
@json_option
@django_command
def drop(number: int, name: str, as_json: bool) -> None:
    """掲載を外します。suggest がもう一度入れることはありません。"""
    from newsletter import issues

    chosen = issues.find_issue(name)
    placement = issues.find_placement(chosen, number)
    facts = report.placement_facts(number, placement)
    issues.drop(placement)
    if as_json:
        print_json(facts)
        return
    say(f"外しました。{placement} ［記事{placement.entry_id}］")


@issue.command("write")
@number_argument
@issue_option
@click.option("--headline", metavar="見出し", help="見出し（日本語）。")
@click.option("--text", metavar="本文", help="本文（日本語）。段落は空行で分けます。")
@click.option("--file", type=TEXT_FILE, metavar="ファイル", help="本文のファイル（- は標準入力）。")
@json_option
@django_command
def write(number: int, name: str, headline: str | None, text: str | None, file: Path | None, as_json: bool) -> None:
    """掲載の見出しと本文を書きます。番号は show が表示する通し番号です。"""
    from newsletter import issues

    if file and text is not None:
        raise click.UsageError("--text と --file は、どちらか一方だけにしてください。")
    if headline is None and text is None and file is None:
        raise click.UsageError("--headline、--text、--file のどれかを指定してください。")
    chosen = issues.find_issue(name)
    placement = issues.find_placement(chosen, number)
    issues.write(placement, headline, read_utf8(file) if file else text)
    _answer_placement(chosen, placement, "書きました。", as_json)


@issue.command("edit")
@issue_argument
@click.option("--subject", metavar="件名", help="件名。")
@click.option("--preheader", metavar="文", help="プリヘッダー（受信一覧で件名の隣に出る文）。")
@click.option("--lead", metavar="文", help="リード文。段落は空行で分けます。")
@click.option(
    "--lead-file",
    type=TEXT_FILE,
    metavar="ファイル",
    help="リード文のファイル（- は標準入力）。",
)
@day_option
@json_option
@django_command
def edit(
    name: str,
    subject: str | None,
    preheader: str | None,
    lead: str | None,
    lead_file: Path | None,
    release: datetime | None,
    as_json: bool,
) -> None:
    """号全体の件名・プリヘッダー・リード文・配信日を変えます。"""
    from newsletter import issues

    lead = read_utf8(lead_file) if lead_file else lead
    if (subject, preheader, lead, release) == (None, None, None, None):
        raise click.UsageError("変えるものを、--subject などで指定してください。")
    chosen = issues.find_issue(name)
    issues.edit(chosen, subject=subject, preheader=preheader, lead=lead, release_on=_day(release))
    _answer(chosen, as_json, "変えました。\n" + "\n".join(list(report.issue_lines(chosen))[:4]))


@issue.command("show")
@issue_argument
@json_option
@django_command
def show(name: str, as_json: bool) -> None:
    """号の中身を、掲載の番号つきで表示します。"""
    from newsletter import issues

    chosen = issues.find_issue(name)
    if as_json:
        placements = [report.placement_facts(number, row) for number, row in report.numbered(chosen)]
        made = [report.edition_facts(edition) for edition in chosen.editions.order_by("made_at", "pk")]
        print_json({**report.issue_facts(chosen), "placements": placements, "editions": made})
        return
    say("\n".join(report.issue_lines(chosen)))


@issue.command("approve")
@issue_argument
@click.option("--by", "person", required=True, metavar="名前", help="承認する人の名前（記録に残ります）。")
@click.option(
    "--override-reason", default="", metavar="理由", help="校正の誤りを残したまま承認する理由（記録に残ります）。"
)
@json_option
@django_command
def approve(name: str, person: str, override_reason: str, as_json: bool) -> None:
    """版を作り（あればそれを）、承認します。必要な人数がそろうと、号は変更できなくなります。

    校正の誤りが残っていると承認できません。newsletter issue proof で確かめられます。
    """
    from django.utils import timezone

    from newsletter import editions, issues, profile
    from newsletter.cli import proof_words
    from newsletter.proofing import gate

    chosen = issues.find_issue(name)
    edition = editions.make_edition(chosen, person, timezone.now())
    editions.approve(edition, person, timezone.now(), override_reason=override_reason)
    chosen.refresh_from_db()
    edition.issue = chosen
    if as_json:
        print_json({**report.issue_facts(chosen), "edition": report.edition_facts(edition)})
        return
    needed, given = profile.current().approvals_needed, editions.approvers(edition)
    say(f"{person} さんが承認しました（{len(given)}/{needed}人）。\nダイジェスト {edition.digest}")
    for decision in gate.decided(chosen):
        say(f"校正で{proof_words.decision_line(decision)}")
    if editions.is_approved(edition):
        say(f"{chosen}は承認済みになりました。newsletter campaign plan で配信の予定を作れます。")


@issue.command("reopen")
@click.argument("name", metavar="号")
@json_option
@django_command
def reopen(name: str, as_json: bool) -> None:
    """承認済みの号を編集に戻します。それまでの承認は無効になります。"""
    from django.utils import timezone

    from newsletter import issues

    chosen = issues.find_issue(name)
    void = issues.reopen(chosen, timezone.now())
    if as_json:
        print_json({**report.issue_facts(chosen), "void_approvals": void})
        return
    say(f"{chosen}を編集に戻しました。承認 {void}件は無効になりました。もう一度、承認が必要です。")


# ------------------------------------------------------------ answers
def _answer(chosen: Issue, as_json: bool, words: str) -> None:
    if as_json:
        print_json(report.issue_facts(chosen))
    else:
        say(words)


def _answer_placement(chosen: Issue, placement: Placement, words: str, as_json: bool) -> None:
    number, row = next((number, row) for number, row in report.numbered(chosen) if row.pk == placement.pk)
    if as_json:
        print_json({**report.placement_facts(number, row), "issue": chosen.slug})
    else:
        say(f"{words}{row.section}の{row.position}番目\n{report.placement_line(number, row)}")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
