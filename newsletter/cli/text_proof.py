"""`newsletter text proof`: the proofreading for rows in a file. No database and no settings."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from newsletter.cli import streams
from newsletter.cli.base import fail, json_line, json_option, print_json, read_utf8
from newsletter.cli.terminal import say
from newsletter.failures import os_error_words

if TYPE_CHECKING:
    from newsletter.proof.manuscript import World

SHIPPED_PROFILE = Path(__file__).resolve().parent.parent / "profiles" / "iclei-japan.toml"


@click.command("proof")
@click.option(
    "--jsonl",
    "file",
    metavar="FILE",
    help='1行に1件のJSON {"id","text","month":"2026-11","sent_on":"2026-11-30"} を書いたファイル。- で標準入力。',
)
@click.option("--rules", is_flag=True, help="規則の一覧（番号、程度、説明、根拠）を表示します。")
@click.option("--morphology", is_flag=True, help="形態素解析が必要な規則も使います。")
@click.option(
    "--profile",
    type=click.Path(path_type=Path),
    default=SHIPPED_PROFILE,
    metavar="FILE",
    help="会員の名簿などを読むプロファイル。省くと、同梱のもの。",
)
@click.option(
    "--dictionary",
    "dictionaries",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="同梱の辞書に重ねる辞書（prhのYAML）。何枚でも重ねられます。",
)
@json_option
def proof(
    file: str | None, rules: bool, morphology: bool, profile: Path, dictionaries: tuple[Path, ...], as_json: bool
) -> None:
    """文章を校正し、1行に1件のJSON {"id","findings"} で結果を出します。データベースは使いません。

    findings の start と end は、text の何文字目か（0から）です。
    """
    streams.end_with_the_reader()
    if rules:
        _print_rules(as_json)
    elif file is None:
        raise click.UsageError("--jsonl か --rules のどちらかを指定してください。")
    else:
        _print_findings(file, morphology, _world(profile, dictionaries))


def _print_rules(as_json: bool) -> None:
    from newsletter.cli import proof_words as words
    from newsletter.proof.rules import catalogue

    if as_json:
        print_json([words.rule_facts(rule) for rule in catalogue()])
        return
    for rule in catalogue():
        say("\n".join(words.rule_lines(rule)))


def _print_findings(file: str, morphology: bool, world: World) -> None:
    from newsletter.cli import proof_words as words
    from newsletter.proof.rules import proof as proofread
    from newsletter.proofing.world import manuscript_of_text

    rows = list(_rows(file))  # all are read before the first is answered: nothing is printed if one is wrong
    for row in rows:
        manuscript = manuscript_of_text(row["text"], row["month"], row["sent_on"])
        found = [
            finding
            for finding in proofread(manuscript, world, with_morphology=morphology)
            if (finding.place.item, finding.place.field) == (1, "text")
        ]
        found.sort(key=lambda finding: (finding.place.start, finding.place.end))
        line = {"id": row["id"], "findings": [words.finding_facts(finding) for finding in found]}
        say(json_line(line))


def _world(profile: Path, dictionaries: tuple[Path, ...]) -> World:
    from newsletter.association.document import read_document
    from newsletter.errors import ProfileError
    from newsletter.proofing.world import world_of

    try:
        facts = read_document(tomllib.loads(profile.read_text("utf-8-sig")))
    except OSError as error:
        fail(os_error_words(error))
    except (ProfileError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fail(f"{profile} を読み込めません。newsletter profile check で確かめてください。\n{error}")
    world = world_of(facts, dictionaries)
    for problem in world.dictionary.problems if world.dictionary else ():
        say(f"辞書の注意: {problem}", err=True)
    return world


def _rows(file: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(read_utf8(file).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{file} の{number}行目: "
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            fail(f"{where}JSONとして読めません。")
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            fail(where + '{"id": …, "text": "…", "month": "2026-11", "sent_on": "2026-11-30"} の形で書いてください。')
        month, sent_on = _days(row, where)
        yield {"id": row.get("id"), "text": row["text"], "month": month, "sent_on": sent_on}


def _days(row: dict[str, Any], where: str) -> tuple[date, date]:
    """The month of the issue and the day of sending; either follows from the other, and both from today."""
    from newsletter.proofing.world import last_day_of

    month = _day(row.get("month"), "month", where, "2026-11", "-01")
    sent_on = _day(row.get("sent_on"), "sent_on", where, "2026-11-30")
    month = month or sent_on or datetime.now(ZoneInfo("Asia/Tokyo")).date()
    return month.replace(day=1), sent_on or last_day_of(month)


def _day(value: object, name: str, where: str, form: str, suffix: str = "") -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(f"{value}{suffix}")
    except ValueError:
        fail(f"{where}{name} は {form} の形で書いてください（「{value}」）。")
