"""`newsletter subscribers import` with pasted text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from subscribers.models import ConsentEvent, ImportRun, Subscriber
from tests.newsletter.cli.test_subscribers import GROUNDS, report, run

pytestmark = pytest.mark.django_db


def test_pasted_addresses_come_in_from_the_standard_input() -> None:
    pasted = "To: 見本 太郎 <a@example.jp>, b@example.jp\nc.example.jp\n"
    result = run("import", "-", stdin=pasted)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "ファイル: 貼り付けた宛先"
    assert [line.split("\t")[:3] for line in lines if "行目\t" in line] == [
        ["1行目", "登録", "a@example.jp"], ["1行目", "登録", "b@example.jp"], ["2行目", "拒否", "c.example.jp"],
    ]  # fmt: skip
    applied = run("import", "-", *GROUNDS, stdin=pasted)
    assert applied.exit_code == 0, applied.output
    assert Subscriber.objects.get(address="a@example.jp").name == "見本 太郎"
    assert ConsentEvent.objects.get(subscriber__address="b@example.jp").detail["file"] == "貼り付けた宛先"


def test_refused_pasted_addresses_are_written_to_be_mended_and_brought_again(tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    run("import", "-", "--refused", refused, stdin="a@example.jp\n見本 <b.example.jp>\n")
    assert refused.read_text(encoding="utf-8-sig").splitlines() == ["見本 <b.example.jp>,「@」がありません。"]
    refused.write_text(refused.read_text(encoding="utf-8-sig").replace("b.example.jp", "b@example.jp"), "utf-8-sig")
    assert report("import", refused)["rows"][0]["address"] == "b@example.jp"


def test_people_above_the_headings_stand_in_the_report_and_in_the_refused_file(tmp_path: Path) -> None:
    path, refused = tmp_path / "list.csv", tmp_path / "refused.csv"
    lines = ["lost@example.jp,一", "メール,氏名", "kept@example.jp,三", ""]
    path.write_text("\n".join(lines), "utf-8")
    assert report("import", path, "--refused", refused)["counts"]["refused"] == 1
    assert refused.read_text("utf-8").splitlines()[1].startswith("lost@example.jp,一,見出しより上")
    pasted = run("import", "-", stdin="\n".join(lines).replace(",", "\t")).stdout
    assert "1行目\t拒否\tlost@example.jp\t見出しより上" in pasted
    assert "3行目\t登録\tkept@example.jp" in pasted


def test_every_refused_address_of_a_pasted_line_is_written(tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    run("import", "-", "--refused", refused, stdin="To: a@@example.jp, b@example.jp, c@example..jp\n")
    lines = refused.read_text(encoding="utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["a@@example.jp", "c@example..jp"]


def test_a_refused_row_with_two_addresses_is_written_once_with_both_reasons(tmp_path: Path) -> None:
    path, refused = tmp_path / "list.csv", tmp_path / "refused.csv"
    path.write_text('メール,氏名\n"a@@example.jp;b@x",一\nc.example.jp,二\n', "utf-8")
    assert report("import", path, "--refused", refused)["counts"]["refused"] == 3
    lines = refused.read_text("utf-8").splitlines()
    assert lines[1:] == [  # each reason with the address it is about
        "a@@example.jp;b@x,一,a@@example.jp: 「@」が2つ以上あります。 b@x: 「@」の後ろに「.」がありません。",
        "c.example.jp,二,「@」がありません。",
    ]


def test_nobody_is_taken_in_when_the_refused_rows_would_have_no_place(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("メール\na@example.jp\nx\n", "utf-8")
    result = run("import", path, *GROUNDS, "--refused", tmp_path / "missing" / "refused.csv")
    assert (result.exit_code, "フォルダ" in result.stderr) == (1, True)
    assert not Subscriber.objects.exists()


STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b]0;name\x07.csv"
    evil = "\x1b]0;owned\x07\x9b2J\u202e"
    path.write_text(f"メール,氏名,{evil}\nだれ{evil},x\na@example.jp,見本,x,{evil}\nb@{evil}.jp,\n", "utf-8")
    for more in ((), ("--problems",), ("--json",), ("--column", f"name=ない{evil}"), ("--column", f"{evil}=1")):
        result = run("import", path, *more)
        assert not STEERING.search(result.output), more
    said = run("import", path).stdout
    assert "読まない列: ⟨U+001B⟩]0;owned⟨U+0007⟩" in said
    assert json.loads(run("import", path, "--json").stdout)["unused"][0] == evil
    path.write_text(f"{evil},{evil}\n", "utf-8")
    result = run("import", path)
    assert (result.exit_code, STEERING.search(result.output)) == (1, None)


def test_a_file_that_is_no_list_fills_no_screens(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(",".join(f"{number}" + "長" * 500 for number in range(60)) + "\nx\n", "utf-8")
    result = run("import", path)
    assert result.exit_code == 1
    assert "19" + "長" * 58 + "…、ほか40列 です" in result.stderr
    assert len(result.stderr) < 1_600
    path.write_text("メール," + "備考" * 200 + "\n" + "x" * 9_000 + "\n", "utf-8")
    assert max(map(len, run("import", path).stdout.splitlines())) < 200


@pytest.mark.parametrize("text", ["メール,氏名\n", "メール,氏名\n,\n\n"])
def test_a_list_without_rows_is_not_taken_in(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, "utf-8")
    result = run("import", path, *GROUNDS)
    assert (result.exit_code, "取り込む行がありません" in result.stderr) == (1, True)
    assert "取り消すとき" not in result.stdout
    assert not ImportRun.objects.exists()


def test_too_much_or_nothing_pasted_is_one_sentence() -> None:
    for text, words in (
        ("", "貼り付けられていません"),
        ("a" * 1_000_001, "多すぎます"),
        ("a" * 4_000_001, "多すぎます"),
    ):
        result = run("import", "-", stdin=text)
        assert (result.exit_code, words in result.stderr) == (1, True)
