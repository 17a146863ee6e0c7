"""Which addresses of a list were read already, and in which line: on disk, so that a million need no memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType


class Seen:
    """Address key -> the line it stood in first. A temporary file of its own, whatever the database is."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # "": a temporary file, deleted when it is closed
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA cache_size = -8000")
        self._file.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, number INTEGER, line INTEGER) WITHOUT ROWID")
        self._added = 0

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, block: Sequence[tuple[str, int]]) -> Sequence[int | None]:
        """Remember these keys and lines; for each the line in which its key stood before, or None."""
        rows = [(key, number, line) for number, (key, line) in enumerate(block, self._added)]
        self._added += len(rows)
        before = self._file.total_changes
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", rows)
        self._file.execute("COMMIT")
        if self._file.total_changes - before == len(rows):
            return [None] * len(rows)  # nearly every block
        holders = ", ".join("?" * len(rows))
        found = self._file.execute(f"SELECT * FROM seen WHERE key IN ({holders})", [key for key, _ in block])  # noqa: S608
        first = {key: (number, line) for key, number, line in found}
        return [None if first[key][0] == number else first[key][1] for key, number, _ in rows]
