"""Wording: variants inside one issue, and the layers of the dictionary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from newsletter.proof import dictionary
from newsletter.proof.finding import Level, apply
from newsletter.proof.manuscript import Manuscript, ProofItem, World
from newsletter.proof.wording import association_terms, house_dictionary, notation_variants

ISSUE = Manuscript(date(2026, 11, 1), date(2026, 11, 30))


def issue(*texts: str) -> Manuscript:
    items = tuple(ProofItem(number, "見出し", text) for number, text in enumerate(texts, 1))
    return replace(ISSUE, items=items)


def test_the_minority_of_an_issue_gets_the_writing_of_the_majority_even_across_items() -> None:
    found = list(notation_variants.check(issue("取り組みです。", "取り組みと取り組み。", "取組です。"), World()))
    (one,) = found
    assert (one.place.item, one.found) == (3, "取組")
    assert one.fixes[0].replacement == "取り組み"
    assert "「取り組み」3か所、「取組」1か所" in one.message


def test_of_two_that_are_as_frequent_the_dictionary_decides() -> None:
    (one,) = notation_variants.check(issue("省エネの取り組みと取組。"), World())
    assert apply("省エネの取り組みと取組。", one, one.fixes[0]) == "省エネの取組と取組。"


def test_one_writing_throughout_is_left_alone() -> None:
    assert not list(notation_variants.check(issue("子供の日です。", "子供が遊びます。"), World()))


def test_a_verb_a_title_and_an_address_are_no_variants() -> None:
    text = "取組を進め、取り組みます。『取り組み事例集』はhttps://example.jp/取り組み/です。"
    assert not list(notation_variants.check(issue(text), World()))


def test_the_old_name_of_the_association_stops_the_issue_unless_it_is_said_to_be_old() -> None:
    (one,) = association_terms.check(issue("国際環境自治体協議会の総会です。旧国際環境自治体協議会です。"), World())
    assert one.level is Level.ERROR
    assert one.place.start == 0


def test_a_number_that_went_stale_is_told_only_after_its_day() -> None:
    text = "イクレイは1,500以上の自治体が参加しています。"
    assert list(association_terms.check(issue(text), World()))
    assert not list(association_terms.check(replace(issue(text), sent_on=date(2015, 7, 31)), World()))


def test_the_staffs_own_entry_speaks_through_the_gate() -> None:
    house = dictionary.read(
        "rules:\n  - expected: ご案内\n    pattern: 御案内\n    note: 事務局の決まりです。", "office"
    )
    world = World(dictionary=dictionary.layered([dictionary.shipped(), house]))
    (one,) = house_dictionary.check(issue("御案内します。"), world)
    assert one.message == "「御案内」は、表記辞書では「ご案内」です。事務局の決まりです。"
