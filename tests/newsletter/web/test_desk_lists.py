"""A list taken in at the desk: uploaded, its columns corrected, tried row by row, taken in once; and who may not."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter import tasks
from newsletter.errors import UploadError
from newsletter.lists import taking_in, uploads
from subscribers.models import ConsentEvent, ImportRun, Subscriber, Suppression
from subscribers.planned import Grounds
from subscribers.table import open_table
from tests.newsletter.web.list_parts import (
    SMALL,
    a_book,
    a_file,
    chosen_in,
    colleague,
    everything_below,
    logged_in,
    tried,
    uploaded,
)
from tests.subscribers.people import person, suppressed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_uploads")]
UPLOAD = "/staff/subscribers/import/"
GROUNDS = {"basis": "card", "proof": "名刺フォルダ2026"}


@pytest.fixture
def staff() -> Client:
    return logged_in(colleague(last_name="見本", first_name="花子"))


def take_in(client: Client, rows: str, **grounds: str) -> str:
    answer = client.post(rows.replace("/rows/", "/take-in/"), grounds or GROUNDS, follow=True)
    return str(answer.content.decode())


# ------------------------------------------------------------ who
def test_strangers_are_led_to_the_login() -> None:
    answer = Client().get(UPLOAD)
    assert answer.headers["Location"] == f"/staff/login/?next={UPLOAD}"


@pytest.mark.parametrize("may", [{"permissions": ["view_subscriber"]}, {"is_staff": False}])
def test_a_colleague_without_the_permission_takes_nothing_in(may: dict[str, Any]) -> None:
    client = logged_in(colleague(**may))
    assert client.get(UPLOAD).status_code == 403
    assert client.post(UPLOAD, {"file": a_file()}).status_code == 403
    assert not everything_below(settings.UPLOADS)


def test_nobody_opens_a_list_that_somebody_else_uploaded(staff: Client) -> None:
    page = tried(staff)
    other = logged_in(colleague("taro"))
    for address in (page, page.replace("/rows/", "/"), page.replace("/rows/", "/refused/")):
        answer = other.get(address, follow=True)
        assert "お預かりした名簿は、もうありません" in answer.content.decode()
    assert "もうありません" in take_in(other, page)
    other.post(page.replace("/rows/", "/discard/"))
    assert staff.get(page).status_code == 200
    assert not Subscriber.objects.exists()


def test_a_post_without_the_token_of_the_page_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(colleague())
    assert client.post(UPLOAD, {"file": a_file()}).status_code == 403
    assert not everything_below(settings.UPLOADS)


# ------------------------------------------------------------ the whole way
def test_a_list_goes_all_the_way(staff: Client) -> None:
    person("taro@example.jp", name="見本 太郎", organisation="見本県庁")
    columns = uploaded(staff, SMALL.encode("cp932"))
    page = staff.get(columns).content.decode()
    assert "Shift_JIS（CP932）" in page
    assert chosen_in(page)["column-0"] == "address"
    assert "hanako＠example.jp" in page
    rows = staff.post(columns, {"verb": "try", **chosen_in(page)}).headers["Location"]
    page = staff.get(rows).content.decode()
    assert "まだ取り込んでいません" in page
    assert "登録 <b>1</b>件、更新 <b>1</b>件、同じ <b>0</b>件、拒否 <b>1</b>件" in page
    assert "変わる項目: 所属団体" in page
    assert Subscriber.objects.count() == 1

    page = take_in(staff, rows)
    run = ImportRun.objects.get()
    assert f"取り込みました（取込番号 {run.pk}）" in page
    assert (run.file, run.operator, run.basis, run.proof) == ("名簿.csv", "見本 花子", "card", "名刺フォルダ2026")
    assert Subscriber.objects.get(name="見本 花子").address == "hanako@example.jp"
    event = ConsentEvent.objects.get(import_run=run, subscriber__name="見本 花子")
    assert (event.detail["file"], event.detail["row"], event.operator) == ("名簿.csv", 3, "見本 花子")


def test_nothing_of_it_stands_in_an_address_or_a_cookie(staff: Client) -> None:
    rows = tried(staff)
    take_in(staff, rows)
    assert "example" not in rows
    assert "@" not in rows
    assert set(staff.session.keys()) <= {"_auth_user_id", "_auth_user_backend", "_auth_user_hash"}
    assert all("example" not in cookie.value for cookie in staff.cookies.values())


def test_pasted_addresses_go_the_same_way(staff: Client) -> None:
    answer = staff.post(UPLOAD, {"text": "見本 太郎 <taro@example.jp>, hanako@example.jp"})
    columns = answer.headers["Location"]
    page = staff.get(columns).content.decode()
    assert "貼り付けた宛先" in page
    assert "文字コード" not in page
    rows = staff.post(columns, {"verb": "try", **chosen_in(page)}).headers["Location"]
    take_in(staff, rows)
    assert dict(Subscriber.objects.values_list("address", "name")) == {
        "taro@example.jp": "見本 太郎",
        "hanako@example.jp": "",
    }


def test_a_list_is_taken_in_once_however_often_the_button_is_pressed(staff: Client) -> None:
    rows = tried(staff)
    take_in(staff, rows)
    assert "もう取り込みました" in take_in(staff, rows)
    assert ImportRun.objects.count() == 1
    assert staff.get(rows.replace("rows/", "")).headers["Location"] == rows


def test_without_basis_and_proof_nothing_is_taken_in(staff: Client) -> None:
    rows = tried(staff)
    page = take_in(staff, rows, basis="", proof=" ")
    assert "根拠を選んでください" in page
    assert "同意の証跡（どこで確かめられるか）を書いてください" in page
    assert not ImportRun.objects.exists()
    assert "取り込みました" in take_in(staff, rows)


def test_an_import_that_cannot_begin_may_be_tried_again(staff: Client) -> None:
    rows = tried(staff)
    upload = uploads.of(colleague_of(staff), timezone.now())[0]
    uploads.claim(upload)
    assert "いま取り込んでいるか" in take_in(staff, rows)
    uploads.release(upload)
    assert "取り込みました" in take_in(staff, rows)


def colleague_of(client: Client) -> int:
    return int(client.session["_auth_user_id"])


def test_whoever_left_does_not_come_back_and_the_page_says_so(staff: Client) -> None:
    suppressed("taro@example.jp", Suppression.Reason.ERASED)
    page = staff.get(f"{tried(staff)}?verdict=refused").content.decode()
    assert "ご本人の求めで消去した宛先です" in page
    assert "hanako" not in page


# ------------------------------------------------------------ columns and form
def test_a_wrong_guess_is_corrected(staff: Client) -> None:
    text = "連絡1,連絡2\na@example.jp,b@example.jp\n"
    columns = uploaded(staff, text)
    assert chosen_in(staff.get(columns).content.decode())["column-0"] == "address"
    rows = staff.post(columns, {"verb": "try", "column-0": "", "column-1": "address"}).headers["Location"]
    page = staff.get(rows).content.decode()
    assert "b@example.jp" in page
    assert "a@example.jp" not in page


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"column-0": "", "column-1": "name"}, "「メールアドレス」の列を1つ選んでください"),
        ({"column-0": "address", "column-1": "address"}, "「メールアドレス」の列が2つあります（1列目と2列目）"),
        ({"column-0": "address", "column-1": "nonsense"}, "列「nonsense」はありません"),
    ],
)
def test_columns_that_make_no_sense_are_told(staff: Client, chosen: dict[str, str], says: str) -> None:
    answer = staff.post(uploaded(staff), {"verb": "try", **chosen})
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_another_separator_and_encoding_make_other_columns(staff: Client) -> None:
    columns = uploaded(staff, "メール;氏名,敬称\na@example.jp;見本,様\n")
    page = staff.get(columns).content.decode()
    wrong = {**chosen_in(page), "delimiter": ",", "encoding": "utf-8-sig"}
    page = staff.post(columns, {"verb": "try", **wrong}, follow=True).content.decode()
    assert "名簿の読み方を変えました" in page
    assert "メール;氏名" in page
    page = staff.post(columns, {"verb": "reread", **chosen_in(page), "delimiter": ";"}, follow=True).content.decode()
    assert chosen_in(page)["column-1"] == "name"
    wrong = {**chosen_in(page), "encoding": "utf-16"}
    answer = staff.post(columns, {"verb": "reread", **wrong})
    assert answer.status_code == 422
    assert "読めません" in answer.content.decode()


def test_the_line_of_the_headings_is_corrected(staff: Client) -> None:
    columns = uploaded(staff, "メール,氏名\na@example.jp,見本\n")
    page = staff.post(columns, {"verb": "reread", "heading_line": "0"}, follow=True).content.decode()
    assert "見出しの行なし" in page
    rows = staff.post(columns, {"verb": "try", **chosen_in(page)}).headers["Location"]
    assert "1<span" in staff.get(rows).content.decode()
    for line in ("99", "x", "²"):
        assert staff.post(columns, {"verb": "reread", "heading_line": line}).status_code == 422


def test_another_sheet_of_a_book_is_read(staff: Client) -> None:
    book = a_book([["メール", "氏名"], ["a@example.jp", "見本"]], ["名簿", "古い名簿"])
    columns = uploaded(staff, book, "名簿.xlsx")
    page = staff.get(columns).content.decode()
    assert "シート「名簿」" in page
    assert staff.post(columns, {"sheet": "ない"}).status_code == 422
    page = staff.post(columns, {**chosen_in(page), "sheet": "古い名簿"}, follow=True).content.decode()
    assert "シート「古い名簿」" in page


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "a.csv", "空のファイルです"),
        (b"\xd0\xcf\x11\xe0rest", "a.xls", "古いExcel形式"),
        (b"PK\x03\x04nonsense", "a.xlsx", "読めません"),
        (b"\x81\xff\xfe\x00\x80", "a.csv", "読めません"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_not_kept(staff: Client, content: bytes, name: str, says: str) -> None:
    answer = staff.post(UPLOAD, {"file": a_file(content, name)})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not everything_below(settings.UPLOADS)


BROKEN = {
    "unclosed": ('メール,氏名\r\na@example.jp,"未閉じ\r\n'.encode(), "2行目がCSVとして読めません"),
    "too wide": (b"mail," + b"x," * 10_000 + b"x\n", "列が多すぎます"),
    "too long": (b"mail,name\na@example.jp," + b"x" * 131_073 + b"\n", "2行目がCSVとして読めません"),
    "long": (b"mail,name\na@example.jp," + b"x" * 10_001 + b"\n", "長すぎるセル"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Filter/FlateDecode>>\x00\xff\n", "PDFです"),
    "binary": (bytes(range(256)) * 20 + b"\xff", "文字として読めません"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", ["名簿.csv", "名簿.xlsx"])
def test_whatever_is_broken_in_a_file_is_one_sentence(staff: Client, kind: str, name: str) -> None:
    content, says = BROKEN[kind]
    answer = staff.post(UPLOAD, {"file": a_file(content, name)})
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert everything_below(settings.UPLOADS) == []


def test_what_is_broken_further_down_is_told_beside_the_columns(staff: Client) -> None:
    page = uploaded(staff, "メール,氏名\n" + "a@example.jp,見本\n" * 30 + 'b@example.jp,"未閉じ\n')
    answer = staff.post(page, {"verb": "try", **chosen_in(staff.get(page).content.decode())})
    assert (answer.status_code, "32行目がCSVとして読めません" in answer.content.decode()) == (422, True)


def test_a_list_that_was_damaged_while_it_waited_leads_back_to_the_beginning(staff: Client) -> None:
    page = uploaded(staff)
    (list_file,) = settings.UPLOADS.glob("*/list/*")
    list_file.write_bytes(b"mail\n\xff\xff\n")
    assert "読めません" in staff.get(page, follow=True).content.decode()
    assert everything_below(settings.UPLOADS) == []
    page = uploaded(staff)
    next(settings.UPLOADS.glob("*/list/*")).unlink()
    assert "もうありません" in staff.get(page, follow=True).content.decode()


def test_nothing_or_two_things_at_once_are_told(staff: Client) -> None:
    assert "ファイルを選ぶか" in staff.post(UPLOAD, {"text": " "}).content.decode()
    assert "どちらか1つ" in staff.post(UPLOAD, {"file": a_file(), "text": "a@example.jp"}).content.decode()


def test_what_is_too_large_is_told(staff: Client) -> None:
    answer = staff.post(UPLOAD, {"file": a_file(b"x" * (uploads.LARGEST + 1))})
    assert "大きすぎます" in answer.content.decode()
    answer = staff.post(UPLOAD, {"file": a_file(b"x" * (uploads.LARGEST + 3 * 2**20))})
    assert answer.status_code == 413
    answer = staff.post(UPLOAD, {"text": "あ" * 400_000})
    assert answer.status_code == 413
    assert "貼り付けた文字が多すぎます" in answer.content.decode()
    assert not everything_below(settings.UPLOADS)


def test_more_rows_than_a_page_may_take_are_pointed_to_the_command(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "MOST_ROWS", {"csv": 2, "xlsx": 2})
    columns = uploaded(staff, SMALL)
    answer = staff.post(columns, {"verb": "try", **chosen_in(staff.get(columns).content.decode())})
    assert answer.status_code == 422
    assert "newsletter subscribers import" in answer.content.decode()


# ------------------------------------------------------------ rows
def test_rows_come_fifty_to_a_page_and_by_verdict(staff: Client) -> None:
    text = "メール\n" + "".join(f"reader{number}@example.jp\n" for number in range(120)) + "だめ\n"
    rows = tried(staff, text)
    first, last = (staff.get(f"{rows}?page={number}").content.decode() for number in ("1", "3"))
    assert "reader49@" in first
    assert "reader50@" not in first
    assert "reader119@" in last
    assert "3／3ページ" in last
    refused = staff.get(f"{rows}?verdict=refused&page=9").content.decode()
    assert "だめ" in refused
    assert "reader" not in refused
    for nonsense in ("?page=²", "?page=-1", "?verdict=nonsense"):
        assert "reader0@" in staff.get(rows + nonsense).content.decode()


def test_refused_rows_come_back_in_the_form_they_had(staff: Client, tmp_path: Path) -> None:
    rows = tried(staff, SMALL.replace(",", "\t").encode("cp932"), "名簿.tsv")
    answer = staff.get(rows.replace("/rows/", "/refused/"))
    content = b"".join(answer).decode("cp932")
    assert content == "メール\t氏名\t所属\t拒否の理由\r\nだれか\t\t\t「@」がありません。\r\n"
    assert "filename*=utf-8''" in answer.headers["Content-Disposition"]

    rows = tried(staff, a_book([["メール"], ["だれか"]]), "名簿.xlsx")
    file = tmp_path / "refused.xlsx"
    file.write_bytes(b"".join(staff.get(rows.replace("/rows/", "/refused/"))))
    assert [row.cells[0] for row in open_table(file).rows()] == ["だれか"]
    left = {path.name for path in everything_below(settings.UPLOADS)}
    assert left == {"upload.json", "rows.sqlite3", "名簿.tsv", "名簿.xlsx"}


def test_a_refused_row_of_several_addresses_says_which_is_meant(staff: Client) -> None:
    rows = tried(staff, "メール,氏名,,\na@example.jp; bad@,山田,余り,\nだれか,佐藤\n")
    lines = b"".join(staff.get(rows.replace("/rows/", "/refused/"))).decode().splitlines()
    assert lines[0] == "メール,氏名,,拒否の理由"
    assert lines[1].startswith("a@example.jp; bad@,山田,余り,bad@: ")
    assert lines[2] == "だれか,佐藤,,「@」がありません。"


def test_every_refused_address_of_a_pasted_line_comes_back(staff: Client) -> None:
    text = "To: a@@example.jp, b@example.jp, c@example..jp"
    page = str(staff.post(UPLOAD, {"text": text}).headers["Location"])
    rows = str(staff.post(page, {"verb": "try", **chosen_in(staff.get(page).content.decode())}).headers["Location"])
    lines = b"".join(staff.get(rows.replace("/rows/", "/refused/"))).decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["a@@example.jp", "c@example..jp"]


# ------------------------------------------------------------ keeping
def test_uploads_are_private_and_few(staff: Client) -> None:
    for _ in range(uploads.MOST + 2):
        uploaded(staff)
    folders = list(settings.UPLOADS.iterdir())
    assert len(folders) == uploads.MOST
    for path in [settings.UPLOADS, *settings.UPLOADS.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_an_upload_is_gone_after_a_day(staff: Client) -> None:
    rows, owner, now = tried(staff), colleague_of(staff), timezone.now()
    upload = uploads.of(owner, now)[0]
    later = now + timedelta(hours=24, minutes=1)
    with pytest.raises(UploadError):
        uploads.find(owner, upload.key, later)
    tasks.tidy_uploads()
    assert staff.get(rows).status_code == 200
    assert uploads.tidy(later) == 1
    assert not everything_below(settings.UPLOADS)
    assert "もうありません" in staff.get(rows, follow=True).content.decode()


def test_an_upload_can_be_thrown_away(staff: Client) -> None:
    columns = uploaded(staff)
    assert "続ける" in staff.get(UPLOAD).content.decode()
    staff.post(f"{columns}discard/")
    assert not everything_below(settings.UPLOADS)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("..\\..\\secret.csv", "secret.csv"),
        ("../../名簿.csv", "名簿.csv"),
        (".hidden", "hidden"),
        ("a\x00b\n.csv", "ab.csv"),
        ("名" * 300 + ".csv", "名" * 50 + ".csv"),
        ("/", "名簿"),
    ],
)
def test_a_file_keeps_its_name_but_no_folder(sent: str, kept: str) -> None:
    owner = colleague().pk
    assert uploads.keep_file(owner, sent, [SMALL.encode()], timezone.now()).file.name == kept


def test_a_key_that_is_no_key_opens_nothing(staff: Client) -> None:
    for key in ("x", "..", "a" * 32, "%2e%2e"):
        assert staff.get(f"{UPLOAD}{key}/").status_code in (302, 404)
    assert reverse("desk_list_columns", args=["a" * 32])


def test_a_list_that_was_thrown_away_is_not_taken_in_again(staff: Client) -> None:
    tried(staff)
    upload = uploads.of(colleague_of(staff), timezone.now())[0]
    grounds = Grounds(ConsentEvent.Basis.CARD, "名刺", "見本 花子", upload.name)
    run = taking_in.take_in(upload, grounds, timezone.now())
    uploads.discard(upload)
    with pytest.raises(UploadError):
        taking_in.take_in(upload, grounds, timezone.now())
    assert run.added == 2
