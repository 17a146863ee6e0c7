"""`newsletter subscribers find|show|suppress|lift|erase|forget-unconfirmed`: one person at a time."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import by_option, django_command, fail, json_option, print_json
from newsletter.cli.listing import print_facts, print_rows
from newsletter.cli.terminal import printable, say

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.erasures import Erased
    from subscribers.models import ConsentEvent, Subscriber, Suppression

MOST_FOUND = 200
ELSEWHERE = (
    "購読者としての登録はありませんが、ほかの記録（会員の担当者、投稿の連絡先、会員の回答）にあるアドレスです。"
    "内容は newsletter subscribers dossier で見られます。"
)
ELSEWHERE_TOO = "ほかの記録（会員の担当者、投稿の連絡先、会員の回答）にもあります: newsletter subscribers dossier"
REASONS = ["by_hand", "left", "bounced", "complained"]


@click.command()
@click.argument("text", metavar="TEXT")
@json_option
@django_command
def find(text: str, as_json: bool) -> None:
    """アドレス・氏名・所属の一部で購読者を探します。"""
    from subscribers import finding

    people = list(finding.find(text)[: MOST_FOUND + 1])
    if not people and _is_held_elsewhere(text):
        say(ELSEWHERE, err=True)
    if as_json:
        print_json([_summary(person) for person in people[:MOST_FOUND]])
        return
    rows = ((p.get_state_display(), p.address, p.name, p.organisation, p.department) for p in people[:MOST_FOUND])
    print_rows(("状態", "アドレス", "氏名", "所属団体", "部署"), rows)
    if len(people) > MOST_FOUND:
        say(f"{MOST_FOUND}件まで表示しました。もっと長い言葉で探してください。", err=True)


@click.command()
@click.argument("address", metavar="ADDRESS")
@json_option
@django_command
def show(address: str, as_json: bool) -> None:
    """1人の登録内容と、同意台帳のすべての記録、同意した文面を表示します。"""
    from newsletter import dossier, erasures
    from subscribers import consent
    from subscribers.models import Subscriber, Suppression

    mark = fingerprint_of(address)
    person = Subscriber.objects.filter(fingerprint=mark).first()
    stops, events = list(Suppression.objects.filter(fingerprint=mark).order_by("at", "pk")), list(consent.history(mark))
    elsewhere = erasures.is_elsewhere(mark)
    if not (person or stops or events or elsewhere):
        fail("この宛先の登録も記録もありません。")
    if as_json:
        standing = [stop for stop in stops if stop.lifted_at is None]
        print_json(
            {
                "subscriber": _summary(person) if person else None,
                "suppression": _suppression(standing[0]) if standing else None,
                "suppressions": [_suppression(stop) for stop in stops],
                "events": [_event(event) for event in events],
                "wordings": _wordings(events),
                "elsewhere": elsewhere,
            }
        )
        return
    print_facts(_facts(person, stops))
    if elsewhere:
        say(ELSEWHERE_TOO if person else ELSEWHERE)
    say("同意台帳:")
    print_rows(("日時", "記録", "内容"), ((_moment(e.at), e.get_kind_display(), consent.describe(e)) for e in events))
    for line in dossier.agreed_to(events):
        say(line)


@click.command()
@click.argument("address", metavar="ADDRESS")
@click.option(
    "--reason",
    type=click.Choice(REASONS),
    default="by_hand",
    help="理由: by_hand 事務局が停止（既定）、left 本人が解除を申し出た、bounced 宛先不明、complained 迷惑メール報告。",
)
@click.option("--note", default="", metavar="TEXT", help="備考（300文字まで）。")
@by_option
@json_option
@django_command
def suppress(address: str, reason: str, note: str, person: str, as_json: bool) -> None:
    """このアドレスへの配信を止めます。登録のないアドレスも止められます。"""
    from django.utils import timezone

    from subscribers import by_hand
    from subscribers.models import Suppression

    changed = by_hand.stop(fingerprint_of(address), Suppression.Reason(reason), timezone.now(), person, note)
    if as_json:
        print_json({"changed": changed, "reason": reason})
        return
    say("配信を止めました。" if changed else "すでに止まっています（同じか、より重い理由です）。")


@click.command()
@click.argument("address", metavar="ADDRESS")
@click.option("--why", required=True, metavar="TEXT", help="解除してよい理由（5文字以上。記録に残ります）。")
@click.option("--erased", is_flag=True, help="ご本人の求めで消去した方であることを承知のうえで、解除します。")
@by_option
@json_option
@django_command
def lift(address: str, why: str, erased: bool, person: str, as_json: bool) -> None:
    """配信停止を解除します。登録が「購読中」の方には、次の配信から届きます。

    ご自分で解除した方（登録が「解除済み」の方）は、これでは購読者に戻りません。ご本人の新しい申込が必要です。
    登録の残っていない方と確認待ちの方は、名簿の取込で登録できるようになります。ご本人の求めで消去した方には
    --erased が必要で、そのあとの取込では、以前に消去した宛先であることを警告します。

    ほかの理由で停止した方がご自分でも解除していたときは、解除したことによる停止が残ります。もう一度実行すると、
    それも解けます。そのあとの取込では、以前に解除した宛先であることを警告します。
    """
    from django.utils import timezone

    from subscribers import suppression

    mark = fingerprint_of(address)
    if not erased and suppression.is_erased(mark):
        fail(f"{suppression.OF_ERASED}確かめたら、--erased を付けて、もう一度実行してください。")
    lifted = suppression.lift(mark, timezone.now(), operator=person, why=why, knows_erased=erased)
    if as_json:
        print_json({"lifted": lifted, "still_left": bool(suppression.still_left(mark))})
        return
    if not lifted:
        fail("この宛先は停止されていません。")
    say(f"停止を解除しました。{suppression.still_left(mark)}")


@click.command()
@click.argument("address", metavar="ADDRESS")
@click.option(
    "--contacts", is_flag=True,
    help="会員の担当者としての登録、採否の決まった投稿の連絡先、担当者あてのメールの控えも消します。",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="確認せずに消去します。")
@by_option
@json_option
@django_command
def erase(address: str, contacts: bool, yes: bool, person: str, as_json: bool) -> None:
    """ご本人の求めにより、購読者の個人情報を消去します。元に戻せません。

    何が消え、何がなぜ残るかを先に示して、確認します。会員の担当者や投稿の連絡先は、--contacts を付けると消します。
    """
    from django.utils import timezone

    from newsletter import erasures

    mark = fingerprint_of(address)
    found = erasures.held(mark)
    if found.is_empty:
        fail(
            "この宛先の登録はありません。今後の配信を止めるだけなら newsletter subscribers suppress を使ってください。"
        )
    if found.reader is None and not found.named.answers and not contacts:
        fail("購読者の登録はありませんが、会員の担当者か投稿の連絡先にあります。消すには --contacts を付けてください。")
    if not yes:
        account = erasures.look(mark, timezone.now(), with_contacts=contacts)
        _print_account(account, "消すもの", "残すもの", err=True)
        if not _is_sure(address):
            fail("消去しませんでした。")
    erased = erasures.erase(mark, person, timezone.now(), with_contacts=contacts)
    if as_json:
        print_json(asdict(erased))
        return
    say("消去しました。")
    _print_account(erased, "消したもの", "残したもの")


@click.command("forget-unconfirmed")
@json_option
@django_command
def forget_unconfirmed(as_json: bool) -> None:
    """14日以内に確認のなかった申込を消します（毎日自動でも動きます）。"""
    from django.utils import timezone

    from subscribers import signup

    forgotten = signup.forget_unconfirmed(timezone.now())
    if as_json:
        print_json({"forgotten": forgotten})
        return
    say(f"{forgotten}件の申込を消しました。")


# ------------------------------------------------------------ words for a person
def fingerprint_of(address: str) -> str:
    """What the ledger knows an address by; a sentence and exit 1 if it cannot be read."""
    from django.conf import settings

    from subscribers.addresses import fingerprint, read_address
    from subscribers.errors import AddressError

    try:
        return fingerprint(read_address(address).key, settings.FINGERPRINT_KEY)
    except AddressError as error:
        fail(f"アドレスが読めません。{error}")


def _is_held_elsewhere(text: str) -> bool:
    """Whether an address that is no reader's stands in another record."""
    from django.conf import settings

    from newsletter import erasures
    from subscribers.addresses import fingerprint, read_address
    from subscribers.errors import AddressError

    try:
        return erasures.is_elsewhere(fingerprint(read_address(text).key, settings.FINGERPRINT_KEY))
    except AddressError:
        return False


def _print_account(account: Erased, removed: str, kept: str, *, err: bool = False) -> None:
    letters = [f"個別メール {account.letters}通"] if account.letters else []
    say(f"{removed}: {'、'.join((*account.removed, *letters)) or 'なし'}", err=err)
    for one in account.kept:
        say(f"{kept}: {one.what} {one.count}件 … {one.why}", err=err)


def _is_sure(address: str) -> bool:
    try:
        question = printable(f"{address} の個人情報を消去します。元に戻せません。よろしいですか")
        return click.confirm(question, default=False)
    except click.Abort:
        return False


def _facts(person: Subscriber | None, stops: list[Suppression]) -> list[tuple[str, object]]:
    from newsletter import dossier

    entry = dossier.facts(person) if person else [("登録", "ありません")]
    facts: list[tuple[str, object]] = [(label, value or "―") for label, value in entry]
    return facts + [("配信停止", _stop_in_words(stop)) for stop in stops]


def _stop_in_words(stop: Suppression) -> str:
    by = f"、操作者: {stop.operator}" if stop.operator else ""
    note = f"、備考: {stop.note}" if stop.note else ""
    why = f"、理由: {stop.lifted_why}" if stop.lifted_why else ""
    lifted_by = f"、操作者: {stop.lifted_by}" if stop.lifted_by else ""
    ended = f"、解除: {_moment(stop.lifted_at)}{lifted_by}{why}" if stop.lifted_at else ""
    return f"{stop.get_reason_display()}（{_moment(stop.at)}{by}{note}{ended}）"


def _moment(at: datetime | None) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else "―"


def _summary(person: Subscriber) -> dict[str, Any]:
    names = (
        "address", "state", "name", "organisation", "department", "municipality", "format", "sections", "pathways",
        "only_monthly", "language",
    )  # fmt: skip
    dates = ("created_at", "confirmed_at", "left_at", "paused_until")
    return {name: getattr(person, name) for name in names} | {name: _iso(getattr(person, name)) for name in dates}


def _suppression(stop: Suppression) -> dict[str, Any]:
    names = ("reason", "operator", "note", "lifted_by", "lifted_why")
    dates = {name: _iso(getattr(stop, name)) for name in ("at", "lifted_at")}
    return {name: getattr(stop, name) for name in names} | dates


def _event(event: ConsentEvent) -> dict[str, Any]:
    from subscribers import consent

    names = ("kind", "basis", "wording", "source", "operator", "detail")
    return {"at": _iso(event.at)} | {name: getattr(event, name) for name in names} | {"words": consent.describe(event)}


def _wordings(events: list[ConsentEvent]) -> dict[str, Any]:
    """By version: the text that was agreed to and as far back as it is certain; null where it was never kept."""
    from subscribers import wordings

    return {
        one.version: {"text": one.text, "since": _iso(one.since)} if one.since else None
        for one in wordings.named_by(events)
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
