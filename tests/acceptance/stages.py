"""Installations at the stages where tests begin: made once with the commands that staff type, then copied."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.acceptance import month
from tests.acceptance.instance import Instance
from tests.acceptance.sending import READERS

Step = Callable[[Instance, Path], None]


def _migrate(instance: Instance, _: Path) -> None:
    instance.run("migrate")


def _suggest(instance: Instance, folder: Path) -> None:
    month.load_profile(instance)
    month.take_submissions(instance, folder)
    month.suggest_issue(instance)


def _approve(instance: Instance, _: Path) -> None:
    month.approve_issue(instance)


def _import_sixty(instance: Instance, folder: Path) -> None:
    month.import_readers(instance, folder, READERS)


MIGRATED = "migrated"
SUGGESTED = "suggested"  # an issue is filled, and nobody has approved it
APPROVED = "approved"  # and there is no reader yet
SIXTY = "sixty"  # readers, who wait for the approved issue
STEPS: dict[str, tuple[str, Step]] = {
    MIGRATED: ("", _migrate),
    SUGGESTED: (MIGRATED, _suggest),
    APPROVED: (SUGGESTED, _approve),
    SIXTY: (APPROVED, _import_sixty),
}


@dataclass(frozen=True)
class Stages:
    """The originals in `folder`, which several processes may share; with a cluster their databases are in there."""

    folder: Path
    cluster: str = ""

    def copy(self, stage: str, var: Path) -> Instance:
        """An installation of one's own in `var`, at this stage. What an approval froze names the original's address."""
        with self._alone(stage):
            original = self.folder / stage
            if not original.exists():
                self._make(stage)
        shutil.copytree(original, var)
        return self._instance(var, database_of(self.cluster, stage) if self.cluster else "")

    def _make(self, stage: str) -> None:
        before, step = STEPS[stage]
        unfinished = self.folder / f"{stage}-unfinished"
        instance = self.copy(before, unfinished) if before else self._instance(unfinished, "")
        files = self.folder / f"{stage}-files"
        files.mkdir()
        step(instance, files)
        if self.cluster:
            name = instance.environment["DATABASE_URL"].rpartition("/")[2]
            with psycopg.connect(f"{self.cluster}postgres", autocommit=True) as connection:
                connection.execute(f'ALTER DATABASE "{name}" RENAME TO "{stage}"')
        unfinished.rename(self.folder / stage)

    def _instance(self, var: Path, database: str) -> Instance:
        if not self.cluster:
            return Instance(var, {})
        return Instance(var, {"DATABASE_URL": database or database_of(self.cluster)})

    @contextlib.contextmanager
    def _alone(self, stage: str) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{stage}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def database_of(cluster: str, original: str = "template1") -> str:
    """The address of a new database on this PostgreSQL, a copy of another one."""
    name = f"acceptance_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(f"{cluster}postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    return f"{cluster}{name}"
