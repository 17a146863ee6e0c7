"""House dictionaries: prh's format, our keys, and what is said of entries that cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from newsletter.proof import dictionary
from newsletter.proof.finding import Level


def entry(lines: str) -> dictionary.Dictionary:
    return dictionary.read(f"version: 1\nrules:\n{lines}", "house", "house.yml")


def corrected(lines: str, text: str) -> str:
    one = entry(lines)
    assert not one.problems, one.problems
    for hit in sorted(dictionary.hits(one.entries, text), key=lambda hit: hit.start, reverse=True):
        text = text[: hit.start] + hit.replacement + text[hit.end :]
    return text


def test_the_shipped_dictionaries_have_no_problem_and_every_spec_holds() -> None:
    shipped = dictionary.shipped()
    assert shipped.problems == ()
    assert {one.layer for one in shipped.entries} == {"hyoki", "koyobun", "association"}
    assert len(shipped.entries) > 300


@pytest.mark.parametrize(
    ("lines", "text", "right"),
    [
        ("  - expected: 市役所\n    pattern: 市庁舎", "市庁舎で開く", "市役所で開く"),
        ("  - expected: 会議\n    patterns:\n      - 会義\n      - /会儀/", "会義と会儀", "会議と会議"),
        ("  - expected: $1か所\n    pattern: /([0-9]+)ヵ所/", "8ヵ所", "8か所"),
        ("  - expected: $2と$1\n    pattern: /(雨)と(風)/", "雨と風", "風と雨"),
        ("  - expected: $12\n    pattern: /(い)ろ/", "いろ", "い2"),
        ("  - expected: Cookie", "ｃｏｏｋｉｅとCOOKIE", "CookieとCookie"),
        ("  - Cookie", "cookie", "Cookie"),
        ("  - expected: js\n    pattern: /JS/i\n    options:\n      wordBoundary: true", "Js, ajsb", "js, ajsb"),
        (
            "  - expected: ハードウェア\n    pattern: /ハードウ[ェエ]アー?/",
            "ハードウェア、ハードウエアー",
            "ハードウェア、ハードウェア",
        ),
        ("  - expected: ほげ\n    pattern: /(大)?ホゲ/\n    regexpMustEmpty: $1", "大ホゲとホゲ", "大ホゲとほげ"),
        ("  - expected: サーバー\n    pattern: サーバ", "サーバとサーバー", "サーバーとサーバー"),
    ],
)
def test_an_entry_is_read_as_prh_reads_it(lines: str, text: str, right: str) -> None:
    assert corrected(lines, text) == right


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ("  - pattern: 会義", 3, "expected"),
        ("  - expected: 会議\n    pattern: /(会義/", 4, "正規表現"),
        ("  - expected: 会議\n    pattern: 12", 4, "引用符"),
        ("  - expected: 会議\n    pattern: 会義\n    specs:\n      - from: 会義\n        to: 会談", 5, "試し"),
        ("  - expected: 会議\n    pattern: 会義\n    specs:\n      - from: 会義", 5, "fromとto"),
        ("  - expected: 会議\n    pattern: 会義\n    valid_from: 来年", 5, "2025-09-01"),
        ("  - expected: 会議\n    pattern: 会義\n    level: 重い", 5, "error"),
        ("  - expected: 会議\n    pattern: 会義\n    regexpMustEmpty: $1", 5, "括弧の番号"),
        ("  - [会議]", 3, "expected"),
    ],
)
def test_a_broken_entry_is_told_by_its_line_and_the_others_are_used(lines: str, line: int, words: str) -> None:
    read = entry(f"{lines}\n  - expected: 成績\n    pattern: 成積")
    assert [one.expected for one in read.entries] == ["成績"]
    (problem,) = read.problems
    assert (problem.file, problem.line) == ("house.yml", line)
    assert words in problem.message
    assert str(problem).startswith(f"house.yml {line}行目: ")


def test_a_misspelt_key_is_told_and_the_entry_is_used_all_the_same() -> None:
    read = entry("  - expected: 会議\n    pattern: 会義\n    valid_form: 2025-01-01")
    assert len(read.entries) == 1
    assert read.problems[0].line == 5


@pytest.mark.parametrize(
    "text",
    [
        "rules: [",
        "- 会議",
        "version: 1\n",
        "imports: [other.yml]\nrules: []",
        "\x00",
        "a: &a [*a, *a]\nb: !!python/x y",
    ],
)
def test_a_file_that_is_no_dictionary_is_a_problem_and_never_an_exception(text: str) -> None:
    read = dictionary.read(text, "house")
    assert read.entries == ()
    assert len(read.problems) == 1


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "sjis.yml").write_bytes("rules: [会議]".encode("cp932"))
    read = dictionary.with_house([tmp_path / "away.yml", tmp_path / "sjis.yml"])
    assert [problem.file for problem in read.problems] == ["away.yml", "sjis.yml"]
    assert read.entries == dictionary.shipped().entries


def test_the_staffs_file_lies_on_top_of_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "office.yml"
    file.write_text(
        "rules:\n"
        "  - expected: ご案内\n    pattern: 御案内\n    note: 事務局で決めた書き方です。\n    level: error\n"
        "  - expected: 専門家\n    pattern: /専問/\n    specs:\n      - from: 専問\n        to: 専門家\n"
        "  - expected: シミュレーション\n    pattern: シュミレーション\n    when: never\n",
        encoding="utf-8",
    )
    read = dictionary.with_house([file])
    assert read.problems == ()
    put = {hit.replacement: hit.entry for hit in dictionary.hits(read.house(), "御案内、専問、シュミレーション")}
    assert set(put) == {"ご案内", "専門家"}
    assert put["ご案内"].level is Level.ERROR


def test_an_entry_is_in_force_from_its_day() -> None:
    read = entry("  - expected: 環境課\n    pattern: 公害課\n    valid_from: 2026-04-01")
    assert not read.on(date(2026, 3, 31)).entries
    assert read.on(date(2026, 4, 1)).entries
