"""公用文作成の考え方（令和4年1月）as it applies to public information (広報): 仮名書き, 符号, 「など」."""

from __future__ import annotations

import re
from collections.abc import Iterable

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, World, passages
from newsletter.proof.prose import ADDRESS, LETTER, MASK, QUOTED, masked, prose_sentences, without_quotes
from newsletter.proof.rules import Rule, rule
from newsletter.proof.wording import dictionary_findings

GUIDE = "公用文作成の考え方（令和4年1月、文化審議会建議）"


@rule(
    "koyobun-words",
    Level.WARNING,
    "公用文の書き方（仮名と漢字）",
    "「下さい」「致します」「出来る」「事」「時」などは、補助動詞や形式名詞のときは仮名で書きます。"
    "助数詞は「か所」「か月」「か国」です。",
    GUIDE,
)
def koyobun_words(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    return dictionary_findings(rule, manuscript, world.words.on(manuscript.sent_on).layer("koyobun"))


_WESTERN = re.compile(
    rf"[，．]|(?<={LETTER})[,.](?=[ \u3000]?{LETTER})|(?<={LETTER}),(?=[ ]?[A-Za-z「『])|(?<={LETTER})\.(?=\n|\Z)"
)
_AS_JAPANESE = {"，": "、", ",": "、", "．": "。", ".": "。"}


@rule(
    "western-punctuation",
    Level.WARNING,
    "「，．」と「、。」",
    "横書きの公用文の読点は「、」、句点は「。」です。",
    GUIDE + "。昭和27年の「，」は改められました",
)
def western_punctuation(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        text = masked(passage.text, ADDRESS)
        for match in _WESTERN.finditer(text):
            if _between_digits(text, match):
                continue
            right = _AS_JAPANESE[match[0]]
            yield rule.finding(passage, *match.span(), f"「{match[0]}」は、和文では「{right}」と書きます。", right)


def _between_digits(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()][-1:].isdigit() and text[match.end() : match.end() + 1].isdigit()


_NADO = re.compile("など(?!の?り)|(?<![平均対同高初中上下一二三優劣降])等(?![級身温分式親価圧比号しかく高質])")


@rule(
    "many-nado",
    Level.WARNING,
    "「など」「等」の重なり",
    "1文に「など」「等」がいくつもあると、何が入って何が入らないのかがぼやけます。なくて済むものは省きます。",
    GUIDE + "の「等」「など」についての考え方",
)
def many_nado(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        if passage.field not in ("text", "lead"):
            continue
        for sentence in prose_sentences(passage.text):
            matches = list(_NADO.finditer(without_quotes(sentence.text)))
            if len(matches) > 1:
                last = matches[-1]
                yield rule.finding(
                    passage, sentence.start + last.start(), sentence.start + last.end(),
                    f"1文に「など」「等」が{len(matches)}回あります。なくて済むものは省いてください。",
                )  # fmt: skip


_MARK = re.compile(rf"[！？]+(?={LETTER}|[0-9A-Za-z{MASK}])(?!と|の|を|が|は|に|も|って|という|など|から|より)")


@rule(
    "space-after-mark",
    Level.WARNING,
    "「？」「！」の後の空き",
    "広報では「？」「！」を使えます。文が続くときは、後を全角1字分空けます。",
    GUIDE + "の符号の使い方",
)
def space_after_mark(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        for match in _MARK.finditer(masked(passage.text, ADDRESS, QUOTED)):
            yield rule.finding(
                passage, *match.span(), f"「{match[0]}」の後に文が続くときは、全角1字分空けます。", f"{match[0]}\u3000"
            )
