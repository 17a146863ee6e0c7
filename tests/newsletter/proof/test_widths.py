"""Widths and spaces: each fix leaves a text in which its rule finds nothing more."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter.proof import english, koyobun, widths
from newsletter.proof.finding import apply
from newsletter.proof.manuscript import Manuscript, ProofItem, World
from newsletter.proof.rules import Rule


def issue(text: str, **fields: object) -> Manuscript:
    return Manuscript(date(2026, 11, 1), date(2026, 11, 30), (ProofItem(1, "見出し", text, **fields),))  # type: ignore[arg-type]


def mended(rule: Rule, text: str) -> str:
    for _ in range(20):
        found = next(iter(rule.check(issue(text), World())), None)
        if found is None:
            return text
        text = apply(text, found, found.fixes[0])
    raise AssertionError(f"{rule.id} never ends on {text!r}")


@pytest.mark.parametrize(
    ("rule", "wrong", "right"),
    [
        (widths.full_width_letters, "ＮＰＯとＳＤＧｓ", "NPOとSDGs"),
        (widths.digit_width, "1人と２３人", "1人と23人"),
        (widths.half_width_kana, "ｶﾞｲﾄﾞ｡", "ガイド。"),
        (widths.bracket_width, "市長(当時)と（現職）", "市長（当時）と（現職）"),
        (widths.double_space, "森を  歩き、　　川を見る。", "森を歩き、川を見る。"),
        (widths.space_in_japanese, "内堀 雅雄知事が話しました。", "内堀雅雄知事が話しました。"),
        (widths.trailing_space, "森です。  \n川です。　", "森です。\n川です。"),
        (english.latin_spacing, "会員は 125 か国です。", "会員は125か国です。"),
        (english.english_double_space, "Cities for  the  Climate", "Cities for the Climate"),
        (english.mixed_quotes, '“A”と“B”と"C"', "“A”と“B”と“C”"),
        (koyobun.western_punctuation, "森，川，海．", "森、川、海。"),
        (koyobun.space_after_mark, "ご存じですか？市の花です。", "ご存じですか？　市の花です。"),
    ],
)
def test_the_fixes_make_the_text_right(rule: Rule, wrong: str, right: str) -> None:
    assert mended(rule, wrong) == right


@pytest.mark.parametrize(
    "text",
    [
        "SDGsの12「つくる責任 つかう責任」に当たります。",
        "日時 11月14日\n会場 市民会館",
        "１つずつ配ります。",
        "電話 00-0000-0000へどうぞ。イクレイ日本 e-ニュースです。",
        "https://example.jp/a (b) を見てください。",
        "英語名はLocal Governments (ICLEI)です。",
    ],
)
def test_what_is_meant_is_left_alone(text: str) -> None:
    for rule in (widths.space_in_japanese, widths.digit_width, widths.bracket_width, widths.double_space):
        assert not list(rule.check(issue(text), World()))


def test_a_governors_name_is_closed_up_in_a_headline_too() -> None:
    manuscript = Manuscript(
        date(2026, 11, 1), date(2026, 11, 30), (ProofItem(1, "【福島県】内堀 雅雄知事が加盟を表明", "本文です。"),)
    )
    (one,) = widths.space_in_japanese.check(manuscript, World())
    assert apply(manuscript.items[0].headline, one, one.fixes[0]) == "【福島県】内堀雅雄知事が加盟を表明"
