"""Files as offices send them: encodings, delimiters, headings, workbooks, and those that want to do harm."""

from __future__ import annotations

import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from feeds.governments import municipalities
from subscribers import encodings, reread
from subscribers.columns import LONGEST_ROW, correct_columns, guess_columns
from subscribers.errors import ImportFileError
from subscribers.table import Row, Table, open_table, unescape

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


HALF_WIDTH = ["ｱｲ", "ｳｴ", "ｵｶ", "ｷｸ", "ｹｺ", "ｻｼ", "ｽｾ", "ｿﾀ", "ﾁﾂ", "ﾃﾄ", "ﾅﾆ", "ﾇﾈ", "ﾉﾊ", "ﾋﾌ", "ﾍﾎ", "ﾏﾐ"]
PEOPLE = "メールアドレス,氏名,所属\r\na@example.jp,見本〜－髙德①,環境局ｶﾝｷｮｳ課㈱\r\nb@example.jp,山田 太郎,\r\n"


def in_jis(text: str, encoding: str) -> bytes:
    """The text with Windows' characters: each pair of CP932 moved back to its row and cell."""
    out, last = b"", b""
    for sign in text:
        one = sign.encode("cp932")
        kind, body = b"\x1b(B", one
        if len(one) == 2:
            lead, trail = one[0] - (0x70 if one[0] < 0xE0 else 0xB0), one[1]
            row, cell = 2 * lead, trail - 0x7E
            if trail < 0x9F:
                row, cell = row - 1, trail - (0x1F if trail < 0x7F else 0x20)
            kind, body = b"\x1b$B", bytes((row, cell))
        elif not sign.isascii():
            kind, body = b"\x1b(I", bytes((one[0] & 0x7F,))
        if encoding == "euc-jp":
            out += {b"\x1b(B": b"", b"\x1b$B": b"", b"\x1b(I": b"\x8e"}[kind]
            out += body if kind == b"\x1b(B" else bytes(value | 0x80 for value in body)
        else:
            out += body if kind == (last or b"\x1b(B") else kind + body
            last = kind
    return out


@pytest.mark.parametrize("encoding", ["euc-jp", "iso-2022-jp"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lists_in_jis_are_read_with_the_characters_of_windows(encoding: str, end: str, tmp_path: Path) -> None:
    table = open_table(written(tmp_path, in_jis(PEOPLE.replace("\r\n", end), encoding)))
    assert table.encoding == encoding
    assert table.is_cp932
    assert cells(table) == [
        ("a@example.jp", "見本〜－髙德①", "環境局ｶﾝｷｮｳ課㈱"), ("b@example.jp", "山田 太郎"),
    ]  # fmt: skip


def test_euc_of_unix_has_the_characters_of_ibm_in_a_third_set(tmp_path: Path) -> None:
    # iconv -t EUC-JP-MS: 髙 is 8F F4FB, 﨑 8F F4BD, 鷗 of JIS X 0212 8F ECBF
    table = open_table(
        written(tmp_path, "メール,氏名\na@example.jp,".encode("euc_jp") + b"\x8f\xf4\xfb\x8f\xf4\xbd\x8f\xec\xbf\n")
    )
    assert cells(table) == [("a@example.jp", "髙﨑鷗")]


def test_japanese_far_down_is_found_by_its_escape_sequences(tmp_path: Path) -> None:
    text = "email,name\n" + "a@example.jp,Taro\n" * 70_000 + "b@example.jp,見本\n"
    table = open_table(written(tmp_path, text.encode("iso2022_jp")))
    assert table.encoding == "iso-2022-jp"
    assert cells(table)[-1] == ("b@example.jp", "見本")


def test_an_escape_that_is_no_japanese_is_read_as_it_stands(tmp_path: Path) -> None:
    assert open_table(written(tmp_path, "email\n\x1b$zz\x1b\n")).encoding == "utf-8"
    assert open_table(written(tmp_path, "メール\n\x1b$B\n")).encoding == "utf-8"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (PEOPLE.replace("髙德", ""), "euc_jp"),
        ("email,name\na@example.jp,山田 太郎\nb@example.jp,鈴木 次郎\nc@example.jp,高橋\n", "euc_jp"),
        ("メール,氏名\na@example.jp,山田\n", "euc_jp"),
        (PEOPLE, "cp932"),
        ("email,name\n" + "".join(f"a@example.jp,{one}ﾔﾏｽｽﾞｷﾄﾓﾐｶｺ\n" for one in HALF_WIDTH), "cp932"),
        ("email,name\na@example.jp,かきくけこ\n", "euc_jp"),
        ("email,name\na@example.jp,者\n", "cp932"),
        ("ﾒｰﾙ,ﾅﾏｴ\na@example.jp,ﾔﾏﾀﾞ ﾀﾛｳ\n", "cp932"),
    ],
)
def test_shift_jis_and_euc_are_never_taken_for_each_other(text: str, encoding: str, tmp_path: Path) -> None:
    table = open_table(written(tmp_path, text.replace("①", "").replace("－", "").replace("㈱", "").encode(encoding)))
    assert table.encoding == {"euc_jp": "euc-jp"}.get(encoding, encoding)


@pytest.mark.parametrize(("text", "encoding"), [("山田", "euc_jp"), ("ﾔﾏﾀﾞ", "cp932"), ("檜原村", "euc_jp")])
def test_what_may_be_either_is_refused_with_what_to_do(text: str, encoding: str, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="Shift_JISかEUC-JPか決められません。文字コードを選べるエディター"):
        open_table(written(tmp_path, f"email,name\na@example.jp,{text}\n".encode(encoding)))


def test_no_list_of_real_places_is_read_in_the_wrong_one_of_the_two(tmp_path: Path) -> None:
    places = [f"{one.prefecture},{one.name}" for one in municipalities()]
    for start in range(0, len(places) - 8, 40):
        text = "email,a,b\n" + "".join(f"a@example.jp,{place}\n" for place in places[start : start + 8])
        for encoding, name in (("euc_jp", "euc-jp"), ("cp932", "cp932")):
            assert open_table(written(tmp_path, text.encode(encoding))).encoding == name


def test_rows_are_counted_as_excel_does(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, '"名\n簿"\nメール,氏名\na@example.jp,"見\n本"\n\nb@example.jp,x\n'))
    assert table.heading_line == 2
    assert [row.line for row in table.rows()] == [3, 4, 5]
    assert [row.line for row in reread.head(table)] == [1, 2, 3, 4, 5]


def test_a_broken_row_is_named_as_excel_and_as_an_editor_call_it(tmp_path: Path) -> None:
    path = written(tmp_path, 'メール,氏名\na@example.jp,"見\n本"\nb@example.jp,"x\n')
    with pytest.raises(ImportFileError, match="3行目（テキストエディターでは4行目）がCSVとして"):
        open_table(path)


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
        (["自治体名", "団体コード", "メール"], {"place": 0, "municipality": 1, "address": 2}),
        (["メール", "市町村コード（6桁）", "市町村の名称"], {"address": 0, "municipality": 1, "place": 2}),
        (["メール形式", "メール"], {"format": 0, "address": 1}),
        (["メールマガジンの号数", "連絡先メールアドレス *"], {"address": 1}),
        (["メールマガジン", "連絡先メールアドレス *"], {"wanted": 0, "address": 1}),
        (["所属・役職", "ご担当者様のお名前", "ﾒｰﾙｱﾄﾞﾚｽ"], {"organisation": 0, "name": 1, "address": 2}),
        (["姓", "名", "e-mail"], {"family": 0, "given": 1, "address": 2}),
        (["住所", "氏名"], {"name": 1}),
        (["氏名", "メールアドレス（旧）", "メールアドレス（新）"], {"name": 0, "address": 2}),
        (["旧メールアドレス", "新メールアドレス", "前所属", "所属"], {"address": 1, "organisation": 3}),
        (["氏名（フリガナ）", "氏名（漢字）", "メール"], {"name": 1, "address": 2}),
        (["姓（カナ）", "名（カナ）", "姓", "名", "email"], {"family": 2, "given": 3, "address": 4}),
        (["メールアドレス（確認用）", "メールアドレス", "予備メール"], {"address": 1}),
        (["会社アドレス（=東京都）", "氏名", "メールアドレス1"], {"name": 1, "address": 2}),
        (["勤務先アドレス", "メール1"], {"address": 1}),
        (["メールアドレス（旧）", "お名前（カナ）"], {"address": 0, "name": 1}),
        (
            ["メール配信停止", "メール配信希望", "メール", "号外の配信"],
            {"stopped": 0, "wanted": 1, "address": 2, "only_monthly": 3},
        ),
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


def test_a_sheet_with_too_many_columns_is_refused_as_a_csv_is(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="1行目の列が多すぎます"):
        open_table(workbook(tmp_path, [["メール", *map(str, range(60))]]))


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [["メール"], *([f"r{number}@example.jp"] for number in range(1, 9_000))]:
        sheet.append(row)
    sheet.auto_filter.ref = "A1:A9000"
    for line in (*range(3, 9), 9_000, 20_000):  # the last has no cell
        sheet.row_dimensions[line].hidden = True
    book.save(path)
    table = open_table(path)
    assert table.remarks == ("非表示の行が7行あります。ほかの行と同じように読みます",)
    assert sum(bool(row.cells) for row in table.rows()) == 8_999
    again = reread.in_form(table, encoding="", delimiter=",", sheet=table.sheet)
    assert again.remarks == table.remarks


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16", "euc-jp", "iso-2022-jp"])
def test_a_line_without_end_is_not_held_in_memory(encoding: str, tmp_path: Path) -> None:
    text = "メール,氏名\na@example.jp,環境課の見本です\n" + "あい,う" * LONGEST_ROW
    with pytest.raises(ImportFileError, match="3行目が長すぎます"):
        open_table(written(tmp_path, text.encode(encoding)))


def test_a_row_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "メール,氏名\n" + "a@example.jp,見本\n" * 30 + '"a\n",' * (LONGEST_ROW // 4)))
    with pytest.raises(ImportFileError, match="32行目がCSVとして"):
        cells(table)


@pytest.mark.parametrize("encoding", ["euc-jp", "iso-2022-jp", "cp932"])
def test_lines_end_as_those_of_old_macs_do(encoding: str, tmp_path: Path) -> None:
    rows = "a@example.jp,環境課の見本です\r" * (LONGEST_ROW // 20)
    table = open_table(written(tmp_path, ("メール,氏名\r" + rows).encode(encoding)))
    assert set(table.rows()) >= {Row(2, ("a@example.jp", "環境課の見本です"))}


def test_the_line_that_is_no_text_is_found_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "CHUNK", 5)
    with pytest.raises(ImportFileError, match="3行目の付近"):
        open_table(written(tmp_path, "メール\n見本\n".encode() + b"\xff\x00\n\n"))


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
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDFです"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "画像です"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "画像です"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc", "圧縮されたファイルです"),
        (
            "\n<table><tr><td>メール</td></tr><tr><td>a@example.jp</td></tr></table>",
            "HTMLの表です。Excelで開き、.xlsx形式",
        ),
        ("\ufeff<HTML><body>メール</body>", "HTMLの表です"),
        ("<html>メール".encode("utf-16"), "HTMLの表です"),
        ('<?xml version="1.0"?><Workbook>', "XMLの表です"),
        ("メール\na\0b@example.jp\n見本@example.jp\n", "NUL"),
        ("メール\0,氏名\na@example.jp,見本\n".encode("utf-16"), "見出しに文字ではない符号"),
        (
            "番号,お名前,メールアドレス,変わりはありますか\n1,佐藤,s***@city.example.lg.jp,変わりなし\n",
            "「宛先の確認」の様式",
        ),
        ("照合番号,2027-x\n回答者のお名前,例示\nメール\na@example.jp\n", "「宛先の確認」の様式"),
    ],
)
def test_files_of_another_kind_are_refused_in_words(content: bytes | str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=words):
        cells(open_table(written(tmp_path, content)))


def test_utf_16_without_a_mark_is_still_text(tmp_path: Path) -> None:
    for text in ("email\na@example.jp\n", f"氏名,メール\n{'見本' * 40},a@example.jp\n"):
        assert cells(open_table(written(tmp_path, text.encode("utf-16-le"))))[0][-1] == "a@example.jp"


def test_a_masked_address_is_told_by_its_row(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "メール,備考\na@example.jp,s***@x\ns***@city.example.lg.jp,\n"))
    with pytest.raises(ImportFileError, match=r"3行目のメールアドレスは伏せ字（s\*\*\*@city\.example\.lg\.jp）"):
        list(table.rows_to_judge())


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
