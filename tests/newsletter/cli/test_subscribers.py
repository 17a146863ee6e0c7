"""`newsletter subscribers …` as a person at the shell meets it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from feeds.models import Contributor, Member
from newsletter.cli import main
from newsletter.models import Attempt, Delivery, Letter, RosterAnswer
from newsletter.roster.questions import Typed
from subscribers import consent, signup, suppression
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.roster.parts import answered, city
from tests.subscribers.people import NOW, mark, person, suppressed

pytestmark = pytest.mark.django_db

LIST = """\
メール,氏名,自治体,希望する欄,備考
a@example.jp,見本 太郎,福岡県北九州市,会員自治体ニュース,x
b.example.jp,,,,
a..b@docomo.ne.jp,,,,
,,,,
"""
GROUNDS = ("--apply", "--basis", "card", "--proof", "名刺ファイル2026", "--by", "花子")


def run(*arguments: str | Path, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["subscribers", *map(str, arguments)], input=stdin)


def report(*arguments: str | Path) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def a_list(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="cp932")
    return path


# ------------------------------------------------------------ import and export
def test_a_list_is_only_looked_at_until_somebody_says_apply(a_list: Path) -> None:
    load_profile()
    result = run("import", a_list)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "ファイル: list.csv（CSV、cp932）"
    assert lines[1] == "列: メールアドレス←「メール」、氏名←「氏名」、団体コード←「自治体」、希望する欄←「希望する欄」"
    assert lines[2] == "読まない列: 備考"
    assert lines[3] == "2行目\t登録\ta@example.jp\t団体コードを「福岡県北九州市」から 401005 にしました"
    assert lines[4] == "3行目\t拒否\tb.example.jp\t「@」がありません。"
    assert lines[5].startswith("4行目\t警告\ta..b@docomo.ne.jp\t携帯旧形式")
    assert lines[6] == "合計 3件: 登録 2件、更新 0件、同じ 0件、拒否 1件（登録・更新のうち警告 1件、空行 1件）"
    assert "何も変えていません" in lines[7]
    assert not Subscriber.objects.exists()


def test_a_list_comes_in_with_its_proof(a_list: Path, tmp_path: Path) -> None:
    load_profile()
    refused = tmp_path / "refused.csv"
    answer = report("import", a_list, *GROUNDS, "--refused", refused)
    assert answer["counts"] == {"rows": 3, "added": 2, "updated": 0, "same": 0, "refused": 1, "warned": 1, "blank": 1}
    assert answer["applied"] is True
    assert [row["label"] for row in answer["rows"]] == ["登録", "拒否", "警告"]
    assert answer["columns"]["address"] == "メール"
    reader = Subscriber.objects.get(address="a@example.jp")
    assert (reader.name, reader.municipality, reader.sections) == ("見本 太郎", "401005", ["members"])
    event = ConsentEvent.objects.get(subscriber=reader)
    assert (event.operator, event.basis) == ("花子", "card")
    assert event.detail == {"file": "list.csv", "row": 2, "proof": "名刺ファイル2026"}
    text = refused.read_text(encoding="cp932")
    assert text.splitlines()[1] == "b.example.jp,,,,,「@」がありません。"
    again = run("import", a_list, "--refused", refused)
    assert again.exit_code == 1
    assert "すでにあります" in again.stderr


@pytest.mark.parametrize("missing", [("--basis", "card"), ("--proof", "名刺"), ("--basis", "card", "--proof", " ")])
def test_consent_must_be_shown_before_a_list_comes_in(missing: tuple[str, ...], a_list: Path) -> None:
    result = run("import", a_list, "--apply", *missing)
    assert result.exit_code == 2
    assert "--basis" in result.stderr
    assert not Subscriber.objects.exists()


def test_a_column_is_named_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("番号,旧メール,新メール\n1,a@example.jp,b@example.jp\n", encoding="utf-8")
    read = report("import", path)
    assert (read["rows"][0]["address"], read["unused"]) == ("b@example.jp", ["番号", "旧メール"])
    assert report("import", path, "--column", "address=旧メール")["rows"][0]["address"] == "a@example.jp"
    wrong = run("import", path, "--column", "address=電話")
    assert (wrong.exit_code, "「電話」の列がありません" in wrong.stderr) == (1, True)
    assert run("import", path, "--column", "新メール").exit_code == 2


def test_only_the_problems_are_listed_on_request(a_list: Path) -> None:
    load_profile()
    lines = [line for line in run("import", a_list, "--problems").stdout.splitlines() if "行目" in line]
    assert [line.split("\t")[1] for line in lines] == ["拒否", "警告"]


def test_files_that_cannot_be_read_are_one_sentence_and_exit_1(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\x03\x04 broken")
    result = run("import", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("エラー: list.xlsx")
    assert run("import", tmp_path / "missing.csv").exit_code == 2


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_exported_list_comes_back_the_same(name: str, a_list: Path, tmp_path: Path) -> None:
    load_profile()
    run("import", a_list, *GROUNDS)
    path = tmp_path / name
    result = run("export", path)
    assert result.exit_code == 0, result.output
    assert "2件を" in result.stdout
    assert report("import", path)["counts"]["same"] == 2
    again = run("export", path)
    assert (again.exit_code, "--force" in again.stderr) == (1, True)
    assert report("export", path, "--force")["rows"] == 2


def test_characters_that_cp932_lacks_are_listed(tmp_path: Path) -> None:
    person(name="𠮷田 見本")
    path = tmp_path / "out.csv"
    refused = run("export", path, "--encoding", "cp932")
    assert refused.exit_code == 1
    assert "CP932にない文字: 2行目 氏名「𠮷田 見本」: 𠮷（U+20BB7）" in refused.stdout
    assert not path.exists()
    assert run("export", path, "--encoding", "cp932", "--lossy").exit_code == 0
    assert "〓田" in path.read_text(encoding="cp932")
    assert run("export", tmp_path / "out.txt").exit_code == 2


# ------------------------------------------------------------ one person
def test_people_are_found_by_any_part() -> None:
    person("taro@example.jp", name="見本 太郎", organisation="見本市役所", department="環境局")
    person("hanako@example.jp", state=Subscriber.State.LEFT)
    assert [row["address"] for row in report("find", "環境")] == ["taro@example.jp"]
    assert [row["state"] for row in report("find", "ＨＡＮＡＫＯ")] == ["left"]
    assert "購読中\ttaro@example.jp\t見本 太郎\t見本市役所\t環境局" in run("find", "taro").stdout
    assert report("find", "だれでもない") == []


def test_the_whole_history_of_a_person_is_shown() -> None:
    reader = person(name="見本 太郎")
    signup.leave(reader.key, "192.0.2.7", NOW, {"how": "one_click", "delivery": 41})
    shown = run("show", "見本 太郎 <TARO@example.jp>").stdout
    assert "状態: 解除済み" in shown
    assert "配信停止: 本人が解除（2026-11-24 12:00:00）" in shown
    assert "2026-11-24 12:00:00\t解除\t方法: メールソフトのワンクリック解除、送信元: 192.0.2.7、配信番号: 41" in shown
    answer = report("show", "taro@example.jp")
    assert answer["subscriber"]["name"] == "見本 太郎"
    assert answer["suppression"]["reason"] == "left"
    assert [event["kind"] for event in answer["events"]] == ["left"]
    nobody = run("show", "nobody@example.jp")
    assert (nobody.exit_code, "登録も記録もありません" in nobody.stderr) == (1, True)
    assert run("show", "nobody").exit_code == 1


def test_the_whole_history_holds_the_language_the_pause_and_what_a_lifted_stop_was_noted_with() -> None:
    reader = person(language="en", paused_until=NOW)
    suppression.suppress(reader.fingerprint, Suppression.Reason.BY_HAND, NOW, "花子", "電話で長期出張とのこと")
    suppression.lift(reader.fingerprint, NOW, operator="花子", why="出張から戻ったため")
    shown = run("show", "taro@example.jp").stdout
    assert "備考: 電話で長期出張とのこと、解除: 2026-11-24 12:00:00、操作者: 花子、理由: 出張から戻ったため）" in shown
    answer = report("show", "taro@example.jp")
    assert answer["suppression"] is None
    assert [stop["note"] for stop in answer["suppressions"]] == ["電話で長期出張とのこと"]
    assert answer["subscriber"]["language"] == "en"
    assert answer["subscriber"]["paused_until"] == NOW.isoformat()


def test_whom_only_a_members_answer_names_is_found_shown_disclosed_and_erased(tmp_path: Path) -> None:
    sheet = city()
    answered(sheet, {}, [Typed(name="見本 太郎", department="総務", address="taro@example.jp", consented=True)])
    assert "会員の回答" in run("find", "Taro@example.jp").stderr
    assert "会員の回答" in run("show", "taro@example.jp").stdout
    assert report("show", "taro@example.jp")["elsewhere"] is True
    out = tmp_path / "dossier.txt"
    assert run("dossier", "taro@example.jp", "-o", out).exit_code == 0
    assert "見本 太郎、総務、taro@example.jp" in out.read_text(encoding="utf-8-sig")
    gone = run("erase", "taro@example.jp", "--yes", "--by", "花子")
    assert "会員の「宛先の確認」の回答に書かれた氏名、部署、アドレス 1件" in gone.stdout
    assert "taro" not in str(RosterAnswer.objects.get().entries)


def test_the_text_that_was_agreed_to_is_shown_in_full() -> None:
    load_profile()
    reader = person()
    for version in ("2026-12", "2019-04"):
        consent.record(reader, ConsentEvent.Kind.REQUESTED, timezone.now(), basis="form", wording=version)
    shown = run("show", "taro@example.jp").stdout
    assert "同意の文面（版 2026-12）" in shown
    assert "　配信は、メールの下にある「配信停止」からいつでも止められます。" in shown
    assert "同意の文面（版 2019-04）: この版の文面は、控えが残っていません。" in shown
    told = report("show", "taro@example.jp")["wordings"]
    assert told["2019-04"] is None
    assert told["2026-12"]["text"].endswith("いつでも止められます。")


def test_an_address_is_stopped_and_let_go_by_name() -> None:
    reader = person()
    assert "止めました" in run("suppress", "Taro@example.jp", "--note", "電話", "--by", "花子").stdout
    standing = suppression.standing(reader.fingerprint)
    assert standing
    assert (standing.reason, standing.operator, standing.note) == ("by_hand", "花子", "電話")
    assert "すでに" in run("suppress", "taro@example.jp").stdout
    assert run("lift", "taro@example.jp").exit_code == 2
    assert run("lift", "taro@example.jp", "--why", "本人の依頼", "--by", "花子").exit_code == 0
    assert not suppression.is_suppressed(reader.fingerprint)
    assert run("lift", "taro@example.jp", "--why", "もう一度解除").exit_code == 1


def test_who_was_erased_comes_back_by_a_list_only_after_an_explicit_word_and_with_a_warning(tmp_path: Path) -> None:
    load_profile()
    person()
    assert run("erase", "taro@example.jp", "--yes", "--by", "花子").exit_code == 0
    for arguments, words in (
        (("--why", "x", "--erased"), "5文字以上"), (("--why", "本人が窓口で希望"), "--erased を付けて"),
    ):  # fmt: skip
        refused = run("lift", "taro@example.jp", "--by", "花子", *arguments)
        assert (refused.exit_code, words in refused.stderr) == (1, True), refused.stderr
        assert suppression.is_suppressed(mark("taro@example.jp"))
    assert run("lift", "taro@example.jp", "--why", "本人が窓口で希望", "--erased", "--by", "花子").exit_code == 0
    path = tmp_path / "list.csv"
    path.write_text("メール\ntaro@example.jp\nhanako@example.jp\n", encoding="utf-8")
    today = f"{timezone.localtime():%Y-%m-%d}"
    said = f"以前に消去し、{today} に 花子 が停止を解除した宛先です（理由: 本人が窓口で希望）。"
    for grounds in ((), GROUNDS):
        told = report("import", path, *grounds)
        assert [row["verdict"] for row in told["rows"]] == ["warned", "added"]
        assert told["rows"][0]["notes"][0].startswith(said)
        assert told["counts"]["warned"] == 1
    assert report("import", path)["counts"]["warned"] == 0  # they are here, and it was said when they came


def test_lifting_a_stop_says_that_the_persons_own_goodbye_stands() -> None:
    signup.leave(person("taro@example.jp").key, None, timezone.now())
    suppression.suppress(mark("taro@example.jp"), Suppression.Reason.BOUNCED, timezone.now())
    said = run("lift", "taro@example.jp", "--why", "アドレスが復旧したため", "--by", "花子")
    assert (said.exit_code, "その停止は続きます" in said.stdout) == (0, True)
    said = run("lift", "taro@example.jp", "--why", "ご本人が電話で希望", "--by", "花子", "--json")
    assert json.loads(said.stdout) == {"lifted": True, "still_left": False}


def test_who_asks_the_office_to_stop_has_left() -> None:
    reader = person()
    assert report("suppress", "taro@example.jp", "--reason", "left", "--by", "花子")["changed"] is True
    reader.refresh_from_db()
    assert reader.state == "left"
    event = ConsentEvent.objects.get()
    assert (event.kind, event.operator, event.detail["how"]) == ("left", "花子", "office")


def test_erasing_asks_first_and_says_what_stays() -> None:
    reader = person()
    letter = Letter.objects.create(kind="welcome", subscriber=reader, subject="", html="", text="")
    Delivery.objects.create(letter=letter, subscriber=reader)
    kept = run("erase", "taro@example.jp", stdin="n\n")
    assert (kept.exit_code, Subscriber.objects.count()) == (1, 1)
    assert run("erase", "taro@example.jp").exit_code == 1
    gone = run("erase", "taro@example.jp", "--yes", "--by", "花子")
    assert gone.exit_code == 0, gone.output
    assert "残したもの: 配信停止の照合符号 1件 … 名簿の取込で" in gone.stdout
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == "erased"
    again = run("erase", "taro@example.jp", "--yes")
    assert (again.exit_code, "登録はありません" in again.stderr) == (1, True)


def test_who_is_a_contact_of_a_member_is_erased_there_too_only_when_asked() -> None:
    load_profile()
    member = Member.objects.first()
    assert member
    Contributor.objects.create(member=member, name="見本 太郎", email="TARO@example.jp")
    refused = run("erase", "taro@example.jp", "--yes")
    assert (refused.exit_code, "--contacts を付けてください" in refused.stderr) == (1, True)
    person()
    shown = run("erase", "taro@example.jp", stdin="n\n")
    assert "残すもの: 会員の担当者としての登録 1件 … 購読とは別に" in shown.stderr
    gone = report("erase", "taro@example.jp", "--yes", "--contacts")
    assert "会員の担当者としての登録 1件" in gone["removed"]
    assert not Contributor.objects.exists()


def test_what_servers_said_about_an_erased_person_goes_too() -> None:
    from newsletter.models import Campaign, Edition, Issue

    reader = person()
    issue = Issue.objects.create(month=NOW.date().replace(day=1), release_on=NOW.date(), subject="11月号")
    edition = Edition.objects.create(issue=issue, subject="11月号", html="", text="", digest="0" * 64)
    said = "5.1.1 <taro@example.jp> unknown"
    row = Delivery.objects.create(campaign=Campaign.objects.create(edition=edition), subscriber=reader, reply_text=said)
    Attempt.objects.create(delivery=row, reply_text=said, outcome="refused")
    assert run("erase", "taro@example.jp", "--yes").exit_code == 0
    row.refresh_from_db()
    assert (row.reply_text, row.attempts.get().reply_text) == ("", "")


def test_the_unconfirmed_are_forgotten_on_command() -> None:
    person(state=Subscriber.State.PENDING, created_at=NOW.replace(year=2020))
    assert report("forget-unconfirmed") == {"forgotten": 1}
    assert "0件" in run("forget-unconfirmed").stdout


def test_nobody_who_was_erased_comes_back_by_a_list(tmp_path: Path) -> None:
    suppressed("taro@example.jp", Suppression.Reason.ERASED)
    path = tmp_path / "list.csv"
    path.write_text("ＴＡＲＯ@example.jp\n", encoding="utf-8")
    answer = report("import", path, *GROUNDS)
    assert answer["rows"][0]["notes"] == ["ご本人の求めで消去した宛先です。ご本人の新しい申込が必要です。"]
    assert not Subscriber.objects.filter(fingerprint=mark("taro@example.jp")).exists()


# ------------------------------------------------------------ taking an import back
def test_an_import_can_be_looked_up_and_taken_back(a_list: Path) -> None:
    load_profile()
    assert run("imports").stdout == "取り込んだ名簿はまだありません。\n"
    number = report("import", a_list, *GROUNDS)["import"]
    listed = report("imports")[0]
    assert (listed["number"], listed["file"], listed["added"], listed["operator"]) == (number, "list.csv", 2, "花子")
    signup.leave(Subscriber.objects.get(address="a@example.jp").key, None, NOW)
    tried = run("undo-import", number, "--all")
    assert "2行目\tそのまま\ta@example.jp\t取込のあとに記録があります（解除" in tried.stdout
    assert "4行目\t登録を取り消す\ta..b@docomo.ne.jp" in tried.stdout
    assert "何も変えていません" in tried.stdout
    done = report("undo-import", number, "--apply", "--by", "花子")
    assert done["counts"] == {"removed": 1, "restored": 0, "kept": 1}
    assert "に取消（花子）" in run("imports").stdout
    assert "もう取り消されています（花子）" in run("undo-import", number).stderr


# ------------------------------------------------------------ what is kept, and what is shown
def test_tidying_is_shown_before_it_is_done() -> None:
    load_profile()
    reader = person("gone@example.jp")
    signup.leave(reader.key, None, NOW)
    Subscriber.objects.update(left_at=NOW - timedelta(days=500))
    ConsentEvent.objects.update(at=NOW - timedelta(days=500))
    tried = run("tidy", "--dry-run")
    assert "停止から保存期間の過ぎた方の登録と同意の記録（消去と匿名化）: 1件" in tried.stdout
    assert "何も変えていません" in tried.stdout
    assert Subscriber.objects.exists()
    answer = report("tidy")
    assert answer["terms"] == {"evidence_months": 13, "source": "cut"}
    assert answer["counts"]["departed"] == 1
    assert not Subscriber.objects.exists()


def test_a_dossier_holds_everything_that_is_held(tmp_path: Path) -> None:
    load_profile()
    path = tmp_path / "list.csv"
    reader = person("taro@example.jp", name="見本 太郎", department="環境局")
    path.write_text("メール,部署,号外\ntaro@example.jp,総務部,受け取らない\n", encoding="utf-8")
    report("import", path, *GROUNDS)
    signup.leave(reader.key, "192.0.2.17", NOW, {"how": "page"})
    Letter.objects.create(kind="welcome", subscriber=reader, subject="お申し込みの完了", html="", text="")
    out = tmp_path / "dossier.txt"
    assert run("dossier", "Taro@Example.jp", "-o", out).exit_code == 0
    text = out.read_text(encoding="utf-8-sig")
    for words in ("氏名: 見本 太郎", "部署: 総務部", "取込　根拠: 名刺交換", "送信元: 192.0.2.17", "配信停止:",
                  "「お申し込みの完了」", "の前の値: 部署: 環境局、号外: 受け取る", "号外: 受け取らない",
                  "クリックは、記録していません。"):  # fmt: skip
        assert words in text, words
    assert out.stat().st_mode & 0o077 == 0
    assert "すでにあります" in run("dossier", "taro@example.jp", "-o", out).stderr
    assert "持っているものはありません" in run("dossier", "nobody@example.jp", "-o", tmp_path / "x.txt").stderr
