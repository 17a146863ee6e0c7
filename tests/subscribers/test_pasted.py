"""What people paste: a To line, an Excel selection, a list, half a CSV file."""

from __future__ import annotations

import pytest

from subscribers.candidates import Candidate, read_candidates
from subscribers.errors import ImportFileError
from subscribers.pasted import MOST_CHARACTERS, rows_from_text
from tests.subscribers.test_importer import LOOKUPS


def people(text: str) -> list[tuple[int, str, str]]:
    """Line, address and name of each; the address as written where it is refused."""
    return [
        (one.line, one.address.address if one.address else f"✗ {one.written}", one.told.get("name", ""))
        for one in candidates(text)
    ]


def candidates(text: str) -> list[Candidate]:
    table = rows_from_text(text)
    assert table.columns is not None
    return [
        one
        for row in table.rows()
        if any(cell.strip() for cell in row.cells)
        for one in read_candidates(row.line, row.cells, table.columns, LOOKUPS)
    ]


A, B, C = "a@example.jp", "b@example.jp", "c@example.jp"
TARO, HANAKO = "見本 太郎", "見本 花子"


@pytest.mark.parametrize(
    "separator",
    [
        ", ",
        ",",
        ";",
        "; ",
        " ",
        "\u3000",
        "、",
        "，",
        "；",
        "／",
        "｜",
        " / ",
        "\t",
        "\n",
        "\r\n",
        "\n\n",
        "\v",
        " , \n ",
    ],
)
def test_addresses_are_told_apart_by_whatever_stands_between(separator: str) -> None:
    assert [address for _, address, _ in people(separator.join((A, B, C)))] == [A, B, C]


@pytest.mark.parametrize("separator", [", ", "; ", " ", "、", "\n", ";\r\n"])
@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("見本 太郎 <{}>", TARO),
        ("見本 太郎＜{}＞", TARO),
        ("見本 太郎 [{}]", TARO),
        ("見本 太郎（{}）", TARO),
        ("見本 太郎「{}」", TARO),
        ('"見本 太郎" <{}>', TARO),
        ("'見本 太郎' <{}>", TARO),
        ("<{}>", ""),
        ("見本 太郎 {}", TARO),
        ("{} 見本 太郎", TARO),
    ],
)
def test_the_name_beside_an_address_goes_with_it(form: str, name: str, separator: str) -> None:
    text = separator.join(form.format(address) for address in (A, B))
    assert [one[1:] for one in people(text)] == [(A, name), (B, name)]


@pytest.mark.parametrize("separator", [", ", ";", "、", "\n"])
def test_a_comma_in_a_latin_name_stays_in_it(separator: str) -> None:
    text = separator.join((f"Mihon, Taro <{A}>", f'"Mihon, Hanako" <{B}>'))
    assert [one[1:] for one in people(text)] == [(A, "Mihon, Taro"), (B, "Mihon, Hanako")]


def test_a_to_line_of_a_mail_is_read_with_its_folds() -> None:
    text = f"To: 見本 太郎 <{A}>,\r\n =?UTF-8?B?6KaL5pysIOiKseWtkA==?=\r\n\t<{B}>,\r\n {C}\r\nCc: d@example.jp\r\n"
    assert people(text) == [(1, A, TARO), (1, B, HANAKO), (1, C, ""), (5, "d@example.jp", "")]
    assert people(f"宛先：{A}；{B}") == [(1, A, ""), (1, B, "")]


def test_an_address_in_the_place_of_a_name_is_no_second_person() -> None:
    assert people(f"{A} <{B}>, '{C}' <{C}>") == [(1, B, ""), (1, C, "")]
    assert f"「{A}」も書いてあります" in "".join(candidates(f"{A} <{B}>")[0].warnings)


def test_a_label_is_no_name_and_an_honorific_comes_off() -> None:
    assert people(f"メール {A}、{B}様\nMail／{C}") == [(1, A, ""), (1, B, ""), (2, C, "")]


def test_a_name_in_a_charset_that_cannot_be_read_is_left_out() -> None:
    assert people(f"=?x-unknown?B?AAAA?= <{A}>") == [(1, A, "")]


def test_an_excel_selection_with_headings_keeps_its_columns() -> None:
    text = f'氏名\tメール\t部署\r\n見本 太郎\t{A}\t環境局\r\n見本 花子\t{B}\t"総務\n部"\r\n'
    table = rows_from_text(text)
    assert (table.kind, table.columns, table.heading_line) == ("text", {"name": 0, "address": 1, "department": 2}, 1)
    assert people(text) == [(2, A, TARO), (3, B, HANAKO)]
    assert candidates(text)[1].told["department"] == "総務 部"


def test_an_excel_selection_without_headings_says_what_is_not_read() -> None:
    text = f"見本 太郎\t{A}\n見本 花子\t{B}\n"
    table = rows_from_text(text)
    assert table.columns == {"address": 1}
    assert table.remarks == (
        "2列目をメールアドレスとして読みます", "見出しの行がないので、メールアドレスのほかの列は読みません",
    )  # fmt: skip
    assert people(text) == [(1, A, ""), (2, B, "")]


def test_a_row_of_an_excel_sheet_is_as_many_addresses() -> None:
    assert people(f"{A}\t{B}\t\t{C}") == [(1, A, ""), (1, B, ""), (1, C, "")]


def test_a_pasted_csv_file_is_read_by_its_headings() -> None:
    assert people(f"メール,氏名\n{A},見本 太郎\n") == [(2, A, TARO)]
    assert people(f"氏名;メール\n見本 太郎;{A}\n") == [(2, A, TARO)]


def test_a_column_with_its_heading_is_a_list() -> None:
    assert people(f"メールアドレス\n{A}\n\n{B}\n") == [(2, A, ""), (4, B, "")]


def test_what_is_no_address_is_refused_and_not_passed_over() -> None:
    text = f"環境部の皆さん\n{A}\nhttps://www.example.jp/\nb.example.jp, {C}\n"
    assert people(text) == [
        (1, "✗ 環境部の皆さん", ""),
        (2, A, ""),
        (3, "✗ https://www.example.jp", ""),
        (4, "✗ b.example.jp, c@example.jp", ""),
    ]
    assert all(one.refusal for one in candidates(text) if not one.address)


def test_a_stray_quotation_mark_swallows_nothing() -> None:
    assert [one[1] for one in people(f'氏名\tメール\n"見本\t{A}\n花子\t{B}\n')] == [A, B]


def test_full_width_and_old_mobile_addresses_are_read_as_everywhere() -> None:
    found = candidates("見本＜ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ＞、a..b@docomo.ne.jp")
    assert [one.address.address for one in found if one.address] == ["taro@example.jp", "a..b@docomo.ne.jp"]
    assert "携帯旧形式" in found[1].warnings[0]


@pytest.mark.parametrize("text", ["", " \n\u3000\t"])
def test_nothing_pasted_is_said(text: str) -> None:
    with pytest.raises(ImportFileError, match="貼り付けられていません"):
        rows_from_text(text)


def test_a_whole_book_is_refused() -> None:
    with pytest.raises(ImportFileError, match="多すぎます"):
        rows_from_text("a" * (MOST_CHARACTERS + 1))
    with pytest.raises(ImportFileError, match="長すぎるセル"):
        rows_from_text("a" * 20_000)


def test_long_lines_of_signs_take_no_time() -> None:
    for sign in ("<", "@", "a ", "a@", "（", "見 ", "'", "=?", " "):
        try:
            rows_from_text(sign * 200_000 + "x")
        except ImportFileError:
            continue


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("山田,a1@example.jp\n鈴木,a2@example.jp\n", 1),
        ("a1@example.jp,山田,札幌市\na2@example.jp,鈴木,\n", 0),
        ('"札幌市, 環境局";a1@example.jp\n\n横浜市;a2＠example.jp\n', 1),
    ],
)
def test_a_csv_without_headings_is_read_as_its_file_is(text: str, place: int) -> None:
    table = rows_from_text(text)
    assert table.columns == {"address": place}
    assert "見出しの行がないので、メールアドレスのほかの列は読みません" in table.remarks
    assert [address for _, address, _ in people(text)] == ["a1@example.jp", "a2@example.jp"]


@pytest.mark.parametrize("text", [f"{A} 見本", f"見本 {A}", f"見本（{A}）"])
def test_a_name_without_angle_brackets_leaves_no_word_of_them(text: str) -> None:
    assert people(text) == [(1, A, "見本")]
    assert candidates(text)[0].notes == ()
    assert rows_from_text(text).unused == []


def test_the_form_of_the_roster_is_no_list() -> None:
    with pytest.raises(ImportFileError, match="「宛先の確認」の様式"):
        rows_from_text(
            "番号\tお名前\tメールアドレス\t変わりはありますか\n1\t佐藤\ts***@city.example.lg.jp\t変わりなし\n"
        )
    with pytest.raises(ImportFileError, match="伏せ字"):
        list(rows_from_text("s***@city.example.lg.jp").rows_to_judge())
