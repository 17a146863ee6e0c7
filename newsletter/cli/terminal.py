"""What a terminal obeys instead of showing it, and how nothing that others wrote makes it do so."""

from __future__ import annotations

import re

import click

# What a terminal obeys or turns around instead of showing it: C0 and C1 (ECMA-48) but tab and line break, the marks of
# UAX #9, and half characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def say(text: object = "", *, err: bool = False) -> None:
    """Print a line for a person, on standard output or error; whatever it quotes, it does not steer the terminal."""
    click.echo(printable(str(text)), err=err)


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
