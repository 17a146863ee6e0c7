"""`newsletter subscribers check-addresses`: what is right and wrong with addresses, without a database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

import click

from newsletter.cli.base import fail


@click.command("check-addresses")
@click.argument("file", metavar="FILE", type=click.File("r", encoding="utf-8-sig", errors="strict"))
@click.option(
    "--jsonl", "as_jsonl", is_flag=True, help='1行に1つのJSON {"address": …} を読み、1行に1つのJSONで答えます。'
)
def check_addresses(file: TextIO, as_jsonl: bool) -> None:
    """メールアドレスの書き方を調べます。

    FILE には1行に1つのアドレスを書きます（- は標準入力）。データベースは使わず、メールも送りません。
    """
    for address in _jsonl(file) if as_jsonl else _lines(file):
        answer = _answer(address)
        if as_jsonl:
            click.echo(json.dumps(answer, ensure_ascii=False))
        else:
            click.echo("\t".join(("○" if answer["ok"] else "×", answer["read"] or address.strip(), answer["note"])))


def _answer(address: str) -> dict[str, Any]:
    from subscribers.addresses import read_address
    from subscribers.errors import AddressError

    try:
        found = read_address(address)
    except AddressError as error:
        return {"address": address, "ok": False, "note": str(error), "read": ""}
    note = "".join(f"{note}。" for note in found.notes)
    kinds = [str(note.kind) for note in found.notes]
    return {"address": address, "ok": True, "note": note, "read": found.address, "kinds": kinds}


def _lines(file: TextIO) -> Iterator[str]:
    for _, line in _numbered(file):
        if line.strip():
            yield line.rstrip("\r\n")


def _jsonl(file: TextIO) -> Iterator[str]:
    for number, line in _numbered(file):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            fail(f"{number}行目がJSONとして読めません。")
        if not isinstance(row, dict) or not isinstance(row.get("address"), str):
            fail(f'{number}行目に文字列の "address" がありません。')
        yield row["address"]


def _numbered(file: TextIO) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(file, 1):
            yield number, line
    except UnicodeDecodeError:
        fail(f"{number + 1}行目の付近がUTF-8として読めません。UTF-8で保存し直してください。")
