"""A worker's life is proved by its lock, which ends with its process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from newsletter import workers

SCRIPT = "import time, django; django.setup(); from newsletter import workers\n"


def _python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT + code], text=True, stdout=subprocess.PIPE,
        env=os.environ | {"NEWSLETTER_VAR": str(settings.VAR), "DJANGO_SETTINGS_MODULE": "newsletter.settings"},
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip


def test_a_worker_is_not_gone_while_it_works_and_leaves_nothing_behind() -> None:
    with workers.at_work() as worker:
        name = worker.name
        assert not workers.is_gone(name)
        assert name not in workers.gone()
    assert not workers.is_gone(name)  # it settled its claims: nothing is to be swept
    assert not list((settings.VAR / "workers").glob(f"{name}*"))


def test_a_worker_that_failed_is_gone_at_once_for_its_claims_are_open() -> None:
    with pytest.raises(OSError, match="disk"), workers.at_work() as worker:
        raise OSError("disk")
    assert workers.is_gone(worker.name)
    workers.bury(worker.name)


def test_a_worker_that_could_not_write_leaves_its_last_words() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="space"), workers.at_work() as worker:
        raise full
    assert workers.last_words()[worker.name] == "ディスクの空き容量がありません。"
    assert workers.traces(worker.name) == {}
    workers.bury(worker.name)
    assert worker.name not in workers.last_words()


def test_a_worker_that_was_killed_is_gone_at_once() -> None:
    process = _python("with workers.at_work() as worker:\n    print(worker.name, flush=True)\n    time.sleep(60)")
    assert process.stdout
    name = process.stdout.readline().strip()
    assert not workers.is_gone(name)
    process.kill()
    process.communicate()
    assert workers.is_gone(name)
    assert name in workers.gone()
    workers.bury(name)
    assert name not in workers.gone()


def test_of_a_worker_on_another_machine_nothing_is_proved() -> None:
    assert not workers.is_gone("a" * 24)


def test_a_task_is_done_by_one_at_a_time_and_freed_by_death() -> None:
    process = _python("with workers.alone('demo') as free:\n    print(free, flush=True)\n    time.sleep(60)")
    assert process.stdout
    assert process.stdout.readline().strip() == "True"
    with workers.alone("demo") as free:
        assert not free
    process.kill()
    process.communicate()
    with workers.alone("demo") as free:
        assert free


def test_what_goes_wrong_in_the_task_is_not_swallowed() -> None:
    with pytest.raises(BlockingIOError), workers.alone("demo"):
        raise BlockingIOError
    with workers.alone("demo") as free:
        assert free
