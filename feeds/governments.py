"""The list of all local governments with their 全国地方公共団体コード. No Django: the proofreading needs it too.

`municipalities.csv` holds the 47 prefectures and 1,741 municipalities: code, prefecture, name, kana, website.
Facts from the public list code4fukui/localgovjp (CC0), as of 2026-07-09; the wards of designated cities are left out.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from feeds.errors import MemberError

NATIONAL_LIST = Path(__file__).parent / "municipalities.csv"
WEIGHTS = (6, 5, 4, 3, 2)
# The same place in another glyph: 梼原町 is also written 檮原町, 鰺ヶ沢町 鯵ヶ沢町, and ヶ often ケ.
_GLYPHS = str.maketrans("檮鯵曾驒ヶ", "梼鰺曽騨ケ")
# Variation selectors choose a glyph of the same character (葛󠄀飾区): they say nothing about which place it is.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


@dataclass(frozen=True, slots=True)
class Municipality:
    """One line of the national list."""

    code: str
    prefecture: str
    name: str
    kana: str
    website: str


def check_digit(first_five: str) -> str:
    """The sixth digit of a 全国地方公共団体コード: 11 minus the weighted sum modulo 11, its last digit."""
    if not re.fullmatch(r"[0-9]{5}", first_five):
        raise MemberError(f"団体コードの先頭5桁は数字で書いてください（「{first_five}」）。")
    total = sum(int(digit) * weight for digit, weight in zip(first_five, WEIGHTS, strict=True))
    return str((11 - total % 11) % 10)


def is_valid_code(code: str) -> bool:
    """Whether the six digits carry the right check digit."""
    return bool(re.fullmatch(r"[0-9]{6}", code)) and check_digit(code[:5]) == code[5]


@cache
def municipalities() -> tuple[Municipality, ...]:
    """Every prefecture and municipality of the national list, in the order of the codes."""
    with NATIONAL_LIST.open(encoding="utf-8", newline="") as file:
        return tuple(Municipality(**row) for row in csv.DictReader(file))


def matching_form(name: str) -> str:
    """A name for comparing only: no spaces, no glyph variants."""
    plain = _SELECTORS.sub("", unicodedata.normalize("NFKC", name)).translate(_GLYPHS)
    return "".join(plain.split())
