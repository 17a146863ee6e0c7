"""A workbook on its way out, and disks that take no more of it."""

from __future__ import annotations

import errno
import gc
import resource
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from subscribers.workbook_writer import write_xlsx

ROWS = [["見本"] * 5] * 3_000


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As a quota, or a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Python would print of things that were left open: 「Exception ignored in …」."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    return found


def test_a_folder_for_temporary_files_that_is_full_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaints: list[Any]
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(OSError, match="too large") as caught, no_file_above(50_000):
        write_xlsx(tmp_path / "list.xlsx", ["見出し"], iter(ROWS))
    assert caught.value.errno == errno.EFBIG
    assert Path(caught.value.filename).parent == folder
    gc.collect()
    assert complaints == []
    assert list(folder.iterdir()) == []  # it held the whole list


def test_a_target_that_is_full_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaints: list[Any]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(OSError, match="No space left"):
        write_xlsx(Path("/dev/full"), ["見出し"], iter(ROWS))
    gc.collect()
    assert complaints == []
    assert list(tmp_path.iterdir()) == []
