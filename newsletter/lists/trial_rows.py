"""What became of each row of a list, kept beside the upload so that a page of fifty is a page of fifty.

One SQLite file per upload, whatever the database of the application is. It goes with the upload.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from subscribers.exporter import reason_for
from subscribers.planned import Planned, Verdict

PER_PAGE = 50
_TABLES = """
    CREATE TABLE line (
        id INTEGER PRIMARY KEY, line INTEGER, action TEXT, verdict TEXT, address TEXT, words TEXT, cells TEXT
    );
    CREATE INDEX line_action ON line (action, id);
    CREATE INDEX line_verdict ON line (verdict, id);
    CREATE TABLE count (name TEXT PRIMARY KEY, number INTEGER);
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate as the page shows it: `line` is the row of the file."""

    line: int
    verdict: Verdict
    address: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many candidates came to which end; `warned` are among the added and the updated."""

    added: int = 0
    updated: int = 0
    same: int = 0
    refused: int = 0
    warned: int = 0
    blank: int = 0

    @property
    def total(self) -> int:
        """All that were not blank."""
        return self.added + self.updated + self.same + self.refused


@dataclass(slots=True)
class Writing:
    """The rows while they are being judged."""

    database: sqlite3.Connection
    counts: Counter[str]

    def blank(self) -> None:
        """Count an empty row."""
        self.counts["blank"] += 1

    def add(self, block: Sequence[Planned]) -> None:
        """Write down what becomes of each candidate of a block."""
        self.counts.update(str(planned.action) for planned in block)
        self.counts["warned"] += sum(planned.verdict is Verdict.WARNED for planned in block)
        self.database.executemany(
            "INSERT INTO line (line, action, verdict, address, words, cells) VALUES (?, ?, ?, ?, ?, ?)",
            map(_row, block),
        )


def _row(planned: Planned) -> tuple[int, str, str, str, str, str | None]:
    candidate, action = planned.candidate, str(planned.action)
    address = candidate.address.address if candidate.address else " ".join(candidate.written.split())
    # Only refused rows are given back as they came.
    cells = json.dumps(candidate.cells, ensure_ascii=False) if planned.action is Verdict.REFUSED else None
    return candidate.line, action, str(planned.verdict), address, json.dumps(planned.words, ensure_ascii=False), cells


@contextmanager
def writing(file: Path) -> Iterator[Writing]:
    """A new file of rows; it takes the place of the old one only when all of it was written."""
    handle, name = tempfile.mkstemp(dir=file.parent)  # readable by its owner alone
    os.close(handle)
    temporary = Path(name)
    try:
        with closing(sqlite3.connect(temporary)) as database:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_TABLES)
            rows = Writing(database, Counter())
            yield rows
            database.executemany("INSERT INTO count VALUES (?, ?)", rows.counts.items())
            database.commit()
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def counts(file: Path) -> Counts:
    """The sums."""
    with _opened(file) as database:
        return Counts(**dict(database.execute("SELECT name, number FROM count")))


def page(file: Path, number: int, verdict: Verdict | None = None) -> list[Line]:
    """The rows of one page (the first is 1) in the order of the file, all of them or those of one kind.

    A row with a warning is shown with the added or the updated ones, too: it is one of them.
    """
    column = "verdict" if verdict is Verdict.WARNED else "action"
    where, wanted = (f"WHERE {column} = ?", [str(verdict)]) if verdict else ("", [])
    asked = f"SELECT line, verdict, address, words FROM line {where} ORDER BY id LIMIT ? OFFSET ?"  # noqa: S608
    with _opened(file) as database:
        rows = database.execute(asked, [*wanted, PER_PAGE, (number - 1) * PER_PAGE]).fetchall()
    return [Line(line, Verdict(word), address, tuple(json.loads(words))) for line, word, address, words in rows]


def refused(file: Path) -> Iterator[tuple[Sequence[str], str]]:
    """The refused rows, each once: its cells as they came, and the reasons."""
    last: tuple[tuple[int, str], Sequence[str], str] | None = None
    with _opened(file) as database:
        found = database.execute("SELECT line, cells, address, words FROM line WHERE action = 'refused' ORDER BY id")
        for line, cells, address, words in found:
            reason = reason_for(json.loads(cells), address, " ".join(json.loads(words)))
            row = line, cells  # of a pasted line each address is a row of its own
            if last and last[0] == row:  # several addresses shared the cell
                last = row, last[1], f"{last[2]} {reason}"
                continue
            if last:
                yield last[1:]
            last = row, json.loads(cells), reason
    if last:
        yield last[1:]


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
        yield database
