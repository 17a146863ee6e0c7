"""Where a Japanese headline may break: between phrases (BudouX), never inside what is read in one breath."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import budoux
from markupsafe import Markup, escape

from newsletter.mail.linebreak import NOT_AT_END, NOT_AT_START, NUMBER, URL

# Stands for <wbr> while the HTML is being made: XML tools treat <wbr> as a container. squeeze.py puts the tag there.
BREAK = "\u200b"
_BREAK = Markup("\u200b")
_BRACKETS = re.compile(r"【[^】]*】|（[^）]{1,12}）|\([^)]{1,12}\)")  # a member's name, a date
_KATAKANA = re.compile(r"[ァ-ヴー]{2,}")
_LATIN = re.compile(r"[!-~Ａ-Ｚａ-ｚ０-９]+")
_KANJI = re.compile(r"[一-鿿々]{2,}")
_SEAMS = re.compile(r"(?<=[・＝])|(?<=[ァ-ヴー])(?=[一-鿿])|(?<=[一-鿿])(?=[ァ-ヴ])")
_LONGEST_WORD = 8  # katakana words up to this many stay whole
_LONGEST_COMPOUND = 10  # 地球温暖化対策実行 is one word to a reader; BudouX would cut kanji compounds
_BREAKING = re.compile(r"[!-~]-[!-~]|[＜＞]")
_LONG_PHRASE = 14  # wider than this, a phrase may also break at its seams: a phone's line holds about 16


def phrases(text: str, names: Collection[str] = ()) -> list[str]:
    """`text` cut where a headline may break; `names` (of members) stay whole like dates, numbers, 【】 and URLs."""
    ends = _phrase_ends(text) | {match.end() for match in re.finditer("】", text)}
    allowed = ends | _seams_of_long_phrases(text, ends)
    for part in _kept_together(text, names):
        allowed.difference_update(part)
    allowed = {end for end in allowed if 0 < end < len(text) and _kinsoku_allows(text, end)}
    edges = [0, *sorted(allowed), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def phrased(text: str, names: Collection[str] = ()) -> Markup:
    """`text` for HTML with a break mark between its phrases."""
    pieces = phrases(text.replace(BREAK, ""), names)
    # A program breaks after a hyphen and after ＜ even where CSS says keep-all: （10/14-15） needs to be told.
    return _BREAK.join(
        unbroken(piece) if _BREAKING.search(piece) and len(piece) <= _LONG_PHRASE else escape(piece) for piece in pieces
    )


def unbroken(text: str) -> Markup:
    """Text that stays on one line."""
    return Markup('<span class="word">{}</span>').format(text)


def names_in(headlines: Collection[str]) -> frozenset[str]:
    """The members that the headlines name in 【】: 【神戸市・京都市】 names two."""
    groups = [group for headline in headlines for group in re.findall(r"【([^】]+)】", headline)]
    return frozenset(name for group in groups for name in re.split(r"[・、,／/]", group) if len(name) > 1)


def _phrase_ends(text: str) -> set[int]:
    ends, place = set(), 0
    for phrase in _parser().parse(text):
        place += len(phrase)
        ends.add(place)
    return ends


def _seams_of_long_phrases(text: str, ends: set[int]) -> set[int]:
    edges = sorted({0, *ends, len(text)})
    spans = [(start, end) for start, end in pairwise(edges) if end - start > _LONG_PHRASE]
    return {seam.start() for start, end in spans for seam in _SEAMS.finditer(text, start, end)}


def _kept_together(text: str, names: Collection[str]) -> Iterator[range]:
    for pattern in (_BRACKETS, URL, NUMBER, _LATIN):
        yield from (range(match.start() + 1, match.end()) for match in pattern.finditer(text))
    for pattern, longest in ((_KATAKANA, _LONGEST_WORD), (_KANJI, _LONGEST_COMPOUND)):
        words = (match for match in pattern.finditer(text) if match.end() - match.start() <= longest)
        yield from (range(match.start() + 1, match.end()) for match in words)
    for name in names:
        yield from (range(m.start() + 1, m.end()) for m in re.finditer(re.escape(name), text))


def _kinsoku_allows(text: str, end: int) -> bool:
    return text[end] not in NOT_AT_START and text[end - 1] not in NOT_AT_END


@lru_cache(maxsize=1)
def _parser() -> Any:
    return budoux.load_default_japanese_parser()
