"""Lists at the desk when the disk takes no more: one sentence, nothing half-done, and nothing told of our folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from subscribers.models import Subscriber
from tests.newsletter.web.list_parts import (
    a_file,
    chosen_in,
    colleague,
    everything_below,
    logged_in,
    tried,
    uploaded,
)
from tests.subscribers.people import person
from tests.subscribers.test_workbook_writer import no_file_above

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_uploads")]
UPLOAD, EXPORT = "/staff/subscribers/import/", "/staff/subscribers/export/"
LIMIT = 30_000
LONG = "メール,氏名\n" + "".join(f"reader{number}@example.jp,見本\n" for number in range(2_000))
SAYS = ("サーバのディスク", "書き込める大きさを超えています。", "何も変わっていません")


@pytest.fixture
def staff() -> Client:
    return logged_in(colleague())


def is_said(page: str) -> bool:
    return all(words in page for words in SAYS) and str(settings.UPLOADS) not in page


def take_in(client: Client, rows: str) -> str:
    grounds = {"basis": "card", "proof": "名刺フォルダ2026"}
    return str(client.post(rows.replace("/rows/", "/take-in/"), grounds, follow=True).content.decode())


def test_a_list_that_finds_no_room_is_refused_and_leaves_nothing(staff: Client) -> None:
    with no_file_above(LIMIT):
        answer = staff.post(UPLOAD, {"file": a_file(LONG)})
        pasted = staff.post(UPLOAD, {"text": LONG})
    assert (answer.status_code, is_said(answer.content.decode())) == (422, True)
    assert (pasted.status_code, is_said(pasted.content.decode())) == (422, True)
    assert everything_below(settings.UPLOADS) == []


def test_a_large_file_that_the_server_cannot_put_aside_is_refused(staff: Client, settings: Any, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10_000  # what is larger goes to a file
    with no_file_above(LIMIT):
        answer = staff.post(UPLOAD, {"file": a_file(LONG * 4)})
    assert (answer.status_code, is_said(answer.content.decode())) == (503, True)


def test_verdicts_that_find_no_room_are_told_beside_the_columns(staff: Client) -> None:
    page = uploaded(staff, LONG)
    chosen = chosen_in(staff.get(page).content.decode())
    with no_file_above(LIMIT):
        answer = staff.post(page, {"verb": "try", **chosen})
    assert answer.status_code == 422
    assert "サーバのディスク" in answer.content.decode()
    assert staff.post(page, {"verb": "try", **chosen}).status_code == 302


def test_a_list_whose_verdicts_cannot_be_begun_is_not_taken_in_and_waits(staff: Client) -> None:
    rows = tried(staff, LONG)
    with no_file_above(100):
        page = take_in(staff, rows)
    assert "サーバのディスク" in page
    assert not Subscriber.objects.exists()
    assert "取り込みました" in take_in(staff, rows)


def test_a_list_that_is_in_stays_in_when_its_verdicts_find_no_room(staff: Client) -> None:
    rows = tried(staff, LONG)
    with no_file_above(LIMIT):
        page = take_in(staff, rows)
    assert "取り込みました" in page
    assert Subscriber.objects.count() == 2_000


@pytest.mark.parametrize("kind", ["utf-8", "xlsx"])
def test_an_export_that_finds_no_room_is_one_sentence(staff: Client, kind: str) -> None:
    for number in range(40):
        person(f"reader{number}@example.jp", name="見本" * 40)
    with no_file_above(2_000):
        answer = staff.post(EXPORT, {"kind": kind})
    assert (answer.status_code, is_said(answer.content.decode())) == (503, True)
    assert "書き出せませんでした。" in answer.content.decode()


def test_a_folder_that_cannot_be_used_is_told_by_every_page(staff: Client) -> None:
    settings.UPLOADS.write_text("no folder")
    page = staff.get(UPLOAD)
    assert (page.status_code, "サーバのディスク" in page.content.decode()) == (200, True)
    answer = staff.post(UPLOAD, {"text": "a@example.jp"})
    assert (answer.status_code, "サーバのディスク" in answer.content.decode()) == (422, True)
    assert staff.post(EXPORT, {"kind": "utf-8"}).status_code == 503


def test_pasted_text_with_a_zero_in_it_is_refused_in_our_words(staff: Client) -> None:
    page = staff.post(UPLOAD, {"text": "a@example.jp\0"}).content.decode()
    assert "文字ではない符号（NUL）" in page
    assert "何か文字を入力" not in page
