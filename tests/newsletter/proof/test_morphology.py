"""Without SudachiPy the gate runs on its own and says which rules rest; with it, they work."""

from __future__ import annotations

from datetime import date

from newsletter.proof import morphology
from newsletter.proof.manuscript import Manuscript, ProofItem, World
from newsletter.proof.rules import proof, resting

NAMES = {"repeated-particle-parsed", "notation-variants-parsed"}


def issue(text: str) -> Manuscript:
    return Manuscript(date(2026, 11, 1), date(2026, 11, 30), (ProofItem(1, "見出し", text),))


def test_the_rules_that_need_words_rest_without_it_and_are_named() -> None:
    assert {rule.id for rule in resting(with_morphology=False)} == NAMES
    assert not resting(with_morphology=True)
    assert all("SudachiPyがあるときだけ" in rule.source for rule in resting(with_morphology=False))


def test_the_gate_never_asks_for_words_unless_it_is_told_to() -> None:
    assert not NAMES & {one.rule for one in proof(issue("雨どいと雨樋です。"), World())}


# Defined, not skipped: where SudachiPy is not installed (it is not in requirements.lock) there is nothing to run.
if morphology.is_available():

    def found(text: str, rule: str) -> list[tuple[str, tuple[str, ...]]]:
        told = proof(issue(text), World(), with_morphology=True)
        return [(one.found, tuple(fix.replacement for fix in one.fixes)) for one in told if one.rule == rule]

    def test_two_ways_to_write_a_word_are_found_without_a_dictionary() -> None:
        text = "雨どいを直しました。雨樋の掃除と、雨どいの点検も行います。"
        assert found(text, "notation-variants-parsed") == [("雨樋", ("雨どい",))]

    def test_a_particle_that_comes_twice_without_a_verb_between_is_found() -> None:
        assert found("施設の見学を希望の方を募ります。", "repeated-particle-parsed")
        assert not found("市は水質の調査を市内の川を中心に行いました。", "repeated-particle-parsed")
        assert not found("市は森を守り、川を調べました。", "repeated-particle-parsed")
