"""Sentences: what is a sentence, and what the rules leave alone."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter.proof import sentences, shifting
from newsletter.proof.finding import apply
from newsletter.proof.manuscript import Manuscript, ProofItem, RegisteredMember, World
from newsletter.proof.prose import prose_sentences
from newsletter.proof.prose import sentences as split


def issue(text: str, headline: str = "見出し", **fields: object) -> Manuscript:
    items = (ProofItem(1, headline, text),)
    return Manuscript(date(2026, 11, 1), date(2026, 11, 30), items, **fields)  # type: ignore[arg-type]


def test_a_full_stop_inside_quotes_or_brackets_ends_no_sentence() -> None:
    text = "市長は「森を守る。海も守る。」と話しました（10月。写真も）。次の文です。\n会場：公園"
    assert [one.text for one in split(text)] == [
        "市長は「森を守る。海も守る。」と話しました（10月。写真も）。", "次の文です。", "会場：公園",
    ]  # fmt: skip
    assert all(text[one.start : one.end] == one.text for one in split(text))


def test_lists_and_headings_are_no_prose() -> None:
    assert [one.text for one in prose_sentences("開催のお知らせ\n・会場は公園である。\n森を歩きます。")] == [
        "森を歩きます。"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "市は計画を作りました。担当は「必ず進める。」と話します。",
        "市は計画を作りました。\n・期間は3年である。",
        "市は計画を作った。県も計画を作った。",
        "市は計画を作りました。詳しくは環境課まで。",
    ],
)
def test_the_style_of_quotes_lists_and_of_a_whole_plain_text_is_left_alone(text: str) -> None:
    assert not list(sentences.mixed_style.check(issue(text), World()))


@pytest.mark.parametrize("text", ["費用は寄付でまかなった。", "山道を歩いた。", "計画を率いる。"])
def test_no_polite_form_is_offered_where_it_would_be_wrong(text: str) -> None:
    (one,) = sentences.mixed_style.check(issue(f"桜を植えました。{text}"), World())
    assert not one.fixes


def test_a_registered_name_is_no_run_of_kanji() -> None:
    name = "広域環境学習拠点"
    assert list(sentences.kanji_run.check(issue(f"{name}を開きました。"), World()))
    world = World(members=(RegisteredMember(name),))
    assert not list(sentences.kanji_run.check(issue(f"{name}を開きました。"), world))


def test_a_url_does_not_make_a_sentence_long() -> None:
    text = f"詳しくはhttps://example.lg.jp/{'a' * 120}をご覧ください。"
    assert not list(sentences.long_sentence.check(issue(text), World()))


def test_a_shifting_word_gets_the_date_as_of_the_day_of_sending() -> None:
    text = "来月3日に開きます。"
    (one,) = shifting.shifting_words.check(issue(text), World())
    assert apply(text, one, one.fixes[0]) == "12月3日に開きます。"
    assert "11月30日" in one.message


def test_the_office_may_say_this_month_in_its_own_lead() -> None:
    assert not list(shifting.shifting_words.check(issue("", lead="今月は5つの市の話題です。"), World()))
