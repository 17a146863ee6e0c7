"""`newsletter submissions form|import`: files out and in, whole or not at all."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from feeds.models import Submission
from newsletter.models import Letter
from tests.feeds.submission_parts import a_photo, an_image
from tests.newsletter.cli.submission_parts import GOOD, HEAD, csv_file, report, run
from tests.newsletter.issue_parts import load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def test_a_csv_of_several_members_is_received_with_a_receipt_for_each(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, "261009,別の催し,本文です。,令和8年11月23日,,,,,見本 次郎,jiro@example.lg.jp")
    outcome = report("import", file)
    assert (outcome["stored"], [line["member"] for line in outcome["received"]]) == (True, ["札幌市", "京都市"])
    assert outcome["problems"] == outcome["repeated"] == outcome["unknown_headings"] == []
    assert set(Letter.objects.values_list("kind", "address")) == {
        ("receipt", "hanako@example.lg.jp"),
        ("receipt", "jiro@example.lg.jp"),
    }
    assert str(Submission.objects.get(title="別の催し").deadline) == "2026-11-23"


def test_one_wrong_row_and_nothing_is_received(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path,
        GOOD,
        "ない市,,本文です。,11月23日,,,,,見本,hanako@example",
        "札幌市,三つ目,本文です。,,,,,,見本,a@example.lg.jp",
    )
    result = run("import", file)
    assert result.exit_code == 1
    assert "エラー: 投稿.csv 3行目：見出し：入力してください。" in result.stderr
    assert "投稿.csv 3行目：会員：「ない市」という会員はありません" in result.stderr
    assert "投稿.csv 3行目：締切日：「11月23日」に年も書いてください" in result.stderr
    assert "4か所に誤りがあるため、何も受け付けていません" in result.stderr
    assert not Submission.objects.exists()
    assert not Letter.objects.exists()
    outcome = report("import", file, status=1)
    assert outcome["stored"] is False
    assert {(fault["row"], fault["field"]) for fault in outcome["problems"]} == {
        ("3行目", name) for name in ("member", "title", "deadline", "contact_email")
    }


def test_a_wrong_file_stops_the_right_one_beside_it(tmp_path: Path) -> None:
    good, bad = csv_file(tmp_path, GOOD), csv_file(tmp_path, "札幌市,,,,,,,,,", name="誤り.csv")
    assert run("import", good, bad).exit_code == 1
    assert not Submission.objects.exists()


def test_the_same_text_sent_again_is_said_to_be_there(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, GOOD)
    first = report("import", file)
    assert (len(first["received"]), len(first["repeated"])) == (1, 1)
    again = run("import", file)
    assert again.exit_code == 0
    assert "同じ内容を受け付け済みです" in again.output
    assert "受け付けました：0件、同じ内容：2件" in again.output
    assert Submission.objects.count() == Letter.objects.count() == 1


def test_a_dry_run_says_what_would_happen_and_does_nothing(tmp_path: Path) -> None:
    file = csv_file(tmp_path, GOOD, GOOD)
    outcome = report("import", file, "--dry-run")
    assert (outcome["stored"], len(outcome["received"]), len(outcome["repeated"])) == (False, 1, 1)
    assert "受け付けられます" in run("import", file, "--dry-run").output
    assert not Submission.objects.exists()


def test_receipts_can_be_left_out(tmp_path: Path) -> None:
    report("import", csv_file(tmp_path, GOOD), "--no-receipt")
    assert Submission.objects.count() == 1
    assert not Letter.objects.exists()


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("見出し,本文,備考,担当者名,メールアドレス\n催し,本文,急ぎ,見本,a@example.lg.jp\n", "utf-8")
    result = run("import", path, "--member", "札幌市")
    assert result.exit_code == 0
    assert "見出し「備考」の欄は読みませんでした" in result.stderr
    assert report("import", path, "--member", "sapporo")["unknown_headings"] == [{"file": "a.csv", "heading": "備考"}]


def test_a_file_without_members_needs_to_be_told_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("見出し,本文,担当者名,メールアドレス\n催し,本文,見本,a@example.lg.jp\n", "utf-8")
    assert "どの会員の投稿か分かりません" in run("import", path).stderr
    assert report("import", path, "--member", "京都市")["received"][0]["member"] == "京都市"


def test_a_file_of_another_member_than_named_is_refused(tmp_path: Path) -> None:
    result = run("import", csv_file(tmp_path, GOOD), "--member", "京都市")
    assert result.exit_code == 1
    assert "札幌市と京都市の2つの会員が書かれています" in result.stderr


def test_a_photo_beside_the_file_comes_with_the_row_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "か\u3099ぞう.jpg").write_bytes(an_image())  # as a Mac writes the name
    row = "札幌市,環境フェア,本文です。,,がぞう.JPG,湖で水を調べる小学生,(C)見本市,はい,見本 花子,hanako@example.lg.jp"
    outcome = report("import", csv_file(tmp_path, row))
    assert outcome["received"][0]["photo"] is True
    submission = Submission.objects.get()
    assert submission.photo.name == f"photos/{a_photo().digest}.jpg"
    assert submission.photo_credit == "©見本市"  # a character that CP932 does not have


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ない.jpg", "見つかりません"),
        ("../secret.jpg", "ファイル名だけ"),
        ("/etc/passwd", "ファイル名だけ"),
        ("link.jpg", "見つかりません"),
        ("text.jpg", "この形式のファイル"),
    ],
)
def test_a_photo_that_cannot_be_used_is_one_remark_on_its_row(tmp_path: Path, name: str, words: str) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(an_image())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "text.jpg").write_text("not a photo")
    row = f"札幌市,環境フェア,本文です。,,{name},湖,(C)見本市,はい,見本 花子,hanako@example.lg.jp"
    outcome = report("import", csv_file(tmp_path, row), "--photos", folder, status=1)
    [fault] = outcome["problems"]
    assert (fault["row"], fault["field"]) == ("2行目", "photo")
    assert words in fault["message"]


def test_the_excel_form_goes_out_and_comes_back(tmp_path: Path) -> None:
    form = tmp_path / "様式.xlsx"
    assert "北九州市の投稿様式を作りました" in run("form", "北九州市", "-o", form).output
    book = load_workbook(io.BytesIO(form.read_bytes()))
    sheet = book.worksheets[0]
    rows = {str(sheet.cell(row, 1).value): row for row in range(1, 60)}
    for label, first, second in (
        ("見出し", "環境フェア", "二つ目"),
        ("本文", "本文です。", "本文です。"),
        ("開催日", "令和8年11月23日", "11/23"),
        ("発展の道筋", "循環型の発展", None),
        ("SDGs 1", "12 つくる責任 つかう責任", None),
        ("担当者名", "見本 花子", None),
        ("担当者のメールアドレス", "hanako@example.lg.jp", None),
    ):
        sheet.cell(rows[label], 4).value, sheet.cell(rows[label], 5).value = first, second
    book.save(form)
    [fault] = report("import", form, status=1)["problems"]
    assert (fault["row"], fault["cell"], fault["label"]) == ("E列（2件目）", f"E{rows['開催日']}", "開催日")
    sheet.cell(rows["開催日"], 5).value = "2026/11/23"
    book.save(form)
    outcome = report("import", form)
    assert [(line["member"], line["door"]) for line in outcome["received"]] == [("北九州市", "excel")] * 2
    assert Submission.objects.get(title="環境フェア").pathway == "circular"
    assert Submission.objects.get(title="環境フェア").sdgs == [12]


def test_a_form_that_somebody_may_have_filled_in_is_not_overwritten(tmp_path: Path) -> None:
    form = tmp_path / "form.xlsx"
    form.write_text("precious")
    result = run("form", "sapporo", "-o", form)
    assert result.exit_code == 1
    assert "すでにあります" in result.stderr
    assert form.read_text() == "precious"
    assert run("form", "sapporo", "-o", form, "--force").exit_code == 0
    assert form.read_bytes().startswith(b"PK")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x80\xff\xff"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "壊れた.xlsx"
    path.write_bytes(content)
    result = run("import", path)
    assert result.exit_code == 1
    assert "エラー: 壊れた.xlsx：" in result.stderr
    assert "Traceback" not in result.output


def test_a_missing_file_and_a_folder_are_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        result = run("import", path)
        assert result.exit_code == 1
        assert result.stderr.startswith("エラー: ")
        assert result.stderr.count("\n") == 1


STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x9b2J\u202e"
    file = tmp_path / f"投稿{evil}.csv"
    row = f"ない{evil}市,題{evil},本文です。,,,,,,見本{evil},a{evil}@example,"
    file.write_text(f"{HEAD},x{evil}\n{row}\n", "utf-8")
    result = run("import", file)
    assert result.exit_code == 1
    assert "見出し「x⟨U+001B⟩]0;owned⟨U+0007⟩" in result.stderr
    assert not STEERING.search(result.output)
