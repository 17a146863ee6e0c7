"""`newsletter subscribers import` with pasted text."""

from __future__ import annotations

from pathlib import Path

import pytest

from subscribers.models import ConsentEvent, Subscriber
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


def test_too_much_or_nothing_pasted_is_one_sentence() -> None:
    for text, words in (
        ("", "貼り付けられていません"),
        ("a" * 1_000_001, "多すぎます"),
        ("a" * 4_000_001, "多すぎます"),
    ):
        result = run("import", "-", stdin=text)
        assert (result.exit_code, words in result.stderr) == (1, True)
