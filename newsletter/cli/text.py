"""`newsletter text …`: what the pipeline does to texts, for rows in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import IO, Any

import click

from newsletter.cli import streams
from newsletter.cli.base import EXIT_FAILED, fail, json_line
from newsletter.cli.terminal import say
from newsletter.cli.text_proof import proof
from newsletter.cli.text_wrap import wrap
from newsletter.failures import os_error_words


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def text() -> None:
    """文章を校正し、折り返し、HTMLを清書します。データベースは使いません。"""


text.add_command(wrap)
text.add_command(proof)


@text.command("clean")
@click.option(
    "--jsonl",
    "file",
    required=True,
    metavar="FILE",
    help='1行に1件のJSON {"id","html"} を書いたファイル。- で標準入力から読みます。',
)
def clean(file: str) -> None:
    """外から来たHTMLを、メールに必要なもの（段落、箇条書き、強調、リンク、画像、簡単な表）だけにします。

    読めない行があれば、行番号と理由を示して先へ進み、最後に終了コード1で終わります。
    """
    streams.end_with_the_reader()
    try:
        with click.open_file(file, "rb") as lines:
            every_row_is_clean = _clean(lines, file)
    except OSError as error:
        fail(os_error_words(error))
    if not every_row_is_clean:
        sys.exit(EXIT_FAILED)


def _clean(lines: IO[bytes], file: str) -> bool:
    """Print the clean rows, and on stderr what is wrong with the others; whether there were none of these."""
    from feeds.text import clean_html

    broken = 0
    for number, line in _rows(lines):
        try:
            row = _read_row(line)
        except ValueError as error:
            say(f"エラー: {file} の{number}行目: {error}", err=True)
            broken += 1
        else:
            say(json_line({"id": row["id"], "html": clean_html(row["html"])}))
    return not broken


def _rows(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, numbered from 1; a UTF-8 BOM at the start is no part of the first."""
    for number, line in enumerate(file, 1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if line.strip():
            yield number, line


def _read_row(line: bytes) -> dict[str, Any]:
    """One row; raises ValueError with what is wrong with it."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError("UTF-8として読めません。") from None
    except (ValueError, RecursionError):
        raise ValueError("JSONとして読めません。") from None
    if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("html"), str):
        raise ValueError('{"id": …, "html": "…"} の形になっていません。')
    return row
