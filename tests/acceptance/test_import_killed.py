"""An import that is killed half-way has taken nobody in, and goes on where its reading stopped."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from subscribers.staging import ROWS
from tests.acceptance.instance import Instance

pytestmark = pytest.mark.acceptance

PEOPLE = 20_000  # huge enough to be kept while it is read
GROUNDS = ("--apply", "--basis", "member", "--proof", "会員名簿2026", "--by", "花子", "--problems")


@pytest.fixture
def a_huge_list(tmp_path: Path) -> Path:
    path = tmp_path / "名簿.csv"
    people = "".join(f"reader{number}@city{number % 200}.example.jp,見本 太郎{number}\n" for number in range(PEOPLE))
    path.write_text(f"メール,氏名\n{people}", encoding="utf-8")
    return path


def asked(instance: Instance, question: str) -> int:
    """One number from the database, from outside, however busy it is."""
    url = instance.environment.get("DATABASE_URL")
    file = f"{(instance.var / 'newsletter.sqlite3').absolute().as_uri()}?mode=ro"
    opened: psycopg.Connection | sqlite3.Connection = psycopg.connect(url) if url else sqlite3.connect(file, uri=True)
    with contextlib.closing(opened) as connection:
        for (number,) in connection.execute(question):
            return int(number or 0)
    return 0


def rows_read(instance: Instance) -> int:
    return asked(instance, "SELECT max(rows_read) FROM subscribers_importstage")


@contextlib.contextmanager
def running(instance: Instance, path: Path) -> Iterator[subprocess.Popen[str]]:
    process = instance.start("subscribers", "import", str(path), *GROUNDS)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def kill_when_read(instance: Instance, path: Path, rows: int) -> None:
    """kill -9 as soon as so many rows of the file are read."""
    with running(instance, path) as process:
        while rows_read(instance) < rows:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.005)
        process.kill()


def people(instance: Instance) -> tuple[int, int]:
    """How many people, and how many lines in the ledger."""
    subscribers = asked(instance, "SELECT count(*) FROM subscribers_subscriber")
    return subscribers, asked(instance, "SELECT count(*) FROM subscribers_consentevent")


def test_an_import_that_is_killed_takes_nobody_in_and_goes_on_where_it_stopped(
    instance: Instance, a_huge_list: Path
) -> None:
    kill_when_read(instance, a_huge_list, ROWS)  # in the middle of the reading
    read = rows_read(instance)
    assert read >= ROWS
    assert people(instance) == (0, 0)
    kill_when_read(instance, a_huge_list, PEOPLE)  # in the middle of the writing, or right before
    assert rows_read(instance) == PEOPLE
    assert people(instance) == (0, 0)
    done = instance.run("subscribers", "import", str(a_huge_list), *GROUNDS, "--json")
    assert f"{PEOPLE:,}行は読み終えているので、続きから読みます" in done.stderr
    assert json.loads(done.stdout)["counts"]["added"] == PEOPLE
    assert people(instance) == (PEOPLE, PEOPLE)
    assert asked(instance, "SELECT count(*) FROM subscribers_importstage") == 0
    assert asked(instance, "SELECT count(*) FROM subscribers_stagedblock") == 0


def test_ctrl_c_says_that_nobody_was_taken_in(instance: Instance, a_huge_list: Path) -> None:
    with running(instance, a_huge_list) as process:
        while rows_read(instance) < ROWS:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "エラー: 中断しました。名簿は1行も取り込んでいません。" in said
    assert "Traceback" not in said
    assert people(instance) == (0, 0)
