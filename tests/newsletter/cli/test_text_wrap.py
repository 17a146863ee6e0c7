"""`newsletter text wrap` from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter.cli.text_wrap import wrap

ROOT = Path(__file__).resolve().parents[3]


def rows(file: Path, *lines: str) -> Path:
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return file


def test_it_wraps_each_row_and_the_row_s_own_width_comes_first(tmp_path: Path) -> None:
    text = "汐見市は、気候変動に適応するまちづくりの国際シンポジウムを12月に開催します。"
    file = rows(
        tmp_path / "rows.jsonl",
        json.dumps({"id": "a", "text": text}),
        "",
        json.dumps({"id": 2, "text": text, "width": 40}),
        json.dumps({"id": None, "text": "", "width": None}),
    )
    result = CliRunner().invoke(wrap, ["--jsonl", str(file), "--width", "60"])
    assert result.exit_code == 0
    first, second, third = map(json.loads, result.stdout.splitlines())
    assert first == {
        "id": "a",
        "text": text,
        "width": 60,
        "wrapped": "汐見市は、気候変動に適応するまちづくりの国際シンポジウムを\n12月に開催します。",
    }
    assert second["width"] == 40
    assert second["wrapped"].count("\n") == 1
    assert third == {"id": None, "text": "", "width": 60, "wrapped": ""}


def test_it_runs_as_a_command_without_django_or_a_database(tmp_path: Path) -> None:
    file = rows(tmp_path / "rows.jsonl", '{"id": "a", "text": "本文です。"}')
    program = (
        "import sys; sys.argv=['newsletter','text','wrap','--jsonl',sys.argv[1]]\nfrom newsletter.cli import main\n"
    )
    program += "main(standalone_mode=False)\nassert 'django' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wrapped"] == "本文です。"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{broken", "2行目: JSONとして読めません"),
        ('["a"]', "2行目"),
        ('{"id": 1}', "2行目"),
        ('{"id": 1, "text": 5}', "2行目"),
        ('{"id": 1, "text": "あ", "width": 2}', "width は4から998まで"),
        ('{"id": 1, "text": "あ", "width": true}', "width は"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_nothing_is_printed(tmp_path: Path, line: str, says: str) -> None:
    file = rows(tmp_path / "rows.jsonl", '{"id": 0, "text": "あ"}', line)
    result = CliRunner().invoke(wrap, ["--jsonl", str(file)])
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stdout == ""


def test_a_missing_file_or_another_encoding_is_said_in_words(tmp_path: Path) -> None:
    missing = CliRunner().invoke(wrap, ["--jsonl", str(tmp_path / "none.jsonl")])
    assert missing.exit_code == 1
    assert "ファイルが見つかりません" in missing.stderr
    (tmp_path / "sjis.jsonl").write_bytes('{"id": 1, "text": "日本語"}'.encode("cp932"))
    wrong = CliRunner().invoke(wrap, ["--jsonl", str(tmp_path / "sjis.jsonl")])
    assert wrong.exit_code == 1
    assert "文字コードがUTF-8ではありません" in wrong.stderr


def test_wrong_use_exits_with_2() -> None:
    assert CliRunner().invoke(wrap, ["--width", "1", "--jsonl", "x"]).exit_code == 2
    assert CliRunner().invoke(wrap, []).exit_code == 2
