"""The desk's list of imports and taking one back, the list as a file, and part of the readers by conditions."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from newsletter import segments
from newsletter.web.desk import list_export, list_history
from subscribers import signup
from subscribers.models import ConsentEvent, ImportRun, Subscriber
from subscribers.table import open_table
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.list_parts import colleague, logged_in, tried
from tests.subscribers.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_uploads")]
HISTORY, EXPORT, SEGMENT = (f"/staff/subscribers/{name}/" for name in ("imports", "export", "segment"))


@pytest.fixture
def staff() -> Client:
    return logged_in(colleague(last_name="見本", first_name="花子"))


def taken_in(client: Client, text: str) -> ImportRun:
    client.post(tried(client, text).replace("/rows/", "/take-in/"), {"basis": "card", "proof": "名刺フォルダ"})
    return ImportRun.objects.latest("pk")


# ------------------------------------------------------------ history and undo
def test_imports_are_listed_with_who_and_why(staff: Client) -> None:
    assert "まだありません" in staff.get(HISTORY).content.decode()
    run = taken_in(staff, "メール\ntaro@example.jp\nだめ\n")
    page = staff.get(HISTORY).content.decode()
    for words in ("名簿.csv", "見本 花子", "根拠：名刺交換（名刺フォルダ）", f"{HISTORY}{run.pk}/undo/"):
        assert words in page, words


def test_an_import_is_taken_back_after_saying_who_stays_and_why(staff: Client) -> None:
    person("known@example.jp", name="もとの 名前")
    run = taken_in(staff, "メール,氏名\nnew@example.jp,新\nknown@example.jp,今の 名前\nleft@example.jp,去\n")
    signup.leave(Subscriber.objects.get(name="去").key, None, timezone.now())
    page = staff.get(f"{HISTORY}{run.pk}/undo/").content.decode()
    assert "まだ取り消していません" in page
    assert "left@example.jp" in page
    assert "取込のあとに記録があります（解除" in page
    assert "new@example.jp" not in page
    assert Subscriber.objects.count() == 3

    page = staff.post(f"{HISTORY}{run.pk}/undo/", follow=True).content.decode()
    assert "登録を取り消した方 1人、前の値に戻した方 1人、そのままの方 1人です。" in page
    assert "に取消済み" in page
    assert set(Subscriber.objects.values_list("name", flat=True)) == {"もとの 名前", "去"}
    assert "もう取り消されています" in staff.post(f"{HISTORY}{run.pk}/undo/", follow=True).content.decode()


def test_after_thirty_days_or_when_it_is_huge_it_is_not_taken_back_here(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = taken_in(staff, "メール\ntaro@example.jp\nb@example.jp\n")
    monkeypatch.setattr(list_history, "MOST", 1)
    page = staff.post(f"{HISTORY}{run.pk}/undo/", follow=True).content.decode()
    assert f"newsletter subscribers undo-import {run.pk}" in page
    ImportRun.objects.update(at=timezone.now() - timedelta(days=31))
    assert "まとめては取り消せません" in staff.post(f"{HISTORY}{run.pk}/undo/", follow=True).content.decode()
    assert "期限切れ" in staff.get(HISTORY).content.decode()
    assert Subscriber.objects.count() == 2
    assert staff.get(f"{HISTORY}99999/undo/").status_code == 404


def test_people_whom_a_list_left_as_they_were_count_as_well(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    taken_in(staff, "メール\ntaro@example.jp\nb@example.jp\n")
    run = taken_in(staff, "メール\ntaro@example.jp\nb@example.jp\n")
    monkeypatch.setattr(list_history, "MOST", 1)
    page = staff.post(f"{HISTORY}{run.pk}/undo/", follow=True).content.decode()
    assert f"newsletter subscribers undo-import {run.pk}" in page


def test_those_who_stay_come_fifty_to_a_page(staff: Client) -> None:
    run = taken_in(staff, "メール\n" + "".join(f"reader{number:02}@example.jp\n" for number in range(60)))
    for reader in Subscriber.objects.all():
        signup.leave(reader.key, None, timezone.now())
    first, second = (staff.get(f"{HISTORY}{run.pk}/undo/?page={number}").content.decode() for number in (1, 2))
    assert first.count("@example.jp") == 50
    assert second.count("@example.jp") == 10


def test_who_may_only_look_takes_nothing_back(staff: Client) -> None:
    run = taken_in(staff, "メール\ntaro@example.jp\n")
    viewer = logged_in(colleague("taro", ["view_subscriber"]))
    page = viewer.get(HISTORY).content.decode()
    assert "名簿.csv" in page
    assert "/undo/" not in page
    assert viewer.post(f"{HISTORY}{run.pk}/undo/").status_code == 403
    assert Subscriber.objects.exists()


# ------------------------------------------------------------ export
def content_of(answer: Iterable[bytes]) -> bytes:
    return b"".join(answer)


def test_the_list_comes_as_csv_and_as_a_book(staff: Client, tmp_path: Path) -> None:
    person("taro@example.jp", name="髙橋 〜太郎", organisation="=1+1")
    person("left@example.jp", Subscriber.State.LEFT)
    rows = list(csv.reader(StringIO(content_of(staff.post(EXPORT, {"kind": "utf-8"})).decode("utf-8-sig"))))
    assert [row[:3] for row in rows[1:]] == [["taro@example.jp", "髙橋 〜太郎", "'=1+1"]]
    answer = staff.post(EXPORT, {"kind": "xlsx", "everybody": "yes"})
    assert ".xlsx" in answer.headers["Content-Disposition"]
    file = tmp_path / "list.xlsx"
    file.write_bytes(content_of(answer))
    assert next(row.cells[:3] for row in open_table(file).rows()) == ("taro@example.jp", "髙橋 〜太郎", "=1+1")
    page = staff.get(EXPORT).content.decode()
    assert "見本 花子：全員 2人、Excel（.xlsx）" in page
    assert "見本 花子：配信してよい方 1人、CSV（UTF-8、BOM付き）" in page


def test_what_shift_jis_cannot_hold_is_shown_before_anything_is_written(staff: Client) -> None:
    person("taro@example.jp", name="𠮷田 太郎", department="〒課～")
    page = staff.post(EXPORT, {"kind": "cp932"}).content.decode()
    assert "まだ書き出していません" in page
    assert "2行目 氏名「𠮷田 太郎」: 𠮷（U+20BB7）" in page
    assert "～（U+FF5E）" in page
    assert "最近の書き出し" not in page
    written = content_of(staff.post(EXPORT, {"kind": "cp932", "sure": "yes"})).decode("cp932")
    assert "〓田 太郎" in written
    assert "?" not in written


def test_a_list_too_long_for_a_page_is_pointed_to_the_command(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    person()
    monkeypatch.setattr(list_export, "MOST_ROWS", {"xlsx": 0, "utf-8": 0, "cp932": 0})
    answer = staff.post(EXPORT, {"kind": "xlsx"})
    assert answer.status_code == 422
    assert "newsletter subscribers export" in answer.content.decode()
    assert staff.post(EXPORT, {"kind": "nonsense"}).status_code == 422


def test_the_list_goes_to_nobody_without_the_permission() -> None:
    person()
    for client in (Client(), logged_in(colleague(permissions=["add_subscriber"]))):
        assert client.post(EXPORT, {"kind": "utf-8"}).status_code in (302, 403)


# ------------------------------------------------------------ segments
def test_conditions_become_a_sentence_a_count_and_a_line(staff: Client) -> None:
    load_profile()
    person("a@example.jp", municipality="401005", format="text")
    person("b@example.jp", municipality="401005")
    person("c@example.jp", municipality="401005", format="text", state=Subscriber.State.LEFT)
    asked = {"prefecture": ["福岡県"], "municipality": "福岡県北九州市", "format": "text", "since": "2026-01-01"}
    page = staff.get(SEGMENT, asked).content.decode()
    assert "福岡県の自治体／テキスト形式を希望／2026年1月1日以後に登録" in page
    assert "<dt>いま送る相手</dt><dd>1人</dd>" in page
    assert "<dd>2人（" in page
    line = "municipality=401005 prefecture=福岡県 format=text since=2026-01-01"
    assert f'aria-label="絞り込みの1行">{line}</pre>' in page
    assert segments.written(segments.read(line)) == line


def test_no_condition_is_everybody_and_a_wrong_one_is_told(staff: Client) -> None:
    load_profile()
    person()
    page = staff.get(SEGMENT, {"kind": ""}).content.decode()
    assert "すべての方（絞り込みなし）" in page
    assert "--segment" not in page
    answer = staff.get(SEGMENT, {"municipality": "ない市"})
    assert answer.status_code == 422
    assert "「ない市」という地方公共団体は見つかりません" in answer.content.decode()
    assert staff.get(SEGMENT, {"since": "いつか"}).status_code == 422
    assert staff.get(SEGMENT, {"prefecture": "どこか県"}).status_code == 422


def test_without_a_profile_there_are_fewer_conditions(staff: Client) -> None:
    page = staff.get(SEGMENT).content.decode()
    assert "希望する欄" not in page
    assert "都道府県" in page


def test_an_event_of_the_ledger_stays_readable_without_its_import(staff: Client) -> None:
    run = taken_in(staff, "メール\ntaro@example.jp\n")
    event = ConsentEvent.objects.get(import_run=run)
    page = staff.get(f"/staff/subscribers/of/{event.fingerprint}/").content.decode()
    assert "事務局が、名簿から取り込みました。" in page
    assert "<dt>名簿</dt><dd>名簿.csv 2行目</dd>" in page
    assert "<dt>証跡</dt><dd>名刺フォルダ</dd>" in page
