"""`newsletter campaign again`: once more, to those who did not get it, and on request to those who could not then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli import campaign_sending
from newsletter.cli import campaign_words as words
from newsletter.cli.base import by_option, django_command, json_option, print_json
from newsletter.cli.campaign_sending import campaign_argument
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.models import Campaign


@click.command("again")
@campaign_argument
@click.option(
    "--states", default="refused,expired,bounced", show_default=True, metavar="状態",
    help="送り直す状態をコンマで区切って指定します（refused, expired, bounced, in_doubt, cancelled）。",
)  # fmt: skip
@click.option(
    "--newly-eligible", is_flag=True,
    help="はじめに外した方のうち、いまは送れる方（確認が済んだ、お休みが終わったなど）も含めます。人数を確かめてから予定します。",
)  # fmt: skip
@campaign_sending.in_doubt_option
@campaign_sending.yes_option
@by_option
@json_option
@django_command
def again(
    number: int, states: str, newly_eligible: bool, in_doubt: str | None, yes: bool, person: str, as_json: bool
) -> None:
    """終わった配信で届かなかった人だけへの、新しい配信を予定します。送るのは send --campaign です。"""
    from django.utils import timezone

    from newsletter import audiences, campaigns, reports

    chosen = [state.strip() for state in states.split(",") if state.strip()]
    wrong = set(chosen) - {"refused", "expired", "bounced", "in_doubt", "cancelled"}
    if wrong or not chosen:
        raise click.BadParameter(f"使えない状態です: {'、'.join(sorted(wrong)) or '（なし）'}", param_hint="--states")
    ended = campaigns.find(number)
    with_them = newly_eligible and _confirm_newly_eligible(ended, yes)
    repeat = campaigns.again(
        ended, person, timezone.now(), chosen, in_doubt=in_doubt or "", newly_eligible=with_them
    )  # fmt: skip
    count = audiences.candidates(repeat).count()
    if as_json:
        print_json(words.report_facts(reports.report(repeat)) | {"candidates": count})
        return
    say(f"予定しました。{words.campaign_line(repeat)} 候補: {count:,}件")
    say(f"始めるとき: newsletter campaign send --campaign {repeat.pk}")
    if not newly_eligible and (offer := campaigns.offer_newly_eligible(ended)):
        say(f"{offer}（先に newsletter campaign cancel {repeat.pk}）", err=True)


def _confirm_newly_eligible(ended: Campaign, yes: bool) -> bool:
    """Say how many and why they were left out, and ask. False when there is nobody."""
    from newsletter import audiences

    reasons = audiences.why_left_out(ended)
    if not reasons:
        say("外した方のうち、いま送れる方はありません。", err=True)
        return False
    why = "、".join(f"「{reason}」{count:,}件" for reason, count in reasons.items())
    say(
        f"配信 {ended.pk} で外した方のうち、{sum(reasons.values()):,}件にはいまなら送れます（外した理由: {why}）。"
        "すでに届いたかもしれない方、解除した方、停止中の方は含みません。",
        err=True,
    )
    if not yes:
        campaign_sending.ask("この方々も含めて予定しますか？", "予定しませんでした。")
    return True
