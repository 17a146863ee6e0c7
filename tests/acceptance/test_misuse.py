"""Wrong use and bad surroundings from outside: one clear sentence, the right exit code, nothing lost or half done."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance import month, stages
from tests.acceptance.instance import CHECKOUT, Instance, free_port
from tests.acceptance.refusals import failed, limited
from tests.acceptance.stages import Stages

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def installed(sqlite_stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """A migrated installation with its profile and an empty issue, that no test here changes."""
    instance = sqlite_stages.copy(stages.MIGRATED, tmp_path_factory.mktemp("misuse") / "var")
    month.load_profile(instance)
    instance.run("issue", "open", month.MONTH)
    return instance


# ------------------------------------------------------------ arguments and files
@pytest.mark.parametrize(
    "arguments",
    ["no-such-command", "--no-such-option", "issue", "issue open", "issue approve 2026-11", "campaign resume x",
     "campaign pause 1", "campaign plan --at tomorrow", "serve --port 70000", "catch --smtp-port x",
     "feeds add", "subscribers import", "submissions return 1", "issue write 1 --text a --file b"],
)  # fmt: skip
def test_wrong_use_exits_2_and_shows_how(installed: Instance, arguments: str) -> None:
    if arguments == "issue":  # a group by itself shows its help
        assert "使い方:" in installed.run("issue", status=2).stderr
        return
    assert "使い方" in failed(installed, *arguments.split(), status=2)


def unusable(folder: Path) -> dict[str, Path]:
    """A file for each way in which a file can be no use."""
    files = {kind: folder / kind for kind in ("missing", "folder", "empty", "binary")}
    files["folder"].mkdir()
    files["empty"].touch()
    files["binary"].write_bytes(bytes(range(128, 256)) * 40 + b"\0\1\2")
    return files


@pytest.mark.parametrize(
    "command",
    ["profile load", "profile check", "subscribers import", "submissions import", "issue write 1 --file",
     "subscribers check-addresses --jsonl", "text clean --jsonl", "text wrap --jsonl"],
)  # fmt: skip
def test_a_file_that_is_no_use_is_named(installed: Instance, tmp_path: Path, command: str) -> None:
    for kind, file in unusable(tmp_path).items():
        if kind == "empty" and "jsonl" in command:
            installed.run(*command.split(), str(file))  # no lines: nothing to do
            continue
        done = subprocess.run(
            installed.command(*command.split(), str(file)), cwd=CHECKOUT, env=installed.surroundings(),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode in (1, 2), (kind, done)
        assert "エラー: " in done.stderr
        assert "Traceback" not in done.stderr
        if not command.startswith("issue"):
            assert file.name in done.stderr or "1行目" in done.stderr, (kind, done)


def test_what_cannot_be_written_is_said_and_leaves_nothing(installed: Instance, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "x.csv"
    file = tmp_path / "file"
    file.touch()
    failed(installed, "subscribers", "export", str(nowhere))
    failed(installed, "submissions", "form", "札幌市", "--output", str(nowhere))
    failed(installed, "subscribers", "export", str(tmp_path), status=2)
    failed(installed, "catch", "--maildir", str(file / "maildir"))
    assert {found.name for found in tmp_path.iterdir()} == {"file"}


# ------------------------------------------------------------ settings
def test_a_wrong_setting_stops_and_names_itself(installed: Instance, tmp_path: Path) -> None:
    wrong = {
        "NEWSLETTER_PORT": "99999", "NEWSLETTER_DEBUG": "maybe", "NEWSLETTER_BASE_URL": "ftp://example.jp",
        "NEWSLETTER_RELAY_URL": "http://office:geheim@example.jp", "NEWSLETTER_RELAY_CONNECTIONS": "0",
        "NEWSLETTER_ENV_FILE": str(tmp_path / "missing.env"), "NEWSLETTER_SECRET_KEY": "short",
    }  # fmt: skip
    for name, value in wrong.items():
        said = failed(installed, "issue", "list", settings={name: value})
        assert name in said
        assert "geheim" not in said


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "の形で書いてください"),
        ("mysql://root:geheim@localhost/x", "SQLite と PostgreSQL"),
        ("postgres://office:geheim@127.0.0.1:{port}/x", "接続できません"),
        ("postgres://office:geheim@no-such-host.invalid/x", "接続できません"),
        ("sqlite:///{folder}", "接続できません"),
        ("sqlite:///{folder}/nowhere/x.sqlite3", "接続できません"),
        ("sqlite:///{folder}/junk", "データベースではありません"),
    ],
)
@pytest.mark.parametrize("command", ["issue list", "migrate", "subscribers find x"])
def test_a_wrong_database_address(installed: Instance, tmp_path: Path, url: str, words: str, command: str) -> None:
    (tmp_path / "junk").write_bytes(b"this is no database. " * 200)
    said = failed(installed, *command.split(), settings={"DATABASE_URL": url.format(port=free_port(), folder=tmp_path)})
    assert words in said
    assert "geheim" not in said


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_not_sent_to_migrate(installed: Instance, postgres_address: str) -> None:
    said = failed(installed, "issue", "list", settings={"DATABASE_URL": f"{postgres_address}_not"})
    assert "接続できません" in said
    assert "newsletter migrate" in failed(installed, "issue", "list", settings={"DATABASE_URL": postgres_address})


def test_without_migrations_every_command_says_so(tmp_path: Path) -> None:
    fresh = Instance(tmp_path / "var", {})
    for command in ("feeds list", "submissions list", "issue list", "subscribers find x", "campaign send --yes",
                    "letters send", "profile show", "serve", "work"):  # fmt: skip
        assert "newsletter migrate" in failed(fresh, *command.split())


def test_a_folder_that_cannot_be_used(installed: Instance, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for var in (file, file / "var"):
        assert str(file) in failed(installed, "issue", "list", settings={"NEWSLETTER_VAR": str(var)})


def test_a_port_that_is_taken(installed: Instance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in (("serve", "--port"), ("catch", "--smtp-port"), ("catch", "--web-port")):
            assert "ほかのプログラムが使っています" in failed(installed, *command, port)
    assert "見つかりません" in failed(installed, "serve", settings={"NEWSLETTER_HOST": "no host"})
    assert "この機械にありません" in failed(installed, "serve", settings={"NEWSLETTER_HOST": "203.0.113.1"})


# ------------------------------------------------------------ a database that others hold, a disk that is full
@contextlib.contextmanager
def held(instance: Instance) -> Iterator[dict[str, str]]:
    """Somebody else has the table of suppressions; yields the environment of a less patient command."""
    url = instance.environment.get("DATABASE_URL", "")
    if url:
        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE subscribers_suppression")
            yield {"DATABASE_URL": f"{url}?options=-c%20lock_timeout%3D1s"}
        return
    file = instance.var / "newsletter.sqlite3"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield {"DATABASE_URL": f"sqlite:///{file}?timeout=1"}


def test_a_locked_database(instance: Instance) -> None:
    address = month.reader(1)
    with held(instance) as impatient:
        said = failed(instance, "subscribers", "suppress", address, settings=impatient)
        assert "ほかの処理が使っています" in said
    instance.run("subscribers", "suppress", address)


def test_a_full_disk_leaves_no_half_list_and_no_half_file(sqlite_instance: Instance, tmp_path: Path) -> None:
    instance = sqlite_instance
    month.load_profile(instance)
    month.import_readers(instance, tmp_path, 300)
    more = tmp_path / "more.csv"
    more.write_text("メールアドレス\n" + "".join(f"more{number:05d}@example.jp\n" for number in range(3000)), "utf-8")
    grounds = ("--apply", "--basis", "written", "--proof", "見本")
    size = (instance.var / "newsletter.sqlite3").stat().st_size
    assert "1行も取り込んでいません" in limited(instance, size + 40_000, "subscribers", "import", str(more), *grounds)
    assert month.report(instance, "subscribers", "find", "more0") == []
    before = set(tmp_path.iterdir())
    for name in ("out.csv", "out.xlsx"):
        limited(instance, 2_000, "subscribers", "export", str(tmp_path / name))
    limited(instance, 2_000, "submissions", "form", "札幌市", "--output", str(tmp_path / "form.xlsx"))
    assert set(tmp_path.iterdir()) == before
    instance.run("subscribers", "import", str(more), *grounds)  # with room it works
    assert (instance.var / "newsletter.sqlite3").stat().st_size > size
