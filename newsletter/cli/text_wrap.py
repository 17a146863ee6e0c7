"""`newsletter text wrap`: the line breaking of the text edition, for rows in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from newsletter.cli import streams
from newsletter.cli.base import fail, json_line, read_utf8
from newsletter.cli.terminal import say
from newsletter.mail.linebreak import wrap as wrap_text

NARROWEST, WIDEST = 4, 998  # two 全角; RFC 5322's longest line


@click.command(help="日本語の文章を桁数で折り返します（禁則処理つき。URLと英単語は途中で切りません）。")
@click.option(
    "--width",
    default=68,
    show_default=True,
    type=click.IntRange(NARROWEST, WIDEST),
    help="1行の桁数（半角で数えます。68桁で全角34文字）。行に width があれば、そちらを使います。",
)
@click.option(
    "--jsonl",
    "file",
    required=True,
    metavar="FILE",
    help='1行に1件のJSON {"id","text","width"} を書いたファイル。- で標準入力から読みます。',
)
def wrap(width: int, file: str) -> None:
    """Print each row with `wrapped`; nothing is printed if a row cannot be read."""
    streams.end_with_the_reader()
    rows = list(_rows(file, width))
    for row in rows:
        wrapped = "\n".join(wrap_text(row["text"], row["width"]))
        say(json_line({**row, "wrapped": wrapped}))


def _rows(file: str, width: int) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(read_utf8(file).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{file} の{number}行目: "
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            fail(f"{where}JSONとして読めません。（{error.msg}）")
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            fail(where + '{"id": …, "text": "…"} の形で書いてください。')
        own = row.get("width", width)
        own = width if own is None else own
        if type(own) is not int or not NARROWEST <= own <= WIDEST:
            fail(f"{where}width は{NARROWEST}から{WIDEST}までの整数で書いてください。")
        yield {"id": row.get("id"), "text": row["text"], "width": own}
