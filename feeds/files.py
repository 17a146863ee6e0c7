"""Feed files on disk, read without a database: to try a source, or to see what a folder of files holds."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feeds.errors import FeedsError, ParseError
from feeds.fetch import Limits
from feeds.inflate import GZIP_MAGIC, inflate, too_big
from feeds.parse import ParsedEntry, parse_feed

LARGEST_FILE = Limits().max_bytes


@dataclass(frozen=True, slots=True)
class FileReading:
    """What one file holds, or why it cannot be read."""

    file: str
    seconds: float
    error: str | None
    entries: tuple[ParsedEntry, ...] = ()
    title: str = ""


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and all those in and below the folders named, each folder's in the order of their paths."""
    for path in paths:
        if path.is_dir():
            found = (os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)  # noqa: PTH118
            yield from map(Path, sorted(found))
        else:
            yield path


def read_file(path: Path, patience: float = 20.0) -> FileReading:
    """Parse one file; whatever is wrong with it is told in the answer, never raised."""
    started, shown = time.perf_counter(), os.fsencode(path).decode("utf-8", "replace")
    try:
        parsed = parse_feed(_content(path), url="", patience=patience)
    except FeedsError as error:
        return FileReading(shown, _since(started), str(error))
    except OSError as error:
        return FileReading(
            shown, _since(started), f"ファイルを読めません（{error.strerror or type(error).__name__}）。"
        )
    except (MemoryError, RecursionError):
        return FileReading(shown, _since(started), "文書が複雑すぎるため、読み込めません。")
    return FileReading(shown, _since(started), None, parsed.entries, parsed.title)


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 6)


def _content(path: Path) -> bytes:
    # A pipe or a device could keep us waiting for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        raise ParseError("通常のファイルではありません。")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise too_big(LARGEST_FILE)
    return inflate(content, LARGEST_FILE) if content.startswith(GZIP_MAGIC) else content
