"""Widths and spaces: full-width and half-width letters, digits, brackets and kana; spaces that nobody meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.prose import ADDRESS, HIRAGANA, KANJI, KATAKANA, LETTER, TITLE, is_prose_line, line_at, masked
from newsletter.proof.rules import Rule, rule

_FULL_LETTERS = re.compile(r"[Ａ-Ｚａ-ｚ](?:[Ａ-Ｚａ-ｚ０-９．＆－]*[Ａ-Ｚａ-ｚ０-９])?")
_FULL_DIGITS = re.compile(  # whole numbers: one that mixes widths in itself is another rule's
    r"(?<![Ａ-Ｚａ-ｚ０-９0-9])(?<![0-9][,.])[０-９](?:[０-９，．：／－]*[０-９])?(?![Ａ-Ｚａ-ｚ]|[,.]?[0-9])"
)
_HALF_DIGITS = re.compile(r"[0-9]")
_HALF_KANA = re.compile("[｡-ﾟ]+")
_HALF_BRACKETS = re.compile(rf"(?:(?<={LETTER})|(?<=[」』】、。]))\(([^()\n]*)\)|\(([^()\n]*{LETTER}[^()\n]*)\)")
_HALF_MARK = re.compile(rf"(?<={LETTER})[!?]+(?![A-Za-z0-9])|(?<=[」』）])[!?]+")
_DOUBLE = re.compile(r"(?<=\S)(?:[ \u3000]{2,}|\t[ \t\u3000]*)(?=\S)")
_INSIDE = re.compile(rf"(?<={LETTER})(?<![0-9]号)(?<!丁目)(?<!番地)[ \u3000](?={LETTER})")
_TRAILING = re.compile(r"(?<![ \t\u3000\u00a0])[ \t\u3000\u00a0]+(?=\n|\Z)")
_TO_HALF = str.maketrans({chr(c + 0xFEE0): chr(c) for c in range(0x21, 0x7F)})
# A space is part of these: the goal's wording is official, a rule of the house separates label and value.
_OFFICIAL = re.compile("エネルギーをみんなに そしてクリーンに|つくる責任 つかう責任")


def _texts(manuscript: Manuscript) -> Iterator[tuple[Passage, str]]:
    for passage in passages(manuscript):
        yield passage, masked(passage.text, ADDRESS)


@rule(
    "full-width-letters",
    Level.WARNING,
    "全角の英字",
    "英字は半角で書きます。全角と半角がまざると、検索に掛からず、読み上げも乱れます。",
    "この e-ニュースの表記（英数字は半角）",
)
def full_width_letters(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, text in _texts(manuscript):
        for match in _FULL_LETTERS.finditer(text):
            half = match[0].translate(_TO_HALF)
            yield rule.finding(
                passage, *match.span(), f"英字「{match[0]}」が全角です。半角の「{half}」にします。", half
            )


@rule(
    "digit-width",
    Level.WARNING,
    "数字の全角・半角の混在",
    "算用数字の幅は、1つの号の中でそろえます。この e-ニュースでは半角を使います。",
    "公用文作成の考え方（令和4年）、この e-ニュースの表記（英数字は半角）",
)
def digit_width(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    texts = list(_texts(manuscript))
    if not any(_HALF_DIGITS.search(text) for _, text in texts):
        return
    for passage, text in texts:
        for match in _FULL_DIGITS.finditer(text):
            half = match[0].translate(_TO_HALF)
            yield rule.finding(
                passage,
                *match.span(),
                f"数字「{match[0]}」が全角で、ほかの数字は半角です。「{half}」にそろえます。",
                half,
            )


@rule(
    "half-width-kana",
    Level.WARNING,
    "半角カナ",
    "半角のカタカナと句読点は、古いメールソフトで化けることがあり、読み上げも乱れます。",
    "JIS X 0201片仮名、RFC 1468",
)
def half_width_kana(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        for match in _HALF_KANA.finditer(passage.text):
            # Only in this block NFKC is exactly the full-width character, sound marks joined.
            full = unicodedata.normalize("NFKC", match[0])
            yield rule.finding(passage, *match.span(), f"「{match[0]}」が半角です。全角の「{full}」にします。", full)


@rule(
    "bracket-width",
    Level.WARNING,
    "半角の括弧と符号",
    "和文に付く括弧と「！」「？」は全角にします。英文の中と、英数字だけを囲む括弧は半角のままで構いません。",
    "公用文作成の考え方（令和4年）、この e-ニュースの表記",
)
def bracket_width(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    texts = list(_texts(manuscript))
    mixed = any("（" in text for _, text in texts)
    for passage, text in texts:
        for match in _HALF_BRACKETS.finditer(text) if mixed else ():
            full = f"（{passage.text[match.start() + 1 : match.end() - 1]}）"
            yield rule.finding(
                passage, *match.span(), f"「{match[0]}」の括弧が半角で、ほかは全角です。「{full}」にそろえます。", full
            )
        for match in _HALF_MARK.finditer(text):
            full = match[0].translate({0x21: "！", 0x3F: "？"})
            yield rule.finding(
                passage, *match.span(), f"和文の「{match[0]}」が半角です。全角の「{full}」にします。", full
            )


@rule(
    "double-space",
    Level.WARNING,
    "余分な空白",
    "文の中の2つ以上続く空白は、たいてい消し残りです。",
    "編集で起きる事故",
)
def double_space(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        for match in _DOUBLE.finditer(passage.text):
            before, after = passage.text[match.start() - 1], passage.text[match.end()]
            if before.isascii() and after.isascii() and before.isalpha() and after.isalpha():
                continue  # English: see english-double-space
            kept = "\u3000" if "\u3000" in match[0] else " "
            japanese = is_prose_line(line_at(passage.text, match.start())) and not before.isascii()
            around = f"{passage.text[max(0, match.start() - 3) : match.start()]}…{passage.text[match.end() :][:3]}"
            fixes = ("", kept) if japanese else (kept,)
            yield rule.finding(
                passage,
                *match.span(),
                f"「{around}」の間に空白が{len(match[0])}つ続いています。消し残りではありませんか。",
                *fixes,
            )


@rule(
    "space-in-japanese",
    Level.WARNING,
    "和文の中の空白",
    "和文の文字と文字の間の空白は、貼り付けや氏名の字配りの名残です。文の中では詰めます。",
    "実際の号に「内堀 雅雄知事」のような例があります",
)
def space_in_japanese(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        if passage.field.startswith(("fact:", "picture.")):
            continue
        text = masked(passage.text, _OFFICIAL, TITLE)
        for match in _INSIDE.finditer(text):
            if _is_meant(passage, match):
                continue
            around = passage.text[max(0, match.start() - 4) : match.end() + 4].split("\n")[-1]
            yield rule.finding(
                passage, *match.span(), f"「{around.strip()}」の中に空白があります。文の中では詰めて書きます。", ""
            )


_KANA_SIDE = re.compile(rf"[{HIRAGANA}] [{HIRAGANA}{KANJI}]|[{KANJI}] [{HIRAGANA}]")
_TITLE_AFTER = re.compile(
    rf"[{KANJI}{KATAKANA}ぁ-ゖ]{{1,4}}(?:副?(?:知事|市長|町長|村長|区長)|議長|会長|氏(?!名)|教授)"
)
_NAME_BEFORE = re.compile(rf"(?:\A|[^{KANJI}]|[都道府県市区町村の])[{KANJI}]{{1,4}}\Z")


def _is_meant(passage: Passage, match: re.Match[str]) -> bool:
    """Whether the space separates a label, a department or an address rather than letters of a sentence."""
    text = passage.text
    if _TITLE_AFTER.match(text, match.end()) and _NAME_BEFORE.search(text[max(0, match.start() - 5) : match.start()]):
        return False
    if passage.field == "subject" and text[match.end() :] == "ほか":  # …の参加者募集 ほか
        return True
    if passage.field in ("headline", "subject"):
        return not _KANA_SIDE.fullmatch(text[match.start() - 1 : match.end() + 1])
    return not is_prose_line(line_at(text, match.start())) and passage.field not in ("lead", "preheader")


@rule(
    "trailing-space",
    Level.WARNING,
    "行の終わりの空白",
    "行の終わりの空白は見えませんが、テキスト版の折り返しを乱します。",
    "編集で起きる事故",
)
def trailing_space(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        for match in _TRAILING.finditer(passage.text):
            around = passage.text[max(0, match.start() - 4) : match.start()].split("\n")[-1]
            yield rule.finding(
                passage, *match.span(), f"「{around}」の後、行の終わりに空白があります。削除してください。", ""
            )
