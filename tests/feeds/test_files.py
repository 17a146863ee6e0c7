"""Feed files on disk, whatever is in them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from feeds.files import LARGEST_FILE, files_in, read_file
from tests.feed_server import rss


def test_folders_are_read_with_all_below_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.xml", "b/1.xml", "a/c/3.xml", "z.xml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(rss())
    found = [str(path.relative_to(tmp_path)) for path in files_in([tmp_path, tmp_path / "z.xml"])]
    assert found == ["a/c/3.xml", "b/1.xml", "b/2.xml", "z.xml", "z.xml"]


def test_a_file_is_read_and_timed(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(rss("one", "two"))
    reading = read_file(file)
    assert (reading.file, reading.error, [entry.title for entry in reading.entries]) == (
        str(file),
        None,
        ["one", "two"],
    )
    assert 0 < reading.seconds < 5


def test_a_packed_file_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "feed.gz").write_bytes(gzip.compress(rss("one")))
    assert len(read_file(tmp_path / "feed.gz").entries) == 1


def test_a_packed_bomb_and_a_cut_off_one_are_told(tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(gzip.compress(b"\0" * (LARGEST_FILE + 1)))
    (tmp_path / "cut").write_bytes(gzip.compress(rss("one"))[:-9])
    assert "大きすぎます" in str(read_file(tmp_path / "bomb").error)
    assert "途中で切れて" in str(read_file(tmp_path / "cut").error)


def test_a_file_that_is_too_big_is_told(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    reading = read_file(tmp_path / "big")
    assert reading.error == "文書が大きすぎます（上限 10 MB）。"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_file(tmp_path / "pipe").error == "通常のファイルではありません。"


@pytest.mark.parametrize("name", [b"missing.xml", b"\xff\xfe.xml"])
def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, name: bytes) -> None:
    reading = read_file(tmp_path / os.fsdecode(name))
    assert "読めません" in str(reading.error)
    reading.file.encode()
