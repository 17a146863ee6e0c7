"""機種依存文字 and invisible characters."""

from __future__ import annotations

import pytest

from newsletter.mail.charset import REPLACEMENTS, Replacement, without_invisible, without_machine_dependent


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("①②⑳㉑㊿❶⓫⑴⒈⓪", "(1)(2)(20)(21)(50)(1)(11)(1)1.(0)"),
        ("㈱㈲㈹㍿", "(株)(有)(代)株式会社"),
        ("ⅠⅣⅫⅲ", "IIVXIIiii"),
        ("㎡㎥㎏㎞㏄", "m²m³kgkmcc"),
        ("㍻㍼㍽㍾㋿", "平成昭和大正明治令和"),
        ("№℡㏍", "No.TELK.K."),
        ("㍉㌔㌧㌶", "ミリキロトンヘクタール"),
        ("ｲｸﾚｲﾆｯﾎﾟﾝ｡", "イクレイニッポン。"),
        ("か\u3099は\u309ae\u0301", "がぱé"),
        ("ゼロ\u200b幅\ufeff", "ゼロ幅"),
        ("葛\U000e0100城市", "葛城市"),
        ("外字\ue000", "外字〓"),
        ("㊤㊥㊦", "(上)(中)(下)"),
    ],
)
def test_the_table_says(written: str, printed: str) -> None:
    assert without_machine_dependent(written)[0] == printed


def test_kanji_of_names_and_ordinary_signs_are_left_alone() -> None:
    text = "髙﨑德𠮷國 ～〜－−‖∥— 50％ ℃ → ■ © “引用”"
    assert without_machine_dependent(text) == (text, ())


def test_each_replacement_is_reported_with_its_count() -> None:
    _, replacements = without_machine_dependent("①と①と㈱")
    assert replacements == (Replacement("①", "(1)", 2), Replacement("㈱", "(株)", 1))


def test_what_is_put_is_never_replaced_again() -> None:
    for put in REPLACEMENTS.values():
        assert without_machine_dependent(put)[0] == put


def test_html_keeps_variants_of_kanji_and_emoji_but_no_zero_width_space() -> None:
    assert without_invisible("葛\U000e0100城\u200b市👩\u200d🌾\x07") == "葛\U000e0100城市👩\u200d🌾"
