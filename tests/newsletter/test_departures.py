"""A goodbye is taken while the ledger cannot be written, and entered when it can: on a real database, really held."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from newsletter import departures, erasures, goodbyes, tasks
from newsletter.goodbyes import Goodbye
from newsletter.models import Letter
from subscribers import signup, suppression
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.newsletter import books, ledger
from tests.newsletter.test_engine import _database_url
from tests.smtp_server import free_port, receiving
from tests.subscribers.people import NOW, kinds, person
from tests.subscribers.test_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=1)
DETAIL = {"how": "one_click", "delivery": 41}


@pytest.fixture(autouse=True)
def _office(settings: Any) -> None:
    books.association()
    settings.RELAY_URL = settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def file_of(reader: Subscriber) -> Path:
    return Path(settings.GOODBYES) / f"{reader.key}.json"


def state_of(reader: Subscriber) -> str:
    return Subscriber.objects.values_list("state", flat=True).get(pk=reader.pk)


def taken(reader: Subscriber) -> None:
    """Their goodbye was taken while the ledger was held, and waits."""
    with ledger.being_written():
        assert not departures.leave(reader.key, "192.0.2.7", NOW, DETAIL)
    assert departures.is_waiting(reader.key)


# ------------------------------------------------------------ taken, and entered
def test_a_goodbye_is_taken_while_somebody_else_writes_the_ledger_and_entered_afterwards() -> None:
    reader = person()
    with ledger.being_written():
        assert not departures.leave(reader.key, "192.0.2.7", NOW, DETAIL)
        assert state_of(reader) == "active"  # the ledger is still held: that was no waiting for its end
        assert departures.seen(Subscriber.objects.get()).state == "left"
        assert departures.enter_waiting(LATER) == 0
        assert departures.is_waiting(reader.key)
    assert b"taro" not in file_of(reader).read_bytes()
    assert departures.enter_waiting(LATER) == 1
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == ("left", NOW)
    assert suppression.is_suppressed(reader.fingerprint)
    event = ConsentEvent.objects.get()
    assert (event.kind, event.at, event.source, event.detail) == ("left", NOW, "192.0.2.7", DETAIL)
    assert [letter.kind for letter in Letter.objects.all()] == ["goodbye"]
    assert not file_of(reader).exists()
    assert departures.enter_waiting(LATER) == 0


def test_without_trouble_nothing_is_written_down() -> None:
    reader = person()
    assert departures.leave(reader.key, None, NOW, DETAIL)
    assert state_of(reader) == "left"
    assert goodbyes.keys() == frozenset()
    if connection.vendor == "sqlite":
        assert not Path(settings.GOODBYES).exists()


def test_the_first_of_two_clicks_is_what_the_ledger_says() -> None:
    reader = person()
    taken(reader)
    assert departures.leave(reader.key, "198.51.100.9", LATER, {"how": "page"})
    assert [(one.at, one.detail) for one in ConsentEvent.objects.all()] == [(NOW, DETAIL)]
    assert not file_of(reader).exists()
    assert Letter.objects.count() == 1


def test_the_connection_waits_for_others_as_long_as_before() -> None:
    def patience() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
            return cursor.fetchone()[0]

    before = patience()
    taken(person())
    departures.enter_waiting(LATER)
    assert patience() == before


def test_a_database_that_is_away_keeps_nobody_from_leaving() -> None:
    reader = person()
    with ledger.away():
        assert not departures.leave(reader.key, None, NOW, DETAIL)
        assert departures.enter_waiting(LATER) == 0
    assert departures.enter_waiting(LATER) == 1
    assert state_of(reader) == "left"


def test_of_a_table_that_is_locked_whole_no_more_is_waited_for_than_of_a_row() -> None:
    reader = person()
    if connection.vendor == "sqlite":
        return  # who reads waits for nobody there
    with ledger.locked_whole(), connection.execute_wrapper(slow_to_give_up):
        assert not departures.leave(reader.key, None, NOW, DETAIL)
        assert departures.is_waiting(reader.key)
        assert departures.enter_waiting(LATER) == 0
    assert departures.enter_waiting(LATER) == 1
    assert state_of(reader) == "left"


def slow_to_give_up(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Every statement about a table runs under the limits of its own short transaction."""
    if connection.vendor == "postgresql" and "set_config" not in sql:
        with connection.connection.cursor() as cursor:
            limits = [cursor.execute(f"SHOW {name}").fetchone()[0] for name in ("lock_timeout", "statement_timeout")]
        assert limits == ["500ms", "1s"], sql
    return execute(sql, params, many, context)


def test_before_a_server_that_says_nothing_is_asked_the_goodbye_is_on_disk() -> None:
    reader = person()
    if connection.vendor == "sqlite":
        return  # there is no server
    waiting_when_asked: list[bool] = []
    connect = connection.get_new_connection

    def watched(parameters: Any) -> Any:
        waiting_when_asked.append(departures.is_waiting(reader.key))
        return connect(parameters)

    with ledger.silent(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "get_new_connection", watched)
        assert not departures.leave(reader.key, None, NOW, DETAIL)
        assert waiting_when_asked == [True]  # and it was asked once
        assert departures.enter_waiting(LATER) == 0
        assert len(waiting_when_asked) == 2
    assert departures.enter_waiting(LATER) == 1
    assert state_of(reader) == "left"
    assert kinds() == ["left"]


def test_a_goodbye_that_no_disk_takes_stands_in_the_ledger_all_the_same(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.GOODBYES = tmp_path / "file" / "goodbyes"
    reader = person()
    assert departures.leave(reader.key, None, NOW, DETAIL)
    assert state_of(reader) == "left"


def test_where_nothing_at_all_can_be_written_the_database_has_the_word(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.GOODBYES = tmp_path / "file" / "goodbyes"
    reader = person()
    with ledger.being_written(), pytest.raises(departures.Error):
        departures.leave(reader.key, None, NOW, DETAIL)
    assert state_of(reader) == "active"


def test_nobody_else_has_a_goodbye() -> None:
    for key in ("nobody".ljust(22, "-"), "../../etc/passwd", ""):
        with ledger.being_written():
            assert departures.leave(key, None, NOW)
    assert goodbyes.keys() == frozenset()


def test_a_letter_that_cannot_be_made_does_not_hold_anybody_back() -> None:
    from newsletter.models import Association

    reader = person()
    taken(reader)
    Association.objects.all().delete()
    assert departures.enter_waiting(LATER) == 1
    assert state_of(reader) == "left"


def test_the_clock_enters_what_waits_and_sends_the_letter(settings: Any) -> None:
    reader = person()
    taken(reader)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        tasks.enter_goodbyes()
    assert state_of(reader) == "left"
    assert server.received[0].recipients == (reader.address,)


# ------------------------------------------------------------ crashes, and several at once
DIE_BEFORE_THE_COMMIT = """
import os, django
django.setup()
from django.db import transaction
from django.utils import timezone
from newsletter import departures
with transaction.atomic():
    assert departures.enter_waiting(timezone.now()) == 1
    os.kill(os.getpid(), 9)
"""


def test_who_is_killed_before_the_commit_has_lost_nothing() -> None:
    reader = person()
    taken(reader)
    environment = os.environ | {
        "DATABASE_URL": _database_url(), "NEWSLETTER_VAR": str(settings.VAR),
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
    }  # fmt: skip
    killed = subprocess.run([sys.executable, "-c", DIE_BEFORE_THE_COMMIT], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (state_of(reader), departures.is_waiting(reader.key)) == ("active", True)
    assert departures.enter_waiting(LATER) == 1
    assert kinds() == ["left"]
    assert Letter.objects.count() == 1


def test_who_is_killed_after_the_commit_enters_nothing_twice() -> None:
    reader = person()
    taken(reader)
    goodbye = goodbyes.find(reader.key)
    assert goodbye
    departures.enter_waiting(LATER)
    goodbyes.keep(goodbye)  # the file was still there
    assert departures.enter_waiting(LATER) == 1
    assert kinds() == ["left"]
    assert Letter.objects.count() == 1
    assert not file_of(reader).exists()


def test_several_at_once_enter_a_goodbye_once() -> None:
    reader = person()
    taken(reader)
    at_once(4, lambda: departures.leave(reader.key, None, LATER, DETAIL))
    assert departures.enter_waiting(LATER) == 0
    assert kinds() == ["left"]
    assert Letter.objects.count() == 1


def test_a_torn_file_is_entered_by_its_name_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    reader = person()
    taken(reader)
    file_of(reader).write_bytes(b"{")
    os.utime(file_of(reader), (NOW.timestamp(), NOW.timestamp()))
    with caplog.at_level(logging.ERROR):
        assert departures.enter_waiting(LATER) == 1
    assert "could not be read" in caplog.text
    assert reader.key not in caplog.text
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == ("left", NOW)
    assert not file_of(reader).exists()


# ------------------------------------------------------------ people who are gone, or back
def test_an_erasure_takes_a_goodbye_with_it() -> None:
    reader = person()
    taken(reader)
    erasures.erase(reader.fingerprint, "花子", LATER)
    assert not file_of(reader).exists()


def test_a_goodbye_of_somebody_erased_elsewhere_is_dropped() -> None:
    reader = person()
    taken(reader)
    goodbye = goodbyes.find(reader.key)
    assert goodbye
    erasures.erase(reader.fingerprint, "花子", LATER)
    goodbyes.keep(goodbye)  # on another machine
    before = list(ConsentEvent.objects.values())
    assert departures.enter_waiting(LATER) == 1
    assert list(ConsentEvent.objects.values()) == before
    assert suppression.reasons([reader.fingerprint]) == {reader.fingerprint: "erased"}
    assert not file_of(reader).exists()


def test_whose_entry_an_undone_import_took_away_stays_alone_when_a_list_brings_them_again() -> None:
    reader = person()
    taken(reader)
    reader.delete()
    departures.enter_waiting(LATER)
    assert suppression.reasons([reader.fingerprint]) == {reader.fingerprint: "left"}
    assert not file_of(reader).exists()


def test_of_whose_entry_an_undone_import_took_away_the_ledger_says_once_that_they_left() -> None:
    reader = person()
    taken(reader)
    kept = goodbyes.find(reader.key)
    assert kept
    suppression.close(reader.fingerprint, Suppression.Reason.LEFT, NOW)  # so that other machines know
    reader.delete()
    departures.enter_waiting(LATER)
    goodbyes.keep(kept)  # killed before the file went
    departures.enter_waiting(LATER)
    event = ConsentEvent.objects.get()
    assert (event.kind, event.at, event.detail, event.fingerprint) == ("left", NOW, DETAIL, reader.fingerprint)


def test_who_came_back_at_another_machine_since_then_stays() -> None:
    reader = person()
    taken(reader)
    # There the goodbye was entered and undone; the file here says nothing new.
    signup.leave(reader.key, None, NOW + timedelta(seconds=1))
    signup.come_back(reader.key, None, NOW + timedelta(seconds=2))
    assert departures.enter_waiting(LATER) == 1
    assert state_of(reader) == "active"
    assert not suppression.is_suppressed(reader.fingerprint)
    assert not file_of(reader).exists()


def came_back(reader: Subscriber) -> None:
    """Their goodbye was entered and taken back at another machine; here the file of it is left over."""
    taken(reader)
    kept = goodbyes.find(reader.key)
    assert kept
    departures.enter_waiting(NOW + timedelta(seconds=10))
    goodbyes.keep(kept)  # as a kill between commit and unlink leaves it
    signup.come_back(reader.key, None, NOW + timedelta(seconds=20))
    assert state_of(reader) == "active"


def test_who_came_back_and_leaves_again_has_left_whatever_an_old_file_says() -> None:
    reader = person()
    came_back(reader)
    assert departures.leave(reader.key, "198.51.100.9", LATER, {"how": "page"})
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == ("left", LATER)
    last = ConsentEvent.objects.filter(kind="left").last()
    assert last
    assert (last.at, last.source, last.detail) == (LATER, "198.51.100.9", {"how": "page"})
    assert not file_of(reader).exists()


def test_who_came_back_and_leaves_again_while_the_ledger_is_held_has_left_as_well() -> None:
    reader = person()
    came_back(reader)
    with ledger.being_written():
        assert not departures.leave(reader.key, "198.51.100.9", LATER, {"how": "page"})
    assert departures.enter_waiting(LATER + timedelta(minutes=1)) == 1
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == ("left", LATER)
    assert [one.at for one in ConsentEvent.objects.filter(kind="left")] == [NOW, LATER]
    assert not file_of(reader).exists()


def test_a_return_after_all_clicks_counts_and_one_in_between_does_not() -> None:
    reader = person()
    came_back(reader)
    with ledger.being_written():
        departures.leave(reader.key, None, LATER, DETAIL)
    kept = goodbyes.find(reader.key)
    assert kept
    departures.enter_waiting(LATER + timedelta(seconds=1))
    goodbyes.keep(kept)
    signup.come_back(reader.key, None, LATER + timedelta(seconds=2))
    assert departures.enter_waiting(LATER + timedelta(minutes=1)) == 1
    assert state_of(reader) == "active"


# ------------------------------------------------------------ what stands in the way of one, and not of others
def test_a_file_that_cannot_be_removed_holds_nobody_back(caplog: pytest.LogCaptureFixture) -> None:
    stuck, other = person(), person("hanako@example.jp")
    file_of(stuck).mkdir(parents=True)  # nothing unlinks a folder
    os.utime(file_of(stuck), (NOW.timestamp(), NOW.timestamp()))
    goodbyes.keep(Goodbye(other.key, LATER, None, DETAIL, other.fingerprint))
    assert departures.enter_waiting(LATER) == 2
    assert (state_of(stuck), state_of(other)) == ("left", "left")
    assert "on_commit" in caplog.text
    assert departures.leave(stuck.key, None, LATER, DETAIL)
    assert departures.enter_waiting(LATER) == 1
    assert kinds(stuck.address) == ["left"]


def test_an_erasure_goes_through_though_a_file_cannot_be_removed() -> None:
    reader, after = person(), []
    file_of(reader).mkdir(parents=True)
    with transaction.atomic():
        erasures.erase(reader.fingerprint, "花子", LATER)
        transaction.on_commit(lambda: after.append("the next hook"))
    assert after == ["the next hook"]
    assert not Subscriber.objects.exists()


def test_one_row_that_cannot_be_written_holds_nobody_else_back() -> None:
    bad, other = person(), person("hanako@example.jp")
    goodbyes.keep(Goodbye(bad.key, NOW, None, DETAIL, bad.fingerprint))
    goodbyes.keep(Goodbye(other.key, LATER, None, DETAIL, other.fingerprint))
    with ledger.refusing(bad):
        assert departures.enter_waiting(LATER) == 1
    assert (state_of(bad), state_of(other)) == ("active", "left")
    assert departures.enter_waiting(LATER) == 1


def test_where_one_lock_is_for_all_only_the_first_one_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        reader = person(f"reader{number}@example.jp")
        goodbyes.keep(Goodbye(reader.key, NOW, None, DETAIL, reader.fingerprint))
    with ledger.being_written():
        assert departures.enter_waiting(LATER) == 0
    assert caplog.text.count("goes on waiting") == (1 if connection.vendor == "sqlite" else 3)
    caplog.clear()
    with ledger.away():
        assert departures.enter_waiting(LATER) == 0
    assert caplog.text.count("goes on waiting") == 1
    assert departures.enter_waiting(LATER) == 3


def test_a_goodbye_of_others_does_not_wait_for_the_one_whose_row_is_held() -> None:
    held, free = person(), person("hanako@example.jp")
    for reader in (held, free):
        goodbyes.keep(Goodbye(reader.key, NOW, None, DETAIL, reader.fingerprint))
    if connection.vendor == "sqlite":
        return  # there is one lock for all
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT 1 FROM {ledger.PEOPLE} WHERE id = %s FOR UPDATE", [held.pk])
            assert departures.enter_waiting(LATER) == 1
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert (state_of(held), state_of(free)) == ("active", "left")
    assert departures.enter_waiting(LATER) == 1
