"""A huge list is kept, block by block, while it is read: an import that is cut off goes on where the reading stopped.

Nobody is taken in by this. It holds what was read of people who may never become readers, so it is gone with the
import's own transaction, with anybody's erasure, and after a day.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from subscribers.candidates import Candidate, RowReader
from subscribers.errors import ImportFileError
from subscribers.importer import few_collections, need_addresses, row_reader
from subscribers.models import ImportStage, StagedBlock
from subscribers.reading import Lookups
from subscribers.table import Row, Table

FROM_ROWS = 20_000  # a shorter list is read again sooner than it is kept
ROWS = 5_000  # of the file in a block: what a cut costs at most
KEEP_FOR = timedelta(days=1)
FORM = 5  # of what is kept; another one is not understood
GONE = (
    "読み込みの途中で、控えがなくなりました（消去・整理があったか、同じ名簿をほかで取り込んでいます）。"
    "名簿は1行も取り込んでいません。もう一度実行してください。"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """One huge list: as much of it as was read, and how to read the rest."""

    table: Table
    lookups: Lookups
    stage: ImportStage

    @property
    def rows_read(self) -> int:
        """How many rows of the file need not be read again."""
        return self.stage.rows_read

    def read(self, now: datetime, on_read: Callable[[int], None] = lambda _rows: None) -> None:
        """Read the rest of the file, each block in a transaction of its own; `on_read` gets the rows of each."""
        rows = islice(self.table.rows_to_judge(), self.stage.rows_read, None)
        with few_collections():
            while block := list(islice(rows, ROWS)):
                self._keep(block, now)
                on_read(len(block))

    def candidates(self) -> Iterator[Candidate]:
        """The people of all rows, in the order of the file; ImportFileError when they were taken away meanwhile.

        What is read of the file beforehand is read at once, so that no transaction lasts longer for it.
        """
        return self._people(row_reader(self.table, self.lookups))

    def _people(self, reader: RowReader) -> Iterator[Candidate]:
        read = reader.read
        for number in range(self.stage.blocks):
            block = StagedBlock.objects.filter(stage=self.stage, number=number).first()
            if block is None:
                raise ImportFileError(GONE)
            for line, *cells in _unpacked(bytes(block.rows)):
                yield from read(line, tuple(cells))

    def drop(self) -> None:
        """Throw it away because it is taken in, in that transaction; ImportFileError when somebody else did so.

        An erasure has the right of way: the list is then read again, and finds the erased person suppressed.
        """
        if not ImportStage.objects.filter(pk=self.stage.pk).delete()[0]:
            raise ImportFileError(GONE)

    def _keep(self, block: list[Row], now: datetime) -> None:
        filled = [row for row in block if row.cells]
        stage = self.stage
        try:
            with transaction.atomic():
                StagedBlock.objects.create(stage=stage, number=stage.blocks, rows=_packed(filled))
                ImportStage.objects.filter(pk=stage.pk).update(
                    blocks=F("blocks") + 1, rows_read=F("rows_read") + len(block),
                    blank=F("blank") + len(block) - len(filled), at=now,
                )  # fmt: skip
        except IntegrityError as error:
            raise ImportFileError(GONE) from error
        stage.refresh_from_db()


def begin(table: Table, lookups: Lookups, now: datetime) -> Staged:
    """What is kept of exactly this file; a new beginning when there is nothing."""
    need_addresses(table)
    forget_old(now)
    kept, _ = ImportStage.objects.get_or_create(digest=_digest(table), defaults={"at": now})
    return Staged(table, lookups, kept)


def is_huge(table: Table) -> bool:
    """Whether the list is long enough to be kept while it is read."""
    return table.kind != "text" and table.about >= FROM_ROWS


def forget_old(now: datetime) -> int:
    """Throw away what nobody went on with for a day; how many lists."""
    old_ones = list(old(now).values_list("pk", flat=True))
    old(now).filter(pk__in=old_ones).delete()
    return len(old_ones)


def forget_all() -> None:
    """Throw away everything: somebody is erased, and which of the lists name them need not be searched."""
    ImportStage.objects.all().delete()


def old(now: datetime) -> QuerySet[ImportStage]:
    """What nobody went on with for a day."""
    return ImportStage.objects.filter(at__lt=now - KEEP_FOR)


def _digest(table: Table) -> str:
    """SHA-256 of the file and of everything that decides how its cells are read; what they mean is judged later."""
    form = [FORM, table.kind, table.encoding, table.delimiter, table.sheet, table.heading_line]
    with table.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(form).encode())
    return digest.hexdigest()


# ------------------------------------------------------------ one block
def _packed(rows: Sequence[Row]) -> bytes:
    text = json.dumps([(line, *cells) for line, cells in rows], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 1)


def _unpacked(packed: bytes) -> list[Any]:
    rows: list[Any] = json.loads(zlib.decompress(packed))
    return rows
