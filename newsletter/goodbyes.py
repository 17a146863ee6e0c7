"""Goodbyes that wait beside the database until the ledger can be written: one small file for each person.

The file's name is the subscriber's key, so the file says who left even when its content is lost. It holds no address.
What a link brings is signed, but only what has the form of a key ever becomes a name (docs/decisions/0027).
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

LARGEST = 2048  # octets of one file; ours have about 200
_ENDING, _NEWBORN = ".json", ".new"
_NAME = re.compile(r"([A-Za-z0-9_-]{22})\.json")  # subscribers.models.new_key
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")
_FINGERPRINT = re.compile(r"[0-9a-f]{0,64}")
STILLBORN = 60 * 60  # seconds; older files without a name are what a crash left, before anybody was answered


@dataclass(frozen=True, slots=True)
class Goodbye:
    """That a person left, when, from where, and how: what the ledger will hold."""

    key: str  # of the subscriber
    at: datetime
    source: str | None = None  # the network address of the request
    detail: Mapping[str, object] = field(default_factory=dict)  # {"how": "one_click", "delivery": 41}
    fingerprint: str = ""  # of the address, should the entry be gone by then; empty when it could not be read
    is_damaged: bool = False  # only name and date of the file could be read


def is_key(key: str) -> bool:
    """Whether this is the key of a subscriber in form; no other ever becomes a file."""
    return _KEY.fullmatch(key) is not None


def keep(goodbye: Goodbye) -> None:
    """Write it down so that a power cut does not lose it; the first one of a person counts. OSError if it cannot be."""
    if not is_key(goodbye.key):
        raise ValueError("not the key of a subscriber")
    folder = _folder()
    handle, newborn = tempfile.mkstemp(dir=folder, suffix=_NEWBORN)  # for the owner only (0600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_written(goodbye))
            out.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(newborn, folder / f"{goodbye.key}{_ENDING}")  # a rename would replace the first one
    finally:
        Path(newborn).unlink()
    _sync(folder)


def find(key: str) -> Goodbye | None:
    """The goodbye of this person that waits, or None."""
    return _read(_root() / f"{key}{_ENDING}") if is_key(key) else None


def keys() -> frozenset[str]:
    """Of everybody whose goodbye waits: names of files only, so that it can be asked with every block of mail."""
    return frozenset(found[1] for name in _names() if (found := _NAME.fullmatch(name)))


def waiting() -> list[Goodbye]:
    """All that wait, oldest first."""
    found = (find(key) for key in keys())
    return sorted((one for one in found if one), key=lambda one: one.at)


def discard(goodbye: Goodbye) -> None:
    """It stands in the ledger: take this one away, and not a later one of the same person."""
    if find(goodbye.key) == goodbye:
        forget(goodbye.key)


def forget(key: str) -> None:
    """Take away whatever waits of this person."""
    if is_key(key):
        (_root() / f"{key}{_ENDING}").unlink(missing_ok=True)


def tidy() -> None:
    """Take away what a crash left half written an hour ago: nobody was told yet that it was taken."""
    for name in _names():
        if name.endswith(_NEWBORN):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - (_root() / name).stat().st_mtime > STILLBORN:
                    (_root() / name).unlink()


def strangers() -> list[str]:
    """Names of files in the folder that nothing of ours has written."""
    return sorted(name for name in _names() if not (_NAME.fullmatch(name) or name.endswith(_NEWBORN)))


# ------------------------------------------------------------ on disk
def _root() -> Path:
    return Path(settings.GOODBYES)


def _folder() -> Path:
    folder = _root()
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(folder.parent)
    return folder


def _names() -> Iterator[str]:
    try:
        with os.scandir(settings.GOODBYES) as entries:
            yield from (entry.name for entry in entries)
    except FileNotFoundError:
        return


def _sync(folder: Path) -> None:
    """The names in a folder outlive a power cut only when it was synced itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(goodbye: Goodbye) -> bytes:
    facts = {
        "key": goodbye.key, "at": goodbye.at.isoformat(), "source": goodbye.source, "detail": dict(goodbye.detail),
        "fingerprint": goodbye.fingerprint,
    }  # fmt: skip
    return json.dumps(facts, ensure_ascii=False).encode()


def _read(file: Path) -> Goodbye | None:
    """None also where the folder itself cannot be looked into: the claims of mail (`keys`) are loud about that."""
    try:
        written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
    try:
        with file.open("rb") as content:
            return _understood(file.stem, content.read(LARGEST + 1))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):  # no right to read it, a bad disk, a torn file
        return Goodbye(file.stem, written_at, is_damaged=True)


def _understood(key: str, octets: bytes) -> Goodbye:
    """ValueError, KeyError or TypeError where the content is not what `keep` writes."""
    facts: dict[str, Any] = json.loads(octets.decode()) if len(octets) <= LARGEST else {}
    at, fingerprint = datetime.fromisoformat(facts["at"]), facts["fingerprint"]
    if facts["key"] != key or at.tzinfo is None or not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError(key)
    detail = {name: facts["detail"][name] for name in ("how", "delivery") if name in facts["detail"]}
    return Goodbye(key, at, _network_address(facts["source"]), detail, fingerprint)


def _network_address(source: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(str(source).partition("%")[0]))
    except ValueError:
        return None
