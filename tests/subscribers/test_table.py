"""Files as offices send them: encodings, delimiters, headings, workbooks, and those that want to do harm."""

from __future__ import annotations

import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from subscribers import reread
from subscribers.columns import correct_columns, guess_columns
from subscribers.errors import ImportFileError
from subscribers.table import Table, open_table, unescape

TEXT = "メールアドレス,氏名\r\na@example.jp,見本〜－髙德①\r\n"


def written(tmp_path: Path, content: bytes | str, name: str = "list.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8-sig", b"", "utf-8-sig"),
        ("cp932", b"", "cp932"),
        ("utf-16", b"", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_every_encoding_of_excel_is_read_as_it_was_written(
    encoding: str, mark: bytes, found: str, tmp_path: Path
) -> None:
    table = open_table(written(tmp_path, mark + TEXT.encode(encoding)))
    assert table.encoding == found
    assert cells(table) == [("a@example.jp", "見本〜－髙德①")]


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_the_delimiter_is_the_one_that_makes_sense_of_the_headings(sign: str, tmp_path: Path) -> None:
    text = f'メール{sign}所属\n"a@example.jp;b@example.jp"{sign}見本市役所\n'
    table = open_table(written(tmp_path, text))
    assert table.delimiter == sign
    assert cells(table) == [("a@example.jp;b@example.jp", "見本市役所")]


def test_bytes_of_no_known_encoding_are_refused_with_the_line(tmp_path: Path) -> None:
    content = "メール,氏名\na@example.jp,見本\n".encode() + b"b@example.jp,\xff\xfd\n"
    with pytest.raises(ImportFileError, match="3行目の付近"):
        open_table(written(tmp_path, content))


def test_utf_8_with_a_broken_byte_is_not_taken_for_cp932(tmp_path: Path) -> None:
    content = b"email,name\n" + "a@example.jp,見本 太郎\n".encode() * 9 + b"b@example.jp,\xe8\x82\n"
    with pytest.raises(ImportFileError, match="11行目の付近"):
        open_table(written(tmp_path, content))


def test_a_jis_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="JIS"):
        open_table(written(tmp_path, "メール\n見本".encode("iso2022_jp")))


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, 'メール,氏名\na@example.jp,"見\n本"\n\nb@example.jp,x\n'))
    assert [row.line for row in table.rows()] == [2, 4, 5]


def test_an_unclosed_quotation_mark_swallows_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path, 'メール,氏名\na@example.jp,"見本\nb@example.jp,x\n')
    with pytest.raises(ImportFileError, match="2行目"):
        cells(open_table(path))


def test_a_title_above_the_headings_is_passed_over(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "購読者名簿,,\n,,\n氏名,メールアドレス（必須）,備考\n見本,a@example.jp,x\n"))
    assert (table.heading_line, table.columns) == (3, {"name": 0, "address": 1})
    assert table.unused == ["備考"]
    assert cells(table) == [("見本", "a@example.jp", "x")]


def test_a_bare_list_of_addresses_needs_no_headings(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a@example.jp\nb＠example.jp\n"))
    assert (table.heading_line, table.columns) == (0, {"address": 0})
    assert cells(table) == [("a@example.jp",), ("b＠example.jp",)]


def test_columns_without_a_heading_are_named_by_their_number(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, "a@example.jp,見本,x\nb@example.jp\n")).unused == ["2列目", "3列目"]
    table = open_table(written(tmp_path, "備考,,,メール\nx,y,,a@example.jp,z\n"))
    assert table.unused == ["備考", "2列目", "5列目"]
    assert reread.below(table, 0).unused == ["1列目", "2列目", "5列目"]


def test_a_column_of_addresses_under_an_unknown_heading_is_found_and_said(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "氏名,連絡先\n見本,a@example.jp\n"))
    assert table.columns == {"name": 0, "address": 1}
    assert table.remarks == ("2列目をメールアドレスとして読みます",)
    assert cells(table) == [("見本", "a@example.jp")]


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["メールアドレス", "メールアドレス（確認用）", "氏名", "フリガナ"], {"address": 0, "name": 2}),
        (
            ["Ｅ－ｍａｉｌ", "Name", "Organization", "Department"],
            {"address": 0, "name": 1, "organisation": 2, "department": 3},
        ),
        (
            ["市町村名", "課名", "担当者名", "メール", "電話番号"],
            {"municipality": 0, "department": 1, "name": 2, "address": 3},
        ),
        (["メール形式", "メール"], {"format": 0, "address": 1}),
        (["メールマガジン", "連絡先メールアドレス *"], {"address": 1}),
        (["所属・役職", "ご担当者様のお名前", "ﾒｰﾙｱﾄﾞﾚｽ"], {"organisation": 0, "name": 1, "address": 2}),
        (["姓", "名", "e-mail"], {"family": 0, "given": 1, "address": 2}),
        (["住所", "氏名"], {"name": 1}),
    ],
)
def test_headings_are_guessed(headings: list[str], columns: dict[str, int]) -> None:
    assert guess_columns(headings) == columns


def test_a_guess_is_corrected_by_heading_number_or_letter() -> None:
    headings = ["メール", "所属", "予備"]
    guess = guess_columns(headings)
    assert correct_columns(guess, headings, {"address": "予備"}) == {"address": 2, "organisation": 1}
    assert correct_columns(guess, headings, {"department": "2"}) == {"address": 0, "department": 1}
    assert correct_columns(guess, headings, {"name": "C", "organisation": ""}) == {"address": 0, "name": 2}
    with pytest.raises(ImportFileError, match="「電話」の列がありません"):
        correct_columns(guess, headings, {"address": "電話"})
    with pytest.raises(ImportFileError, match="「mail」はありません"):
        correct_columns(guess, headings, {"mail": "メール"})


def workbook(tmp_path: Path, rows: list[list[object]], sheet: str = "名簿") -> Path:
    book = Workbook()
    other = book.active
    assert other is not None
    other.title = "説明"
    other.append(["この表の使い方"])
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    path = tmp_path / "list.xlsx"
    book.save(path)
    return path


def test_a_workbook_is_read_as_people_see_it(tmp_path: Path) -> None:
    moment = datetime(2026, 4, 1, 9, 30)  # noqa: DTZ001 - Excel knows no zones
    path = workbook(
        tmp_path,
        [
            ["購読者名簿"],
            ["メール", "団体コード", "同意日", "氏名", "登録日"],
            ["a@example.jp", 11002.0, date(2026, 4, 1), "見本", moment],
            [None, None, None, None, None],
            ["b@example.jp", "011002", None, True, None],
        ],
    )
    table = open_table(path)
    assert (table.sheet, table.heading_line) == ("名簿", 2)
    assert table.remarks == ("シート「名簿」だけを読みます。読まないシート: 説明",)
    assert cells(table) == [
        ("a@example.jp", "11002", "2026-04-01", "見本", "2026-04-01 09:30:00"),
        (),
        ("b@example.jp", "011002", "", "TRUE"),
    ]
    assert [row.line for row in table.rows()] == [3, 4, 5]


def test_a_packed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/workbook.xml", "<workbook/>")
        parts.writestr("xl/sharedStrings.xml", "<a>" * 5_000_000)
    with pytest.raises(ImportFileError, match="大きすぎる"):
        open_table(path)


def test_a_workbook_with_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>')
    with pytest.raises(ImportFileError, match="DOCTYPE"):
        open_table(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空のファイル"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "パスワード"),
        (b"PK\x03\x04 not a zip at all", "読めません"),
        ("メール,氏名\n" + ",".join("x" * 100), "列が多すぎます"),
    ],
)
def test_files_of_another_kind_are_refused_in_words(content: bytes | str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=words):
        cells(open_table(written(tmp_path, content)))


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("readme.txt", "hello")
    with pytest.raises(ImportFileError, match=r"\.xlsx ではありません"):
        open_table(path)


def test_a_cell_that_never_ends_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "メール,氏名\na@example.jp," + "x" * 10_001 + "\n")
    with pytest.raises(ImportFileError, match="長すぎるセル"):
        cells(open_table(path))


@pytest.mark.parametrize(
    ("cell", "plain"), [("'=1+1", "=1+1"), ("''=x", "'=x"), ("'見本", "'見本"), ("'-a", "-a"), ("=x", "=x")]
)
def test_exactly_the_protecting_apostrophe_comes_off(cell: str, plain: str) -> None:
    assert unescape(cell) == plain


def test_a_workbook_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["メール"], ["a@example.jp"]]).rename(tmp_path / "名簿.csv")
    assert cells(open_table(path)) == [("a@example.jp",)]


def test_a_damaged_workbook_is_read_or_refused_in_words(tmp_path: Path) -> None:
    whole = workbook(tmp_path, [["メール", "登録日"], ["a@example.jp", date(2026, 4, 1)]])
    with zipfile.ZipFile(whole) as parts:
        contents = {name: parts.read(name) for name in parts.namelist()}
    chance = random.Random(137)
    refused = 0
    for _ in range(150):
        hurt = chance.choice(list(contents))
        damaged = bytearray(contents[hurt])
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(damaged))
            damaged[place : place + chance.randint(0, 9)] = bytes([chance.randrange(256)])
        path = tmp_path / "damaged.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
            for name, content in contents.items():
                parts.writestr(name, bytes(damaged) if name == hurt else content)
        try:
            cells(open_table(path))
        except ImportFileError:
            refused += 1
    assert 0 < refused < 150
