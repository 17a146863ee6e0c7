"""How long the gate takes for an issue of 40 items, without morphology, beside what else can be had.

    .venv/bin/python -m bench.proof [--items 40] [--node-modules FOLDER]

The floor is a plain search of the same texts with one regular expression a rule of dates (no judgement at all).
textlint with preset-ja-technical-writing and date-weekday-mismatch is measured where `npm install textlint
textlint-rule-preset-ja-technical-writing textlint-rule-date-weekday-mismatch` was run (FOLDER). Nothing is installed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.edition import machine, median_seconds
from newsletter.proof import calendar_text, plain
from newsletter.proof.manuscript import Manuscript, ProofItem, World, passages
from newsletter.proof.rules import catalogue, proof
from tests.newsletter.proof import cases

TARGET_SECONDS = 1.0
FLOOR = tuple(
    re.compile(pattern)
    for pattern in (
        r"\d{1,2}月\d{1,2}日[（(][月火水木金土日]", r"\d{1,2}/\d{1,2}[（(][月火水木金土日]",
        r"(?:令和|平成|昭和)\d{1,2}年",
        r"\d{1,2}:\d{2}", r"[「」『』（）【】]", r"\d{4,}[人名件円]", r"CO2", r"[%％]", r"[ヶケカか箇]所", r"[０-９]",
    )
)  # fmt: skip


def issue(items: int) -> Manuscript:
    """An issue of the clean corpus's paragraphs, two to an item, as a month's issue has them."""
    texts = [case["text"] for case in cases.read(cases.CORPUS / "clean.jsonl")]
    placed = tuple(
        ProofItem(
            number=number,
            headline=f"【見本{number}市】{texts[number % len(texts)][:24]}",
            text="\n\n".join(texts[(number * 2 + at) % len(texts)] for at in range(3)),
            url=f"https://www.city{number}.example.jp/news/{number}.html",
        )
        for number in range(1, items + 1)
    )
    return Manuscript(
        date(2026, 11, 1), date(2026, 11, 30), placed, "【e-ニュース】2026年11月号（第137号）", number=137
    )


def forget() -> None:
    """Empty the caches, so that every run reads the texts anew."""
    for cached in (calendar_text.written_dates, plain.plain, plain.sentences):
        cached.cache_clear()


def gate(manuscript: Manuscript, world: World) -> int:
    forget()
    return len(list(proof(manuscript, world)))


def floor(manuscript: Manuscript) -> int:
    """The matches of the plain search."""
    return sum(len(pattern.findall(passage.text)) for passage in passages(manuscript) for pattern in FLOOR)


def textlint(node_modules: Path, manuscript: Manuscript, folder: Path) -> float | None:
    """The seconds of one run of textlint on the same texts; None where it is not installed."""
    command = node_modules / ".bin" / "textlint"
    if not command.exists():
        return None
    names = ("preset-ja-technical-writing", "date-weekday-mismatch")
    rules = {name: True for name in names if (node_modules / f"textlint-rule-{name}").exists()}
    source, settings = folder / "issue.md", folder / ".textlintrc.json"
    source.write_text("\n\n".join(passage.text for passage in passages(manuscript)), encoding="utf-8")
    settings.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    run = [str(command), "--config", str(settings), "--rules-base-directory", str(node_modules), str(source)]
    return median_seconds(lambda: subprocess.run(run, check=False, capture_output=True), 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--node-modules", type=Path, default=Path("node_modules"))
    options = parser.parse_args()
    manuscript, world = issue(options.items), World()
    characters = sum(len(passage.text) for passage in passages(manuscript))
    rules = [rule for rule in catalogue() if not rule.needs_morphology]

    ours = median_seconds(lambda: gate(manuscript, world))
    plain_search = median_seconds(lambda: floor(manuscript))
    print(f"machine: {machine()}")
    print(f"an issue of {options.items} items, {characters:,} characters; {len(rules)} rules without morphology")
    print(f"  the gate                     {ours * 1000:8.1f} ms   target < {TARGET_SECONDS * 1000:.0f} ms")
    print(f"  plain search, {len(FLOOR)} patterns   {plain_search * 1000:8.1f} ms   ratio {ours / plain_search:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        other = textlint(options.node_modules, manuscript, Path(folder))
    if other is None:
        print(f"  textlint: not in {options.node_modules}, so not measured")
    else:
        print(f"  textlint, start included     {other * 1000:8.1f} ms   ratio {other / ours:.1f}")
    slow = sorted(((_seconds(rule, manuscript, world), rule.id) for rule in rules), reverse=True)[:5]
    print("  slowest rules: " + ", ".join(f"{name} {seconds * 1000:.1f} ms" for seconds, name in slow))
    return 0 if ours < TARGET_SECONDS else 1


def _seconds(rule: object, manuscript: Manuscript, world: World) -> float:
    def run() -> None:
        forget()
        list(rule.check(manuscript, world))  # type: ignore[attr-defined]

    return median_seconds(run, 3)


if __name__ == "__main__":
    sys.exit(main())
