"""What standard output may do to a command: a pipe that nobody reads, an encoding without the sign. Real processes."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "newsletter", *map(str, arguments)]


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "NEWSLETTER_VAR": str(folder), **more}


def unread(folder: Path, *arguments: object, given: str = "") -> tuple[int, str]:
    """Exit code and standard error of a command whose standard output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command(*arguments), input=given, stdout=writer, stderr=subprocess.PIPE, cwd=CHECKOUT,
        env=surroundings(folder), text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ("subscribers check-addresses -", "taro@example.jp\n" * 3),
        ("text clean --jsonl -", json.dumps({"id": 1, "html": "<p>見本</p>"})),
        ("text proof --rules", ""),
        ("subscribers import -", "taro@example.jp\n"),  # behind Django's door, where every OSError becomes a sentence
    ],
)
def test_a_reader_that_has_gone_ends_a_command_that_only_reads_without_a_word(
    tmp_path: Path, arguments: str, given: str
) -> None:
    assert unread(tmp_path, *arguments.split(), given=given) == (1, "")


@pytest.mark.parametrize("arguments", ["--help", "subscribers --help", "manage check", "check", "profile check"])
def test_any_other_says_the_rest_to_nobody_and_ends_as_ever(tmp_path: Path, arguments: str) -> None:
    done = subprocess.run(
        command(*arguments.split()),
        capture_output=True,
        cwd=CHECKOUT,
        env=surroundings(tmp_path),
        check=False,
        text=True,
    )
    assert unread(tmp_path, *arguments.split()) == (done.returncode, done.stderr)


def test_what_a_command_changes_does_not_hang_on_who_reads_what_it_says(tmp_path: Path) -> None:
    """Each line of the account is printed inside the transaction that takes the list in, or back."""
    done = subprocess.run(
        command("migrate"), capture_output=True, cwd=CHECKOUT, env=surroundings(tmp_path), check=False
    )
    assert done.returncode == 0
    path, refused = tmp_path / "list.csv", tmp_path / "refused.csv"
    path.write_text("メール\n" + "".join(f"u{number}@example.jp\n" for number in range(5_000)) + "x\n", "utf-8")

    def people() -> int:
        with contextlib.closing(sqlite3.connect(tmp_path / "newsletter.sqlite3")) as database:
            return int(database.execute("SELECT count(*) FROM subscribers_subscriber").fetchone()[0])

    assert unread(tmp_path, "subscribers", "import", path, "--refused", refused) == (0, "")
    assert refused.exists()
    grounds = ("--apply", "--basis", "card", "--proof", "名刺", "--by", "花子")
    assert unread(tmp_path, "subscribers", "import", path, *grounds) == (0, "")
    assert people() == 5_000
    assert unread(tmp_path, "subscribers", "undo-import", 1, "--apply", "--all") == (0, "")
    assert people() == 0


def test_any_other_failure_is_told_whoever_reads(tmp_path: Path) -> None:
    status, told = unread(tmp_path, "text", "clean", "--jsonl", tmp_path / "none")
    assert (status, "ファイルが見つかりません" in told) == (1, True)


def test_a_sign_that_the_encoding_lacks_is_written_as_its_number(tmp_path: Path) -> None:
    def said(*options: str) -> str:
        done = subprocess.run(
            command("subscribers", "check-addresses", "-", *options), cwd=CHECKOUT, capture_output=True, check=False,
            input=b"\xf0\xa9\xb8\xbd@example.jp\n" if not options else b'{"address": "\xf0\xa9\xb8\xbd@example.jp"}',
            env=surroundings(tmp_path, PYTHONIOENCODING="cp932"),
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode("cp932")

    assert said().startswith("×\t\\U00029e3d@example.jp\t「@」の前に使えない文字")
    assert json.loads(said("--jsonl"))["address"] == "𩸽@example.jp"


@pytest.mark.parametrize("arguments", ["text proof --rules", "manage check"])
def test_an_output_file_on_a_full_disk_is_one_sentence(tmp_path: Path, arguments: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*arguments.split()), stdout=full, stderr=subprocess.PIPE, cwd=CHECKOUT,
            env=surroundings(tmp_path), text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "エラー: ディスクの空き容量がありません。\n")
