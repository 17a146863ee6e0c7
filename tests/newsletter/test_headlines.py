"""The house grammar: 【自治体名】見出し（日付）, and the subject that names the first headlines."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter import headlines

DAY, NEXT = date(2026, 11, 23), date(2026, 11, 24)


@pytest.mark.parametrize(
    ("title", "first", "last", "headline"),
    [
        ("脱炭素フォーラムを開催します", DAY, None, "【北九州市】脱炭素フォーラムを開催します（11/23）"),
        ("脱炭素フォーラムを開催します", DAY, NEXT, "【北九州市】脱炭素フォーラムを開催します（11/23-24）"),
        ("計画を策定しました", None, None, "【北九州市】計画を策定しました"),
        ("【北九州市】計画を策定", None, None, "【北九州市】計画を策定"),
        ("【北九州市・神戸市】共同宣言を発表", None, None, "【北九州市・神戸市】共同宣言を発表"),
        ("【参加者募集】フォーラム", DAY, None, "【北九州市】＜参加者募集＞フォーラム（11/23）"),
        ("フォーラム開催（11/23）", DAY, None, "【北九州市】フォーラム開催（11/23）"),
        ("フォーラム開催（11月23日）", DAY, None, "【北九州市】フォーラム開催（11月23日）"),
        ("フォーラム（第3回）", DAY, None, "【北九州市】フォーラム（第3回）（11/23）"),
        ("行が\n分かれた　題", None, None, "【北九州市】行が 分かれた 題"),
    ],
)
def test_a_headline_names_member_and_day_once(title: str, first: date | None, last: date | None, headline: str) -> None:
    assert headlines.member_headline("北九州市", title, first, last) == headline


def test_a_long_title_is_cut_and_keeps_name_and_day() -> None:
    headline = headlines.member_headline("北九州市", "あ" * 300, DAY, None)
    assert len(headline) == headlines.LONGEST_HEADLINE
    assert headline.startswith("【北九州市】")
    assert headline.endswith("…（11/23）")


def test_paragraphs_are_apart_by_blank_lines_of_any_kind() -> None:
    assert headlines.paragraphs("一\r\n・二\r\n \u3000\r\n\r\n三\n\n") == ("一\n・二", "三")
    assert headlines.paragraphs(" \n ") == ()


def test_the_subject_names_month_and_number() -> None:
    month = date(2026, 11, 1)
    title = "イクレイ日本 e-ニュース"
    assert headlines.default_subject(title, month, 137) == "【イクレイ日本 e-ニュース】2026年11月号（第137号）"
    assert headlines.default_subject(title, month, None) == "【イクレイ日本 e-ニュース】2026年11月号"


def test_the_subject_is_front_loaded_with_the_first_headlines() -> None:
    lines = ["【福島県】イクレイに加盟（9/9）", "【飯田市】参加者を募集します", "三つ目"]
    assert headlines.subject_with("件名", lines) == "件名福島県：イクレイに加盟／飯田市：参加者を募集します ほか"
    assert headlines.subject_with("件名", lines[:1]) == "件名福島県：イクレイに加盟"
    assert headlines.subject_with("件名", []) == "件名"


def test_a_subject_stays_short_however_long_the_headlines_are() -> None:
    subject = headlines.subject_with("件名", ["あ" * 200, "い" * 200, "う"])
    assert len(subject) <= 2 + 2 * headlines.SUBJECT_PART + 4


def test_the_preheader_names_what_the_subject_does_not() -> None:
    assert headlines.preheader_with(["一", "二", "【A市】三（11/23）", "四"]) == "【A市】三／四"
    assert headlines.preheader_with(["一"]) == "一"
    assert headlines.preheader_with([]) == ""


def test_the_preheader_names_whole_headlines_only() -> None:
    long = "【A市】" + "あ" * 60
    assert headlines.preheader_with(["一", "二", long, "【B市】" + "い" * 40, "三"]) == long
    assert len(headlines.preheader_with(["一", "二", "あ" * 100])) == 90


def test_a_cut_leaves_no_bracket_open() -> None:
    assert headlines.shorten("一二三「四五六七八」", 8) == "一二三…"
    assert headlines.shorten("一（二）三四五六七八", 8) == "一（二）三四五…"
    assert headlines.shorten("「一二三四五六七八九」", 8) == "「一二三四五六…"
