"""`newsletter subscribers check-addresses`: what is right and wrong with addresses, without a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import click

from newsletter.cli import streams
from newsletter.cli.base import fail, json_line
from newsletter.cli.terminal import say
from newsletter.failures import os_error_words


class _Line(NamedTuple):
    """A line of the file: an address, or the reason why there is none to read."""

    number: int
    address: str | None
    trouble: str = ""


@click.command("check-addresses")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--jsonl", "as_jsonl", is_flag=True, help='1行に1つのJSON {"address": …} を読み、1行に1つのJSONで答えます。'
)
def check_addresses(file: Path, as_jsonl: bool) -> None:
    """メールアドレスの書き方を調べます。

    FILE には1行に1つのアドレスを書きます（- は標準入力）。データベースは使わず、メールも送りません。
    読めない行があれば、行番号と理由を答えて先へ進み、最後に終了コード1で終わります。
    """
    streams.end_with_the_reader()
    try:
        with click.open_file(str(file), "rb") as lines:
            unreadable = _answer_each(_read(lines, as_jsonl), as_jsonl)
    except OSError as error:
        fail(os_error_words(error))
    if unreadable:
        first, count = unreadable[0], len(unreadable)
        fail(f"{file}: 読めない行が{count:,}行ありました（最初は{first}行目）。理由は、その行の答えにあります。")


def _answer_each(lines: Iterable[_Line], as_jsonl: bool) -> list[int]:
    """Print an answer for each line; the numbers of those that could not be read."""
    unreadable = []
    for line in lines:
        if line.trouble:
            unreadable.append(line.number)
        answer = _answer(line)
        if as_jsonl:
            say(json_line(answer))
        else:
            shown = answer["read"] or (line.address or "").strip()
            say("\t".join(("○" if answer["ok"] else "×", shown, answer["note"])))
    return unreadable


def _answer(line: _Line) -> dict[str, Any]:
    from subscribers.addresses import read_address
    from subscribers.errors import AddressError

    if line.trouble or line.address is None:
        return {"address": line.address, "ok": False, "note": f"{line.number}行目{line.trouble}", "read": ""}
    try:
        found = read_address(line.address)
    except AddressError as error:
        return {"address": line.address, "ok": False, "note": str(error), "read": ""}
    note = "".join(f"{note}。" for note in found.notes)
    kinds = [str(note.kind) for note in found.notes]
    return {"address": line.address, "ok": True, "note": note, "read": found.address, "kinds": kinds}


def _read(file: IO[bytes], as_jsonl: bool) -> Iterator[_Line]:
    for number, raw in _lines(file):
        if not raw.strip():
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            shown = raw.decode("utf-8", "replace")
            yield _Line(number, shown, "がUTF-8として読めません。UTF-8で保存し直してください。")
            continue
        yield _of_json(number, text) if as_jsonl else _Line(number, text)


def _of_json(number: int, text: str) -> _Line:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return _Line(number, text, "がJSONとして読めません。")
    if not isinstance(row, dict) or not isinstance(row.get("address"), str):
        return _Line(number, None, 'に文字列の "address" がありません。')
    return _Line(number, row["address"])


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers, whichever system ended them, without a UTF-8 BOM at the start."""
    number = 0
    for block in file:
        for line in block.removesuffix(b"\n").removesuffix(b"\r").split(b"\r"):
            number += 1
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
