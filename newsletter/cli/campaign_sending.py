"""`newsletter campaign send|resume|rehearse|test`: whatever hands mail over while somebody watches."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import campaign_words as words
from newsletter.cli.base import (
    by_option,
    django_command,
    fail,
    is_terminal,
    json_option,
    print_json,
)
from newsletter.cli.listing import print_facts
from newsletter.cli.terminal import printable, say

if TYPE_CHECKING:
    from newsletter.models import Campaign
    from newsletter.sending import Progress, Run

in_doubt_option = click.option(
    "--in-doubt", "in_doubt", type=click.Choice(["ask", "resend", "leave"]), default=None,
    help="届いたか不明なとき: ask 人が決める、resend 二重でも届ける、leave 送り直さない。省くとプロファイルの値。",
)  # fmt: skip
segment_option = click.option(
    "--segment", "condition", default="", metavar="条件",
    help="一部の方だけに送ります。条件の書き方は newsletter subscribers segment --help で見られます。"
    "編集デスクの「絞り込み」でも作れます。",
)  # fmt: skip
yes_option = click.option("--yes", is_flag=True, help="確認の質問をしません。")
campaign_argument = click.argument("number", type=click.IntRange(min=1), metavar="配信番号")


@click.command("send")
@click.argument("name", metavar="[号]", default="")
@click.option("--campaign", "number", type=click.IntRange(min=1), metavar="番号", help="予定済みの配信の番号。")
@segment_option
@in_doubt_option
@click.option(
    "--accept-links",
    default="",
    metavar="理由",
    help="消えたページや変わったページへのリンクを残したまま送る理由（記録に残ります）。",
)
@yes_option
@by_option
@json_option
@django_command
def send(
    name: str,
    number: int | None,
    condition: str,
    in_doubt: str | None,
    accept_links: str,
    yes: bool,
    person: str,
    as_json: bool,
) -> None:
    """承認した版を、いま配信します。号は 2026-11 か 第137号。省くと、承認済みの最新の号です。"""
    from django.utils import timezone

    from newsletter import campaigns

    now = timezone.now()
    if number is None:
        chosen = _planned_or_new(name, condition, person, yes)
    else:
        chosen = campaigns.find(number)
        _refuse_other_segment(chosen, condition)
        if chosen.state != chosen.State.PLANNED:
            campaigns.must_be_running(chosen)
        _confirm(chosen, yes)
    if in_doubt:
        campaigns.choose_in_doubt(chosen, in_doubt)
    if accept_links.strip():
        from newsletter.proofing import link_checks

        for gone in link_checks.accept(chosen, person, accept_links, now):
            say(f"消えたページのまま送ります: {gone}", err=True)
    _start_and_send(chosen, person, as_json)


@click.command("resume")
@campaign_argument
@by_option
@json_option
@django_command
def resume(number: int, person: str, as_json: bool) -> None:
    """止まっている配信を続けます。送り終えた宛先に、もう一度送ることはありません。"""
    from django.utils import timezone

    from newsletter import campaigns, sweep

    chosen, now = campaigns.find(number), timezone.now()
    campaigns.resume(chosen, now, person)
    _tell_of_night(now)
    sweep.sweep(now)
    _send(chosen, person, as_json)


@click.command("rehearse")
@click.argument("name", metavar="[号]", default="")
@yes_option
@by_option
@json_option
@django_command
def rehearse(name: str, yes: bool, person: str, as_json: bool) -> None:
    """全員分を、この機械の受信箱（newsletter catch）だけに送ってみます。読者には届かず、記録も残りません。"""
    from django.utils import timezone

    from newsletter import campaigns, editions, issues
    from newsletter.models import Campaign

    now = timezone.now()
    issue = issues.find_issue(name) if name else campaigns.issue_at_hand()
    edition = (
        editions.make_edition(issue, person, now)
        if issue.state == issue.State.OPEN
        else campaigns.approved_edition(issue)
    )
    _confirm(Campaign(edition=edition, rehearsal=True), yes)
    _start_and_send(campaigns.plan(edition, person, now, rehearsal=True), person, as_json)


@click.command("test")
@click.argument("name", metavar="号")
@click.argument("address", metavar="メールアドレス")
@click.option("--text", "text_only", is_flag=True, help="テキスト形式で送ります。")
@django_command
def test(name: str, address: str, text_only: bool) -> None:
    """件名に【テスト】を付けて、1通だけ送ります。台帳にも読者の記録にも残りません。"""
    from django.utils import timezone

    from newsletter import issues, relays
    from newsletter.trial import send_trial
    from subscribers.addresses import read_address
    from subscribers.errors import AddressError

    try:
        to = read_address(address).address
    except AddressError as error:
        raise click.BadParameter(f"「{address}」はメールアドレスとして使えません。{error}") from error
    relay = relays.first()
    reply = send_trial(issues.find_issue(name), to, timezone.now(), relay, text_only=text_only)
    say(f"{to} へテストメールを送りました。（中継サーバ {relay.name} の応答: {reply}）")


# ------------------------------------------------------------ asking, sending, telling
def _planned_or_new(name: str, condition: str, person: str, yes: bool) -> Campaign:
    """The campaign of this issue that waits to be started, or a new one, once somebody has said yes to it."""
    from django.utils import timezone

    from newsletter import campaigns, segments
    from newsletter.models import Campaign

    issue = campaigns.issue_to_send(name)
    planned = campaigns.planned_for(issue)
    if planned is not None:
        _refuse_other_segment(planned, condition)
        _confirm(planned, yes)
        return planned
    segment = segments.read(condition)
    edition = campaigns.approved_edition(issue)
    campaigns.check(edition, by=person, segment=segment)
    _confirm(Campaign(edition=edition, segment=segment.stored), yes)
    return campaigns.plan(edition, person, timezone.now(), segment=segment)


def _refuse_other_segment(planned: Campaign, condition: str) -> None:
    """Whom a planned campaign is for was decided when it was planned, and the clock may send it at any moment."""
    from newsletter import segments

    if condition and segments.read(condition).stored != planned.segment:
        whom = segments.sentence(segments.Segment.of(planned.segment))
        fail(
            f"配信 {planned.pk} は、もう予定されています。対象は「{whom}」です。"
            f"対象を変えるときは、newsletter campaign cancel {planned.pk} で取り消してから、もう一度実行してください。"
        )


def _confirm(campaign: Campaign, yes: bool) -> None:
    """Show how many, which issue, which subject, to whom and by which relay, and ask once (DOMAIN 11.4)."""
    from django.utils import timezone

    from newsletter import audiences, relays

    now = timezone.now()
    for line in words.forecast_lines(campaign, audiences.forecast(campaign, now)):
        say(line, err=True)
    say(f"中継サーバ: {relays.names(rehearsal=campaign.rehearsal)}", err=True)
    if not campaign.rehearsal:
        _tell_of_night(now)
    if not yes:
        ask("配信しますか？", "配信しませんでした。")


def _tell_of_night(now: datetime) -> None:
    """Who sends at night means it, and should know that it is night."""
    from newsletter import quiet_hours

    if until := quiet_hours.ends_at(now):
        say(quiet_hours.words_of_going_on(until), err=True)


def ask(question: str, otherwise: str) -> None:
    """Ask the person at the keyboard; no answer counts as no."""
    if not sys.stdin.isatty():
        fail(f"{otherwise}確認できないときは --yes を付けて実行してください。")
    if not click.confirm(printable(question), err=True):
        fail(otherwise)


def _start_and_send(campaign: Campaign, person: str, as_json: bool) -> None:
    from django.utils import timezone

    from newsletter import campaigns, quiet_hours, relays
    from newsletter.proofing import link_checks

    if campaign.state == campaign.State.PLANNED:
        # A relay that cannot be reached now is no reason to open the books, and the archive, at all.
        relays.check(campaign)
        for moved in link_checks.before_sending(campaign, timezone.now()):
            say(f"リンクの注意: {moved}", err=True)
        campaigns.start(campaign, timezone.now(), person)
    else:
        quiet_hours.go_on(campaign, person, timezone.now())
    _send(campaign, person, as_json)


def _send(campaign: Campaign, person: str, as_json: bool) -> None:
    from django.db import DatabaseError

    from newsletter import campaigns, failures, reports, sending
    from newsletter.sending import Cause

    with _ctrl_c() as stop, _progress_bar(campaign) as on_progress:
        try:
            run = sending.send_campaign(campaign, stop_event=stop, on_progress=on_progress)
        except KeyboardInterrupt:
            campaigns.pause(campaign, f"{person}さんが打ち切りました")
            fail(
                "打ち切りました。送っている途中だったメールは、続けるときに「不明」として記録されます。"
                f"続けるとき: newsletter campaign resume {campaign.pk}"
            )
        except (DatabaseError, OSError) as error:
            fail(
                f"{failures.words(error)}送ったメールの結果は控えてあり、続けるときに台帳へ書きます。"
                f"結果の分からないものだけが「不明」になります。続けるとき: newsletter campaign resume {campaign.pk}"
            )
    if run.cause is Cause.INTERRUPTED:
        campaigns.pause(campaign, f"{person}さんが中断しました")
    campaign.refresh_from_db()
    _tell(reports.report(campaign), run, as_json)


def _tell(report: Any, run: Run, as_json: bool) -> None:
    from newsletter.sending import Cause

    following = words.next_step(report)
    if as_json:
        print_json(words.report_facts(report) | words.books_facts(report.campaign))
    else:
        print_facts(words.report_lines(report))
    if run.cause is Cause.NIGHT:
        say(run.words, err=True)
    elif run.cause is not Cause.NONE:
        fail(f"配信は途中で止まりました。{run.words}\n{following}".rstrip())
    if following:
        say(following, err=True)


@contextlib.contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) asks the engine to stop in good order; the second one cuts it off."""
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("\n中断します。送っている途中のメールを終えています…（もう一度押すと打ち切ります）", err=True)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _progress_bar(campaign: Campaign) -> Iterator[Callable[[Progress], None] | None]:
    """How many of how many, the rate and the time left; for people at a terminal only."""
    if not is_terminal():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TextColumn("残り"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("送信", total=campaign.deliveries.count(), rate="")

        def show(progress: Progress) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:,.0f}通/秒" if speed else ""
            bar.update(task, total=progress.total, completed=progress.finished, rate=rate)

        yield show
