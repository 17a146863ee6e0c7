"""A passage made easy to search: one character for one character, so that every position stays true.

Full-width letters and digits become ASCII, the many waves and dashes one of each, addresses of the web and of mail
a filler. For reading only: never stored, never printed.
"""

from __future__ import annotations

import re
from functools import lru_cache

FILLER = "\ufffc"
KANJI_DIGITS = "〇一二三四五六七八九"
NUMERAL = f"(?:[0-9]+|[{KANJI_DIGITS}十]+)"

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_TABLE = (
    _FULL_WIDTH
    | {ord("　"): " ", 0xA0: " ", ord("～"): "〜", ord("~"): "〜"}
    | dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")
)
_ADDRESS = re.compile(r"(?:https?|ftp)://[!-~]+|(?<![!-~])www\.[!-~]+|[!-?A-~]+@[0-9A-Za-z.-]+")
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]?[）」』]*")


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """`text` for searching, exactly as long."""
    ascii_text = text.translate(_TABLE)
    return _ADDRESS.sub(lambda match: FILLER * len(match[0]), ascii_text)


@lru_cache(maxsize=1024)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Where each sentence of the passage starts and ends."""
    return tuple(match.span() for match in _SENTENCE.finditer(text) if match[0].strip())


def sentence_at(text: str, position: int) -> tuple[int, int]:
    """The sentence around a position."""
    return next((span for span in sentences(text) if span[0] <= position < span[1]), (0, len(text)))


def number(written: str) -> int:
    """The value of digits or of kanji numerals up to 99 or digit by digit: 23, 二十三, 二〇二六, 元."""
    if written == "元":
        return 1
    if written.isdecimal():
        return int(written)
    if "十" in written:
        tens, _, units = written.partition("十")
        return (_digits(tens) if tens else 1) * 10 + (_digits(units) if units else 0)
    return _digits(written)


def _digits(written: str) -> int:
    return int("".join(str(max(0, KANJI_DIGITS.find(one))) for one in written) or "0")
