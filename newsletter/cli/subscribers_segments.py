"""`newsletter subscribers segment` and `who`: part of the readers, and why one address gets a campaign or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.listing import print_facts
from newsletter.cli.subscribers_people import fingerprint_of
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.audiences import Answer
    from newsletter.models import Campaign


@click.command()
@click.argument("condition", metavar="条件", default="")
@json_option
@django_command
def segment(condition: str, as_json: bool) -> None:
    """条件に当たる方を、文と人数で示します。同じ条件を campaign plan --segment に書けます。

    \b
    条件（空白で区切ると「すべてに当たる方」、コンマで区切ると「いずれか」）:
      kind=full            正会員の自治体（special 特別会員、member 会員、none 会員ではない）
      municipality=401005  市区町村（名前でも書けます）
      prefecture=福岡県    都道府県
      section=events       希望する欄（すべてを希望する方を含みます）
      pathway=circular     希望する道筋（同じく、すべてを希望する方を含みます）
      format=text          形式（html か text）
      since=2026-01-01     この日以後に登録した方（until はこの日以前）
    """
    from newsletter import segments
    from subscribers import audience

    chosen = segments.read(condition)
    wanted = segments.condition(chosen)
    known, reached = segments.within(chosen).count(), audience.recipients().filter(wanted).count()
    if as_json:
        facts = {"segment": chosen.stored, "sentence": segments.sentence(chosen)}
        print_json(facts | {"subscribers": known, "recipients": reached})
        return
    say(segments.sentence(chosen))
    print_facts((("いま送る相手", f"{reached:,}人"), ("登録（解除・停止中・お休み中を含む）", f"{known:,}人")))


@click.command()
@click.argument("address", metavar="ADDRESS")
@click.option("--campaign", "number", type=click.IntRange(min=1), required=True, metavar="番号", help="配信の番号。")
@json_option
@django_command
def who(address: str, number: int, as_json: bool) -> None:
    """このアドレスに、その配信が届くか、届かないなら、なぜかを示します。"""
    from django.utils import timezone

    from newsletter import audiences, campaigns
    from subscribers.models import Subscriber

    campaign, mark = campaigns.find(number), fingerprint_of(address)
    person = Subscriber.objects.filter(fingerprint=mark).first()
    if person is None:
        fail(f"この宛先の登録はありません。だから、どの配信も届きません。{_why_stopped(mark)}")
    answer = audiences.explain(campaign, person, timezone.now())
    words = _words(campaign, answer)
    if as_json:
        row, out = answer.delivery, answer.exclusion
        print_json(
            {
                "campaign": campaign.pk, "gets_it": row is not None and row.state != row.State.CANCELLED,
                "forecast": answer.is_forecast, "state": row.state if row else None,
                "reason": out.reason if out else None, "words": words,
            }
        )  # fmt: skip
        return
    say(words)


def _why_stopped(mark: str) -> str:
    """An address can be stopped without an entry: erased, or a mailbox that does not exist."""
    from subscribers import suppression

    standing = suppression.standing(mark)
    return f"配信停止の記録があります: {standing.get_reason_display()}" if standing else ""


def _words(campaign: Campaign, answer: Answer) -> str:
    from django.utils import timezone

    if campaign.state == campaign.State.CANCELLED and campaign.expanded_at is None:
        return "送りません: この配信は、始まる前に取り消されました"
    when = "この配信はまだ始まっていません。いま始めると、" if answer.is_forecast else ""
    if answer.exclusion:
        return f"{when}送りません: {answer.exclusion.get_reason_display()}"
    row = answer.delivery
    if row is None:
        return f"{when}送りません: この配信の宛先を決めたときに、対象ではありませんでした（そのあとの登録など）"
    if answer.is_forecast:
        return f"{when}送ります。"
    if row.state == row.State.CANCELLED:
        return f"宛先に入っていましたが、送りませんでした: {row.reason or '配信の取消'}"
    settled = f"（{timezone.localtime(row.settled_at):%Y-%m-%d %H:%M}）" if row.settled_at else ""
    why = f"　理由: {row.reason}" if row.reason else ""
    reply = f"　応答: {row.reply_code or ''} {row.reply_text}".rstrip() if row.reply_text else ""
    return f"宛先に入っています: {row.get_state_display()}{settled}{why}{reply}"
