"""`newsletter subscribers check-addresses`: a file of addresses judged line by line, without a database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.newsletter.cli.test_subscribers import run


def test_addresses_are_checked_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows: list[dict[str, Any]] = [
        {"address": "ｔａｒｏ@example.jp"},
        {"address": "taro"},
        {"address": "a..b@docomo.ne.jp", "id": 7},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    result = run("check-addresses", path, "--jsonl")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["address"] for answer in answers] == [row["address"] for row in rows]
    assert [answer["ok"] for answer in answers] == [True, False, True]
    assert answers[0]["read"] == "taro@example.jp"
    assert answers[0]["note"] == "全角の文字を半角に直しました。"
    assert answers[1]["note"] == "「@」がありません。"
    assert "携帯旧形式" in answers[2]["note"]


def test_addresses_are_checked_line_by_line() -> None:
    result = run("check-addresses", "-", stdin="taro@example.jp\n\ninfo@gmial.com\ntaro\n")
    assert result.stdout.splitlines() == [
        "○\ttaro@example.jp\t",
        "○\tinfo@gmial.com\tもしかして「gmail.com」ではありませんか。個人ではなく窓口のアドレスのようです。",
        "×\ttaro\t「@」がありません。",
    ]


def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_read() -> None:
    text = b'{\n\n{"address": 1}\n[1]\n{"address": "\xff"}\n{"address": "a@example.jp"}\n'
    result = run("check-addresses", "-", "--jsonl", stdin=text)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(answer["address"], answer["ok"]) for answer in answers] == [
        ("{", False), (None, False), (None, False), ('{"address": "�"}', False), ("a@example.jp", True),
    ]  # fmt: skip
    assert [answer["note"] for answer in answers] == [
        "1行目がJSONとして読めません。",
        '3行目に文字列の "address" がありません。',
        '4行目に文字列の "address" がありません。',
        "5行目がUTF-8として読めません。UTF-8で保存し直してください。",
        "",
    ]
    assert (result.exit_code, result.stderr) == (
        1, "エラー: -: 読めない行が4行ありました（最初は1行目）。理由は、その行の答えにあります。\n",
    )  # fmt: skip


def test_half_a_character_is_answered_as_it_was_asked() -> None:
    result = run("check-addresses", "-", "--jsonl", stdin='{"address": "\\ud800@example.jp"}')
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["address"], answer["ok"]) == (0, "\ud800@example.jp", False)
    assert "文字化け" in answer["note"]


def test_lines_may_end_as_any_system_ends_them() -> None:
    result = run(
        "check-addresses", "-", stdin=b"\xef\xbb\xbfa@example.jp\r\nb@example.jp\rc@example.jp\n\x1b@example.jp"
    )
    assert [line.split("\t")[:2] for line in result.stdout.splitlines()] == [
        ["○", "a@example.jp"], ["○", "b@example.jp"], ["○", "c@example.jp"], ["×", "⟨U+001B⟩@example.jp"],
    ]  # fmt: skip


def test_a_file_to_check_that_is_none_is_named_in_japanese(tmp_path: Path) -> None:
    missing = run("check-addresses", tmp_path / "none")
    assert (missing.exit_code, "none」が見つかりません" in missing.stderr) == (2, True)
    folder = run("check-addresses", tmp_path)
    assert (folder.exit_code, "ファイルではなくフォルダです" in folder.stderr) == (2, True)


def test_checking_addresses_needs_neither_settings_nor_database(tmp_path: Path) -> None:
    program = (
        "import sys; from newsletter.cli import main\n"
        "try: main(['subscribers', 'check-addresses', '-'])\n"
        "except SystemExit as end: assert not end.code\n"
        "assert 'django' not in sys.modules"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="taro@example.jp\n",
        cwd=root,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "○\ttaro@example.jp\t\n"
