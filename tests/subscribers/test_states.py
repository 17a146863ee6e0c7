"""What a list says of a subscription: a word that is not understood as a yes keeps the person out."""

from __future__ import annotations

import pytest

from subscribers.exporter import STOPPED
from subscribers.models import Subscriber
from subscribers.states import standing

LEFT = """
    Opt-Out opt_out ＯＰＴ－ＯＵＴ 受信拒否 配信停止中 配信拒否 配信しない 不可 × 0 FALSE no 退会者 解除希望 配信不可
    退職 休止 ブラックリスト unsubscribe Non-Subscribed archived complained spam いいえ 購読中（解除希望） 宛先不明
"""
ACTIVE = "購読中 配信中 有効 登録済み Active Subscribed opt-in ○ 可 TRUE 購読中（6月から）"


@pytest.mark.parametrize("word", LEFT.split())
def test_a_state_that_is_no_yes_is_refused_for_the_address(word: str) -> None:
    refused = standing(word, "", "")
    assert f"「{word}」" in refused.refusal
    assert refused.is_stopped


@pytest.mark.parametrize("word", ["A", "1", "在籍", "？？", "-", "#N/A", "同上", "購読中（？）ほか"])
def test_a_state_that_is_not_understood_is_refused_with_what_to_do(word: str) -> None:
    refused = standing(word, "", "")
    assert f"状態「{word}」の意味が分からないので、取り込みません。" in refused.refusal
    assert "「購読中」に書き直すか、空欄にしてください" in refused.refusal
    assert "その列を使わないでください" in refused.refusal
    assert refused.is_stopped


@pytest.mark.parametrize("word", ACTIVE.split())
def test_a_state_that_says_yes_lets_in(word: str) -> None:
    assert standing(word, "", "") == standing("", "", "") == ("", False)


def test_who_is_not_confirmed_may_be_so_in_another_row() -> None:
    refused = standing("未確認", "", "")
    assert "確認の済んでいない方" in refused.refusal
    assert not refused.is_stopped


def test_every_state_that_we_write_is_read_again() -> None:
    assert all("分からない" not in standing(word, "", "").refusal for word in STOPPED.values())
    refusals = {label: standing(str(label), "", "").refusal for _, label in Subscriber.State.choices}
    assert [label for label, refusal in refusals.items() if not refusal] == ["購読中"]
    assert not any("分からない" in refusal for refusal in refusals.values())


@pytest.mark.parametrize("word", ["可", "○", "希望する", "はい", "1", "TRUE", "あり", " 希望 "])
def test_who_wants_mail_comes_in(word: str) -> None:
    assert not standing("", word, "").refusal


@pytest.mark.parametrize("word", ["否", "×", "不可", "希望しない", "0", "いいえ", "FALSE", "-", "要相談"])
def test_who_does_not_say_that_they_want_mail_stays_out(word: str) -> None:
    assert f"「配信の希望」の列が「{word}」です。" in standing("", word, "").refusal


@pytest.mark.parametrize("word", ["停止", "○", "1", "TRUE", "済", "2024-05-01", "希望する", "不要"])
def test_whatever_stands_under_stopped_stops(word: str) -> None:
    assert f"「配信停止」の列が「{word}」です。" in standing("", "", word).refusal


@pytest.mark.parametrize("word", ["", "×", "いいえ", "0", "なし", "-", "―", "ー", "FALSE", "0000-00-00", "希望しない"])
def test_who_is_not_stopped_comes_in(word: str) -> None:
    assert not standing("", "", word).refusal


def test_where_the_columns_differ_the_refusal_counts() -> None:
    assert standing("購読中", "可", "停止").is_stopped
    assert standing("仮登録", "可", "停止").is_stopped


def test_a_long_cell_is_quoted_in_one_short_line() -> None:
    assert f"状態「{'長' * 20}…」" in standing("長" * 30, "", "").refusal
    assert "状態「一 二」" in standing("一\n二", "", "").refusal
