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
    database_words,
    django_command,
    fail,
    is_terminal,
    json_option,
    os_error_words,
    print_json,
)
from newsletter.cli.listing import print_facts

if TYPE_CHECKING:
    from newsletter.models import Campaign, Edition
    from newsletter.sending import Progress, Run

in_doubt_option = click.option(
    "--in-doubt", "in_doubt", type=click.Choice(["ask", "resend", "leave"]), default=None,
    help="届いたか不明なとき: ask 人が決める、resend 二重でも届ける、leave 送り直さない。省くとプロファイルの値。",
)  # fmt: skip
yes_option = click.option("--yes", is_flag=True, help="確認の質問をしません。")
campaign_argument = click.argument("number", type=click.IntRange(min=1), metavar="配信番号")


@click.command("send")
@click.argument("name", metavar="[号]", default="")
@click.option("--campaign", "number", type=click.IntRange(min=1), metavar="番号", help="予定済みの配信の番号。")
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
    name: str, number: int | None, in_doubt: str | None, accept_links: str, yes: bool, person: str, as_json: bool
) -> None:
    """承認した版を、いま配信します。号は 2026-11 か 第137号。省くと、承認済みの最新の号です。"""
    from django.utils import timezone

    from newsletter import audiences, campaigns

    now = timezone.now()
    if number is None:
        issue = campaigns.issue_to_send(name)
        planned = campaigns.planned_for(issue)
        edition = planned.edition if planned else campaigns.approved_edition(issue)
        if planned is None:
            campaigns.check(edition, by=person)
        _confirm(edition, yes, rehearsal=False)
        chosen = planned or campaigns.plan(edition, person, now)
    else:
        chosen = campaigns.find(number)
        if chosen.state != chosen.State.PLANNED:
            campaigns.must_be_running(chosen)
        count = None if chosen.again_of_id is None else audiences.candidates(chosen).count()
        _confirm(chosen.edition, yes, chosen.rehearsal, count)
    if in_doubt:
        campaigns.choose_in_doubt(chosen, in_doubt)
    if accept_links.strip():
        from newsletter.proofing import link_checks

        for gone in link_checks.accept(chosen, person, accept_links, now):
            click.echo(f"消えたページのまま送ります: {gone}", err=True)
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


@click.command("again")
@campaign_argument
@click.option(
    "--states", default="refused,expired,bounced", show_default=True, metavar="状態",
    help="送り直す状態をコンマで区切って指定します（refused, expired, bounced, in_doubt, cancelled）。",
)  # fmt: skip
@in_doubt_option
@by_option
@json_option
@django_command
def again(number: int, states: str, in_doubt: str | None, person: str, as_json: bool) -> None:
    """終わった配信で届かなかった人だけへの、新しい配信を予定します。送るのは send --campaign です。"""
    from django.utils import timezone

    from newsletter import audiences, campaigns, reports

    chosen = [state.strip() for state in states.split(",") if state.strip()]
    wrong = set(chosen) - {"refused", "expired", "bounced", "in_doubt", "cancelled"}
    if wrong or not chosen:
        raise click.BadParameter(f"使えない状態です: {'、'.join(sorted(wrong)) or '（なし）'}", param_hint="--states")
    repeat = campaigns.again(campaigns.find(number), person, timezone.now(), chosen, in_doubt=in_doubt or "")
    count = audiences.candidates(repeat).count()
    if as_json:
        print_json(words.report_facts(reports.report(repeat)) | {"candidates": count})
        return
    click.echo(f"予定しました。{words.campaign_line(repeat)} 候補: {count:,}件")
    click.echo(f"始めるとき: newsletter campaign send --campaign {repeat.pk}")


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

    now = timezone.now()
    issue = issues.find_issue(name) if name else campaigns.issue_at_hand()
    edition = (
        editions.make_edition(issue, person, now)
        if issue.state == issue.State.OPEN
        else campaigns.approved_edition(issue)
    )
    _confirm(edition, yes, rehearsal=True)
    _start_and_send(campaigns.plan(edition, person, now, rehearsal=True), person, as_json)


@click.command("test")
@click.argument("name", metavar="号")
@click.argument("address", metavar="メールアドレス")
@click.option("--text", "text_only", is_flag=True, help="テキスト形式で送ります。")
@django_command
def test(name: str, address: str, text_only: bool) -> None:
    """件名に【テスト】を付けて、1通だけ送ります。台帳にも読者の記録にも残りません。"""
    from django.utils import timezone

    from newsletter import issues, sending
    from newsletter.trial import send_trial
    from subscribers.addresses import read_address
    from subscribers.errors import AddressError

    try:
        to = read_address(address).address
    except AddressError as error:
        raise click.BadParameter(f"「{address}」はメールアドレスとして使えません。{error}") from error
    relay = sending.relay_for()
    reply = send_trial(issues.find_issue(name), to, timezone.now(), relay, text_only=text_only)
    click.echo(f"{to} へテストメールを送りました。（中継サーバ {relay.name} の応答: {reply}）")


# ------------------------------------------------------------ asking, sending, telling
def _confirm(edition: Edition, yes: bool, rehearsal: bool, count: int | None = None) -> None:
    """Show how many, which issue, which subject and by which relay, and ask once (DOMAIN 11.4)."""
    from django.utils import timezone

    from newsletter import sending
    from subscribers import audience

    where = sending.relay_name(rehearsal=rehearsal)
    issue = edition.issue
    count = audience.recipients(extra=issue.extra > 0).count() if count is None else count
    click.echo(f"{count:,}件・{words.issue_name(issue)}・「{edition.subject}」\n中継サーバ: {where}", err=True)
    if not rehearsal:
        _tell_of_night(timezone.now())
    if not yes:
        ask("配信しますか？", "配信しませんでした。")


def _tell_of_night(now: datetime) -> None:
    """Who sends at night means it, and should know that it is night."""
    from newsletter import quiet_hours

    if until := quiet_hours.ends_at(now):
        click.echo(quiet_hours.words_of_going_on(until), err=True)


def ask(question: str, otherwise: str) -> None:
    """Ask the person at the keyboard; no answer counts as no."""
    if not sys.stdin.isatty():
        fail(f"{otherwise}確認できないときは --yes を付けて実行してください。")
    if not click.confirm(question, err=True):
        fail(otherwise)


def _start_and_send(campaign: Campaign, person: str, as_json: bool) -> None:
    from django.utils import timezone

    from newsletter import campaigns, sending
    from newsletter.proofing import link_checks

    if campaign.state == campaign.State.PLANNED:
        # A relay that cannot be reached now is no reason to open the books, and the archive, at all.
        sending.check_relay(campaign)
        for moved in link_checks.before_sending(campaign, timezone.now()):
            click.echo(f"リンクの注意: {moved}", err=True)
        campaigns.start(campaign, timezone.now(), person)
    _send(campaign, person, as_json)


def _send(campaign: Campaign, person: str, as_json: bool) -> None:
    from django.db import DatabaseError

    from newsletter import campaigns, reports, sending
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
            broken = os_error_words(error) if isinstance(error, OSError) else database_words(error)
            fail(
                f"{broken}送っている途中だったメールは、続けるときに「不明」として記録されます。"
                f"続けるとき: newsletter campaign resume {campaign.pk}"
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
        click.echo(run.words, err=True)
    elif run.cause is not Cause.NONE:
        fail(f"配信は途中で止まりました。{run.words}\n{following}".rstrip())
    if following:
        click.echo(following, err=True)


@contextlib.contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) asks the engine to stop in good order; the second one cuts it off."""
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("\n中断します。送っている途中のメールを終えています…（もう一度押すと打ち切ります）", err=True)

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
