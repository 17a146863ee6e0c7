"""A ledger that somebody else is writing for long, and one that is away."""

from __future__ import annotations

import contextlib
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
def away() -> Iterator[None]:
    """Nobody answers where the database was."""
    place = "NAME" if connection.vendor == "sqlite" else "PORT"
    before = connection.settings_dict[place]
    connection.close()
    connection.settings_dict[place] = "/nowhere/at/all.sqlite3" if place == "NAME" else str(free_port())
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict[place] = before
