"""Who is sending: a worker's name, and the lock file that proves whether it still lives.

The kernel takes a lock back the moment its process ends, however it ends. So a free lock proves on this machine that
the worker is gone; for a worker on another machine nothing is proved, and the lease decides.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from newsletter import failures, journal
from newsletter.journal import Journal, Trace


def _folder() -> Path:
    folder = Path(settings.VAR) / "workers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who sends: its name in the claims, and its journal where the machine can keep one."""

    name: str
    journal: Journal | None


@contextlib.contextmanager
def at_work() -> Iterator[Worker]:
    """A new worker, provably alive until the block ends or the process dies.

    One that ends by an exception leaves lock and journal behind, like one that was killed: its claims are not settled.
    """
    name = secrets.token_hex(12)
    file = _folder() / f"{name}.lock"
    newborn = file.with_suffix(".new")
    descriptor = os.open(newborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with journal.kept(_journal(name)) as pages:
            # Locked before it has its name: nobody can find the file and not find it locked.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            newborn.rename(file)
            try:
                yield Worker(name, pages)
            except (DatabaseError, OSError) as error:
                if pages:
                    pages.last_words(failures.words(error))
                raise
        bury(name)
    finally:
        newborn.unlink(missing_ok=True)
        os.close(descriptor)


def is_gone(name: str) -> bool:
    """Whether the worker's end is proved here; False for one that lives, and for one of another machine."""
    try:
        descriptor = os.open(_folder() / f"{name}.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def bury(name: str) -> None:
    """Take lock and journal of a worker away whose claims have been settled."""
    (_folder() / f"{name}.lock").unlink(missing_ok=True)
    _journal(name).unlink(missing_ok=True)


def traces(name: str) -> dict[int, Trace] | None:
    """What a dead worker was doing, by delivery; None when nothing proves it. Whoever is not in it was not begun."""
    return journal.read(_journal(name))


def _journal(name: str) -> Path:
    return _folder() / f"{name}.journal"


def gone() -> list[str]:
    """The workers whose end is proved here."""
    return [file.stem for file in _folder().glob("*.lock") if is_gone(file.stem)]


def last_words() -> dict[str, str]:
    """Why workers of this machine ended that could not write to the ledger any more, and whose claims are open."""
    words = {name: journal.read_last_words(_journal(name)) for name in gone()}
    return {name: said for name, said in words.items() if said}


@contextlib.contextmanager
def alone(task: str) -> Iterator[bool]:
    """Whether nobody else on this machine is at `task`; while the block runs, we are. A dead process lets go."""
    descriptor = os.open(_folder() / f"{task}.task", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
