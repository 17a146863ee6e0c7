"""English inside a Japanese issue: spaces, quotes, untranslated words, terms and their Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.prose import ADDRESS, JAPANESE, LETTER, QUOTED, is_prose_line, line_at, masked
from newsletter.proof.rules import Rule, rule

_DOUBLE = re.compile(r"(?<=[A-Za-z,.;:!?]) {2,}(?=[A-Za-z(\"“])")


@rule(
    "english-double-space",
    Level.WARNING,
    "英文の空白",
    "英語の単語の間の空白は1つです。",
    "英文の組み方の慣行",
)
def english_double_space(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        for match in _DOUBLE.finditer(masked(passage.text, ADDRESS)):
            before = re.split(r"\s", passage.text[: match.start()])[-1]
            after = re.split(r"\s", passage.text[match.end() :])[0]
            yield rule.finding(
                passage,
                *match.span(),
                f"「{before}」と「{after}」の間の空白が{len(match[0])}つあります。1つにします。",
                " ",
            )


_STRAIGHT = re.compile(r"\"|(?<=[A-Za-z])'(?=[A-Za-z])|(?<![A-Za-z0-9])'(?=[A-Za-z])|(?<=[A-Za-z])'(?![A-Za-z0-9])")
_CURLY = re.compile("[“”‘’]")


@rule(
    "mixed-quotes",
    Level.WARNING,
    "英文の引用符の混在",
    "英文の引用符は、まっすぐなもの（\" '）と曲がったもの（“ ” ‘ ’）をまぜません。",
    "英文の組み方の慣行",
)
def mixed_quotes(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    texts = [(passage, masked(passage.text, ADDRESS)) for passage in passages(manuscript)]
    curly = [(passage, match) for passage, text in texts for match in _CURLY.finditer(text)]
    straight = [(passage, match) for passage, text in texts for match in _STRAIGHT.finditer(text)]
    if not curly or not straight:
        return
    for passage, match in straight if len(curly) >= len(straight) else curly:
        right = _other(passage.text, match)
        yield rule.finding(
            passage, *match.span(), f"英文の引用符が2種類あります。「{match[0]}」を「{right}」にそろえます。", right
        )


def _other(text: str, match: re.Match[str]) -> str:
    if match[0] in "“”":
        return '"'
    if match[0] in "‘’":
        return "'"
    before = text[: match.start()]
    if match[0] == "'":
        return "’" if before[-1:].isalpha() else "‘"
    is_open = False
    for mark in re.findall('["“”]', before):
        is_open = not is_open if mark == '"' else mark == "“"
    return "”" if is_open else "“"


_LATIN_SIDE = "[A-Za-z0-9%％₂)]"
# A space stands before telephone numbers and in the name of the e-news itself.
_LATIN_SPACE = re.compile(
    rf"(?<={LETTER})(?<!電話)(?<!ファクス)(?<!内線)(?<!携帯)[ \u3000](?!e-ニュース)(?={_LATIN_SIDE})"
    rf"|(?<=[A-Za-z0-9%％₂)])(?<!〒[0-9]{{3}}-[0-9]{{4}})[ \u3000](?={LETTER})"
)


@rule(
    "latin-spacing",
    Level.WARNING,
    "和文と英数字の間の空白",
    "和文と英数字の間は空けません。箇条書きの見出しと値の間、英語の題名の中は対象にしません。",
    "この e-ニュースの表記（和欧間は詰める）",
)
def latin_spacing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        if passage.field.startswith(("fact:", "picture.")):
            continue
        text = masked(passage.text, ADDRESS)
        for match in _LATIN_SPACE.finditer(text):
            line = line_at(passage.text, match.start())
            if passage.field == "text" and not is_prose_line(line):
                continue
            around = passage.text[max(0, match.start() - 5) : match.end() + 5].split("\n")[-1]
            yield rule.finding(passage, *match.span(), f"「{around.strip()}」の和文と英数字の間の空白は詰めます。", "")


_LOWER_WORDS = re.compile(r"(?<![A-Za-z0-9’'.-])[a-z]{3,}(?:[ -][a-z]{2,})+(?![A-Za-z’'])")
_PARENTHESES = re.compile(r"（[^（）\n]*）|\([^()\n]*\)")


@rule(
    "untranslated-words",
    Level.WARNING,
    "訳していない英語",
    "和文の中に英語の言葉がそのまま残っています。日本語にするか、日本語の後に（）で添えます。",
    "公用文作成の考え方（令和4年1月）の外来語・専門用語についての考え方",
)
def untranslated_words(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        text = masked(passage.text, ADDRESS, QUOTED, _PARENTHESES)
        for match in _LOWER_WORDS.finditer(text):
            if _in_japanese(text, match):
                yield rule.finding(
                    passage, *match.span(),
                    f"「{match[0]}」が英語のままです。日本語に訳すか、日本語の後に（{match[0]}）と添えてください。",
                )  # fmt: skip


def _in_japanese(text: str, match: re.Match[str]) -> bool:
    """Whether Japanese stands close on one side at least, in the same line."""
    before = text[: match.start()].rstrip(" ").split("\n")[-1]
    after = text[match.end() :].lstrip(" ").split("\n")[0]
    return bool(JAPANESE.match(after) or (before and JAPANESE.match(before[-1]))) and bool(
        JAPANESE.search(before + after)
    )


_JAPANESE_RUN = re.compile(rf"[{LETTER[1:-1]}・－]*\Z")
LONGEST_NAME = 60  # characters that a name before （TERM） may have
_CONTENT = re.compile(
    "[一-鿿々ァ-ヺー・－A-Za-z0-9]+(?:(?:[のとな]|に関する|に基づく|を[一-鿿]+した|のための)[一-鿿々ァ-ヺー・－]+)*[いりきしみえけ]?\\Z"
)


def _term_names(japanese: str, term: str) -> tuple[str, ...]:
    """The ways in which the glossary lets a term be said: 世界気候エネルギー首長誓約（世界首長誓約） gives two."""
    names = [japanese.replace(f"（{term}）", "").strip()]
    inner = re.fullmatch(r"(.+?)（(.+?)）", names[0])
    return (inner[1], inner[2], names[0]) if inner else (names[0],)


def _term_matches(
    manuscript: Manuscript, world: World
) -> Iterator[tuple[Passage, re.Match[str], str, tuple[str, ...]]]:
    for term, japanese in world.glossary.items():
        pattern = re.compile(rf"(?<![A-Za-z0-9.@/_-]){re.escape(term)}(?![A-Za-z0-9.@/_]|-[A-Za-z0-9])")
        names = _term_names(japanese, term)
        for passage in passages(manuscript):
            text = masked(passage.text, ADDRESS, QUOTED)
            for match in pattern.finditer(text):
                yield passage, match, term, names


@rule(
    "untranslated-term",
    Level.WARNING,
    "用語集にある英語",
    "用語集にある言葉は、はじめに日本語で書き、略語は（）で添えます。2回目からは略語だけで構いません。",
    "協会の用語集",
)
def untranslated_term(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    told: set[tuple[int | None, str]] = set()
    whole: dict[int | None, str] = {}
    for passage in passages(manuscript):
        whole[passage.item] = whole.get(passage.item, "") + passage.text + "\n"
    for passage, match, term, names in _term_matches(manuscript, world):
        explained = any(name in whole[passage.item] for name in names) or _bracketed(passage.text, match)
        if explained or (passage.item, term) in told or not JAPANESE.search(line_at(passage.text, match.start())):
            continue
        told.add((passage.item, term))
        yield rule.finding(
            passage, *match.span(),
            f"「{term}」に日本語がありません。用語集では「{names[0]}」です。はじめは「{names[0]}（{term}）」と書きます。",
            f"{names[0]}（{term}）" if " " not in term else names[0],
        )  # fmt: skip


def _bracketed(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()].endswith(("（", "(")) or text[match.end() :].startswith(("（", "("))


@rule(
    "glossary-term",
    Level.WARNING,
    "用語集と違う訳",
    "略語に添えた日本語が、用語集の訳と違います。同じものを2つの名前で呼ばないようにします。",
    "協会の用語集",
)
def glossary_term(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match, term, names in _term_matches(manuscript, world):
        text = passage.text
        span = _said(text, match)
        if span is None:
            continue
        said = text[span[0] : span[1]]
        if any(said.endswith(name) or (name.endswith(said) and len(said) * 2 > len(name)) for name in names):
            continue
        yield rule.finding(
            passage, *span, f"「{term}」の日本語は、用語集では「{names[0]}」です。「{said}」になっています。", names[0]
        )


def _said(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    """The Japanese that stands for a term: before （TERM）, or inside TERM（…）."""
    after = re.compile(r"[（(]([^（）()\n]+)[）)]").match(text, match.end())
    if after and JAPANESE.search(after[1]):
        return after.start(1), after.end(1)
    if not text[: match.start()].endswith(("（", "(")) or text[match.end() : match.end() + 1] not in ("）", ")", "、"):
        return None
    end = match.start() - 1
    first = max(0, end - LONGEST_NAME)
    content = _CONTENT.search(text[first:end])
    return (first + content.start(), end) if content and len(content[0]) > 1 else None
