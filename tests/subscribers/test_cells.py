"""Cells other than the address: codes that a spreadsheet damaged, and characters that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from subscribers.models import Subscriber
from subscribers.planned import Verdict
from tests.subscribers.people import person
from tests.subscribers.test_importer import plan, table_of, take_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("written", "code"),
    [("1.1002E+04", "011002"), ("1.10019E+05", ""), ("4.01005E+05", "401005"), ("401005.0", "401005")],
)
def test_a_code_that_became_a_number_is_read_while_no_digit_is_lost(written: str, code: str, tmp_path: Path) -> None:
    (found,) = plan(table_of(tmp_path, f"メール,団体コード\na@example.jp,{written}\n"))
    assert found.candidate.told == ({"municipality": code} if code else {})
    assert (f"団体コードを「{written}」から {code} にしました" in found.words) == bool(code)


@pytest.mark.parametrize(
    "written", ["1.1E+04", "1.10E+04", "-1", "1100-2", "11002.5", "１．１Ｅ＋０４", "なし", "不明", "×", "A"]
)
def test_what_names_no_place_is_no_organisation(written: str, tmp_path: Path) -> None:
    (found,) = plan(table_of(tmp_path, f"メール,団体コード\na@example.jp,{written}\n"))
    assert (found.candidate.told, found.verdict) == ({}, Verdict.WARNED)
    assert "見つかりません" in found.words[0]


def test_an_unknown_place_becomes_the_organisation_of_who_has_none(tmp_path: Path) -> None:
    person("a@example.jp", organisation="札幌市環境局")
    person("b@example.jp")
    rows = "a@example.jp,まぼろし市\nb@example.jp,まぼろし市\nc@example.jp,まぼろし市\n"
    kept, filled, new = plan(table_of(tmp_path, f"メール,団体コード\n{rows}"))
    assert (kept.action, kept.changes) == (Verdict.SAME, {})
    assert filled.changes == {"organisation": "まぼろし市"}
    assert "所属団体が空欄の方には、「まぼろし市」を所属団体に入れます" in new.words
    take_in(table_of(tmp_path, f"メール,団体コード\n{rows}"))
    found = Subscriber.objects.order_by("address").values_list("organisation", flat=True)
    assert list(found) == ["札幌市環境局", "まぼろし市", "まぼろし市"]


@pytest.mark.parametrize("sign", ["\u200d", "\u202e", "\x07", "\ufeff", "\u00ad"])
def test_what_nobody_sees_comes_out_of_a_name_with_a_note(sign: str, tmp_path: Path) -> None:
    rows = f"a@example.jp,見{sign}本,総務{sign}課,\nb@example.jp,見本　太郎,総務　課,\n"
    mended, plain = plan(table_of(tmp_path, f"メール,氏名,部署\n{rows}"))
    assert mended.candidate.told == {"name": "見本", "department": "総務課"}
    assert mended.words == ("部署の見えない文字を除きました", "氏名の見えない文字を除きました")
    assert plain.words == ()


def test_what_nobody_sees_comes_out_of_a_name_in_two_cells_with_a_note(tmp_path: Path) -> None:
    (found,) = plan(table_of(tmp_path, "メール,姓,名\na@example.jp,見\u200d本, 太郎\n"))
    assert (found.candidate.told, found.words) == ({"name": "見本 太郎"}, ("氏名の見えない文字を除きました",))
