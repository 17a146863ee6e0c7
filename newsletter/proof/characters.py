"""Characters that mail programs garble, or that nobody can see: 機種依存文字, ZWSP, control characters, loose marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.prose import KATAKANA
from newsletter.proof.rules import Rule, rule

# Where NFKC says too little: a number loses its circle, a unit its power, a word its stop.
_SAY = {
    "㈱": ("株式会社", "（株）"), "㈲": ("有限会社", "（有）"), "㈶": ("財団法人", "（財）"),
    "㈳": ("社団法人", "（社）"), "㈹": ("（代表）",), "㍿": ("株式会社",), "㏍": ("株式会社",), "㊙": ("（秘）",),
    "№": ("No.",), "℡": ("電話", "TEL"), "☎": ("電話",), "℻": ("ファクス", "FAX"), "〝": ("「", "“"), "〟": ("」", "”"),
    "㎡": ("平方メートル", "m²"), "㎥": ("立方メートル", "m³"), "㎢": ("平方キロメートル", "km²"), "㏄": ("cc",),
    "ℓ": ("リットル", "L"), "㏊": ("ヘクタール", "ha"),
}  # fmt: skip
_SETS = (
    "\u2460-\u24ff",  # ①…⓿
    "\u2776-\u277f",  # ❶…❿
    "\u2160-\u217f",  # Ⅰ…ⅿ
    "\u3220-\u325f\u3280-\u33ff",  # ㈠…㈱…㊤…㍻…㎡
    "\u32ff\u337f№℡℻☎ℓ〝〟",
    "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd",  # private use: gaiji
)
_MACHINE_DEPENDENT = re.compile(f"[{''.join(_SETS)}]")
_COUNTED = re.compile("[\u2460-\u2473\u2474-\u2487\u24ea-\u24ff\u2776-\u277f\u3251-\u325f\u32b1-\u32bf]")
# Zero-width space and joiners, soft hyphen, byte-order mark, direction marks. A joiner between two emoji is meant.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+"
    "|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_LOOSE = re.compile("[A-Za-zぁ-ヿ][\u0300-\u036f\u3099\u309a]+")
# A dash, or the kanji one, where the long vowel mark of katakana belongs: デ一タ, サ－バー.
_LONG_VOWEL = re.compile(rf"(?<=[ァ-ヺ])[一‐‑‒–—―─━−－](?=[{KATAKANA}])|(?<=[ァ-ヺ]{{2}})一(?=[のをにがはでとも、。])")


def _each(manuscript: Manuscript, pattern: re.Pattern[str]) -> Iterator[tuple[Passage, re.Match[str]]]:
    for passage in passages(manuscript):
        if not passage.text.isascii() or pattern is _CONTROL:
            for match in pattern.finditer(passage.text):
                yield passage, match


def suggestions(character: str) -> tuple[str, ...]:
    """What to write instead of a 機種依存文字; nothing when only the writer can know."""
    if character in _SAY:
        return _SAY[character]
    plain = unicodedata.normalize("NFKC", character)
    if _COUNTED.match(character):
        number = unicodedata.numeric(character, None)
        plain = plain if number is None else str(int(number))
        return (f"（{plain.strip('().')}）",)
    if plain == character or plain.isspace():
        return ()
    return (plain.replace("(", "（").replace(")", "）"),)


@rule(
    "machine-dependent",
    Level.WARNING,
    "機種依存文字",
    "①や㈱のような文字は、相手の環境で化けたり、読み上げられなかったりします。テキスト版では自動で置き換わりますが、"
    "本文でも言葉で書くと確実です。人名の「髙」「﨑」などは対象にしません。",
    "JIS X 0208にない文字（NEC特殊文字・IBM拡張文字・外字）",
)
def machine_dependent(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match in _each(manuscript, _MACHINE_DEPENDENT):
        said = suggestions(match[0])
        how = (
            f"「{said[0]}」のように書いてください。"
            if said
            else "外字です。届いた先では読めません。正しい文字を確かめてください。"
        )
        yield rule.finding(passage, *match.span(), f"「{match[0]}」は機種依存文字です。{how}", *said)


@rule(
    "invisible-characters",
    Level.WARNING,
    "見えない文字",
    "幅のない空白や書字方向の制御文字は目に見えませんが、検索や音声読み上げ、リンクを壊します。",
    "Unicode TR36、ウェブページやWordからの貼り付けで起きる事故",
)
def invisible_characters(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match in _each(manuscript, _INVISIBLE):
        around = passage.text[max(0, match.start() - 4) : match.start()]
        code = f"U+{ord(match[0][0]):04X}"
        yield rule.finding(
            passage,
            *match.span(),
            f"「{around}」のすぐ後に、目に見えない文字（{code}）があります。削除してください。",
            "",
        )


@rule(
    "control-characters",
    Level.WARNING,
    "制御文字",
    "改行とタブ以外の制御文字は、メールの表示を壊すことがあります。",
    "XML 1.0 2.2節、RFC 5322",
)
def control_characters(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match in _each(manuscript, _CONTROL):
        if match[0] == "\r":
            continue
        around = passage.text[max(0, match.start() - 4) : match.start()]
        yield rule.finding(
            passage,
            *match.span(),
            f"「{around}」のすぐ後に制御文字（U+{ord(match[0][0]):04X}）があります。削除してください。",
            "",
        )


@rule(
    "decomposed-characters",
    Level.WARNING,
    "分解された濁点",
    "macOSのファイル名などから写した「が」は、「か」と濁点の2文字に分かれていることがあります。検索に掛からず、表示も崩れます。",
    "Unicode正規化形式C（NFC）",
)
def decomposed_characters(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match in _each(manuscript, _LOOSE):
        whole = unicodedata.normalize("NFC", match[0])
        if whole != match[0]:
            yield rule.finding(
                passage,
                *match.span(),
                f"「{whole}」が文字と濁点などの記号に分かれています。1文字に直してください。",
                whole,
            )


@rule(
    "long-vowel-mark",
    Level.WARNING,
    "長音に見える別の字",
    "カタカナの間のダッシュや漢数字の「一」は、長音符「ー」の打ち間違いです。見た目は似ていても、検索に掛かりません。",
    "入力・OCRで起きる取り違え",
)
def long_vowel_mark(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, match in _each(manuscript, _LONG_VOWEL):
        word = passage.text[max(0, match.start() - 3) : match.end() + 2]
        yield rule.finding(
            passage, *match.span(), f"「{word}」の「{match[0]}」は長音符ではありません。「ー」に直してください。", "ー"
        )
