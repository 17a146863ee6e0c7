"""The photo of the submission form on its way through the pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from feeds import photos
from feeds.models import Submission
from newsletter.web import submit as door
from tests.feeds.submission_parts import a_photo
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.submit_parts import (
    PHOTO_WORDS,
    TYPED,
    hidden_fields,
    page,
    send,
    text_of,
    upload,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def test_a_photo_goes_through_the_check_page_and_loses_its_metadata(client: Client) -> None:
    send(client, page(), TYPED | PHOTO_WORDS | {"photo": upload()})
    submission = Submission.objects.get()
    with submission.photo.open("rb") as file:
        assert file.read() == a_photo().jpeg
    assert (submission.photo_width, submission.photo_for_mail, submission.photo_for_web) == (400, True, False)


def test_a_photo_needs_its_description_credit_and_permission(client: Client) -> None:
    response = client.post(page(), TYPED | {"photo": upload(), "step": "check"})
    text = text_of(response)
    for words in ("写真の説明が必要です", "クレジット（©の後に書く名前）が必要です", "メールへの掲載の許可が必要です"):
        assert words in text
    assert "この写真をお預かりしています" in text


def test_a_photo_can_be_taken_out_again(client: Client) -> None:
    where = page()
    first = client.post(where, TYPED | {"photo": upload(), "step": "check"})
    key = re.search(r'name="photo_key" value="([^"]+)"', text_of(first))
    assert key
    assert send(client, where, TYPED | {"photo_key": key[1], "remove_photo": "on"}).status_code == 302
    assert not Submission.objects.get().photo


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"GIF89a", "この形式のファイル"), (b"", "空です"), (b"\xff\xd8\xff" + b"\0" * photos.LARGEST_FILE, "10MBまで")],
    ids=["gif", "empty", "large"],
)
def test_a_file_that_is_no_photo_gets_one_clear_remark(client: Client, content: bytes, words: str) -> None:
    typed = TYPED | PHOTO_WORDS | {"photo": upload(content), "step": "check"}
    response = client.post(page(), typed)
    assert response.status_code == 422
    text = text_of(response)
    assert "写真：" in text
    assert words in text
    assert "写真がありません" not in text
    assert 'value="環境フェアを開催します"' in text


def test_fields_after_a_photo_that_is_too_large_still_arrive(client: Client) -> None:
    # The browser sends the fields in the order of the form: the contact comes after the photo.
    typed = {"photo": upload(b"\xff\xd8\xff" + b"\0" * photos.LARGEST_FILE)} | TYPED
    assert 'value="hanako@city.example.lg.jp"' in text_of(client.post(page(), typed))


def test_a_request_beyond_all_measure_is_not_read(client: Client) -> None:
    response = client.generic("POST", page(), b"", CONTENT_LENGTH=str(door.LARGEST_REQUEST + 1))
    assert response.status_code == 413
    assert "縮小して" in text_of(response)


def test_a_photo_that_waited_too_long_is_asked_for_again(client: Client, settings: Any) -> None:
    where = page()
    checked = client.post(where, TYPED | PHOTO_WORDS | {"photo": upload(), "step": "check"})
    for path in (settings.MEDIA_ROOT / "photos-waiting").iterdir():
        path.unlink()
    response = client.post(where, hidden_fields(checked) | {"step": "send"})
    assert response.status_code == 422
    assert "写真をもう一度選んでください" in text_of(response)
    assert not Submission.objects.exists()


def test_a_photo_put_aside_by_one_member_is_of_no_use_to_another(client: Client) -> None:
    checked = client.post(page("kitakyushu"), TYPED | PHOTO_WORDS | {"photo": upload(), "step": "check"})
    stolen = hidden_fields(checked)["photo_key"]
    response = client.post(page("kobe"), TYPED | {"photo_key": stolen, "step": "send"})
    assert response.status_code == 302
    assert not Submission.objects.get().photo
