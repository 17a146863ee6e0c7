"""Lists for people: a table on a terminal, plain tab-separated lines in a pipe, never cut off."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

import click

# What a terminal obeys or turns around instead of showing it: C0 and C1 (ECMA-48) but tab and line break, the marks of
# UAX #9, and half characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Text of a file or of a person, for a terminal: what would steer it is named, as ⟨U+001B⟩."""
    return _CONTROL.sub(lambda sign: f"⟨U+{ord(sign[0]):04X}⟩", text)


def escaped(document: str) -> str:
    """A JSON document whose texts hold nothing that steers a terminal; it says the same (RFC 8259, 7)."""
    return _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", document)


def in_one_line(text: str, most: int) -> str:
    """The text in one line of at most so many characters, fit for a terminal."""
    line = " ".join(text[: 2 * most].split())
    return printable(line if len(line) <= most and len(text) <= 2 * most else f"{line[:most]}…")


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print the rows under their headings."""
    texts = [[printable(" ".join(str(cell).split())) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (headings, *texts):
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in texts:
        table.add_row(*map(Text, line))  # Text: what people wrote must not be read as rich's own markup
    Console().print(table)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print `label: value` lines; a value of several lines stands below its label."""
    for label, value in facts:
        text = printable(str(value))
        click.echo(f"{label}:\n{text}\n" if "\n" in text else f"{label}: {text}")
