"""An uploaded list is tried, and then taken in: the same judgement twice, and only the second time it is written.

It happens while the person waits: 100,000 rows of CSV take some seconds, and .xlsx takes three times as long to read.
What is larger belongs to the command.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from newsletter.errors import UploadError
from newsletter.lists import trial_rows, uploads
from newsletter.lists.lookups import lookups
from newsletter.lists.trial_rows import Counts, Writing
from newsletter.lists.uploads import Upload
from subscribers import exporter, importer
from subscribers.errors import ImportFileError
from subscribers.models import ImportRun
from subscribers.planned import Grounds, Planned

log = logging.getLogger(__name__)

MOST_ROWS = {"csv": 100_000, "text": 100_000, "xlsx": 50_000}  # by the kind of the table
TOO_MANY = (
    "この画面で取り込めるのは{:,}件までです（Excelは{:,}件まで）。分けて取り込むか、"
    "newsletter subscribers import（コマンド）で取り込んでください。"
)
NOTHING_DONE = (
    "データベースをほかの処理が使っているか、書き込めませんでした。"
    "名簿は1行も取り込んでいません。しばらくたってから、もう一度お試しください。"
)
TRY_FIRST = "先に「試しに読む」を押して、結果を見てください。"


def try_out(upload: Upload, now: datetime) -> Counts:
    """Judge every row and write the verdicts down beside the upload; nothing else changes."""
    table = uploads.table_of(upload)
    with uploads.on_disk(), trial_rows.writing(rows_file(upload)) as rows:
        candidates = importer.read_rows(table, lookups(now), rows.blank)
        for block in importer.plan_import(candidates, settings.FINGERPRINT_KEY, is_cp932=table.is_cp932):
            _add(rows, block, table.kind)
    return trial_rows.counts(rows_file(upload))


def take_in(upload: Upload, grounds: Grounds, now: datetime) -> ImportRun:
    """Write the whole list or nothing of it, once; the verdicts beside the upload become those of the import."""
    if upload.import_number:
        raise UploadError(f"この名簿は、もう取り込みました（取込 {upload.import_number}）。")
    if not is_tried(upload):
        raise UploadError(TRY_FIRST)
    uploads.claim(upload)
    runs: list[ImportRun] = []
    try:
        _write(upload, grounds, now, runs)
    except DatabaseError as error:
        uploads.release(upload)
        raise ImportFileError(NOTHING_DONE) from error
    except (OSError, sqlite3.Error) as error:
        if not runs:
            uploads.release(upload)
            gone = isinstance(error, FileNotFoundError)
            raise ImportFileError(uploads.GONE if gone else uploads.words_of(error)) from error
        # The list is in; what is shown of its rows are the verdicts of the trial.
        log.exception("the verdicts of import %s could not be written down", runs[0].pk)
    except BaseException:
        if not runs:  # otherwise the list is in, and only its verdicts could not be written down
            uploads.release(upload)
            raise
    with suppress(OSError):  # thrown away in another window meanwhile, or the disk is full: the list is in
        uploads.taken_in(upload, runs[0].pk)
    return runs[0]


def _write(upload: Upload, grounds: Grounds, now: datetime, runs: list[ImportRun]) -> None:
    table = uploads.table_of(upload)
    with trial_rows.writing(rows_file(upload)) as rows:

        def add(block: Sequence[Planned]) -> None:
            _add(rows, block, table.kind)

        importer.run_import(
            importer.read_rows(table, lookups(now), rows.blank), grounds, now, settings.FINGERPRINT_KEY,
            is_cp932=table.is_cp932, on_block=add, on_done=runs.append,
        )  # fmt: skip


def _add(rows: Writing, block: Sequence[Planned], kind: str) -> None:
    rows.add(block)
    if sum(rows.counts[name] for name in ("added", "updated", "same", "refused")) > MOST_ROWS[kind]:
        raise ImportFileError(TOO_MANY.format(MOST_ROWS["csv"], MOST_ROWS["xlsx"]))


def rows_file(upload: Upload) -> Path:
    """Where the verdicts lie."""
    return upload.folder / "rows.sqlite3"


def is_tried(upload: Upload) -> bool:
    """Whether there are verdicts to look at."""
    return rows_file(upload).exists()


def forget_trial(upload: Upload) -> None:
    """The list is read in another way now: the verdicts are void."""
    rows_file(upload).unlink(missing_ok=True)


def write_refused(upload: Upload, path: Path) -> int:
    """The refused rows as a file in the form of the list, to mend and bring again; how many."""
    return exporter.write_refused(path, uploads.table_of(upload), lambda: trial_rows.refused(rows_file(upload)))
