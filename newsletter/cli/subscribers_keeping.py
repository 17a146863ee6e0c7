"""`newsletter subscribers tidy` and `dossier`: what is kept of people, how long, and what is shown to them."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.listing import print_facts
from newsletter.cli.subscribers_people import fingerprint_of
from newsletter.cli.terminal import say

WORDS = {
    "unconfirmed": "14日以内に確認のなかった申込（消去）",
    "departed": "停止から保存期間の過ぎた方の登録と同意の記録（消去と匿名化）",
    "orphaned": "登録のない宛先の、保存期間の過ぎた記録（匿名化）",
    "sources": "確認の済んだ申込の送信元アドレス（短縮または消去）",
    "former_values": "取り消せる期間の過ぎた、取込前の値（消去）",
    "pauses": "終わったお休みの記録（消去）",
    "stages": "途中で止まった取込の、読み終えた行（消去）",
    "answers": "宛先の確認の、取り消せる期間の過ぎた回答の氏名とアドレス（消去）",
    "uploads": "編集デスクでお預かりして1日たった名簿（消去）",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="何をするかを示すだけで、何も変えません。")
@json_option
@django_command
def tidy(dry_run: bool, as_json: bool) -> None:
    """保存期間の過ぎた個人情報を消し、同意の記録を匿名にします（毎晩自動でも動きます）。

    保存期間は、プロファイルの [privacy] で決めます。
    """
    from django.utils import timezone

    from newsletter import profile, tidying
    from newsletter.lists import uploads

    now, terms = timezone.now(), profile.retention_terms()
    counts = tidying.look(now) if dry_run else tidying.tidy(now)
    counts |= {"uploads": uploads.count_old(now) if dry_run else uploads.tidy(now)}
    if as_json:
        print_json({"dry_run": dry_run, "terms": asdict(terms), "counts": counts})
        return
    print_facts((WORDS[name], f"{count:,}件") for name, count in counts.items())
    say("試しに見ただけで、何も変えていません。" if dry_run else "整理しました。")


@click.command()
@click.argument("address", metavar="ADDRESS")
@click.option(
    "-o", "--output", "file", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="書き出すファイル（テキスト）。",
)  # fmt: skip
@django_command
def dossier(address: str, file: Path) -> None:
    """1人について持っているすべてを、読める文書にします（本人からの開示の請求に）。

    渡す前に、請求した方がご本人であることを確かめてください。ファイルは操作した人だけが読める権限で作られます。
    """
    from django.utils import timezone

    from newsletter import dossier as dossiers
    from newsletter import profile

    held = dossiers.collect(address.strip(), fingerprint_of(address))
    if held.is_empty:
        fail("この宛先について持っているものはありません。")
    association = profile.current_or_none()
    publisher = (association.publisher.legal_name or association.publisher.name) if association else ""
    text = dossiers.compose(held, publisher, timezone.now())
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{file} はすでにあります。別の名前にしてください。")
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="\r\n") as out:
        out.write(text)
    say(f"{file} に書き出しました。")
