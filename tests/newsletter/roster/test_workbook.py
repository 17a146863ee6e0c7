"""The Excel form: what is locked, what is offered, and that it comes back as it was written."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from newsletter.errors import RosterError
from newsletter.roster.questions import SHARED_LEAVE, Person, Typed
from newsletter.roster.workbook import FormFacts, read_form, write_form
from subscribers.errors import ImportFileError

FACTS = FormFacts("イクレイ日本 e-ニュース", 2027, "汐見市", "2027-shiomi", date(2027, 3, 26))
TARO = Person(1, "=山田 太郎", "環境課", "t-yamada@city.example.lg.jp", is_shared=False, reads=True, writes=False)
DESK = Person(2, "", "髙橋〜係", "kankyo@city.example.lg.jp", is_shared=True, reads=True, writes=True)


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "様式.xlsx"
    path.write_bytes(write_form(FACTS, [TARO, DESK]))
    return path


def written(path: Path, **cells: Any) -> Path:
    book = load_workbook(path)
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    return path


def test_an_untouched_form_says_that_everybody_stays(form: Path) -> None:
    filled = read_form(form)
    assert filled.typed == {1: Typed("stay"), 2: Typed("stay")}
    assert (filled.reference, filled.new, filled.strays, filled.by_name) == ("2027-shiomi", {}, (), "")


def test_names_that_look_like_formulas_stay_text_and_addresses_are_masked(form: Path) -> None:
    sheet = load_workbook(form).active
    assert (sheet["B10"].value, sheet["B10"].data_type) == ("=山田 太郎", "s")
    assert sheet["D10"].value == "t***@city.example.lg.jp"
    assert sheet["D11"].value == "kankyo@city.example.lg.jp"
    assert b"t-yamada" not in form.read_bytes()


def test_headings_and_people_are_locked_and_only_the_answers_can_be_written(form: Path) -> None:
    sheet = load_workbook(form).active
    assert sheet.protection.sheet
    unlocked = {cell.coordinate for row in sheet for cell in row if not cell.protection.locked}
    assert {"C6", "C7", "F10", "G10", "H10", "I10", "J10", "G12", "I12", "J12", "K12"} <= unlocked
    assert not unlocked & {"A1", "C4", "A9", "F9", "A10", "B10", "D10", "K10", "A12", "F12"}


def test_the_drop_downs_offer_what_can_be_answered(form: Path) -> None:
    rules = {str(rule.sqref): rule.formula1 for rule in load_workbook(form).active.data_validations.dataValidation}
    assert rules["F10:F11"] == f'"変わりなし,異動・退職のため外す,変更する,{SHARED_LEAVE}"'
    assert rules["J10:J21"] == '"はい"'
    assert rules["K12:K21"] == '"はい,いいえ"'


def test_what_was_written_comes_back_with_its_rows(form: Path) -> None:
    told = {"C6": "例示 花子", "C7": "環境課", "F10": "変更する", "G10": "佐藤 三郎", "H10": "髙橋〜係"}
    told |= {"I10": "s-sato@city.example.lg.jp", "J10": "はい", "F11": SHARED_LEAVE}
    told |= {"G13": "高橋 四郎", "I13": "s4@city.example.lg.jp", "J13": "○", "K13": "はい"}
    written(form, **told)
    filled = read_form(form)
    assert (filled.by_name, filled.by_department) == ("例示 花子", "環境課")
    assert filled.typed[1] == Typed("change", "佐藤 三郎", "髙橋〜係", "s-sato@city.example.lg.jp", consented=True)
    assert filled.typed[2] == Typed("leave")
    assert filled.new == {"new-1": Typed("", "高橋 四郎", "", "s4@city.example.lg.jp", consented=True, writes=True)}
    assert filled.places == {"1": "10行目", "2": "11行目", "new-1": "13行目"}


def test_rows_that_were_inserted_sorted_or_numbered_anew_are_told(form: Path) -> None:
    written(form, A11="1", A12="い")
    strays = read_form(form).strays
    assert [words.partition(":")[0] for words in strays] == ["11行目", "12行目"]


def test_numbers_that_excel_made_of_texts_are_read(form: Path) -> None:
    written(form, A10=1, A11=2.0)
    assert set(read_form(form).typed) == {1, 2}


@pytest.mark.parametrize("place", ["C6", "F10", "G12", "I13"])
def test_a_formula_whose_result_was_not_saved_is_told_by_its_cell(form: Path, place: str) -> None:
    written(form, G13="高橋 四郎", **{place: '="見本"&"様"'})
    with pytest.raises(ImportFileError, match=rf"数式の値が保存されていません（{place}）。Excelで開いて"):
        read_form(form)


def test_a_list_of_another_kind_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["氏名", "メールアドレス"])
    book.active.append(["山田", "t@example.jp"])
    out = io.BytesIO()
    book.save(out)
    path = tmp_path / "名簿.xlsx"
    path.write_bytes(out.getvalue())
    with pytest.raises(RosterError, match="様式ではないようです"):
        read_form(path)
    path.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(ImportFileError):
        read_form(path)
