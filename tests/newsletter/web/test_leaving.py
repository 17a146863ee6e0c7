"""Leaving, by the mail program's button and by the page, what is offered afterwards, and pausing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from newsletter import links
from newsletter.models import Letter
from subscribers import signup, suppression
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.public_parts import (
    ONE_CLICK,
    letters,
    path_of,
    text_of,
    unsubscribe_path,
)
from tests.subscribers.people import kinds, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


# ------------------------------------------------------------ leaving
def test_the_mail_programs_button_leaves_at_once_without_cookies(strict: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader, 41)
    for _ in range(3):
        answer = strict.post(path, ONE_CLICK)
        assert answer.status_code == 200
        assert not answer.cookies
    reader.refresh_from_db()
    assert reader.state == "left"
    assert suppression.is_suppressed(reader.fingerprint)
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source, event.detail) == ("left", "127.0.0.1", {"how": "one_click", "delivery": 41})
    assert letters() == ["goodbye"]


def test_the_mail_programs_button_may_send_either_form_encoding(strict: Client) -> None:
    first, second = person("a@example.jp"), person("b@example.jp")
    strict.post(unsubscribe_path(first), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    strict.post(unsubscribe_path(second), ONE_CLICK)  # multipart/form-data
    assert set(Subscriber.objects.values_list("state", flat=True)) == {"left"}


def test_one_click_for_an_erased_person_is_no_error(strict: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    reader.delete()
    assert strict.post(path, ONE_CLICK).status_code == 200
    assert "登録はありません" in text_of(strict.get(path))


def test_a_letter_that_cannot_be_made_does_not_hold_anybody_back(strict: Client) -> None:
    from newsletter.models import Association

    reader = person()
    Association.objects.all().delete()
    assert strict.post(unsubscribe_path(reader), ONE_CLICK).status_code == 200
    reader.refresh_from_db()
    assert reader.state == "left"


def test_the_page_shows_whose_subscription_it_is_and_asks(client: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    page = client.get(path)
    assert "t***@example.jp への" in text_of(page)
    assert "taro@example.jp" not in page.content.decode()
    assert "まだ停止していません" in text_of(page)
    assert page["Cache-Control"].find("no-store") >= 0
    left = client.post(path, {"action": "leave"})
    assert (left.status_code, left["Location"]) == (302, path)
    assert "配信を停止しました" in text_of(client.get(path))
    assert letters() == ["goodbye"]


@pytest.mark.parametrize(
    ("action", "format_", "events"),
    [
        ("come_back", "html", ["left", "lifted", "confirmed"]),
        ("text_only", "text", ["left", "lifted", "confirmed", "preferences"]),
        ("monthly_only", "html", ["left", "lifted", "confirmed", "preferences"]),
        ("wrong_person", "html", ["left", "lifted", "confirmed"]),
    ],
)
def test_after_leaving_there_is_a_way_back(client: Client, action: str, format_: str, events: list[str]) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    client.post(path, {"action": "leave"})
    page = client.get(path).content.decode()
    assert f'value="{action}"' in page
    back = client.post(path, {"action": action})
    assert back["Location"] == f"{path}?back=1"
    assert "配信を続けます" in text_of(client.get(back["Location"]))
    reader.refresh_from_db()
    assert (reader.state, reader.format) == ("active", format_)
    assert kinds() == events
    told = ["goodbye", "restored" if action == "wrong_person" else "resumed"]
    assert letters() == told
    assert reader.only_monthly == (action == "monthly_only")
    assert ("号外はお送りしません" in text_of(client.get(back["Location"]))) == reader.only_monthly
    # The same button a second time, or all of them by turns, is no harm.
    assert client.post(path, {"action": action}).status_code == 302
    assert (kinds(), letters()) == (events, told)
    if action == "wrong_person":
        assert ConsentEvent.objects.get(kind="confirmed").detail["why"] == "wrong_person"


def test_whoever_presses_the_buttons_again_and_again_fills_no_mailbox_and_ends_as_left(client: Client) -> None:
    path = unsubscribe_path(person())
    for _ in range(2):
        client.post(path, {"action": "leave"})
        assert client.post(path, {"action": "come_back"}).status_code == 302
    for action in ("come_back", "pause", "wrong_person"):
        client.post(path, {"action": "leave"})
        answer = client.post(path, {"action": action})
        assert answer.status_code == 429
        assert "明日" in text_of(answer)
    assert Subscriber.objects.get().state == "left"
    assert letters() == ["goodbye", "resumed", "goodbye", "resumed", "goodbye"]


@pytest.mark.parametrize("hours", [0, 1, 23, 25, 49])
def test_the_last_letter_says_how_it_stands_whenever_the_buttons_were_pressed_before(
    client: Client, hours: int
) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    for number, action in enumerate(["leave", "come_back", "leave", "wrong_person", "leave", "come_back", "leave"]):
        client.post(path, {"action": action})
        reader.refresh_from_db()
        assert ("goodbye" if reader.state == "left" else "re") in letters()[-1]
        if number == 0:
            Letter.objects.update(written_at=timezone.now() - timedelta(hours=hours))
    assert len(letters()) == 5
    Letter.objects.update(written_at=timezone.now() - timedelta(days=1))
    assert client.post(path, {"action": "come_back"}).status_code == 302
    assert letters()[-1] == "resumed"


def test_buttons_of_somebody_who_reads_on_are_no_returns(client: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    for _ in range(2):
        client.post(path, {"action": "leave"})
        client.post(path, {"action": "come_back"})
    assert client.post(path, {"action": "text_only"}).status_code == 302
    reader.refresh_from_db()
    assert (reader.state, reader.format) == ("active", "text")
    for _ in range(10):
        answer = client.post(path, {"action": "text_only"})
    assert answer.status_code == 429  # nobody needs them so often


def test_long_after_leaving_the_link_only_leads_to_a_new_sign_up(client: Client) -> None:
    reader = person(state=Subscriber.State.LEFT, left_at=timezone.now() - timedelta(days=8))
    path = unsubscribe_path(reader)
    assert 'value="come_back"' not in client.get(path).content.decode()
    assert client.post(path, {"action": "come_back"}).status_code == 410
    reader.refresh_from_db()
    assert reader.state == "left"


def test_an_unknown_button_changes_nothing(client: Client) -> None:
    reader = person()
    for body in ({}, {"action": "delete"}, {"List-Unsubscribe": "Two-Clicks"}):
        client.post(unsubscribe_path(reader), body)
    reader.refresh_from_db()
    assert reader.is_active


# ------------------------------------------------------------ pausing
def test_after_leaving_a_pause_of_three_months_is_offered(strict: Client) -> None:
    subscriber = person()
    path = path_of(links.unsubscribe_url(subscriber.key, 7))
    strict.post(path, {"action": "leave"})
    assert "3か月お休みする" in text_of(strict.get(path))
    answer = strict.post(path, {"action": "pause"})
    page = text_of(strict.get(answer["Location"]))
    subscriber.refresh_from_db()
    assert signup.pauses(subscriber, timezone.now())
    assert "お休みします" in page
    strict.post(path, {"action": "pause"})
    assert kinds() == ["left", "lifted", "confirmed", "preferences"]
    assert "までお休み中です" in text_of(strict.get(path))  # the link of the next mail, without ?back=1
    assert f"{timezone.localtime(subscriber.paused_until):%Y}年" in page
    assert letters() == ["goodbye", "resumed"]
    assert Letter.objects.get(kind="resumed").subject.endswith("配信をお休みします")


def test_a_reader_pauses_and_goes_on_from_the_page_of_their_choices(strict: Client) -> None:
    subscriber = person()
    path = path_of(links.preferences_url(subscriber.key))
    assert "3か月お休みする" in text_of(strict.get(path))
    strict.post(path, {"action": "pause"})
    assert "お休み中です" in text_of(strict.get(path))
    strict.post(path, {"action": "end_pause"})
    subscriber.refresh_from_db()
    assert subscriber.paused_until is None
    signup.leave(subscriber.key, None, timezone.now())
    assert strict.post(path, {"action": "pause"}).status_code in (410, 422)
    subscriber.refresh_from_db()
    assert subscriber.state == Subscriber.State.LEFT
