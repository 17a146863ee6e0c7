"""`newsletter campaign …`: plan, stop, look. What sends is in campaign_sending, the books in campaign_books."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from newsletter.cli import campaign_again, campaign_books, campaign_sending
from newsletter.cli import campaign_words as words
from newsletter.cli.base import by_option, django_command, fail, json_option, print_json
from newsletter.cli.campaign_sending import campaign_argument
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import Campaign
    from newsletter.reports import Report


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def campaign() -> None:
    """承認した版を配信します。はじめに rehearse で試し、send で送り、report で結果を見ます。"""


for command in (campaign_sending.send, campaign_sending.resume, campaign_again.again):
    campaign.add_command(command)
for command in (campaign_sending.rehearse, campaign_sending.test):
    campaign.add_command(command)
for command in (campaign_books.report, campaign_books.excluded, campaign_books.doubt, campaign_books.sweep):
    campaign.add_command(command)


@campaign.command("plan")
@click.argument("name", metavar="[号]", default="")
@click.option(
    "--at", "starts_at", type=click.DateTime(["%Y-%m-%d %H:%M"]), metavar="日時",
    help="配信を始める日時（2026-11-30 10:07 の形）。省くと、send を待ちます。",
)  # fmt: skip
@campaign_sending.segment_option
@campaign_sending.in_doubt_option
@click.option("--yes", is_flag=True, help="--segment で絞るときの、確認の質問をしません。")
@by_option
@json_option
@django_command
def plan(
    name: str, starts_at: datetime | None, condition: str, in_doubt: str | None, yes: bool, person: str, as_json: bool
) -> None:
    """承認した版の配信を予定します。号は 2026-11 か 第137号。省くと、承認済みの最新の号です。"""
    from django.utils import timezone

    from newsletter import campaigns, profile, reports, segments
    from newsletter.mail.pacing import good_hour
    from newsletter.models import Campaign

    segment = segments.read(condition)
    now = timezone.now()
    hour = timezone.make_aware(starts_at) if starts_at else None
    if hour and hour < now:
        fail(f"{words.moment(hour)} は過ぎています。これからの日時を指定するか、send で送ってください。")
    edition = campaigns.approved_edition(campaigns.issue_to_send(name))
    wanted, quiet = hour, profile.current().manners.quiet_hours
    hour = good_hour(hour, quiet) if hour else None
    if segment.stored:
        campaigns.check(edition, segment=segment)
        _ask_about(Campaign(edition=edition, segment=segment.stored), now, yes)
    planned = campaigns.plan(edition, person, now, starts_at=hour, in_doubt=in_doubt or "", segment=segment)
    if as_json:
        print_json(words.report_facts(reports.report(planned)))
        return
    say(f"予定しました。{words.campaign_line(planned)}「{edition.subject}」")
    if hour != wanted:
        why = f"静かにする時間帯（{quiet}）を避けて" if quiet and wanted and wanted in quiet else "混み合う正時を避けて"
        say(f"{why}、{words.moment(hour)} に始めます。", err=True)
    begin = f"{words.moment(hour)} に newsletter work が始めます。" if hour else "始めるとき: "
    say(begin + ("" if hour else f"newsletter campaign send --campaign {planned.pk}"))


def _ask_about(proposed: Campaign, now: datetime, yes: bool) -> None:
    """Who would get it if it began now; whoever leaves part of the readers out is asked."""
    from newsletter import audiences

    for line in words.forecast_lines(proposed, audiences.forecast(proposed, now)):
        say(line, err=True)
    if not yes:
        campaign_sending.ask("この方々だけへの配信を予定しますか？", "予定しませんでした。")


@campaign.command("pause")
@campaign_argument
@click.option("--reason", required=True, metavar="理由", help="止める理由（記録に残ります）。")
@by_option
@django_command
def pause(number: int, reason: str, person: str) -> None:
    """配信を止めます。送っている途中のメールだけは、送り終えます。"""
    from newsletter import campaigns

    chosen = campaigns.find(number)
    if not campaigns.pause(chosen, f"{reason}（{person}）"):
        campaigns.must_be_running(chosen)
    say(f"止めました。続けるとき: newsletter campaign resume {number}")


@campaign.command("through-night")
@campaign_argument
@by_option
@django_command
def through_night(number: int, person: str) -> None:
    """急ぎの配信を、今夜（昼のうちなら次の夜間）は休まずに続けます。ほかの夜と、ほかの配信は変わりません。"""
    from django.utils import timezone

    from newsletter import campaigns, quiet_hours

    until = quiet_hours.go_through(campaigns.find(number), person, timezone.now())
    say(f"配信 {number} は、{words.moment(until)} まで夜間も休まずに送ります。送るのは newsletter work です。")


@campaign.command("cancel")
@campaign_argument
@campaign_sending.yes_option
@by_option
@django_command
def cancel(number: int, yes: bool, person: str) -> None:
    """配信を取り消します。まだ送っていない宛先には送りません。取り消した配信は、再開できません。"""
    from django.utils import timezone

    from newsletter import campaigns

    chosen = campaigns.find(number)
    if not yes:
        campaign_sending.ask(f"{words.campaign_line(chosen)} を取り消しますか？", "取り消しませんでした。")
    waiting = campaigns.cancel(chosen, person, timezone.now())
    say(f"取り消しました。送らなかった宛先: {waiting:,}件")


@campaign.command("status")
@click.argument("number", type=click.IntRange(min=1), metavar="[配信番号]", required=False)
@json_option
@django_command
def status(number: int | None, as_json: bool) -> None:
    """配信のようすを表示します。番号を省くと、最新の配信です。"""
    from newsletter import campaigns, reports

    made = reports.report(campaigns.find(number) if number else campaigns.latest())
    if as_json:
        print_json(words.report_facts(made))
        return
    print_facts(words.report_lines(made))
    if following := words.next_step(made):
        say(following, err=True)


@campaign.command("list")
@json_option
@django_command
def list_(as_json: bool) -> None:
    """配信の一覧を、新しい順に表示します。"""
    from newsletter import campaigns, reports

    made = [reports.report(row) for row in campaigns.newest_first()]
    if as_json:
        print_json([words.report_facts(one) for one in made])
        return
    if not made:
        say("配信はまだありません。newsletter campaign send で始めます。")
        return
    headings = ("番号", "号", "状態", "開始", "宛先", "送信済み", "不明")
    print_rows(headings, [_row(one) for one in made])


def _row(made: Report) -> tuple[object, ...]:
    one = made.campaign
    mark = "［リハーサル］" if one.rehearsal else ""
    state = one.get_state_display() + ("（夜間の休み）" if made.rests_until else "")
    started = words.moment(one.started_at or one.starts_at)
    counts = (made.total, made.states["sent"], made.states["in_doubt"])
    return (one.pk, mark + words.issue_words(one), state, started, *counts)


@campaign.command("continue")
@django_command
def continue_() -> None:
    """時刻の来た配信を始め、途中の配信を続けます。newsletter work は毎分これをします。"""
    from django.utils import timezone

    from newsletter import identity, quiet_hours, schedule, sending
    from newsletter.sending import Cause

    identity.require()
    runs = sending.continue_campaigns()
    say(f"{len(runs)}件の配信を進めました。" if runs else "いま進める配信はありません。")
    for resting, until in schedule.resting(timezone.now()):
        say(f"配信 {resting.pk}: {quiet_hours.words(until)}", err=True)
    if stopped := [run.words for run in runs if run.words and run.cause is not Cause.NIGHT]:
        fail("\n".join(stopped))
