from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from feeds import photo_files, submissions
from feeds.models import Submission
from newsletter import links
from tests.feeds.submission_parts import NOW, PHOTO_DRAFT, a_member, a_photo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def accepted() -> Submission:
    submission = submissions.receive(a_member(), PHOTO_DRAFT, Submission.Door.WEB, NOW, a_photo())
    submissions.accept(submission, "事務局", NOW)
    return submission


def address(submission: Submission) -> str:
    return links.photo_url(submission).partition("8000")[2]


def test_the_photo_of_an_accepted_submission_is_served_for_long(client: Client, accepted: Submission) -> None:
    response = client.get(address(accepted))
    assert (response.status_code, response.content) == (200, a_photo().jpeg)
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not response.cookies
    assert client.head(address(accepted)).content == b""
    assert client.post(address(accepted)).status_code == 405


def test_who_has_it_already_gets_it_not_again(client: Client, accepted: Submission) -> None:
    tag = client.get(address(accepted))["ETag"]
    response = client.get(address(accepted), headers={"if-none-match": tag})
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("state", ["received", "returned", "withdrawn"])
def test_a_photo_that_nobody_accepted_does_not_exist(client: Client, accepted: Submission, state: str) -> None:
    Submission.objects.update(state=state)
    assert client.get(address(accepted)).status_code == 404


def test_a_photo_without_permission_does_not_exist(client: Client, accepted: Submission) -> None:
    Submission.objects.update(photo_for_mail=False)
    assert client.get(address(accepted)).status_code == 404


def test_a_photo_whose_file_is_gone_does_not_exist(client: Client, accepted: Submission) -> None:
    accepted.photo.delete(save=False)
    assert client.get(f"/photos/{a_photo().digest}.jpg").status_code == 404


@pytest.mark.parametrize(
    "name", ["..%2fnewsletter.sqlite3", "x.jpg", f"{'a' * 64}.jpg", f"{'a' * 64}.jpg%00", "%2e%2e", ""]
)
def test_nothing_else_has_an_address(client: Client, accepted: Submission, name: str) -> None:
    photo_files.wait(a_photo("red"))
    assert client.get(f"/photos/{name}").status_code == 404
