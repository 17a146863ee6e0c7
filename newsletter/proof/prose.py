"""Running Japanese text as the rules read it: its letters, its sentences, and what in it is not prose. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

KANJI = "々〆〇一-鿿㐀-䶿"
HIRAGANA = "ぁ-ゖ"
KATAKANA = "ァ-ヺー"
LETTER = f"[{HIRAGANA}{KATAKANA}{KANJI}]"
MASK = "\ufffc"  # stands for characters that a rule must not read; offsets stay

JAPANESE = re.compile(LETTER)
ADDRESS = re.compile(
    r"https?://[^\s\u3000、。，（）「」『』【】＜＞<>]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    re.ASCII,
)
QUOTED = re.compile(r"「[^「」\n]*」|『[^『』\n]*』|“[^“”\n]*”")
BRACKETED = re.compile(r"（[^（）\n]*）|\([^()\n]*\)|【[^【】\n]*】|＜[^＜＞\n]*＞")
TITLE = re.compile(r"『[^『』\n]*』|【[^【】\n]*】")
LIST_MARK = re.compile(r"[ \t\u3000]*(?:[・●○■□◆◇▼▲▶※＊*\-–•]|[（(]?[0-9０-９]{1,2}[)）.．]|[①-⑳])")
LABEL = re.compile(rf"[^。、：:]{{1,12}}[：:]|[{KANJI}]{{2,6}}[ \u3000]")
_STOP = re.compile(r"[。！？!?]+[」』）)]?|\n")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or a line that never became one, with its place in the passage."""

    start: int
    end: int
    text: str

    @property
    def is_ended(self) -> bool:
        """Whether it ends as a sentence does, rather than as a heading or a list does."""
        return self.text.endswith(("。", "！", "？", "。」", "。）"))


def masked(text: str, *patterns: re.Pattern[str]) -> str:
    """The text with every match of the patterns made unreadable, character for character."""
    for pattern in patterns:
        text = pattern.sub(lambda match: MASK * len(match[0]), text)
    return text


def without_addresses(text: str) -> str:
    """The text with URLs and mail addresses masked."""
    return masked(text, ADDRESS)


def without_quotes(text: str) -> str:
    """The text with quoted speech and titles masked, nested ones too, and addresses."""
    return masked(text, ADDRESS, QUOTED, QUOTED)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences; a 。 inside quotes or brackets ends none, a line end always does."""
    start = 0
    for stop in _STOP.finditer(masked(text, ADDRESS, QUOTED, BRACKETED, QUOTED)):
        end = stop.end() if stop[0] != "\n" else stop.start()
        yield from _sentence(text, start, end)
        start = stop.end()
    yield from _sentence(text, start, len(text))


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    words = text[start:end]
    lead = len(words) - len(words.lstrip())
    if words.strip():
        yield Sentence(start + lead, start + len(words.rstrip()), words.strip())


def prose_sentences(text: str) -> Iterator[Sentence]:
    """Only sentences that are running text: ended ones that stand in no list."""
    for sentence in sentences(text):
        line = text.rfind("\n", 0, sentence.start) + 1
        if sentence.is_ended and not LIST_MARK.match(text, line):
            yield sentence


def line_at(text: str, at: int) -> str:
    """The whole line in which the character stands."""
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def is_prose_line(line: str) -> bool:
    """Whether a line is running text (it has a 。), and not a list of facts."""
    return "。" in line and not LIST_MARK.match(line)
