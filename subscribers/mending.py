"""What people type and paste around an address is taken off it, and every change is said. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

from subscribers import remarks, top_levels
from subscribers.errors import AddressError
from subscribers.sentences import Sentence

AT_SIGNS = "＠﹫"
ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"  # RFC 5322 3.2.3
MOST_LAYERS = 12  # of labels, brackets and signs around an address
LONGEST_HONORIFIC = 40
SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!)")


class Bare(NamedTuple):
    """An address with nothing around it any more."""

    address: str
    name: str = ""  # that stood in front: 山田 太郎 <t@example.jp>
    another: str = ""  # address that stood where the name stands


def has_at(text: str) -> bool:
    """Whether there is an @ in it, of any width."""
    return any(sign in text for sign in "@" + AT_SIGNS)


# ------------------------------------------------------------ characters
# Zero width, direction marks, soft hyphen, word joiner, byte order mark, variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BROKEN = re.compile("[\ud800-\udfff\ufffd-\uffff]")  # half of a character, or a sign that one was lost
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("﹫"): "@", ord("｡"): "."}
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_SPACES = dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2007\u2009\u202f"), " ")
_WRITTEN_AT = re.compile(r"\s*[\[({<【〔「]\s*(?:at|アット|アットマーク|あっと)\s*[\])}>】〕」]\s*", re.IGNORECASE)
# （山田） behind the address is how Japanese lists name people; in ASCII alone, (…) is an RFC 5322 comment.
_REMARK = re.compile(r"\s*(?:（[^（）]*）|\((?=[^()]*[^\x00-\x7f])[^()]*\))\s*$")


def clean(text: str, mended: list[str]) -> str:
    """Characters first: invisible ones out, full width to ASCII. Refuses what could break out of a header."""
    seen = _INVISIBLE.sub("", text)
    if seen != text:
        mended.append("見えない文字を取り除きました")
    trimmed = seen.translate(_SPACES).strip(" \t\r\n")
    if _CONTROL.search(trimmed):
        # RFC 5322 2.2: a line break inside would start a new header line.
        raise AddressError("途中に改行や制御文字があります。メールアドレスだけを1つ書いてください。")
    if _BROKEN.search(trimmed):
        raise AddressError("文字化けした文字が入っています。元のアドレスを確かめて、書き直してください。")
    if SPREADSHEET_ERROR.fullmatch(trimmed):
        raise AddressError(Sentence("「{error}」は表計算ソフトのエラーです。元の表を直してください。", error=trimmed))
    remark = _REMARK.search(trimmed) if trimmed.endswith(("）", ")")) else None
    unnamed = trimmed[: remark.start()] if remark and has_at(trimmed[: remark.start()]) else trimmed
    if remark and unnamed != trimmed:
        mended.append(Sentence("後ろのかっこ書き「{removed}」を除きました", removed=remark[0].strip()))
    half = _half_width(unnamed)
    if half != unnamed:
        mended.append("全角の文字を半角に直しました")
    if trimmed != seen and not mended:
        mended.append("前後の空白を除きました")
    head, slash, tail = unnamed.partition("／")
    if slash and _MAIL_WORD.fullmatch(_half_width(head).strip()):
        half = f"{_half_width(head)} / {_half_width(tail)}"  # no part of the address, which a half-width one may be
    if "@" not in half and _WRITTEN_AT.search(half):
        half = _WRITTEN_AT.sub("@", half, count=1)
        mended.append("アットマークの書き換えを「@」に戻しました")
    return half


def _half_width(text: str) -> str:
    half = text.translate(_FULL_WIDTH).translate(_HYPHENS)
    half = re.sub(r"(?<=[A-Za-z0-9])[ーｰ](?=[A-Za-z0-9])", "-", half)
    half = re.sub(r"(?<=[A-Za-z0-9])。(?=[A-Za-z0-9])", ".", half)
    local, at, domain = half.rpartition("@")
    # RFC 3490 3.1: a domain in Japanese has its dots in Japanese, too.
    return local + at + re.sub(r"(?<=\w)。(?=\w)", ".", domain) if at else half


# ------------------------------------------------------------ what stands around an address
_MAIL = r"(?:e-?\s?mail|mail|メールアドレス|電子メール|eメール|メール|メアド|アドレス)(?:\s*(?:address|アドレス))?"
_ADDRESSEE = r"(?:smtp|to|cc|bcc|from|address|宛先|連絡先|送信先|差出人)"
_LABEL = re.compile(
    rf"""
    (?: (?:{_MAIL}|{_ADDRESSEE}) \s*:       # メール: t@example.jp, SMTP:t@example.jp
      | [\[(<【〔「《] \s* {_MAIL} \s* [\])>】〕」》] \s* :?
      | {_MAIL} (?: \s*/ | \s )             # Mail／t@example.jp, E-mail t@example.jp
      | (?:電子メール|メールアドレス|メール|アドレス|メアド)
    ) \s*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MAIL_WORD = re.compile(_MAIL, re.IGNORECASE)
_LOCAL_SLASH = re.compile(r"[a-z-]+/")
_MAILTO = re.compile(r"mailto:\s*([^?]*)", re.IGNORECASE)
# Behind an address, with or without a space: to whom it belongs, or that a letter goes there.
_HONORIFIC = re.compile(
    r"[\s.,、。]*((?:様|さま|サマ|さん|殿|御中|先生|各位|皆様|氏|君|宛て?|あて|行き?|ゆき|方|気付|まで|へ"
    r"|[ご御]?担当者?|課長|部長|局長|市長|町長|村長|区長|㈱|株式会社)+)[\s.,、。]*$"
)
# 「名前 <address>」. In other brackets the name may hold no @: 「a@[192.0.2.1]」 is an address.
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>[\s.,;。、]*")
_NAMED_OTHERWISE = re.compile(r"([^@\[(「【《〈]+)[\[(「【《〈]\s*([^@\s]+@[^@\s]+)\s*[\])」】》〉][\s.,;。、]*")
_ADDRESS = re.compile(r"[^\s@<>()\[\]{}\"“”「」【】,;:、]{1,64}@[^\s@<>()\[\]{}\"“”「」【】,;:、]{1,254}")
_PAIRS = {
    "<": ">",
    "(": ")",
    "[": "]",
    '"': '"',
    "'": "'",
    "「": "」",
    "『": "』",
    "【": "】",
    "《": "》",
    "〈": "〉",
    "〔": "〕",
    "“": "”",
    "‘": "’",
}
_OPENING = "".join(set(_PAIRS) - {"'"})  # a local part may begin with an apostrophe
_BULLET = re.compile(r"(?:[-*+>]+|\(?\d{1,4}[.)])\s+(?=[^\s@])")  # 「- t@example.jp」, 「1. t@example.jp」
_MARKS = ("P", "S", "No")  # Unicode categories: 「●t@example.jp」, 「①t@example.jp」
# Excel's sign for "this cell is text". With another at its end the local part is really quoted in them.
_APOSTROPHE = re.compile(r"'+(?=[^'@][^@]*(?<!')@)")
_NOTHING_AROUND = re.compile(r"[\w.+-]+@[A-Za-z0-9.-]*[A-Za-z0-9]", re.ASCII)  # as most are; a shorter way only
_QUOTED = re.compile(rf'"([.{ATEXT}]+)"(@[^@]*)')

AROUND = "前後の記号を除きました"
LABELLED = "前の見出し「{}」を除きました"


def unwrap(text: str, mended: list[str]) -> Bare:
    """The address without what stood around it, and what stood in front of 「<…>」."""
    named = _out_of_brackets(_without_honorific(text, mended), mended)
    bare = named.address
    for _ in range(MOST_LAYERS):
        if _NOTHING_AROUND.fullmatch(bare):
            return named._replace(address=bare)
        before = bare
        for take_off in (_without_label, _without_pairs, _without_marks, _without_tail, _without_honorific, _one_token):
            bare = take_off(bare, mended)
        if bare == before:
            return named._replace(address=bare)
    raise AddressError("余分な文字が多すぎます。メールアドレスだけを書いてください。")


def _out_of_brackets(text: str, mended: list[str]) -> Bare:
    named = _NAMED.fullmatch(text) or _NAMED_OTHERWISE.fullmatch(text)
    if not named or "@" not in named[2]:
        return Bare(text)
    name, address = named[1].strip().strip("\"'“”").strip(), named[2].strip()
    if _LABEL.fullmatch(name):
        mended.append(LABELLED.format(name))
        return Bare(address)
    between = "「< >」" if "<" in text else "かっこ"
    mended.append(f"前の名前「{name}」と{between}を除きました" if name else AROUND)
    if remarks.is_unwanted(name) or remarks.is_moved(name):  # 「解除希望 <t@example.jp>」 is nobody's name
        mended.append(Sentence("前の「{removed}」を除きました", removed=name))
    other = _ADDRESS.search(name)
    if not other:
        return Bare(address, name)
    name = f"{name[: other.start()]} {name[other.end() :]}".strip(" ()[]{}\"'“”「」【】,;:、")
    return Bare(address, name, "" if other[0].lower() == address.lower() else other[0])


def _without_label(bare: str, mended: list[str]) -> str:
    mailto = _MAILTO.match(bare)
    if mailto:
        mended.append("「mailto:」を除きました")
        # RFC 6068 2: any character may be written so, also what must not come through: it is cleaned once more.
        return clean(unquote(mailto[1]), mended) if "%" in mailto[1] else mailto[1]
    label = _LABEL.match(bare)
    if label and "@" in bare[label.end() + 1 :] and bare[label.end()] != "@":
        if _LOCAL_SLASH.fullmatch(label[0]):  # RFC 5322 3.2.3: mail/t@example.jp is an address
            mended.append(f"「{label[0]}」を見出しではなくアドレスの一部として読みました")
            return bare
        mended.append(LABELLED.format(label[0].strip()))
        return bare[label.end() :]
    return bare


def _without_pairs(bare: str, mended: list[str]) -> str:
    inside = bare
    while len(inside) > 2 and _PAIRS.get(inside[0]) == inside[-1] and "@" in inside[2:]:
        inside = inside[1:-1].strip()
    # One that nothing closes: half of what was copied.
    if inside[:1] and inside[0] in _OPENING and _PAIRS[inside[0]] not in inside[1:]:
        inside = inside[1:].lstrip()
    if inside != bare:
        mended.append(AROUND)
    return inside


def _without_marks(bare: str, mended: list[str]) -> str:
    bullet = _BULLET.match(bare)
    rest = bare[bullet.end() :] if bullet else bare
    while rest and not rest[0].isascii() and unicodedata.category(rest[0]).startswith(_MARKS):
        rest = rest[1:].lstrip()
    if rest != bare:
        mended.append(_marks_off(bare[: len(bare) - len(rest)].strip()))
        return rest
    apostrophe = _APOSTROPHE.match(bare)
    if apostrophe:
        mended.append("前の「'」を除きました")
        return bare[apostrophe.end() :]
    quoted = _QUOTED.fullmatch(bare)  # an old carrier form needs the quotes on the wire only
    if quoted:
        mended.append('「"」を除きました')
        return quoted[1] + quoted[2]
    return bare


def _marks_off(signs: str) -> str:
    return Sentence("前後の記号「{removed}」を除きました", removed=signs)


def _without_tail(bare: str, mended: list[str]) -> str:
    tidy = bare.rstrip(" .,;:。、>」』】》〉〕’”'")
    for opening, closing in (("(", ")"), ("[", "]"), ('"', '"')):
        if tidy.endswith(closing) and opening not in tidy[:-1]:
            tidy = tidy[:-1].rstrip()
    if tidy != bare:
        mended.append("後ろの余分な記号を除きました")
    return tidy


def _without_honorific(text: str, mended: list[str]) -> str:
    """「t@example.jp様」: cut off only where an address ends, or the bracket around one."""
    honorific = _HONORIFIC.search(text, max(0, len(text) - LONGEST_HONORIFIC))
    if not honorific:
        return text
    head = text[: honorific.start()]
    _, dot, last = head.rpartition("@")[2].rpartition(".")
    is_whole = head.endswith(tuple(">])」】")) or (dot and top_levels.exists(last.lower()))
    if "@" not in head or not is_whole:
        return text
    mended.append(f"後ろの「{honorific[1]}」を除きました")
    return head


def _one_token(text: str, mended: list[str]) -> str:
    """From 「山田太郎 t@example.jp」 the address. A Latin word in front could be half of it: that is refused."""
    tokens = text.split()
    if len(tokens) < 2:
        return text
    joined = re.sub(r"\s*@\s*", "@", text)
    tokens = joined.split()
    with_at = [token for token in tokens if "@" in token]
    others = [token for token in tokens if "@" not in token]
    if len(with_at) == 1 and all(re.search(r"[^\x00-\x7f]", token) for token in others):
        removed = " ".join(others)
        words = Sentence("余分な文字「{removed}」を除きました", removed=removed)
        mended.append(words if others else "「@」の前後の空白を除きました")
        return with_at[0]
    return joined
