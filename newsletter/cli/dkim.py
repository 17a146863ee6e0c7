"""`newsletter dkim …`: make a key, and compare it with what the DNS says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import EXIT_FAILED, django_command, fail, json_option, print_json
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from dns.resolver import Resolver


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def dkim() -> None:
    """DKIMの鍵を作り、DNSの登録と比べます。"""


@dkim.command("new")
@click.option("--algorithm", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True, help="鍵の種類。")
@click.option("--selector", default="", metavar="名前", help="セレクタ。省くと rsa-202611 のように付けます。")
@click.option("--domain", default="", metavar="ドメイン", help="署名するドメイン。省くと、差出人のドメイン。")
@json_option
@django_command
def new(algorithm: str, selector: str, domain: str, as_json: bool) -> None:
    """新しい鍵を作り、DNSに登録する内容を表示します。使い始めるのは、設定に書いてからです。"""
    from django.utils import timezone

    from newsletter import signing
    from newsletter.mail import dkim_record
    from newsletter.mail.dkim import Algorithm

    kind = Algorithm(algorithm)
    selector = selector or signing.usual_selector(kind, timezone.localdate())
    key, path = signing.new_key(kind, domain or _sender_domain(), selector)
    if as_json:
        print_json(
            {
                "file": str(path), "algorithm": algorithm, "selector": key.selector, "domain": key.domain,
                "name": key.name, "record": dkim_record.record(key), "zone": dkim_record.zone_line(key),
            }
        )  # fmt: skip
        return
    say(f"鍵を作りました: {path}\n")
    say(f"1. DNSに、次のTXTレコードを登録してください。\n名前: {key.name}\n値:   {dkim_record.record(key)}\n")
    say(f"ゾーンファイルでは、次のように書きます。\n{dkim_record.zone_line(key)}\n")
    say("2. newsletter dkim check で、DNSに反映されたことを確かめてください。")
    say(f"3. 設定に書き加えると、署名が始まります（複数はコンマで区切ります）。\nNEWSLETTER_DKIM_KEYS={path.name}")


@dkim.command("check")
@click.option("--nameserver", metavar="アドレス", help="問い合わせるDNSサーバ（192.0.2.1 か 192.0.2.1:53 の形）。")
@json_option
@django_command
def check(nameserver: str | None, as_json: bool) -> None:
    """鍵がDNSの公開鍵と一致するか調べます。使用中の鍵に誤りがあれば終了コードは1です。"""
    from django.conf import settings

    from newsletter import signing
    from newsletter.mail import dkim_record

    paths = signing.paths_at_hand()
    if not paths and not settings.RELAY_SIGNS:
        fail("DKIMの鍵がありません。newsletter dkim new で作るか、中継サーバが署名することを設定してください。")
    asked = dkim_record.resolver(dkim_record.read_nameserver(nameserver) if nameserver else None)
    in_use = set(signing.paths_in_use())
    rows = [{**_checked(path, asked), "in_use": path in in_use} for path in paths]
    if as_json:
        print_json({"ok": _is_well(rows), "keys": rows, "relay_signs": settings.RELAY_SIGNS})
    else:
        _say(rows)
    if not _is_well(rows):
        raise click.exceptions.Exit(EXIT_FAILED)


def _checked(path: Path, asked: Resolver) -> dict[str, Any]:
    """One key as the report has it."""
    from newsletter import signing
    from newsletter.errors import NewsletterError
    from newsletter.mail import dkim_record

    row: dict[str, Any] = {"file": str(path), "name": "", "algorithm": "", "state": "unreadable"}
    try:
        key = signing.read_key(path)
        row |= {"name": key.name, "algorithm": str(key.algorithm), "state": "unknown"}
        judgement = dkim_record.judge(key, dkim_record.published(key.name, asked))
    except NewsletterError as error:
        return {**row, "good": False, "words": str(error)}
    if (domain := _sender_domain(required=False)) and not signing.is_aligned(key, domain):
        words = f"署名のドメイン {key.domain} が、差出人のドメイン {domain} と合いません（DMARCに通りません）。"
        return {**row, "state": "unaligned", "good": False, "words": words}
    return {**row, "state": str(judgement.state), "good": judgement.is_good, "words": judgement.words}


def _is_well(rows: list[dict[str, Any]]) -> bool:
    return all(row["good"] for row in rows if row["in_use"])


def _say(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        mark = "一致" if row["good"] else "不可"
        used = "使用中" if row["in_use"] else "未使用"
        say(f"{mark} {used} {row['name'] or row['file']} {row['algorithm']}".rstrip())
        say(f"    {row['words']}")
    if not rows:
        say("鍵はありません。署名は中継サーバが付けます（NEWSLETTER_RELAY_SIGNS）。")
    elif not any(row["in_use"] for row in rows):
        say("どの鍵も使われていません。NEWSLETTER_DKIM_KEYS にファイル名を書くと、署名が始まります。")


def _sender_domain(*, required: bool = True) -> str:
    from newsletter import profile

    association = profile.current() if required else profile.current_or_none()
    return association.sender.address.rpartition("@")[2] if association else ""
