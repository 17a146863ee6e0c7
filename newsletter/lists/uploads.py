"""Lists that staff uploaded or pasted: on disk, private, bounded, bound to one person, gone after a day.

An upload is a folder with a random name that only this program may open. Neither cookie nor address bar holds any of
it: the key in the address of a page opens the upload for its owner alone.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from newsletter import failures
from newsletter.errors import UploadError
from subscribers.errors import ImportFileError
from subscribers.pasted import NAME, rows_from_text
from subscribers.table import Table, open_table

log = logging.getLogger(__name__)

KEEP_FOR = timedelta(hours=24)
LARGEST = 20 * 2**20  # bytes; a list of 100,000 people is about 12 MB
MOST = 10  # of one person at a time; the oldest one goes first
LONGEST_NAME = 150  # bytes of a file's name
GONE = "お預かりした名簿は、もうありません（1日で消します）。もう一度、取り込むファイルを選んでください。"
TOO_LARGE = (
    f"ファイルが大きすぎます（上限は{LARGEST // 2**20}MB）。分けて取り込むか、"
    "newsletter subscribers import（コマンド）で取り込んでください。"
)
TAKEN = "この名簿は、いま取り込んでいるか、取込の途中で止まりました。「取込の履歴」で確かめてください。"
NO_PLACE = "名簿を置く場所（サーバのディスク）を使えません。{}購読者の登録は、何も変わっていません。"
FACTS, LIST, CLAIM = "upload.json", "list", "taken"
_KEY = re.compile(r"[A-Za-z0-9_-]{32}")
_FORM = ("kind", "encoding", "delimiter", "sheet", "headings", "heading_line", "columns", "about", "remarks", "unnamed")


@dataclass(frozen=True, slots=True)
class Upload:
    """One list that waits to be taken in."""

    key: str
    owner: int  # the primary key of the account
    at: datetime
    name: str  # as the file was called
    form: Mapping[str, Any] = field(default_factory=dict)  # how it is read: the fields of Table
    import_number: int | None = None  # once it was taken in

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return root() / self.key

    @property
    def file(self) -> Path:
        """The list itself."""
        return self.folder / LIST / self.name

    @property
    def is_pasted(self) -> bool:
        """Whether it was typed into the page."""
        return self.form.get("kind") == "text"


def keep_file(owner: int, name: str, chunks: Iterable[bytes], now: datetime) -> Upload:
    """Put an uploaded file aside and find out how to read it; ImportFileError says why that is not possible."""
    with on_disk():
        return _keep(Upload(secrets.token_urlsafe(24), owner, now, _safe(name)), chunks, pasted=False)


def keep_text(owner: int, text: str, now: datetime) -> Upload:
    """The same for text that was typed or pasted."""
    rows_from_text(text)  # what cannot be read is not kept
    with on_disk():
        return _keep(Upload(secrets.token_urlsafe(24), owner, now, NAME), [text.encode()], pasted=True)


def find(owner: int, key: str, now: datetime) -> Upload:
    """The upload of this person under `key`; UploadError when it is another's, unknown or over."""
    upload = _read(key) if _KEY.fullmatch(key) else None
    if upload is None or upload.owner != owner or now - upload.at > KEEP_FOR:
        raise UploadError(GONE)
    return upload


def of(owner: int, now: datetime) -> list[Upload]:
    """What this person has put aside, newest first."""
    found = [upload for upload in _all() if upload.owner == owner and now - upload.at <= KEEP_FOR]
    return sorted(found, key=lambda upload: upload.at, reverse=True)


def table_of(upload: Upload) -> Table:
    """The list, read as its form says."""
    form: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in upload.form.items()
    }
    if not upload.is_pasted:
        return Table(upload.file, **form)
    given = rows_from_text(upload.file.read_text("utf-8"))
    return replace(given, headings=form["headings"], heading_line=form["heading_line"], columns=form["columns"])


def read_as(upload: Upload, table: Table) -> Upload:
    """Remember that the list is read as this table is."""
    with on_disk():
        return _write(replace(upload, form={name: getattr(table, name) for name in _FORM}))


def claim(upload: Upload) -> None:
    """Say that this list is being taken in: a second press of the button finds it taken. UploadError then."""
    try:
        os.close(os.open(upload.folder / CLAIM, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise UploadError(TAKEN) from None


def release(upload: Upload) -> None:
    """Nothing was written after all: it may be tried again."""
    (upload.folder / CLAIM).unlink(missing_ok=True)


def taken_in(upload: Upload, number: int) -> Upload:
    """Remember under which number the list was taken in."""
    return _write(replace(upload, import_number=number))


def discard(upload: Upload) -> None:
    """Throw it away now."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def tidy(now: datetime) -> int:
    """Throw away what is older than a day; how many."""
    old = _old(now)
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def count_old(now: datetime) -> int:
    """How many `tidy` would throw away."""
    return len(_old(now))


# ------------------------------------------------------------ on disk
@contextmanager
def on_disk() -> Iterator[None]:
    """A disk that is full or cannot be written is an ImportFileError in words; what is gone is FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, sqlite3.Error) as error:
        log.exception("the place of uploaded lists cannot be used")
        raise ImportFileError(words_of(error)) from error


def words_of(error: OSError | sqlite3.Error) -> str:
    """What is wrong with the place of the lists, without telling where it is."""
    bare = OSError(error.errno, error.strerror) if isinstance(error, OSError) and error.errno else error
    return NO_PLACE.format(failures.words(bare))


def _keep(upload: Upload, chunks: Iterable[bytes], *, pasted: bool) -> Upload:
    tidy(upload.at)
    for old in of(upload.owner, upload.at)[MOST - 1 :]:
        discard(old)
    upload.folder.mkdir(mode=0o700)
    try:
        (upload.folder / LIST).mkdir(mode=0o700)
        _fill(upload.file, chunks)
        table = rows_from_text(upload.file.read_text("utf-8")) if pasted else open_table(upload.file)
        return read_as(upload, table)
    except BaseException:
        discard(upload)
        raise


def _fill(file: Path, chunks: Iterable[bytes]) -> None:
    written = 0
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        for chunk in chunks:
            written += len(chunk)
            if written > LARGEST:
                raise ImportFileError(TOO_LARGE)
            out.write(chunk)


def _write(upload: Upload) -> Upload:
    facts = {
        "owner": upload.owner, "at": upload.at.isoformat(), "name": upload.name, "form": dict(upload.form),
        "import": upload.import_number,
    }  # fmt: skip
    handle, temporary = tempfile.mkstemp(dir=upload.folder)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(facts, out, ensure_ascii=False)
    Path(temporary).replace(upload.folder / FACTS)
    return upload


def _read(key: str) -> Upload | None:
    try:
        facts = json.loads((root() / key / FACTS).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    at = datetime.fromisoformat(facts["at"])
    return Upload(key, facts["owner"], at, facts["name"], facts["form"], facts["import"])


def _all() -> Iterator[Upload]:
    return filter(None, (_read(folder.name) for folder in _folders()))


def _folders() -> list[Path]:
    return [folder for folder in root().iterdir() if _KEY.fullmatch(folder.name)]


def _old(now: datetime) -> list[Path]:
    # Also what a crash left behind of a download.
    return [folder for folder in root().iterdir() if folder.is_dir() and _age(folder, now) > KEEP_FOR]


def _age(folder: Path, now: datetime) -> timedelta:
    upload = _read(folder.name)
    if upload:
        return now - upload.at
    try:  # what a crash left behind
        return now - datetime.fromtimestamp(folder.stat().st_mtime, now.tzinfo)
    except FileNotFoundError:
        return timedelta()


def root() -> Path:
    """The private folder; downloads are made ready in it, too."""
    folder: Path = settings.UPLOADS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _safe(name: str) -> str:
    """The name of the file without folders and signs that a file system or a log would trip over."""
    base = re.split(r"[/\\]", name)[-1]
    base = "".join(sign for sign in base if sign.isprintable()).strip().lstrip(".")
    stem, dot, ending = base.rpartition(".")
    ending = ending[:10] if dot else ""
    short = (stem if dot else base).encode()[:LONGEST_NAME].decode("utf-8", "ignore") or "名簿"
    return f"{short}.{ending}" if ending else short
