"""Which addresses of a list were read already, and in which line: on disk, so that a million need no memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from types import TracebackType


class Seen:
    """Address key -> the line it stood in first. A temporary file of its own, whatever the database is."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # "": a temporary file, deleted when it is closed
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA cache_size = -8000")
        self._file.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def lines(self, keys: Iterable[str]) -> dict[str, int]:
        """The lines of those that were seen; at most as many keys as a statement takes."""
        wanted = list(keys)
        holders = ", ".join("?" * len(wanted))
        found = self._file.execute(f"SELECT key, line FROM seen WHERE key IN ({holders})", wanted)  # noqa: S608
        return dict(found)

    def add(self, lines: Mapping[str, int]) -> None:
        """Remember these."""
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", lines.items())
        self._file.execute("COMMIT")
