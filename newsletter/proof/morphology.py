"""Words and parts of speech by SudachiPy, if it is installed (the extra `morphology`); imported only when asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

PACKAGES = ("sudachipy", "sudachidict_core")
LONGEST = 12_000  # characters in one call: Sudachi takes at most 49,149 bytes


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text."""

    surface: str
    part: str  # 名詞, 助詞, 動詞 …
    detail: str  # 格助詞, 係助詞 …
    normal: str  # one form for all ways to write it: for matching, never as a suggestion
    start: int
    end: int


def is_available() -> bool:
    """Whether the rules that need words can work here."""
    return all(find_spec(name) is not None for name in PACKAGES)


@lru_cache(maxsize=1)
def _tokenizer() -> tuple[Any, Any]:
    sudachipy = import_module("sudachipy")
    return sudachipy.Dictionary(dict="core").tokenizer(), sudachipy.SplitMode.C


def words(text: str) -> list[Word]:
    """The words of a text, in order; ImportError if SudachiPy is not installed."""
    tokenizer, mode = _tokenizer()
    found: list[Word] = []
    for at in range(0, len(text), LONGEST):
        for one in tokenizer.tokenize(text[at : at + LONGEST], mode):
            part = one.part_of_speech()
            found.append(Word(one.surface(), part[0], part[1], one.normalized_form(), at + one.begin(), at + one.end()))
    return found


_COUNTED = {"を", "が", "は", "へ"}  # に, で, と and の repeat by right
_SET_PHRASE = {"中心", "はじめ", "始め", "皮切り", "契機", "対象", "除い", "含め"}  # 川を中心に is one expression


def repeated_particles(words: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """Pairs of the same particle with neither a predicate nor a comma between them."""
    seen: dict[str, Word] = {}
    for at, word in enumerate(words):
        if word.part in ("動詞", "形容詞", "助動詞", "補助記号"):
            seen.clear()
        elif word.part == "助詞" and word.surface in _COUNTED and word.detail != "接続助詞":
            following = words[at + 1].surface if at + 1 < len(words) else ""
            if following in _SET_PHRASE:
                continue
            if word.surface in seen:
                yield seen[word.surface], word
            seen[word.surface] = word


def is_countable(word: Word) -> bool:
    """Whether two ways to write the word would be a variation: common nouns, and not two kana such as ごと, こと."""
    short = len(word.surface) < 3 and all("ぁ" <= letter <= "ゖ" for letter in word.surface)
    return word.part == "名詞" and len(word.surface) > 1 and word.detail not in ("数詞", "固有名詞") and not short
