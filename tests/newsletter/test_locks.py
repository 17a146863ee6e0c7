"""Which trouble of a database passes by itself: real errors of real databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection

from newsletter import locks
from tests.newsletter import ledger
from tests.smtp_server import free_port


def _opened(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=0, isolation_level=None)
    base.execute("CREATE TABLE IF NOT EXISTS t (x)")
    return base


def _locked(file: Path) -> None:
    first, second = _opened(file), sqlite3.connect(file, timeout=0, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    second.execute("BEGIN IMMEDIATE")


def _full(file: Path) -> None:
    base = _opened(file)
    base.execute("PRAGMA max_page_count = 2")
    base.execute("INSERT INTO t VALUES (zeroblob(100000))")


def _read_only(file: Path) -> None:
    _opened(file).close()
    sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute("INSERT INTO t VALUES (1)")


def _nowhere(file: Path) -> None:
    sqlite3.connect(file / "in" / "no" / "folder")


def _no_table(file: Path) -> None:
    _opened(file).execute("SELECT * FROM nothing")


def _as_django(error: Exception) -> OperationalError:
    wrapped = OperationalError(*error.args)
    wrapped.__cause__ = error
    return wrapped


@pytest.mark.parametrize(
    ("trouble", "passes"), [(_locked, True), (_full, True), (_read_only, True), (_nowhere, True), (_no_table, False)]
)
def test_of_sqlite(trouble: Callable[[Path], None], passes: bool, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        trouble(tmp_path / "base")
    assert locks.is_passing(_as_django(caught.value)) is passes


def test_of_a_postgresql_that_does_not_answer() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(host="127.0.0.1", port=free_port(), dbname="nothing")
    assert locks.is_passing(_as_django(caught.value))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (psycopg.errors.LockNotAvailable(), True), (psycopg.errors.DeadlockDetected(), True),
        (psycopg.errors.DiskFull(), True), (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.AdminShutdown(), True), (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.UndefinedTable(), False), (psycopg.errors.UniqueViolation(), False),
    ],
)  # fmt: skip
def test_of_postgresql(error: psycopg.Error, passes: bool) -> None:
    assert locks.is_passing(_as_django(error)) is passes


def test_what_has_no_number_is_about_the_connection() -> None:
    assert locks.is_passing(InterfaceError("connection already closed"))
    assert not locks.is_passing(ProgrammingError("the connection is closed"))


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_in_vain_has_written_nothing() -> None:
    from subscribers.models import Subscriber
    from tests.subscribers.people import person

    reader = person()
    with ledger.being_written(), pytest.raises(OperationalError) as caught, locks.waiting_at_most(0.1):
        Subscriber.objects.filter(pk=reader.pk).update(name="見本")
    assert locks.is_passing(caught.value)
    assert not connection.in_atomic_block
    reader.refresh_from_db()
    assert reader.name == ""
