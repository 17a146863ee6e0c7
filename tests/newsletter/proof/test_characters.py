"""Characters that mail programs garble or nobody can see."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from newsletter.mail.charset import REPLACEMENTS
from newsletter.proof.characters import machine_dependent, suggestions
from newsletter.proof.finding import apply
from newsletter.proof.manuscript import Manuscript, ProofItem, World
from newsletter.proof.rules import proof


def issue(text: str) -> Manuscript:
    return Manuscript(date(2026, 11, 1), date(2026, 11, 30), (ProofItem(1, "見出し", text),))


@pytest.mark.parametrize("character", REPLACEMENTS)
def test_what_the_text_edition_replaces_the_gate_points_at_with_another_way_to_write_it(character: str) -> None:
    (one,) = machine_dependent.check(issue(f"市の{character}です。"), World())
    assert one.found == character
    assert one.fixes


def test_no_suggestion_holds_a_machine_dependent_character_itself() -> None:
    for character in REPLACEMENTS:
        assert not any(set(said) & set(REPLACEMENTS) for said in suggestions(character))


def test_the_forms_of_kanji_in_names_are_left_alone() -> None:
    text = "髙﨑德濵と神戸、吉野家の𠮷、葛󠄀城市です。"
    assert not list(machine_dependent.check(issue(text), World()))


def test_a_gaiji_has_no_suggestion_but_a_message() -> None:
    (one,) = machine_dependent.check(issue("市の\ue000です。"), World())
    assert not one.fixes
    assert "外字" in one.message


def test_all_fixes_of_a_text_from_a_file_name_give_normal_text() -> None:
    text = unicodedata.normalize("NFD", "ガバナンスのページ")
    while found := [one for one in proof(issue(text), World()) if one.rule == "decomposed-characters"]:
        text = apply(text, found[0], found[0].fixes[0])
    assert text == "ガバナンスのページ"
