"""`newsletter profile …`: load, check and show what the association is."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import django_command, json_option, print_json
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from newsletter.association.loading import ProfileChange
    from newsletter.profile import Profile

FILE = click.argument("file", type=click.Path(path_type=Path), metavar="ファイル")
KINDS = {"association": "団体", "member": "会員", "feed": "フィード"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def profile() -> None:
    """団体のプロファイル（TOMLファイル）を読み込み、確認します。"""


@profile.command("load")
@FILE
@json_option
@django_command
def load(file: Path, as_json: bool) -> None:
    """プロファイルを読み込み、何が変わったかを表示します。同じファイルを何度読み込んでも同じです。"""
    from django.utils import timezone

    from newsletter import profile as profiles

    changes = profiles.load(file, timezone.now())
    if as_json:
        print_json({"file": str(file), "counts": _counts(changes), "changes": [_as_dict(change) for change in changes]})
        return
    for change in changes:
        if change.action != "same":
            details = "".join(f"\n    {line}" for line in change.details)
            say(f"{change.action.label} {KINDS[change.kind]} {change.name}（{change.key}）{details}")
    counted = Counter(change.action for change in changes)
    say("、".join(f"{action.label} {count}件" for action, count in sorted(counted.items())))


def _as_dict(change: ProfileChange) -> dict[str, Any]:
    return asdict(change) | {"action": change.action.value}


def _counts(changes: list[ProfileChange]) -> dict[str, int]:
    return dict(Counter(change.action.value for change in changes))


@profile.command("check")
@FILE
@json_option
@django_command
def check(file: Path, as_json: bool) -> None:
    """読み込まずに、プロファイルの誤りを調べます。"""
    from newsletter import profile as profiles

    found = profiles.read(file)
    if as_json:
        print_json({"file": str(file), "name": found.publisher.name, "digest": found.digest, **_sizes(found)})
        return
    sizes = _sizes(found)
    say(f"{file}: 誤りはありません。{found.publisher.legal_name}")
    say(f"欄 {sizes['sections']}、会員 {sizes['members']}、フィード {sizes['feeds']}")


def _sizes(found: Profile) -> dict[str, int]:
    return {"sections": len(found.sections), "members": len(found.members), "feeds": len(found.feeds)}


@profile.command("show")
@json_option
@django_command
def show(as_json: bool) -> None:
    """いま使っているプロファイルを表示します。"""
    from newsletter import profile as profiles

    found = profiles.current()
    if as_json:
        print_json(asdict(found))
        return
    for label, value in _lines(found):
        say(f"{label}: {value}" if value else label)


def _lines(found: Profile) -> list[tuple[str, str]]:
    publisher, sender = found.publisher, found.sender
    full = sum(member.kind == "full" for member in found.members)
    numbering = found.numbering
    return [
        ("団体", f"{publisher.name}（{publisher.legal_name}）"),
        ("所在地", f"〒{publisher.postal_code} {publisher.postal_address}"),
        ("電話", publisher.phone),
        ("メール", publisher.email),
        ("ウェブ", publisher.website),
        ("e-ニュース", found.title),
        ("差出人", f"{sender.name} <{sender.address}>"),
        ("返信先", sender.reply_to),
        ("エラーの戻り先", sender.bounce_address),
        ("List-Id", sender.list_id),
        ("号数", f"{numbering.month:%Y-%m} が第{numbering.number}号" if numbering else "付けない"),
        ("承認", f"{found.approvals_needed}人"),
        ("同意の文面の版", found.wording.version),
        ("欄", "、".join(f"{section.title}（{section.key}、{section.limit}件まで）" for section in found.sections)),
        ("発展の道筋", "、".join(pathway.label_ja for pathway in found.pathways)),
        ("会員", f"正会員 {full}、特別会員 {len(found.members) - full}"),
        ("フィード", f"{len(found.feeds)}"),
    ]
