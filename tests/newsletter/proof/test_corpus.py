"""How well the gate reads: recall and precision of every rule on seeded sentences, and its silence on right ones.

`pytest -s tests/newsletter/proof/test_corpus.py` prints the tables that docs/proof.md quotes.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from newsletter.proof.finding import Finding, Level
from newsletter.proof.rules import Rule, catalogue, proof
from tests.newsletter.proof import cases

ERROR_RECALL = 0.98
CLEAN_PER_FALSE_ERROR = 50
CLEAN_CHARACTERS_PER_WARNING = 300

RULES = {rule.id: rule for rule in catalogue()}
SEEDED = dict(cases.corpora())
AFTERWARDS = dict(cases.corpora(cases.CORPUS / "after"))
CLEAN = [case for name in ("clean", "clean-prose") for case in cases.read(cases.CORPUS / f"{name}.jsonl")]


def tell(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")


def line(rule: Rule, score: cases.Score) -> str:
    return (
        f"{rule.id:24} {rule.level:8} {score.expected:4} errors  "
        f"recall {score.recall:6.1%}  precision {score.precision:6.1%}"
    )


@pytest.mark.parametrize("name", SEEDED)
def test_a_rule_finds_what_was_seeded_for_it_and_offers_the_answer(name: str) -> None:
    rule, seeded = RULES[name], SEEDED[name]
    score = cases.score(rule, seeded)
    tell(line(rule, score), *score.misses)
    if rule.level is Level.ERROR:
        assert score.recall >= ERROR_RECALL, "\n".join(score.misses)
        # What nobody expected, on sentences that were written to tempt this very rule.
        assert score.extra * CLEAN_PER_FALSE_ERROR <= max(len(seeded), CLEAN_PER_FALSE_ERROR), "\n".join(score.misses)


@pytest.mark.parametrize("name", AFTERWARDS)
def test_the_figure_of_the_sentences_written_afterwards_is_told(name: str) -> None:
    score = cases.score(RULES[name], AFTERWARDS[name])
    tell(f"{line(RULES[name], score)} (afterwards)", *score.misses)
    assert score.expected


def test_a_case_has_a_name_of_its_own() -> None:
    for name, seeded in {**SEEDED, "clean": CLEAN}.items():
        ids = [case["id"] for case in seeded]
        assert len(ids) == len(set(ids)), name


def findings_on_clean_text() -> list[tuple[dict[str, Any], Finding]]:
    return [
        (case, finding) for case in CLEAN for finding in proof(cases.manuscript_of(case), cases.world_of(case))
    ]  # fmt: skip


def test_right_text_passes() -> None:
    found = findings_on_clean_text()
    errors = [(case, one) for case, one in found if one.level is Level.ERROR]
    warnings = [(case, one) for case, one in found if one.level is Level.WARNING]
    characters = sum(len(case["text"]) for case in CLEAN)
    told = [f"{case['id']}: {one.rule} {one.found!r}: {one.message}" for case, one in (*errors, *warnings)]
    tell(
        f"clean: {len(CLEAN)} paragraphs, {characters:,} characters, {len(errors)} errors, {len(warnings)} warnings"
        f" (one in {characters // max(1, len(warnings)):,} characters)",
        *told,
    )
    assert len(CLEAN) >= 100
    assert len(errors) * CLEAN_PER_FALSE_ERROR <= len(CLEAN), "\n".join(told)
    assert len(warnings) * CLEAN_CHARACTERS_PER_WARNING <= characters, "\n".join(told)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert sum(len(case["expect"]) for seeded in SEEDED.values() for case in seeded) >= 400
