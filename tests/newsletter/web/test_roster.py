"""The members' page of 宛先の確認: what somebody with the link can do in a browser, and what nobody can do with it."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from newsletter import links
from newsletter.models import Letter, RosterAnswer, RosterRound, RosterSheet
from newsletter.roster import answers, files, rounds
from newsletter.roster.questions import Choice
from newsletter.web import roster as door
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.roster.parts import CITY, city, number_of, reader
from tests.newsletter.web.submit_parts import hidden_fields, text_of
from tests.subscribers.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def sheet() -> RosterSheet:
    """A sheet whose deadline is in two weeks, whatever day it is."""
    opened = city()
    RosterRound.objects.update(deadline=timezone.localdate() + timedelta(days=14))
    opened.round.refresh_from_db()
    return opened


def page(sheet: RosterSheet) -> str:
    return urlsplit(rounds.link(sheet)).path


def typed(**changes: Any) -> dict[str, Any]:
    return {"by_name": "例示 花子", "by_department": "環境課", "rows": "3", "earlier": "", "seen": "0"} | changes


def change(sheet: RosterSheet, local: str, **told: str) -> dict[str, str]:
    number = number_of(sheet, local)
    return {f"{name}-{number}": value for name, value in told.items()}


NEW = {
    "name-new-1": "佐藤 三郎", "department-new-1": "環境課", "address-new-1": f"s-sato@{CITY}", "consented-new-1": "on",
}  # fmt: skip


def send(client: Client, where: str, fields: dict[str, Any]) -> Any:
    checked = client.post(where, fields | {"step": "check"})
    assert checked.status_code == 200, text_of(checked)
    assert "まだ送信されていません" in text_of(checked)
    return client.post(where, hidden_fields(checked) | {"step": "send"})


def everything() -> list[Any]:
    models = (Subscriber, ConsentEvent, RosterAnswer, RosterSheet, Letter)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_the_page_shows_the_people_of_the_member_and_hides_their_addresses(client: Client, sheet: RosterSheet) -> None:
    reader("x-other", "他市 太郎", municipality="011002")
    person("citizen@gmail.com", name="市民 花子", municipality=sheet.member.code)
    text = text_of(client.get(page(sheet)))
    for words in (
        "山田 太郎",
        "鈴木 次郎",
        "例示 花子",
        f"t***@{CITY}",
        f"kankyo@{CITY}",
        "このアドレスはもう使わない",
    ):
        assert words in text
    for words in ("t-yamada@", "他市 太郎", "市民 花子", "citizen", "<script"):
        assert words not in text


def test_opening_the_page_the_form_and_the_receipt_changes_nothing(client: Client, sheet: RosterSheet) -> None:
    before = everything()
    for path in ("", "form.xlsx", "sent/"):
        for method in (client.get, client.head):
            assert method(f"{page(sheet)}{path}").status_code in (200, 302)
    assert client.put(page(sheet)).status_code == 405
    assert everything() == before


def test_an_answer_is_checked_sent_and_receipted_and_the_list_stays_as_it_is(
    client: Client, sheet: RosterSheet
) -> None:
    before = list(Subscriber.objects.order_by("pk").values())
    fields = typed(**change(sheet, "t-yamada", choice="leave"), **NEW)
    response = send(client, page(sheet), fields)
    assert response.status_code == 302
    answer = RosterAnswer.objects.get()
    assert response["Location"] == f"{page(sheet)}sent/?no={answer.pk}"
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 3件、外す 1件、新しい方 1件"
    assert (answer.door, answer.by_name, answer.by_department) == ("web", "例示 花子", "環境課")
    assert "ありがとうございました" in text_of(client.get(response["Location"]))
    receipt = Letter.objects.get()
    assert (receipt.kind, receipt.address) == ("roster_receipt", f"hanako@{CITY}")
    assert list(Subscriber.objects.order_by("pk").values()) == before


def test_the_check_page_stores_nothing_and_shows_what_will_be_received(client: Client, sheet: RosterSheet) -> None:
    told = change(sheet, "j-suzuki", choice="change", name="高橋 四郎", address=f"s-takahashi@{CITY}", consented="on")
    text = text_of(client.post(page(sheet), typed(step="check", **told)))
    assert f"変更する：高橋 四郎、環境課、s-takahashi@{CITY}" in text
    assert "変わりのない方（3件）" in text
    assert not RosterAnswer.objects.exists()


def test_nothing_typed_is_lost_on_an_error(client: Client, sheet: RosterSheet) -> None:
    response = client.post(page(sheet), typed(step="check", by_name="", **{**NEW, "address-new-1": "s-sato"}))
    text = text_of(response)
    assert response.status_code == 422
    assert "メールアドレス：「@」がありません。" in text
    assert "お名前：ご回答くださる方のお名前を書いてください。" in text
    assert 'value="佐藤 三郎"' in text
    assert 'value="s-sato"' in text


def test_going_back_and_more_rows_keep_what_was_typed_and_judge_nothing(client: Client, sheet: RosterSheet) -> None:
    told = change(sheet, "t-yamada", choice="leave")
    checked = client.post(page(sheet), typed(step="check", **told, **NEW))
    back = text_of(client.post(page(sheet), hidden_fields(checked) | {"step": "edit"}))
    assert 'value="佐藤 三郎"' in back
    leaving = re.search(rf'<input[^>]*name="choice-{number_of(sheet, "t-yamada")}" value="leave"[^>]*>', back)
    assert leaving
    assert "checked" in leaving[0]
    more = text_of(client.post(page(sheet), typed(step="more", **{**NEW, "address-new-1": "s-sato"})))
    assert 'name="name-new-5"' in more
    assert "エラー" not in more
    assert 'value="s-sato"' in more


def test_pressing_the_button_twice_makes_one_answer_and_says_so(client: Client, sheet: RosterSheet) -> None:
    checked = client.post(page(sheet), typed(step="check", **NEW))
    fields = hidden_fields(checked) | {"step": "send"}
    client.post(page(sheet), fields)
    again = client.post(page(sheet), fields, follow=True)
    assert "同じ内容を受け付け済みです" in text_of(again)
    assert RosterAnswer.objects.count() == Letter.objects.count() == 1


def test_a_later_answer_begins_with_the_earlier_one_without_showing_its_addresses(
    client: Client, sheet: RosterSheet
) -> None:
    moved = change(sheet, "j-suzuki", choice="change", name="高橋 四郎", address=f"s-takahashi@{CITY}", consented="on")
    send(client, page(sheet), typed(**moved, **NEW))
    first = RosterAnswer.objects.get()
    text = text_of(client.get(page(sheet)))
    assert "例示 花子さんから回答をいただいています" in text
    assert f"前の回答のアドレス（s***@{CITY}）" in text
    assert "佐藤 三郎、環境課、s***@" in text
    assert "s-sato@" not in text
    assert "s-takahashi@" not in text
    again = typed(earlier=first.pk, seen=first.pk, by_name="例示 七子", **{"keep-1": "on"})
    again |= change(sheet, "j-suzuki", choice="change", name="高橋 四郎") | change(sheet, "t-yamada", choice="leave")
    checked = text_of(client.post(page(sheet), again | {"step": "check"}))
    assert f"s***@{CITY}" in checked
    assert "s-sato@" not in checked
    assert send(client, page(sheet), again).status_code == 302
    second = answers.latest(sheet)
    assert second is not None
    told = {entry.choice: entry for entry in answers.entries_of(second)}
    assert told[Choice.CHANGE].address == f"s-takahashi@{CITY}"
    assert told[Choice.ADD].address == f"s-sato@{CITY}"
    assert told[Choice.LEAVE].number == number_of(sheet, "t-yamada")
    assert RosterAnswer.objects.count() == 2


def test_an_answer_that_a_colleague_overtook_is_told_and_can_be_sent_all_the_same(
    client: Client, sheet: RosterSheet
) -> None:
    checked = client.post(page(sheet), typed(step="check", **NEW))
    mine = hidden_fields(checked)
    send(client, page(sheet), typed(by_name="例示 七子"))
    response = client.post(page(sheet), mine | {"step": "send"})
    assert response.status_code == 409
    assert "例示 七子さんから別の回答が届きました" in text_of(response)
    assert 'value="佐藤 三郎"' in text_of(response)
    assert RosterAnswer.objects.count() == 1
    seen = RosterAnswer.objects.get().pk
    assert send(client, page(sheet), {**mine, "seen": [str(seen)]}).status_code == 302


def test_the_link_is_signed_ends_with_its_day_and_with_the_round(client: Client, sheet: RosterSheet) -> None:
    key = sheet.key
    expired = urlsplit(links.roster_url(key, timezone.now() - timedelta(seconds=1))).path
    foreign = urlsplit(links.submission_url(key, timezone.now() + timedelta(days=1))).path.replace("/s/", "/r/")
    for path, status in ((expired, 410), (foreign, 404), (f"/r/{key}.abc.def/", 404), (f"/r/{'x' * 500}/", 404)):
        for where in (path, f"{path}form.xlsx", f"{path}sent/"):
            answer = client.get(where)
            assert (where, answer.status_code) == (where, status)
            assert "山田" not in text_of(answer)
    assert client.post(expired, typed(step="send")).status_code == 410
    good = page(sheet)
    rounds.close(sheet.round, "例示 職員", timezone.now())
    assert client.get(good).status_code == 410
    assert "@" not in good


def test_a_stranger_without_the_cookie_of_the_page_cannot_send(sheet: RosterSheet) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(page(sheet), typed(step="send")).status_code == 403
    assert not RosterAnswer.objects.exists()


def test_so_many_posts_an_hour_and_no_more(client: Client, sheet: RosterSheet, monkeypatch: Any) -> None:
    monkeypatch.setattr(door, "POSTS_PER_HOUR", 2)
    codes = [client.post(page(sheet), typed(step="check")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


# ------------------------------------------------------------ Excel
def filled(sheet: RosterSheet, **cells: str) -> SimpleUploadedFile:
    """The form as it is handed out, with these cells written in."""
    book = load_workbook(io.BytesIO(files.form_of(sheet)))
    for place, text in {"C6": "例示 花子", **cells}.items():
        book.active[place] = text
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("回答.xlsx", out.getvalue())


def row_of(sheet: RosterSheet, local: str) -> int:
    book = load_workbook(io.BytesIO(files.form_of(sheet)))
    number = str(number_of(sheet, local))
    return next(row[0].row for row in book.active.iter_rows(min_row=10) if row[0].value == number)


def test_an_excel_form_goes_through_the_same_check_page(client: Client, sheet: RosterSheet) -> None:
    row, new = row_of(sheet, "t-yamada"), 10 + sheet.lines.count()
    cells = {f"F{row}": "異動・退職のため外す", f"G{new}": "佐藤 三郎", f"I{new}": f"ｓ-sato＠{CITY}"}
    cells |= {f"J{new}": "はい", f"K{new}": "はい"}
    checked = client.post(page(sheet), {"step": "file", "file": filled(sheet, **cells)})
    assert checked.status_code == 200, text_of(checked)
    assert f"佐藤 三郎、s-sato@{CITY}（投稿のご担当にもなる）" in text_of(checked)
    assert not RosterAnswer.objects.exists()
    assert client.post(page(sheet), hidden_fields(checked) | {"step": "send"}).status_code == 302
    answer = RosterAnswer.objects.get()
    assert answer.door == "excel"
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 3件、外す 1件、新しい方 1件"


def test_rows_that_cannot_be_right_are_told_with_their_place_and_nothing_is_received(
    client: Client, sheet: RosterSheet
) -> None:
    row, new = row_of(sheet, "t-yamada"), 10 + sheet.lines.count()
    cells = {f"F{row}": "たぶん", f"I{new}": "s-sato", f"A{new + 1}": "99", f"G{new + 1}": "某", "C6": ""}
    response = client.post(page(sheet), {"step": "file", "file": filled(sheet, **cells)})
    text = text_of(response)
    assert response.status_code == 422
    for words in (f"{row}行目: 「変わりなし」", f"{new}行目: 「@」がありません", "99", "回答者のお名前: "):
        assert words in text
    assert not RosterAnswer.objects.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"not a workbook at all"])
def test_what_is_no_form_is_refused_in_words(client: Client, sheet: RosterSheet, content: bytes) -> None:
    response = client.post(page(sheet), {"step": "file", "file": SimpleUploadedFile("回答.xlsx", content)})
    assert response.status_code == 422
    assert "まだ何も受け付けていません" in text_of(response)


def test_the_form_of_another_member_or_year_is_refused(client: Client, sheet: RosterSheet) -> None:
    response = client.post(page(sheet), {"step": "file", "file": filled(sheet, C4="2026-kitakyushu")})
    assert "様式ではありません" in text_of(response)
    assert client.post(page(sheet), {"step": "file"}).status_code == 422


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(client: Client, sheet: RosterSheet) -> None:
    big = SimpleUploadedFile("回答.xlsx", b"x" * (door.LARGEST_REQUEST + 1))
    assert client.post(page(sheet), {"step": "file", "file": big}).status_code == 413


def test_a_member_without_anybody_on_the_list_can_still_name_somebody(client: Client, sheet: RosterSheet) -> None:
    Subscriber.objects.all().delete()
    sheet.member.contributors.all().delete()
    assert send(client, page(sheet), typed(**NEW)).status_code == 302
    assert RosterAnswer.objects.get().entries[0]["choice"] == "add"
