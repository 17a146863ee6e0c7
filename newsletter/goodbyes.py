"""Goodbyes that wait beside the database until the ledger can be written: one small file for each person.

The file's name is the subscriber's key, so the file says who left even when its content is lost. It holds no address.
What a link brings is signed, but only what has the form of a key ever becomes a name (docs/decisions/0027).
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

LARGEST = 2048  # octets of one file; ours have about 200, and 350 after a second click
_ENDING, _NEWBORN, _LOCK = ".json", ".new", ".lock"
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
    again: Goodbye | None = None  # the last of the clicks after this one: the reader may have come back in between

    @property
    def last(self) -> Goodbye:
        """The last click, which is this one unless there were more."""
        return self.again or self

    def followed_by(self, click: Goodbye) -> Goodbye:
        """Both: the ledger says the first moment, unless the reader has come back since then."""
        again = click if click.at > self.last.at else self.again  # the same one may be kept again with more known
        return replace(self, fingerprint=self.fingerprint or click.fingerprint, again=again)


def is_key(key: str) -> bool:
    """Whether this is the key of a subscriber in form; no other ever becomes a file."""
    return _KEY.fullmatch(key) is not None


def keep(goodbye: Goodbye) -> None:
    """Write it down so that a power cut does not lose it, beside what waits of this person. OSError if it cannot be."""
    if not is_key(goodbye.key):
        raise ValueError("not the key of a subscriber")
    folder = _folder()
    with _nobody_else(folder):
        _replace(folder, joined(goodbye))
    _sync(folder)


def joined(click: Goodbye) -> Goodbye:
    """The click with the first one of the same person, if that still waits."""
    first = find(click.key)
    return first.followed_by(click) if first else click


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
    """It stands in the ledger: take this one away, and not a later one of the same person. OSError if it cannot be."""
    if find(goodbye.key) is None:
        return
    with _nobody_else(_root()):  # a click in between would go with it
        found = find(goodbye.key)
        if found and found.last.at <= goodbye.last.at:
            forget(goodbye.key)


def forget(key: str) -> None:
    """Take away whatever waits of this person. OSError if it cannot be."""
    if is_key(key):
        (_root() / f"{key}{_ENDING}").unlink(missing_ok=True)


def tidy(now: datetime) -> None:
    """Take away what a crash left half written an hour ago: nobody was told yet that it was taken."""
    for name in _names():
        if name.endswith(_NEWBORN):
            with contextlib.suppress(OSError):  # what cannot go is worth nothing, and is in nobody's way
                if now.timestamp() - (_root() / name).stat().st_mtime > STILLBORN:
                    (_root() / name).unlink()


def strangers() -> list[str]:
    """Names of files in the folder that nothing of ours has written."""
    return sorted(name for name in _names() if not (_NAME.fullmatch(name) or name.endswith((_NEWBORN, _LOCK))))


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


@contextlib.contextmanager
def _nobody_else(folder: Path) -> Iterator[None]:
    """Read and replaced by one at a time, on this machine; a dead process lets go."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(folder: Path, goodbye: Goodbye) -> None:
    """Whole or not at all: under the name stands the former content or this one."""
    handle, newborn = tempfile.mkstemp(dir=folder, suffix=_NEWBORN)  # for the owner only (0600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_written(goodbye))
            out.flush()
            os.fsync(handle)
        os.replace(newborn, folder / f"{goodbye.key}{_ENDING}")  # noqa: PTH105 - beside its os.fsync
    except BaseException:
        Path(newborn).unlink()
        raise


def _sync(folder: Path) -> None:
    """The names in a folder outlive a power cut only when it was synced itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(goodbye: Goodbye) -> bytes:
    facts = {"key": goodbye.key, **_click(goodbye), "fingerprint": goodbye.fingerprint}
    if goodbye.is_damaged:
        facts["is_damaged"] = True
    if goodbye.again:
        facts["again"] = _click(goodbye.again)
    return json.dumps(facts, ensure_ascii=False).encode()


def _click(goodbye: Goodbye) -> dict[str, object]:
    return {"at": goodbye.at.isoformat(), "source": goodbye.source, "detail": dict(goodbye.detail)}


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
    # No right to read it, a bad disk, a torn file, or one that somebody else has filled.
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Goodbye(file.stem, written_at, is_damaged=True)


def _understood(key: str, octets: bytes) -> Goodbye:
    """ValueError, KeyError, TypeError or RecursionError where the content is not what `keep` writes."""
    facts: dict[str, Any] = json.loads(octets.decode()) if len(octets) <= LARGEST else {}
    if facts["key"] != key or not _FINGERPRINT.fullmatch(facts["fingerprint"]):
        raise ValueError(key)
    again = _understood_click(key, facts["again"], facts["fingerprint"]) if "again" in facts else None
    first = _understood_click(key, facts, facts["fingerprint"])
    return replace(first, is_damaged=facts.get("is_damaged") is True, again=again)


def _understood_click(key: str, facts: dict[str, Any], fingerprint: str) -> Goodbye:
    at = datetime.fromisoformat(facts["at"])
    if at.tzinfo is None:
        raise ValueError(key)
    detail = {name: facts["detail"][name] for name in ("how", "delivery") if name in facts["detail"]}
    return Goodbye(key, at, _network_address(facts["source"]), detail, fingerprint)


def _network_address(source: str | None) -> str | None:
    try:
        return str(ipaddress.ip_address(str(source).partition("%")[0]))
    except ValueError:
        return None
