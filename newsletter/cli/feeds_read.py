"""`newsletter feeds read`: what feed files hold, without a database, in as many processes as the machine has cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli import streams
from newsletter.cli.base import EXIT_FAILED, json_line
from newsletter.cli.terminal import say

if TYPE_CHECKING:
    from feeds.files import FileReading

# Starting a process costs as much as reading a few hundred small files.
FILES_FOR_PROCESSES = 200
BLOCK = 50


@click.command(
    short_help="フィードのファイルを読み、記事を一覧します。",
    help="フィードのファイル（RSS・Atom。gzip圧縮も可）を読み、記事を一覧します。フォルダを指定すると、その中をすべて"
    "読みます。データベースは使いません。\n\n読めないファイルは、理由を示して先へ進みます。終了コードは、指定した"
    "ファイルが読めなかったとき、または全部読めなかったときに1、それ以外は0です。",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--jsonl", is_flag=True, help="1ファイルにつき1行のJSONを出力します。")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    metavar="数",
    help="同時に動かす処理の数。省くと、ファイルの数に応じて決めます。",
)
def read(paths: tuple[Path, ...], jsonl: bool, processes: int | None) -> None:
    """Read the files and print what they hold, in the order of their names."""
    from feeds.files import files_in

    streams.end_with_the_reader()
    files = list(files_in(paths))
    named = {path for path in paths if not path.is_dir()}
    failed: set[Path] = set()
    for path, reading in zip(files, _readings(files, processes), strict=True):
        if reading.error is not None:
            failed.add(path)
        say(json_line(_as_dict(reading)) if jsonl else _as_text(reading))
    if not files:
        say("ファイルがありません。", err=True)
    if failed & named or (files and len(failed) == len(set(files))):
        sys.exit(EXIT_FAILED)


def _readings(files: Sequence[Path], processes: int | None) -> Iterator[FileReading]:
    from feeds.files import read_file

    if processes is None:
        processes = len(os.sched_getaffinity(0)) if len(files) >= FILES_FOR_PROCESSES else 1
    if processes == 1:
        yield from map(read_file, files)
        return
    blocks = [list(files[start : start + BLOCK]) for start in range(0, len(files), BLOCK)]
    with _pool(processes) as pool:
        for block, future in [(block, pool.submit(_read_block, block)) for block in blocks]:
            try:
                yield from future.result()
            except BrokenProcessPool:
                yield from _one_by_one(block)


def _read_block(block: list[Path]) -> list[FileReading]:
    from feeds.files import read_file

    return list(map(read_file, block))


def _one_by_one(block: list[Path]) -> Iterator[FileReading]:
    """A process died over one of these files: read each in a process of its own, and name the one that kills it."""
    from feeds.files import FileReading

    for path in block:
        try:
            with _pool(1) as pool:
                yield pool.submit(_read_block, [path]).result()[0]
        except BrokenProcessPool:
            yield FileReading(str(path), 0.0, "読み込む処理が異常終了しました。")


def _pool(processes: int) -> ProcessPoolExecutor:
    # Not "fork": a copy of a process with threads may hang.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))


def _as_dict(reading: FileReading) -> dict[str, Any]:
    return {
        "file": reading.file,
        "seconds": reading.seconds,
        "error": reading.error,
        "items": [
            {
                "title": entry.title,
                "link": entry.url,
                "guid": entry.guid,
                "published": entry.published_at.isoformat() if entry.published_at else None,
            }
            for entry in reading.entries
        ],
    }


def _as_text(reading: FileReading) -> str:
    if reading.error is not None:
        return f"{reading.file}: {reading.error}"
    lines = [f"{reading.file}: {reading.title or '（題名なし）'} {len(reading.entries)}件"]
    for entry in reading.entries:
        day = f"{entry.published_at:%Y-%m-%d}" if entry.published_at else "日付なし  "
        lines.append(f"  {day} {entry.title or '（無題）'}" + (f"\n             {entry.url}" if entry.url else ""))
    return "\n".join(lines)
