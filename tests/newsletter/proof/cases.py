"""The corpus of the proof gate: cases as lines of JSON, read into manuscripts, and counted.

A case of tests/data/proof/<rule>.jsonl (sentences with seeded errors, or none) or clean.jsonl (right, however hard):
{"id", "text", "month": "2026-11", "sent_on": "2026-11-30", "expect": [{"found": "…", "fix": "…" or null}]}
and where needed "field" (where the text stands, default text), "item" (fields of ProofItem), "manuscript"
(number, subject, lead, preheader, items) and "world" (fields of World).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from newsletter.association.document import read_document
from newsletter.proof.finding import Finding
from newsletter.proof.manuscript import Manuscript, ProofItem, ProofPicture, RegisteredMember, World
from newsletter.proof.rules import Rule
from newsletter.proofing.world import world_of as world_of_profile

CORPUS = Path(__file__).parents[2] / "data" / "proof"
PROFILE = Path(__file__).parents[3] / "newsletter" / "profiles" / "iclei-japan.toml"
ISSUE_FIELDS = ("subject", "preheader", "lead")
MONTH, SENT_ON = "2026-11", "2026-11-30"


def read(path: Path) -> list[dict[str, Any]]:
    """The cases of one file; a broken line is told by its number."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            cases.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
    return cases


def manuscript_of(case: Mapping[str, Any]) -> Manuscript:
    """The issue that a case describes."""
    extras = dict(case.get("manuscript", {}))
    where, text = case.get("field", "text"), case.get("text", "")
    if where in ISSUE_FIELDS:
        extras[where] = text
        items = tuple(_item(item, number) for number, item in enumerate(extras.pop("items", ()), 1))
    else:
        items = tuple(_item(item, number) for number, item in enumerate(extras.pop("items", ()), 2))
        items = (_item(_with_text(case.get("item", {}), where, text), 1), *items)
    return Manuscript(
        month=date.fromisoformat(f"{case.get('month', MONTH)}-01"),
        sent_on=date.fromisoformat(case.get("sent_on", SENT_ON)),
        items=items,
        **extras,
    )


def _with_text(item: Mapping[str, Any], where: str, text: str) -> dict[str, Any]:
    filled = dict(item)
    if where.startswith("fact:"):
        filled["facts"] = [*item.get("facts", ()), [where.partition(":")[2], text]]
    elif where.startswith("picture."):
        filled["picture"] = {**item.get("picture", {}), where.partition(".")[2]: text}
    else:
        filled[where] = text
    return filled


def _item(values: Mapping[str, Any], number: int) -> ProofItem:
    filled: dict[str, Any] = {"number": number, "headline": "見出し", "text": "", **values}
    for name in ("starts_on", "ends_on", "deadline"):
        if filled.get(name):
            filled[name] = date.fromisoformat(filled[name])
    filled["members"] = tuple(filled.get("members", ()))
    filled["facts"] = tuple((label, value) for label, value in filled.get("facts", ()))
    if filled.get("picture"):
        filled["picture"] = ProofPicture(**filled["picture"])
    return ProofItem(**filled)


def world_of(case: Mapping[str, Any]) -> World:
    """What is known beside the manuscript of a case: the shipped profile, and what the case itself says."""
    extras = dict(case.get("world", {}))
    if "members" in extras:
        extras["members"] = tuple(RegisteredMember(**member) for member in extras["members"])
    if "issues_before" in extras:
        extras["issues_before"] = tuple(
            (date.fromisoformat(f"{month}-01"), number) for month, number in extras["issues_before"]
        )
    return replace(association(), **extras)


@cache
def association() -> World:
    """The registry of members, the national list and the terms as the shipped profile has them."""
    return world_of_profile(read_document(tomllib.loads(PROFILE.read_text("utf-8"))))


@dataclass
class Score:
    """How one rule did on its cases."""

    expected: int = 0
    hits: int = 0
    extra: int = 0  # findings that nobody expected
    misses: list[str] = field(default_factory=list)  # in words, for whoever mends the rule

    @property
    def recall(self) -> float:
        return self.hits / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.extra) if self.hits + self.extra else 1.0


def score(rule: Rule, cases: Iterable[Mapping[str, Any]]) -> Score:
    """The rule's findings on every case beside those that are expected."""
    total = Score()
    for case in cases:
        findings = list(rule.check(manuscript_of(case), world_of(case)))
        for expected in case["expect"]:
            total.expected += 1
            hit = next((one for one in findings if answers(one, expected)), None)
            if hit is None:
                total.misses.append(f"{case['id']}: {expected} not in {described(findings)}")
            else:
                total.hits += 1
                findings.remove(hit)
        total.extra += len(findings)
        total.misses += [f"{case['id']}: not expected: {words}" for words in described(findings)]
    return total


def answers(finding: Finding, expected: Mapping[str, Any]) -> bool:
    """Whether the finding is the expected one and, where the answer is known, offers it."""
    fix = expected.get("fix")
    return finding.found == expected["found"] and (fix is None or fix in [one.replacement for one in finding.fixes])


def described(findings: Iterable[Finding]) -> list[str]:
    return [f"{one.found!r} -> {[fix.replacement for fix in one.fixes]}" for one in findings]


def corpora(folder: Path = CORPUS) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every rule that has a file, with its cases."""
    for path in sorted(folder.glob("*.jsonl")):
        if not path.stem.startswith("clean"):
            yield path.stem, read(path)
