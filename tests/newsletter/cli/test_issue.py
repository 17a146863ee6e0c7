"""`newsletter issue …` as a person at the shell meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone
from pytest_django import Settings

from newsletter.cli import main
from newsletter.models import Edition, Issue
from tests.newsletter.issue_parts import feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


def run(*arguments: str | int | Path, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["issue", *map(str, arguments)], input=stdin)


def report(*arguments: str | int | Path) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def drafted() -> None:
    run("open", "2026-11")
    member_entry("計画を策定しました", received_at=timezone.now())
    feed_entry("Cities act", published_at=None)
    run("suggest")


def test_an_issue_is_opened_and_listed() -> None:
    assert "2026年11月号（第137号） 編集中 配信日 2026年11月30日（月）" in run("open", "2026-11").output
    assert "掲載 0件" in run("list").output
    assert report("open", "2026-12", "--release", "2026-12-25", "--number", 200)["number"] == 200
    assert [row["issue"] for row in report("list")] == ["2026-12", "2026-11"]
    again = run("open", "2026-11")
    assert again.exit_code == 1
    assert again.stderr == "エラー: 2026年11月号は、すでに開いています。\n"


def test_suggest_says_what_it_added_and_left_out() -> None:
    run("open", "2026-11")
    entry = feed_entry("Cities act", published_at=None)
    feed_entry("The same", canonical_url=entry.canonical_url, published_at=None)
    output = run("suggest").output
    assert "追加 network: （未訳）The same" in output
    assert "見送り Cities act" in output
    assert "（同じ記事がすでにあります）" in output
    assert "追加 1件、見送り 1件" in output
    assert report("suggest", "2026-11")["added"] == []


@pytest.mark.usefixtures("drafted")
def test_show_numbers_what_move_drop_and_write_take() -> None:
    output = run("show").output
    assert "  1  【北九州市】計画を策定しました" in output
    assert "  2  （未訳）Cities act" in output
    assert "日本語待ち 1件" in output
    run("write", 2, "--headline", "都市が動く", "--text", "本文です。")
    run("move", 2, "--section", "office", "--position", 1)
    shown = report("show", "2026-11")
    assert [(row["number"], row["section"], row["headline"]) for row in shown["placements"]] == [
        (1, "members", "【北九州市】計画を策定しました"),
        (2, "office", "都市が動く"),
    ]
    assert "外しました。【北九州市】計画を策定しました" in run("drop", 1, "--issue", "第137号").output
    assert len(report("show")["placements"]) == 1


@pytest.mark.usefixtures("drafted")
def test_an_entry_is_placed_by_its_number() -> None:
    entry = feed_entry("Late news")
    assert "officeの1番目" in run("place", entry.pk, "--section", "office", "--headline", "見出し").output
    assert run("place", 999_999).stderr == "エラー: 記事 999999 はありません。番号を確かめてください。\n"
    assert "すでにあります" in run("place", entry.pk).stderr


@pytest.mark.usefixtures("drafted")
def test_text_comes_from_a_file_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("ファイルの本文", encoding="utf-8-sig")
    assert report("write", 2, "--headline", "見出し", "--file", file)["text"] == "ファイルの本文"
    run("write", 2, "--file", "-", stdin="標準入力の本文\n\n二段落目\n")
    assert report("show")["placements"][1]["text"] == "標準入力の本文\n\n二段落目"
    file.write_bytes("本文".encode("cp932"))
    assert "UTF-8で保存" in run("write", 2, "--file", file).stderr
    assert "ファイルが見つかりません" in run("write", 2, "--file", tmp_path / "none.txt").stderr


@pytest.mark.usefixtures("drafted")
def test_wrong_use_is_exit_2() -> None:
    for arguments in (("write", 1), ("write", 1, "--text", "a", "--file", "-"), ("edit",), ("approve",), ("move", 0)):
        assert run(*arguments).exit_code == 2


@pytest.mark.usefixtures("drafted")
def test_the_issue_as_a_whole_is_edited() -> None:
    assert "件名: 新しい件名" in run("edit", "--subject", "新しい件名", "--lead", "はじめに").output
    shown = report("edit", "2026-11", "--release", "2026-11-27", "--preheader", "前文")
    assert (shown["subject"], shown["lead"], shown["preheader"]) == ("新しい件名", "はじめに", "前文")
    assert shown["release_on"] == "2026-11-27"


@pytest.mark.usefixtures("drafted")
def test_preview_writes_both_parts_of_an_unfinished_issue(settings: Settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path
    result = run("preview")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        str(tmp_path / "preview" / name) for name in ("2026-11.html", "2026-11.txt", "2026-11-overview.html")
    ]
    assert "承認の前に: 2番「（未訳）Cities act」" in result.stderr
    assert "計画を策定しました" in (tmp_path / "preview" / "2026-11.txt").read_text()
    assert "slot.invalid" not in (tmp_path / "preview" / "2026-11.html").read_text()
    assert "計画を策定しました" in run("preview", "--text").stdout
    assert report("preview", "--to", tmp_path / "else")["html"] == str(tmp_path / "else" / "2026-11.html")


@pytest.mark.usefixtures("drafted")
def test_an_unfinished_issue_is_not_approved() -> None:
    result = run("approve", "--by", "承認 花子")
    assert result.exit_code == 1
    assert "2番「（未訳）Cities act」: 日本語の見出しか本文がまだありません。" in result.stderr
    assert not Edition.objects.exists()


@pytest.mark.usefixtures("drafted")
def test_two_people_approve_one_digest_and_reopening_voids_it() -> None:
    run("write", 2, "--headline", "都市が動く", "--text", "本文です。")
    first = run("approve", "--by", "承認 花子")
    assert "承認 花子 さんが承認しました（1/2人）" in first.output
    assert Edition.objects.get().digest in first.output
    assert "すでに承認しています" in run("approve", "--by", "承認 花子").stderr
    second = report("approve", "--by", "承認 次郎")
    assert second["state"] == "approved"
    assert second["edition"]["approved"] is True
    assert second["edition"]["approved_by"] == ["承認 花子", "承認 次郎"]
    assert "承認済みなので変更できません" in run("drop", 1, "--issue", "2026-11").stderr
    assert "承認 2件は無効になりました" in run("reopen", "2026-11").output
    assert Issue.objects.get().state == Issue.State.OPEN
    assert "承認: なし（2人必要）" in run("show").output


def test_without_an_issue_the_way_to_open_one_is_said() -> None:
    assert "newsletter issue open 2026-11" in run("list").output
    for command in ("show", "suggest", "preview"):
        result = run(command)
        assert result.exit_code == 1
        assert "newsletter issue open 2026-11" in result.stderr
