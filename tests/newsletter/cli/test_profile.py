"""`newsletter profile …` as a person at the shell meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feeds.models import Member
from newsletter.cli import main
from tests.newsletter.issue_parts import PROFILE

pytestmark = pytest.mark.django_db


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["profile", *map(str, arguments)])


def test_load_says_what_it_added_and_then_that_nothing_changed() -> None:
    first = run("load", PROFILE)
    assert first.exit_code == 0
    assert "追加 会員 北九州市（kitakyushu）" in first.output
    second = run("load", PROFILE)
    assert second.output.startswith("同じ ")
    assert second.output.count("\n") == 1


def test_load_lists_each_change_with_before_and_after(tmp_path: Path) -> None:
    run("load", PROFILE)
    file = tmp_path / "changed.toml"
    file.write_text(PROFILE.read_text().replace('name = "CityTalk"', 'name = "シティトーク"'))
    output = run("load", file).output
    assert "変更 フィード シティトーク（citytalk）\n    名称: CityTalk → シティトーク\n" in output
    assert "変更 1件" in output


def test_load_as_json_counts_and_lists() -> None:
    report = json.loads(run("load", PROFILE, "--json").output)
    assert report["counts"] == {"added": 10 + 33 + 10}
    assert {"kind": "member", "key": "kobe", "name": "神戸市", "action": "added", "details": []} in report["changes"]


def test_check_finds_every_mistake_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(
        PROFILE.read_text().replace('code = "281000"', 'code = "281001"').replace("fresh_days", "fresh_day")
    )
    result = run("check", file)
    assert result.exit_code == 1
    assert "members[22].code: 団体コード「281001」が正しくありません" in result.stderr
    assert "enews.fresh_day: 知らない項目です" in result.stderr
    assert run("check", PROFILE).output.startswith(f"{PROFILE}: 誤りはありません。")
    assert not Member.objects.exists()


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    result = run("load", tmp_path / "none.toml")
    assert result.exit_code == 1
    assert result.stderr == f"エラー: {tmp_path / 'none.toml'}: ファイルを読めません。名前と場所を確かめてください。\n"


def test_show_needs_a_loaded_profile_and_then_tells_it() -> None:
    empty = run("show")
    assert empty.exit_code == 1
    assert "newsletter profile load" in empty.stderr
    run("load", PROFILE)
    assert "会員: 正会員 27、特別会員 6" in run("show").output
    assert json.loads(run("show", "--json").output)["publisher"]["legal_name"] == "一般社団法人イクレイ日本"
