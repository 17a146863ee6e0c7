"""A huge list is kept, block by block, while it is read: an import that is cut off goes on where the reading stopped.

Nobody is taken in by this. It holds what was read of people who may never become readers, so it is gone with the
import's own transaction, with anybody's erasure, and after a day.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from subscribers.addresses import Address, Note, NoteKind
from subscribers.candidates import Candidate, Lookups, RowReader
from subscribers.errors import ImportFileError
from subscribers.importer import few_collections, need_addresses
from subscribers.models import ImportStage, StagedBlock
from subscribers.table import Row, Table

FROM_ROWS = 20_000  # a shorter list is read again sooner than it is kept
ROWS = 5_000  # of the file in a block: what a cut costs at most
KEEP_FOR = timedelta(days=1)
FORM = 1  # of what is kept; another one is not understood
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
        reader = RowReader(need_addresses(self.table), self.lookups)
        rows = islice(self.table.rows(), self.stage.rows_read, None)
        with few_collections():
            while block := list(islice(rows, ROWS)):
                self._keep(block, reader, now)
                on_read(len(block))

    def candidates(self) -> Iterator[Candidate]:
        """All that was read, in the order of the file; ImportFileError when it was taken away meanwhile."""
        for number in range(self.stage.blocks):
            block = StagedBlock.objects.filter(stage=self.stage, number=number).first()
            if block is None:
                raise ImportFileError(GONE)
            yield from _unpacked(bytes(block.candidates))

    def drop(self) -> None:
        """Throw it away because it is taken in, in that transaction; ImportFileError when somebody else did so.

        An erasure has the right of way: the list is then read again, and finds the erased person suppressed.
        """
        if not ImportStage.objects.filter(pk=self.stage.pk).delete()[0]:
            raise ImportFileError(GONE)

    def _keep(self, block: list[Row], reader: RowReader, now: datetime) -> None:
        filled = [row for row in block if row.cells]
        packed = _packed(candidate for row in filled for candidate in reader.read(row.line, row.cells))
        stage = self.stage
        try:
            with transaction.atomic():
                StagedBlock.objects.create(stage=stage, number=stage.blocks, candidates=packed)
                ImportStage.objects.filter(pk=stage.pk).update(
                    blocks=F("blocks") + 1, rows_read=F("rows_read") + len(block),
                    blank=F("blank") + len(block) - len(filled), at=now,
                )  # fmt: skip
        except IntegrityError as error:
            raise ImportFileError(GONE) from error
        stage.refresh_from_db()


def begin(table: Table, lookups: Lookups, now: datetime) -> Staged:
    """What is kept of exactly this file, read in exactly this way; a new beginning when there is nothing."""
    forget_old(now)
    kept, _ = ImportStage.objects.get_or_create(digest=_digest(table, lookups), defaults={"at": now})
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


def _digest(table: Table, lookups: Lookups) -> str:
    """SHA-256 of the file and of everything that decides how it is read."""
    form = [
        FORM, table.kind, table.encoding, table.delimiter, table.sheet, table.heading_line,
        sorted((table.columns or {}).items()), sorted(lookups.sections.items()), sorted(lookups.pathways.items()),
        str(lookups.zone),
    ]  # fmt: skip
    with table.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(form).encode())
    return digest.hexdigest()


# ------------------------------------------------------------ one block
def _packed(candidates: Iterable[Candidate]) -> bytes:
    # To JSON a candidate and its address are lists as they are; _plain helps where they hold something else.
    rows = json.dumps(list(candidates), ensure_ascii=False, separators=(",", ":"), default=_plain)
    return zlib.compress(rows.encode(), 1)


def _plain(part: object) -> object:
    if isinstance(part, Note):
        return [part.kind, part.text]
    if isinstance(part, datetime):
        return part.isoformat()
    if isinstance(part, Mapping):
        return dict(part)
    raise TypeError(f"{type(part).__name__} is no part of a candidate")


def _unpacked(packed: bytes) -> Iterator[Candidate]:
    for line, cells, written, address, told, at, notes, warnings, refusal in json.loads(zlib.decompress(packed)):
        yield Candidate(
            line, tuple(cells), written, _address(*address) if address else None, told,
            datetime.fromisoformat(at) if at else None, tuple(notes), tuple(warnings), refusal,
        )  # fmt: skip


def _address(text: str, key: str, notes: list[list[str]], is_legacy_mobile: bool, name: str) -> Address:
    said = tuple([Note(NoteKind(kind), words) for kind, words in notes]) if notes else ()
    return Address(text, key, said, is_legacy_mobile, name)
