"""`newsletter submissions …` as a person at the shell meets it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from feeds import submissions as verbs
from feeds.models import Contributor, Entry, Submission
from newsletter import links
from newsletter.cli import main
from newsletter.models import Letter
from tests.feeds.submission_parts import DRAFT, NOW, PHOTO_DRAFT, a_member, a_photo, an_image
from tests.newsletter.issue_parts import load_profile

State = Submission.State
HEAD = (
    "会員,見出し,本文,締切日,写真のファイル名,写真の説明,写真のクレジット,メールへの掲載を許可,"
    "担当者名,担当者のメールアドレス"
)
GOOD = "札幌市,環境フェア,本文です。,,,,,,見本 花子,hanako@example.lg.jp"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def run(*arguments: str | int | Path) -> Result:
    return CliRunner().invoke(main, ["submissions", *map(str, arguments)])


def report(*arguments: str | int | Path, status: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def csv_file(folder: Path, *lines: str, name: str = "投稿.csv", encoding: str = "cp932") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join((HEAD, *lines, "")).encode(encoding))
    return path


def received(**changes: Any) -> Submission:
    from dataclasses import replace

    return verbs.receive(a_member(), replace(DRAFT, **changes), Submission.Door.CSV, NOW)


def test_help_is_japanese_and_needs_no_django() -> None:
    assert "会員自治体の投稿を受け付け" in run("--help").output
    for command in ("list", "show", "accept", "return", "withdraw", "form", "import", "link", "contributor"):
        assert command in run("--help").output
        assert run(command, "--help").exit_code == 0


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


def test_the_list_is_plain_in_a_pipe_and_can_be_narrowed() -> None:
    first, second = received(), received(title="とても長い見出し" * 10)
    verbs.accept(second, "事務局", NOW)
    lines = run("list").output.splitlines()
    assert lines[0].split("\t")[:3] == ["受付番号", "状態", "会員"]
    assert "とても長い見出し" * 10 in run("list").output
    assert [row["number"] for row in report("list", "--state", "received")] == [first.pk]
    assert report("list", "--member", "京都市") == []
    assert run("list", "--state", "unknown").exit_code == 2


def test_show_tells_everything_about_one() -> None:
    submission = verbs.receive(a_member(), PHOTO_DRAFT, "web", NOW, a_photo())
    text = run("show", submission.pk).output
    for words in (
        "状態: 受付",
        "会員: 札幌市",
        "見出し: 環境フェアを開催します",
        "写真のクレジット: ©見本市",
        "メールへの掲載を許可: はい",
    ):
        assert words in text
    facts = report("show", submission.pk)
    assert (facts["title"], facts["state"], facts["contact_email"]) == (DRAFT.title, "received", "hanako@example.lg.jp")
    assert facts["photo"].endswith(".jpg")


def test_accepting_several_is_all_or_none() -> None:
    first, second = received(), received(title="二つ目")
    result = run("accept", first.pk, second.pk, 999)
    assert result.exit_code == 1
    assert "受付番号999の投稿はありません" in result.stderr
    assert not Entry.objects.exists()
    assert [row["state"] for row in report("accept", first.pk, second.pk, "--by", "見本")] == ["accepted"] * 2
    assert set(Submission.objects.values_list("decided_by", flat=True)) == {"見本"}
    again = run("accept", first.pk)
    assert again.exit_code == 1
    assert "見本さんが決定" in again.stderr


def test_a_returned_submission_sends_its_reason_to_the_contact() -> None:
    submission = received()
    assert run("return", submission.pk).exit_code == 2
    assert run("return", submission.pk, "--reason", " ").exit_code == 1
    assert "差し戻し" in run("return", submission.pk, "--reason", "会場を書いてください。", "--by", "見本").output
    letter = Letter.objects.get()
    assert (letter.kind, letter.address) == ("returned", "hanako@example.lg.jp")
    assert "会場を書いてください。" in letter.text
    submission.refresh_from_db()
    assert submission.state == State.RETURNED


def test_withdrawing_from_the_shell() -> None:
    submission = received()
    assert report("withdraw", submission.pk, "--reason", "中止")[0]["state"] == "withdrawn"
    assert run("withdraw", submission.pk).exit_code == 1


def test_a_link_is_printed_alone_on_stdout() -> None:
    result = run("link", "札幌市", "--until", "2099-11-30")
    assert result.stdout.count("\n") == 1
    token = urlsplit(result.stdout.strip()).path.split("/")[2]
    assert links.read_submission(token) == "sapporo"
    assert "2099-11-30 23:59まで有効" in result.stderr
    assert report("link", "札幌市")["sent"] == 0


@pytest.mark.parametrize(("until", "words"), [("きのう", "読めません"), ("2020-01-01", "過ぎた日")])
def test_a_link_needs_a_day_to_come(until: str, words: str) -> None:
    result = run("link", "札幌市", "--until", until)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_link_is_mailed_to_everyone_who_writes_for_the_member() -> None:
    assert "担当者が登録されていません" in run("link", "sapporo", "--send").stderr
    for name in ("hanako", "jiro"):
        run("contributor", "add", "札幌市", "--email", f"{name}@example.lg.jp", "--name", f"見本 {name}")
    assert report("link", "sapporo", "--send")["sent"] == 2
    letters = Letter.objects.filter(kind="submission_link")
    assert {letter.address for letter in letters} == {"hanako@example.lg.jp", "jiro@example.lg.jp"}
    assert all("/s/sapporo." in letter.text for letter in letters)


def test_contributors_are_added_changed_listed_and_removed() -> None:
    assert report("contributor", "add", "札幌市", "--email", "Hanako@example.lg.jp", "--section", "環境課")["added"]
    changed = report(
        "contributor",
        "add",
        "sapporo",
        "--email",
        "hanako@example.lg.jp",
        "--name",
        "見本 花子",
        "--phone",
        "０0-0000-0000",
    )
    assert changed["added"] is False
    [person] = report("contributor", "list", "札幌市")
    assert (person["name"], person["section"], person["phone"]) == ("見本 花子", "環境課", "00-0000-0000")
    assert "見本 花子" in run("contributor", "list").output
    assert run("contributor", "add", "札幌市", "--email", "hanako").exit_code == 2
    assert run("contributor", "remove", "札幌市", "hanako@example.lg.jp").exit_code == 0
    assert run("contributor", "remove", "札幌市", "hanako@example.lg.jp").exit_code == 1
    assert not Contributor.objects.exists()


def test_an_unknown_member_is_one_sentence() -> None:
    for arguments in (("form", "ない市"), ("link", "ない市"), ("list", "--member", "ない市")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "「ない市」という会員はありません" in result.stderr


def test_photos_that_nobody_sent_are_tidied_away(settings: Any) -> None:
    import os

    waiting = settings.MEDIA_ROOT / "photos-waiting" / f"{'a' * 32}.jpg"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"old")
    os.utime(waiting, (0, 0))
    assert report("tidy") == {"deleted": 1}
    assert "0枚消去しました" in run("tidy").output
    assert not waiting.exists()
