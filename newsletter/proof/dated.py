"""Dates written anew in the characters of the ones that they replace."""

from __future__ import annotations

import re
from datetime import date

from newsletter.proof.calendar_text import WrittenDate
from newsletter.proof.plain import KANJI_DIGITS

NUMERALS = re.compile(rf"[0-9０-９]+|[{KANJI_DIGITS}十]+")
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def dated(text: str, one: WrittenDate, meant: date) -> str:
    """The date's own characters with another day (and month) in them; empty where that cannot be written so."""
    written = text[one.start : one.end]
    numbers = list(NUMERALS.finditer(written))
    if meant.month == one.month:
        changes = [(numbers[-1], meant.day)]
    elif one.has_month and len(numbers) > 1:
        changes = [(numbers[-1], meant.day), (numbers[-2], meant.month)]
    else:
        return ""
    for match, value in changes:
        written = written[: match.start()] + like(match[0], value) + written[match.end() :]
    return written


def like(written: str, value: int) -> str:
    """The number in the characters of the one that it replaces."""
    if written.isascii():
        return str(value).zfill(len(written)) if written.startswith("0") else str(value)
    if written[0] in KANJI_DIGITS + "十":
        tens, units = divmod(value, 10)
        return (("" if tens == 1 else KANJI_DIGITS[tens]) + "十" if tens else "") + (
            KANJI_DIGITS[units] if units else ""
        )
    return str(value).translate(_FULL_WIDTH)
