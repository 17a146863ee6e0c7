"""SQLite's write-ahead log: what was erased stands in it until it is written over, unless it is emptied.

The pages of the database itself are overwritten when something is deleted (`secure_delete` in settings.py).
"""

from __future__ import annotations

import sqlite3

from django.db import connection


def empty() -> bool:
    """Take the log into the database and cut it to nothing; False when somebody holds it just now.

    Nobody waits for that, and the nightly tidying does it again. To be called outside of a transaction.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return False
    connection.ensure_connection()
    driver = connection.connection
    before = int(driver.execute("PRAGMA busy_timeout").fetchone()[0])
    driver.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        is_busy = bool(driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    except sqlite3.OperationalError:
        return False
    finally:
        driver.execute(f"PRAGMA busy_timeout = {before}").fetchall()
    return not is_busy
