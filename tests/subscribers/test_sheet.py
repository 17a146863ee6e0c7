"""Sheets as programs and offices make them: formulas nobody calculated, merged cells, numbers that are no dates."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from subscribers import merged, reread
from subscribers.errors import ImportFileError
from subscribers.table import open_table
from tests.subscribers.test_table import cells, workbook


def sheet_of(tmp_path: Path, rows: list[list[object]], *merges: str) -> Path:
    path = workbook(tmp_path, rows)
    book = load_workbook(path)
    for merge in merges:
        book["名簿"].merge_cells(merge)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("rows", "cells_named"),
    [
        ([['="f1"&"@example.jp"', '="山"&"田"'], ["f2@example.jp", '=B2&"様"']], "A2、B2、B3"),
        ([["f1@example.jp", "山田"], *[[f"f{n}@example.jp", "=B2"] for n in range(2, 9)]], "B3、B4、B5 ほか"),
        # Behind what is looked at when the file is opened.
        ([*[[f"f{n}@example.jp", "見本"] for n in range(60)], ['="x"&"@example.jp"']], "A62"),
    ],
)
def test_formulas_without_their_results_are_refused_by_their_cells(
    rows: list[list[object]], cells_named: str, tmp_path: Path
) -> None:
    path = workbook(tmp_path, [["メール", "氏名"], *rows])
    with pytest.raises(
        ImportFileError, match=f"数式の値が保存されていません（{cells_named}）。Excelで開いて保存し直して"
    ):
        list(open_table(path).rows_to_judge())


def test_formulas_without_results_hide_no_column_of_addresses(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["氏名", "連絡先"], ["見本", '="f1"&"@example.jp"']])
    with pytest.raises(ImportFileError, match="（B2）"):
        open_table(path)


def test_formulas_in_columns_that_are_not_read_do_no_harm(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["=TODAY()"], ["番号", "メール"], ["=ROW()-2", "a@example.jp"]])
    assert [row.cells for row in open_table(path).rows_to_judge()] == [("", "a@example.jp")]


def test_formulas_with_their_results_are_read_the_empty_text_among_them(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["メール", "氏名", "部署", "所属"], ["=A9", "=B9", "=C9", "=D9"]])
    results = {"A2": ("str", "a@example.jp"), "B2": ("str", ""), "C2": ("n", "3"), "D2": ("e", "#REF!")}
    with zipfile.ZipFile(path) as parts:
        contents = {name: parts.read(name) for name in parts.namelist()}
    sheet = contents["xl/worksheets/sheet2.xml"].decode()
    for place, (kind, value) in results.items():
        sheet, changed = re.subn(
            rf'<c r="{place}"[^>]*><f>(.*?)</f><v */?>(?:</v>)?',
            rf'<c r="{place}" t="{kind}"><f>\1</f><v>{value}</v>', sheet,
        )  # fmt: skip
        assert changed == 1
    with zipfile.ZipFile(path, "w") as parts:
        for name, content in contents.items():
            parts.writestr(name, sheet if name == "xl/worksheets/sheet2.xml" else content)
    assert [row.cells for row in open_table(path).rows_to_judge()] == [("a@example.jp", "", "3", "#REF!")]


def test_what_is_merged_over_several_rows_stands_in_each_of_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [["名簿"], ["続き"], ["所属", "部署", "氏名", "メール"]]
    rows += [["見本市", "環境課", "山田", "v1@example.jp"], [None, None, "鈴木", "v2@example.jp"]]
    rows += [
        [None, "総務課", "佐藤", "v3@example.jp"],
        [None, None, None, None],
        ["例示市", None, "伊藤", "v4@example.jp"],
    ]
    table = open_table(sheet_of(tmp_path, rows, "A1:D2", "A4:A7", "B4:B5"))
    assert cells(table) == [
        ("見本市", "環境課", "山田", "v1@example.jp"),
        ("見本市", "環境課", "鈴木", "v2@example.jp"),
        ("見本市", "総務課", "佐藤", "v3@example.jp"),
        (),
        ("例示市", "", "伊藤", "v4@example.jp"),
    ]
    said = "縦に結合されたセルがあります（A4:A7、B4:B5）。結合された行は、どれも同じ値として読みます"
    assert said in table.remarks
    again = reread.in_form(table, encoding="", delimiter=",", sheet=table.sheet)
    assert said in again.remarks
    assert cells(again) == cells(table)


def test_an_address_merged_over_several_rows_is_one_person(tmp_path: Path) -> None:
    rows: list[list[object]] = [["メール", "氏名"], ["v1@example.jp", "山田"], [None, None], [None, "鈴木"]]
    table = open_table(sheet_of(tmp_path, rows, "A2:A4"))
    assert cells(table) == [("v1@example.jp", "山田"), (), ("", "鈴木")]
    assert any("メールアドレスの列に縦の結合があります（A2:A4）" in remark for remark in table.remarks)


def test_merges_without_number_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["メール"], ["a@example.jp"]])
    with zipfile.ZipFile(path) as parts:
        contents = {name: parts.read(name) for name in parts.namelist()}
    merges = "".join(f'<mergeCell ref="A{2 * n}:A{2 * n + 1}"/>' for n in range(1, merged.MOST + 2))
    hurt = contents["xl/worksheets/sheet2.xml"].replace(
        b"</sheetData>", f"</sheetData><mergeCells>{merges}</mergeCells>".encode()
    )
    with zipfile.ZipFile(path, "w") as parts:
        for name, content in contents.items():
            parts.writestr(name, hurt if name == "xl/worksheets/sheet2.xml" else content)
    with pytest.raises(ImportFileError, match="縦に結合されたセルが多すぎます"):
        open_table(path)


@pytest.mark.parametrize(("number", "text"), [(20240401, "20240401"), (-(10**9), "-1000000000"), (45000, "2023-03-15")])
def test_a_number_in_a_cell_that_shows_dates_is_what_was_written(
    number: int, text: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = workbook(tmp_path, [["メール", "登録日"], ["d1@example.jp", number]])
    book = load_workbook(path)
    book["名簿"]["B2"].number_format = "yyyy/m/d"
    book.save(path)
    recwarn.clear()
    assert cells(open_table(path)) == [("d1@example.jp", text)]
    assert not recwarn.list


def test_the_form_of_the_roster_is_no_list_though_its_sheet_is_chosen_by_hand(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["メール"], ["a@example.jp"]])
    book = load_workbook(path)
    form = book.create_sheet("様式")
    form.append(["番号", "お名前", "変わりはありますか"])
    book.save(path)
    with pytest.raises(ImportFileError, match="「宛先の確認」の様式"):
        reread.in_form(open_table(path), encoding="", delimiter=",", sheet="様式")
