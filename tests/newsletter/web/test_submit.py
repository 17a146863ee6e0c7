"""The members' door: what somebody with the link can do in a browser, and what nobody can do with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from feeds import submissions
from feeds.models import Member, Submission
from newsletter.models import Letter
from newsletter.web import submit as door
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.submit_parts import (
    PHOTO_WORDS,
    TYPED,
    hidden_fields,
    own_submission,
    page,
    send,
    text_of,
    upload,
)

State = Submission.State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def test_the_form_asks_in_japanese_and_marks_what_is_needed(client: Client) -> None:
    response = client.get(page())
    text = text_of(response)
    assert response.status_code == 200
    assert "北九州市のご担当者さま専用" in text
    for words in ("見出し", "リード", "本文", "開催日", "締切日", "写真の説明", "公開できる日", "事務局だけが使います"):
        assert words in text
    assert text.count('name="sdgs"') == 17
    assert "ゼロエミッションの発展" in text
    assert "<script" not in text
    assert "no-store" in response["Cache-Control"]


def test_a_submission_is_checked_sent_and_receipted(client: Client) -> None:
    where = page()
    response = send(client, where, TYPED)
    submission = Submission.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"{where}sent/?no={submission.pk}"
    assert (submission.state, submission.door, submission.member.key) == (State.RECEIVED, "web", "kitakyushu")
    assert (submission.body, submission.sdgs) == ("1段落目 <b>です</b>。\n\n2段落目です。", [7, 13])
    assert str(submission.event_starts_on) == "2026-12-05"
    receipt = text_of(client.get(response["Location"]))
    assert "投稿を受け付けました" in receipt
    assert f"受付番号 <strong>{submission.pk}</strong>" in receipt
    assert "2026年12月5日（土）" in receipt
    letter = Letter.objects.get()
    assert (letter.kind, letter.address, letter.submission) == ("receipt", "hanako@city.example.lg.jp", submission)
    assert where in letter.text


def test_the_check_page_stores_nothing(client: Client) -> None:
    response = client.post(page(), TYPED | {"step": "check"})
    assert "13 気候変動に具体的な対策を" in text_of(response)
    assert not Submission.objects.exists()
    assert not Letter.objects.exists()


def test_going_back_from_the_check_page_shows_everything_that_was_typed(client: Client) -> None:
    where = page()
    checked = client.post(where, TYPED | PHOTO_WORDS | {"photo": upload(), "step": "check"})
    back = client.post(where, hidden_fields(checked) | {"step": "edit"})
    text = text_of(back)
    assert back.status_code == 200
    assert 'value="令和8年12月5日（土）"' in text
    assert "1段落目 <b>です</b>。" in text
    assert re.search(r'value="13"[^>]*checked', text)
    assert re.search(r'<option value="nature" selected', text)
    assert "この写真をお預かりしています" in text


def test_nothing_typed_is_lost_on_an_error_not_even_the_photo(client: Client) -> None:
    where = page()
    wrong = TYPED | PHOTO_WORDS | {"deadline": "12月1日", "contact_email": "hanako", "photo": upload()}
    response = client.post(where, wrong | {"step": "check"})
    text = text_of(response)
    assert response.status_code == 422
    assert "締切日：「12月1日」に年も書いてください" in text
    assert "担当者のメールアドレス：メールアドレスの形が正しくありません" in text
    assert 'value="12月1日"' in text
    assert 'value="環境フェアを開催します"' in text
    key = re.search(r'name="photo_key" value="([^"]+)"', text)
    assert key
    right = TYPED | PHOTO_WORDS | {"photo_key": key[1]}
    assert send(client, where, right).status_code == 302
    assert Submission.objects.get().photo_alt == PHOTO_WORDS["photo_alt"]


def test_pressing_the_button_twice_makes_one_submission_and_says_so(client: Client) -> None:
    where = page()
    checked = client.post(where, TYPED | {"step": "check"})
    fields = hidden_fields(checked) | {"step": "send"}
    client.post(where, fields)
    again = client.post(where, fields, follow=True)
    assert "同じ内容を受け付け済みです" in text_of(again)
    assert Submission.objects.count() == Letter.objects.count() == 1


def test_the_member_sees_what_became_of_its_own_submissions(client: Client) -> None:
    mine = own_submission()
    own_submission("kobe", title="神戸の催し")
    submissions.return_(mine, "会場を書いてください。", "事務局", timezone.now())
    here = page()
    text = text_of(client.get(here))
    assert "差し戻された投稿が1件あります" in text
    assert "会場を書いてください。" in text
    assert f"{here}{mine.pk}/" in text
    assert "神戸の催し" not in text


def test_a_returned_submission_is_corrected_and_sent_again_with_its_photo(client: Client) -> None:
    mine = own_submission()
    submissions.return_(mine, "会場を書いてください。", "事務局", timezone.now())
    where = f"{page()}{mine.pk}/"
    form = text_of(client.get(where))
    assert "会場を書いてください。" in form
    assert 'value="環境フェアを開催します"' in form
    assert "この写真をお預かりしています" in form
    typed = TYPED | PHOTO_WORDS | {"venue": "市民ホール", "photo_key": "present"}
    response = send(client, where, typed)
    mine.refresh_from_db()
    assert response.status_code == 302
    assert (mine.state, mine.venue, mine.reason) == (State.RECEIVED, "市民ホール", "")
    assert mine.photo
    assert Submission.objects.count() == 1
    assert Letter.objects.filter(kind="receipt").count() == 1


def test_a_submission_that_was_not_returned_cannot_be_changed(client: Client) -> None:
    mine = own_submission()
    where = f"{page()}{mine.pk}/"
    assert client.get(where).status_code == 302
    response = client.post(where, TYPED | {"venue": "市民ホール", "step": "send"})
    assert response.status_code == 409
    assert "「受付」なので、この操作はできません" in text_of(response)
    assert 'value="市民ホール"' in text_of(response)
    mine.refresh_from_db()
    assert mine.venue == ""


def test_a_correction_sent_twice_is_one_correction(client: Client) -> None:
    mine = own_submission()
    submissions.return_(mine, "会場を書いてください。", "事務局", timezone.now())
    fields = TYPED | {"venue": "市民ホール", "step": "send"}
    where = f"{page()}{mine.pk}/"
    assert client.post(where, fields)["Location"].endswith(f"sent/?no={mine.pk}")
    assert client.post(where, fields)["Location"].endswith(f"sent/?no={mine.pk}&again")
    assert Submission.objects.count() == Letter.objects.count() == 1


def test_a_submission_is_withdrawn_after_a_question(client: Client) -> None:
    mine = own_submission()
    where = f"{page()}{mine.pk}/withdraw/"
    assert "取り下げますか" in text_of(client.get(where))
    mine.refresh_from_db()
    assert mine.state == State.RECEIVED
    assert client.post(where).status_code == 302
    mine.refresh_from_db()
    assert mine.state == State.WITHDRAWN


def test_what_was_used_cannot_be_withdrawn(client: Client) -> None:
    mine = own_submission()
    Submission.objects.update(state=State.USED)
    assert client.post(f"{page()}{mine.pk}/withdraw/").status_code == 302
    mine.refresh_from_db()
    assert mine.state == State.USED


@pytest.mark.parametrize("tail", ["{}/", "{}/withdraw/", "sent/?no={}"])
def test_a_link_of_one_member_opens_nothing_of_another(client: Client, tail: str) -> None:
    theirs = own_submission("kobe", title="神戸の催し")
    submissions.return_(theirs, "神戸への理由", "事務局", timezone.now())
    where = page("kitakyushu") + tail.format(theirs.pk)
    for response in (client.get(where), client.post(where, TYPED | {"step": "send"})):
        assert response.status_code in (302, 404, 405)
        assert "神戸" not in text_of(response)
    theirs.refresh_from_db()
    assert theirs.state == State.RETURNED


@pytest.mark.parametrize("tail", ["", "1/", "1/withdraw/", "sent/"])
def test_a_link_whose_day_is_over_says_whom_to_ask(client: Client, tail: str) -> None:
    where = page(days=-1) + tail
    responses = [client.get(where)] + ([client.post(where, TYPED)] if tail != "sent/" else [])
    for response in responses:
        text = text_of(response)
        assert response.status_code == 410
        assert "有効期限" in text
        assert "事務局へお問い合わせください" in text
        assert "iclei-japan@iclei.org" in text
    assert not Submission.objects.exists()


def test_a_link_that_was_cut_off_is_not_found(client: Client) -> None:
    response = client.get(page()[:-5] + "/")
    assert response.status_code == 404
    assert "途中で切れていないか" in text_of(response)


def test_a_member_that_left_has_no_form_any_more(client: Client) -> None:
    Member.objects.filter(key="kitakyushu").update(active=False)
    assert client.get(page()).status_code == 410


def test_looking_changes_nothing(client: Client) -> None:
    mine = own_submission()
    before = Submission.objects.values().get()
    for tail in ("", f"{mine.pk}/", f"{mine.pk}/withdraw/", f"sent/?no={mine.pk}", "sent/?no=x", "sent/"):
        for method in (client.get, client.head):
            assert method(page() + tail).status_code in (200, 302)
    assert Submission.objects.values().get() == before
    assert not Letter.objects.exists()


def test_a_post_from_another_site_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    where = page()
    assert client.post(where, TYPED | {"step": "send"}).status_code == 403
    form = text_of(client.get(where))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    sent = client.post(where, TYPED | {"step": "send", "csrfmiddlewaretoken": token[1]})
    assert sent.status_code == 302


def test_whoever_sends_without_end_is_asked_to_wait_and_loses_nothing(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(door, "POSTS_PER_HOUR", 1)
    where = page()
    assert client.post(where, TYPED | {"step": "check"}).status_code == 200
    response = client.post(where, TYPED | {"step": "check"})
    assert response.status_code == 429
    assert "送信の回数が多すぎます" in text_of(response)
    assert 'value="環境フェアを開催します"' in text_of(response)


def test_markup_that_a_member_types_is_shown_as_it_was_typed(client: Client) -> None:
    response = client.post(page(), TYPED | {"venue": "<img src=x onerror=alert(1)>", "step": "check"})
    assert b"<img src=x" not in response.content
    assert "&lt;img src=x onerror=alert(1)&gt;" in response.content.decode()
