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
from pathlib import Path

from django.conf import settings


def _folder() -> Path:
    folder = Path(settings.VAR) / "workers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def at_work() -> Iterator[str]:
    """A new worker's name, provably alive until the block ends or the process dies.

    When the block ends by an error, or is cut off, its claims are still open: then the lock file stays, for whoever
    sweeps to see by its free lock that the worker is gone.
    """
    name = secrets.token_hex(12)
    file = _folder() / f"{name}.lock"
    newborn = file.with_suffix(".new")
    descriptor = os.open(newborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # Locked before it has its name: nobody can find the file and not find it locked.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        newborn.rename(file)
        yield name
        file.unlink(missing_ok=True)
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
    """Take the lock file of a worker away whose claims have been settled."""
    (_folder() / f"{name}.lock").unlink(missing_ok=True)


def gone() -> list[str]:
    """The workers whose end is proved here."""
    return [file.stem for file in _folder().glob("*.lock") if is_gone(file.stem)]


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
