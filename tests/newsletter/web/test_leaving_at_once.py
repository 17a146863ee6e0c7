"""Readers' pages while somebody else writes the ledger, and while it is away: leaving works, the rest waits."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from newsletter import departures, links
from newsletter.web import patience
from subscribers import suppression
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter import ledger
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.public_parts import (
    ONE_CLICK,
    confirmation_path,
    letters,
    path_of,
    sign_up,
    text_of,
    unsubscribe_path,
)
from tests.subscribers.people import NOW, kinds, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loaded(idle_office: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WAITS", 0.1)
    load_profile()


def asks_for_patience(answer: Any) -> bool:
    assert not answer.cookies
    return bool(answer.status_code == 503 and answer["Retry-After"] == "60" and "no-store" in answer["Cache-Control"])


# ------------------------------------------------------------ leaving
def test_the_mail_programs_button_is_answered_by_the_server_while_the_ledger_is_held(served: str) -> None:
    reader = person()
    place = urlsplit(links.unsubscribe_url(reader.key, 41))
    with ledger.being_written():
        wire = http.client.HTTPConnection(place.netloc, timeout=60)
        wire.request(
            "POST", place.path, "List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"}
        )
        answer = wire.getresponse()
        assert (answer.status, answer.read().decode()) == (200, "配信の停止を受け付けました。\n")
        wire.close()
        reader.refresh_from_db()
        assert reader.is_active  # the ledger is held still: nobody waited for it
    assert departures.enter_waiting(NOW) == 1
    event = ConsentEvent.objects.get()
    assert (event.kind, event.source, event.detail) == ("left", "127.0.0.1", {"how": "one_click", "delivery": 41})


def test_the_page_says_that_the_goodbye_is_accepted_and_then_that_it_is_done(strict: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    with ledger.being_written():
        left = strict.post(path, {"action": "leave"})
        assert (left.status_code, left["Location"]) == (302, path)
        page = text_of(strict.get(path))
        assert "t***@example.jp への" in page
        assert "配信の停止を受け付けました" in page
        assert "配信を停止しました" not in page
        assert strict.post(path, ONE_CLICK).content.decode() == "配信の停止を受け付けました。\n"
    assert "配信の停止を受け付けました" in text_of(strict.get(path))
    departures.enter_waiting(NOW)
    assert "配信を停止しました" in text_of(strict.get(path))
    assert (kinds(), letters()) == (["left"], ["goodbye"])


def test_it_speaks_english_to_those_who_read_it(strict: Client) -> None:
    reader = person(language="en")
    path = unsubscribe_path(reader)
    with ledger.being_written():
        strict.post(path, {"action": "leave"})
        assert "Your request to unsubscribe is accepted" in text_of(strict.get(path))
        busy = strict.post(path, {"action": "come_back"})
    assert asks_for_patience(busy)
    assert "has not been accepted yet" in text_of(busy)


@pytest.mark.parametrize("action", ["come_back", "pause", "text_only", "monthly_only", "wrong_person"])
def test_coming_back_waits_for_the_goodbye_and_is_not_overtaken_by_it(strict: Client, action: str) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    with ledger.being_written():
        strict.post(path, {"action": "leave"})
        assert f'value="{action}"' in strict.get(path).content.decode()
        busy = strict.post(path, {"action": action})
        assert asks_for_patience(busy)
        assert "まだ受け付けていません" in text_of(busy)
        assert "配信の停止を受け付けました" in text_of(strict.get(path))  # that still holds
    back = strict.post(path, {"action": action})
    assert back["Location"] == f"{path}?back=1"
    assert departures.enter_waiting(NOW) == 0
    reader.refresh_from_db()
    assert reader.is_active
    assert not suppression.is_suppressed(reader.fingerprint)
    assert kinds()[:3] == ["left", "lifted", "confirmed"]
    assert "受け付けました" not in text_of(strict.get(path))


def test_the_page_of_choices_of_somebody_who_said_goodbye_is_closed(strict: Client) -> None:
    reader = person()
    choices = path_of(links.preferences_url(reader.key))
    with ledger.being_written():
        strict.post(unsubscribe_path(reader), ONE_CLICK)
    assert strict.get(choices).status_code == 410
    assert strict.post(choices, {"format": "text"}).status_code == 410
    assert strict.post(choices, {"action": "pause"}).status_code == 410
    reader.refresh_from_db()
    assert (reader.format, reader.paused_until) == ("html", None)


def test_an_old_confirmation_link_does_not_undo_a_goodbye_that_waits(strict: Client) -> None:
    reader = person()
    with ledger.being_written():
        strict.post(unsubscribe_path(reader), ONE_CLICK)
    assert strict.post(confirmation_path(reader)).status_code == 410
    assert departures.enter_waiting(NOW) == 1
    reader.refresh_from_db()
    assert reader.state == "left"


def test_where_neither_database_nor_disk_can_be_written_nothing_is_promised(
    strict: Client, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "file").touch()
    settings.GOODBYES = tmp_path / "file" / "goodbyes"
    reader = person()
    with ledger.being_written():
        assert asks_for_patience(strict.post(unsubscribe_path(reader), ONE_CLICK))
    assert strict.post(unsubscribe_path(reader), ONE_CLICK).status_code == 200
    reader.refresh_from_db()
    assert reader.state == "left"


# ------------------------------------------------------------ the other buttons
def test_choices_wait_for_the_ledger_and_nothing_is_half_saved(strict: Client) -> None:
    reader = person()
    choices = path_of(links.preferences_url(reader.key))
    with ledger.being_written():
        assert strict.get(choices).status_code == 200
        assert asks_for_patience(strict.post(choices, {"format": "text", "language": "ja"}))
        assert asks_for_patience(strict.post(choices, {"action": "pause"}))
        assert asks_for_patience(strict.post(unsubscribe_path(reader), {"action": "text_only"}))
    reader.refresh_from_db()
    assert (reader.format, reader.paused_until, kinds()) == ("html", None, [])
    assert strict.post(choices, {"format": "text", "language": "ja"}).status_code == 302


def test_a_confirmation_waits_for_the_ledger(strict: Client) -> None:
    reader = person(state=Subscriber.State.PENDING)
    path = confirmation_path(reader)
    with ledger.being_written():
        assert asks_for_patience(strict.post(path))
    assert strict.post(path).status_code == 302
    reader.refresh_from_db()
    assert reader.is_active


def test_nobody_is_told_to_look_for_a_letter_that_no_sign_up_wrote(client: Client) -> None:
    reader = person(state=Subscriber.State.PENDING)
    with ledger.being_written():
        assert client.get("/subscribe/").status_code == 200
        for _ in range(5):  # more often than one address may ask in a day: none of these counts
            assert asks_for_patience(sign_up(client))
    assert sign_up(client)["Location"] == "/subscribe/sent/"
    assert (letters(), kinds(reader.address)) == (["confirmation"], ["requested"])


def test_a_search_that_cannot_be_counted_asks_for_patience_at_once(client: Client) -> None:
    with ledger.being_written():
        answer = client.get("/archive/search/", {"q": "水素"})
        # PostgreSQL holds only the people, and counts.
        assert asks_for_patience(answer) if connection.vendor == "sqlite" else answer.status_code == 200
    assert client.get("/archive/search/", {"q": "水素"}).status_code == 200


def test_an_error_that_will_not_pass_is_no_question_of_patience(strict: Client) -> None:
    reader = person()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE subscribers_consentevent RENAME TO mislaid")
    try:
        with pytest.raises(DatabaseError):
            strict.post(path_of(links.preferences_url(reader.key)), {"action": "pause"})
        # A goodbye is taken whatever is wrong.
        assert strict.post(unsubscribe_path(reader), ONE_CLICK).status_code == 200
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE mislaid RENAME TO subscribers_consentevent")
    assert departures.enter_waiting(NOW) == 1


# ------------------------------------------------------------ without any database
def test_a_reader_leaves_while_the_database_is_away(strict: Client) -> None:
    reader = person()
    path = unsubscribe_path(reader)
    with ledger.away():
        assert strict.post(path, ONE_CLICK).content.decode() == "配信の停止を受け付けました。\n"
        assert strict.post(path, {"action": "leave"}).status_code == 302
        page = strict.get(path)
        assert (page.status_code, "配信の停止を受け付けました" in text_of(page)) == (200, True)
        assert asks_for_patience(strict.post(path, {"action": "come_back"}))
        assert asks_for_patience(strict.get(path_of(links.preferences_url(reader.key))))
        assert asks_for_patience(strict.get(unsubscribe_path(Subscriber(address="hanako@example.jp"))))
    assert departures.enter_waiting(NOW) == 1
    assert kinds() == ["left"]
