"""A ledger that somebody else is writing for long, and one that is away."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from django.db import connection

from subscribers.models import Subscriber
from tests.smtp_server import free_port

PEOPLE = Subscriber._meta.db_table


@contextlib.contextmanager
def being_written() -> Iterator[None]:
    """Another connection is in the middle of a transaction about all subscribers, as an import is; then it gives up."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if other.vendor == "sqlite" else "BEGIN")
            cursor.execute(f"UPDATE {PEOPLE} SET department = '取込中'")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@contextlib.contextmanager
def refusing(reader: Subscriber) -> Iterator[None]:
    """Nothing can be written about this one person, and it is no question of time."""
    make, drop = {
        "sqlite": (
            (
                f"CREATE TRIGGER refusal BEFORE UPDATE ON {PEOPLE} WHEN NEW.id = {reader.pk} "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            ),
            "DROP TRIGGER refusal",
        ),
        "postgresql": (
            f"ALTER TABLE {PEOPLE} ADD CONSTRAINT refusal CHECK (id <> {reader.pk}) NOT VALID",
            f"ALTER TABLE {PEOPLE} DROP CONSTRAINT refusal",
        ),
    }[connection.vendor]
    _run(make)
    try:
        yield
    finally:
        _run(drop)


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextlib.contextmanager
def uncounted() -> Iterator[None]:
    """What people do cannot be counted, as while a list comes in on SQLite; everything can be read."""
    if connection.vendor == "sqlite":
        with being_written():
            yield
        return
    with locked_whole("newsletter_cache"):
        yield


@contextlib.contextmanager
def locked_whole(table: str = PEOPLE, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """Nobody may even read this table, as while it is rebuilt; in mode EXCLUSIVE only read it (PostgreSQL)."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Where the database was, somebody takes the connection and never says a word (PostgreSQL)."""
    with socket.create_server(("127.0.0.1", 0)) as server, _elsewhere(PORT=str(server.getsockname()[1])):
        yield


@contextlib.contextmanager
def away() -> Iterator[None]:
    """Nobody answers where the database was."""
    place = "NAME" if connection.vendor == "sqlite" else "PORT"
    with _elsewhere(**{place: "/nowhere/at/all.sqlite3" if place == "NAME" else str(free_port())}):
        yield


@contextlib.contextmanager
def _elsewhere(**places: str) -> Iterator[None]:
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(places)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
