"""`newsletter text proof`: rows in, findings out; no database, no settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsletter.cli import main

ROW = {"id": "a", "text": "福島県の内堀 雅雄知事が話しました。", "month": "2026-11", "sent_on": "2026-11-30"}


def run(tmp_path: Path, *rows: object, options: tuple[str, ...] = ()) -> Result:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return CliRunner().invoke(main, ["text", "proof", "--jsonl", str(file), *options])


def test_every_row_gets_its_findings(tmp_path: Path) -> None:
    result = run(tmp_path, ROW, {"id": 2, "text": "本文です。"})
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["id"] == "a"
    finding = next(one for one in first["findings"] if one["rule"] == "head-space")
    assert set(finding) == {"rule", "level", "start", "end", "found", "message", "fixes"}
    assert (finding["level"], finding["start"], finding["end"]) == ("error", 4, 9)
    assert finding["fixes"] == ["内堀雅雄"]
    assert ROW["text"][finding["start"] : finding["end"]] == "内堀 雅雄"
    assert second == {"id": 2, "findings": []}


def test_the_month_decides_what_a_day_without_a_year_means(tmp_path: Path) -> None:
    text = "11月23日（火）に会議を開きます。"
    wrong, right = (
        json.loads(run(tmp_path, {"id": 1, "text": text, "month": month, "sent_on": f"{month}-01"}).stdout)
        for month in ("2026-11", "2027-11")
    )
    assert "weekday-mismatch" in {finding["rule"] for finding in wrong["findings"]}
    assert "weekday-mismatch" not in {finding["rule"] for finding in right["findings"]}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "JSONとして読めません"),
        ({"id": 1}, "の形で書いてください"),
        ({"id": 1, "text": "文", "month": "11月"}, "month は 2026-11 の形で"),
        ({"id": 1, "text": "文", "sent_on": "2026-11-31"}, "sent_on は 2026-11-30 の形で"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_printed(tmp_path: Path, row: object, words: str) -> None:
    result = run(tmp_path, ROW, row)
    assert result.exit_code == 1
    assert "2行目" in result.stderr
    assert words in result.stderr
    assert result.stdout == ""


def test_a_dictionary_of_the_house_goes_on_top(tmp_path: Path) -> None:
    words = tmp_path / "house.yml"
    words.write_text("version: 1\nrules:\n  - expected: まち歩き\n    pattern: 街歩き\n  - pattern: ''\n", "utf-8")
    result = run(tmp_path, {"id": 1, "text": "街歩きを行いました。"}, options=("--dictionary", str(words)))
    assert "まち歩き" in result.stdout
    assert "辞書の注意: house.yml" in result.stderr


def test_the_catalogue_is_listed_with_its_sources() -> None:
    rules = json.loads(CliRunner().invoke(main, ["text", "proof", "--rules", "--json"]).stdout)
    assert len({rule["rule"] for rule in rules}) == len(rules) >= 40
    assert all(rule["title"] and rule["explanation"] and rule["source"] for rule in rules)
    output = CliRunner().invoke(main, ["text", "proof", "--rules"]).stdout
    assert "誤り head-space 首長の氏名の中の空白" in output
    assert CliRunner().invoke(main, ["text", "proof"]).exit_code == 2


def test_it_needs_neither_settings_nor_a_database(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NEWSLETTER", "DATABASE", "DJANGO"))}
    code = (
        "import sys; from newsletter.cli import main; main(['text', 'proof', '--jsonl', '-'], standalone_mode=False);"
        "assert 'newsletter.settings' not in sys.modules and 'django.db.models' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(ROW), env=environment, capture_output=True, text=True,
        cwd=Path(__file__).parents[3], check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "head-space" in done.stdout
