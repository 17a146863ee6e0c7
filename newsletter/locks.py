"""How long somebody waits for the ledger while another is writing it, and which trouble of a database passes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import Error, InterfaceError, OperationalError, connection, transaction

# Of SQLite: another writes, no room, a disk that fails, a file that cannot be opened or written.
_PASSING_ON_SQLITE = (
    "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY",
)  # fmt: skip
# Of PostgreSQL, by class (its appendix A): connection, read only, rolled back, no room, locks, shutdown, system.
_PASSING_ON_POSTGRES = ("08", "25", "40", "53", "55", "57", "58")


@contextlib.contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """One transaction that waits so long for others, and no longer: then OperationalError, and nothing was written."""
    milliseconds = round(seconds * 1000)
    if connection.vendor == "sqlite":
        with _busy_timeout(milliseconds), transaction.atomic():
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            # For this transaction. A statement that waits for something else than a lock ends as well.
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                [f"{milliseconds}ms", f"{2 * milliseconds}ms"],
            )
        yield


@contextlib.contextmanager
def looking_at_most(seconds: float) -> Iterator[None]:
    """The same for whoever only reads: on SQLite such a transaction would keep others from writing."""
    if connection.vendor == "sqlite":
        with _busy_timeout(round(seconds * 1000)):
            yield
        return
    with waiting_at_most(seconds):
        yield


def is_passing(error: Error) -> bool:
    """Whether it will be different in a while: another is writing, no connection, no room. Not so: a missing table."""
    cause = error.__cause__
    if name := getattr(cause, "sqlite_errorname", ""):
        return str(name).startswith(_PASSING_ON_SQLITE)
    if state := getattr(cause, "sqlstate", None):
        return str(state).startswith(_PASSING_ON_POSTGRES)
    return isinstance(error, (OperationalError, InterfaceError))  # the server itself was not reached


@contextlib.contextmanager
def _busy_timeout(milliseconds: int) -> Iterator[None]:
    # On the driver's own connection: inside a transaction that has failed Django lets no statement through.
    connection.ensure_connection()
    before = int(connection.connection.execute("PRAGMA busy_timeout").fetchone()[0])
    connection.connection.execute(f"PRAGMA busy_timeout = {milliseconds}").fetchall()
    try:
        yield
    finally:
        if connection.connection is not None:
            connection.connection.execute(f"PRAGMA busy_timeout = {before}").fetchall()
