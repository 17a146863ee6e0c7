"""Sentences that remember how they were put together, so that a page can say them in another language. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class Sentence(str):
    """A sentence in Japanese, made of its pattern and the values in it: a plain text to whoever asks no more."""

    __slots__ = ("pattern", "values")
    pattern: str
    values: Mapping[str, object]

    def __new__(cls, pattern: str, **values: object) -> Sentence:
        sentence = super().__new__(cls, pattern.format(**values))
        sentence.pattern, sentence.values = pattern, values
        return sentence


def said(text: object, translate: Callable[[str], str]) -> str:
    """A sentence (or a plain text) with its pattern translated."""
    if isinstance(text, Sentence):
        return translate(text.pattern).format(**text.values)
    return translate(str(text))
