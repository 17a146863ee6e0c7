"""Pages of staff and members while a list comes in: they ask for patience, and what was typed is still there."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client

from feeds.models import Submission
from newsletter.models import RosterAnswer, RosterSheet
from newsletter.web import patience
from tests.newsletter import ledger
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.roster.parts import city
from tests.newsletter.web import test_roster as roster
from tests.newsletter.web.submit_parts import PHOTO_WORDS, TYPED, hidden_fields, own_submission, page, text_of, upload
from tests.newsletter.web.test_leaving_at_once import asks_for_patience

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "長い合言葉 correct horse 42"


@pytest.fixture(autouse=True)
def _office(idle_office: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(patience, "WAITS", 0.1)
    cache.clear()
    load_profile()


def keeps_what_was_typed(answer: Any, *typed: str) -> bool:
    text = text_of(answer)
    assert "入力した内容は残っています" in text
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "no-store" in answer["Cache-Control"]
    return all(words in text for words in typed)


def test_a_login_asks_for_patience_and_works_afterwards(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    User.objects.create_user("hanako", "hanako@example.jp", PASSWORD, is_staff=True)
    typed = {"username": "hanako", "password": PASSWORD}
    with ledger.uncounted(), caplog.at_level(logging.ERROR):
        assert client.get("/staff/login/").status_code == 200
        answer = client.post("/staff/login/", typed)
        assert asks_for_patience(answer)
        assert "まだ受け付けていません" in text_of(answer)
    assert caplog.text == ""  # nobody gets a mail about it
    assert client.post("/staff/login/", typed).status_code == 302


def test_a_new_password_is_asked_for_with_patience(client: Client) -> None:
    with ledger.uncounted():
        assert asks_for_patience(client.post("/staff/password/", {"email": "hanako@example.jp"}))
    assert client.post("/staff/password/", {"email": "hanako@example.jp"}).status_code == 302


@pytest.mark.parametrize("step", ["check", "edit", "send"])
def test_a_submission_is_not_taken_and_the_whole_form_is_still_there(
    client: Client, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    typed = TYPED | PHOTO_WORDS | {"photo": upload(), "step": step}
    with ledger.uncounted(), caplog.at_level(logging.ERROR):
        assert client.get(page()).status_code == 200
        busy = client.post(page(), typed)
        assert keeps_what_was_typed(busy, "環境フェアを開催します", "2段落目です。", "hanako@city.example.lg.jp")
    assert not Submission.objects.exists()
    assert caplog.text == ""
    photo = hidden_fields(busy)["photo_key"]
    again = client.post(page(), TYPED | PHOTO_WORDS | {"photo_key": photo, "step": "check"})
    sent = client.post(page(), hidden_fields(again) | {"step": "send"})
    assert sent.status_code == 302
    assert Submission.objects.get().photo


def test_a_submission_that_only_the_last_step_cannot_take_is_still_there(client: Client) -> None:
    if connection.vendor == "sqlite":
        return  # one lock for all: the first step meets it
    checked = client.post(page(), TYPED | {"step": "check"})
    with ledger.locked_whole("feeds_submission", "EXCLUSIVE"):
        busy = client.post(page(), hidden_fields(checked) | {"step": "send"})
    assert keeps_what_was_typed(busy, "環境フェアを開催します", "2段落目です。")
    assert client.post(page(), hidden_fields(checked) | {"step": "send"}).status_code == 302


def test_a_withdrawal_asks_for_patience(client: Client) -> None:
    own = own_submission()
    with ledger.uncounted():
        assert asks_for_patience(client.post(f"{page()}{own.pk}/withdraw/"))
    own.refresh_from_db()
    assert own.state == Submission.State.RECEIVED


@pytest.fixture
def sheet() -> RosterSheet:
    return city()


@pytest.mark.parametrize("step", ["check", "send"])
def test_an_answer_about_a_members_people_is_not_taken_and_still_there(
    client: Client, sheet: RosterSheet, step: str
) -> None:
    with ledger.uncounted():
        assert client.get(roster.page(sheet)).status_code == 200
        busy = client.post(roster.page(sheet), roster.typed(step=step, **roster.NEW))
        assert keeps_what_was_typed(busy, "例示 花子", "佐藤 三郎", roster.NEW["address-new-1"])
        file = client.post(roster.page(sheet), {"step": "file", "file": upload(b"PK", "form.xlsx")})
        assert (file.status_code, "もう一度お送りください" in text_of(file)) == (503, True)
    assert not RosterAnswer.objects.exists()


def test_without_any_database_members_and_staff_are_asked_for_patience_too(client: Client) -> None:
    where = page()
    with ledger.away():
        for answer in (client.get(where), client.post(where, TYPED), client.post("/staff/login/", {"username": "x"})):
            assert answer.status_code == 503
            assert "ただいま混み合っています" in text_of(answer)
