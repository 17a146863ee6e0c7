"""Read the addresses that people really type and paste, and say what was changed. Pure: no Django, no network."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from email_validator import EmailNotValidError, validate_email

from subscribers import domains
from subscribers.errors import AddressError
from subscribers.sentences import Sentence

LONGEST_TEXT = 1000  # of what is read at all; a cell that holds more is not an address
LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3 less the angle brackets
LONGEST_LOCAL = 64  # RFC 5321 4.5.3.1.1
FINGERPRINT_BYTES = 16


class NoteKind(StrEnum):
    """What a note is about. Only MENDED says that the text itself was changed."""

    MENDED = "mended"
    LEGACY_MOBILE = "legacy_mobile"
    TYPO = "typo"
    ROLE = "role"
    DISPOSABLE = "disposable"


@dataclass(frozen=True, slots=True)
class Note:
    """One remark on an address, in Japanese."""

    kind: NoteKind
    text: str

    def __str__(self) -> str:
        return self.text


class Address(NamedTuple):  # a million are made of a list: a tuple costs a third of a frozen dataclass
    """A usable address."""

    address: str  # as it goes on the envelope: local part as written, domain in lower-case ASCII
    key: str  # for comparing only
    notes: tuple[Note, ...] = ()
    is_legacy_mobile: bool = False
    name: str = ""  # the name that stood in front: 山田 太郎 <t@example.jp>

    @property
    def warnings(self) -> tuple[Note, ...]:
        """The notes that a person should look at."""
        return tuple(note for note in self.notes if note.kind is not NoteKind.MENDED)


ROLE = Note(NoteKind.ROLE, Sentence("個人ではなく窓口のアドレスのようです"))


def read_address(text: str) -> Address:
    """The one address in `text`; AddressError says in Japanese why it cannot be used."""
    if len(text) > LONGEST_TEXT:
        raise AddressError(
            Sentence("長すぎます（{count:,}文字）。メールアドレスだけを書いてください。", count=len(text))
        )
    plain = read_plain(text)
    if plain:
        return plain
    mended: list[str] = []
    bare, name = _unwrap(_clean(text, mended), mended)
    local, domain = _halves(bare)
    return _judge(_local(local, mended), domain, mended, name)


def read_plain(text: str) -> Address | None:
    """The address in `text` when nothing in it needs mending, as in most rows of most files; None for read_address."""
    if len(text) > LONGEST_ADDRESS:
        return None
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return None
    local, domain = plain.groups()
    if len(local) > LONGEST_LOCAL:
        return None
    ascii_domain, notes = _domain(domain)
    if domains.is_role(local):
        notes = (*notes, ROLE)
    key = text if local.islower() and ascii_domain == domain else f"{local.lower()}@{ascii_domain}"
    return Address(f"{local}@{ascii_domain}", key, notes)


def split(text: str) -> list[str]:
    """The parts of a cell that may hold several addresses; 「Yamada, Taro <t@example.jp>」 stays one."""
    if text.count("@") + sum(text.count(sign) for sign in AT_SIGNS) < 2:
        return [text]
    if _HEADER_LINE.search(text):
        return [text]  # read_address refuses it
    parts: list[str] = []
    pending = ""
    for piece in _SEPARATORS.split(text):
        whole = f"{pending}, {piece.strip()}" if pending else piece
        if _has_at(piece):
            parts.extend(_by_spaces(whole))
            pending = ""
        elif piece.strip():
            pending = whole
    if pending and parts:
        parts[-1] = f"{parts[-1]}, {pending}"
    return [part.strip() for part in parts if part.strip()] or [text]


def fingerprint(address_key: str, key: str) -> str:
    """The keyed fingerprint of an address, 32 hexadecimal digits. Without the key nobody can test a guess.

    HMAC-SHA256, its first half: as much as RFC 2104, section 5, asks for, and every index of it is half as large.
    """
    return hmac.digest(key.encode(), address_key.encode(), hashlib.sha256)[:FINGERPRINT_BYTES].hex()


def masked(address: str) -> str:
    """Enough to recognise one's own address, too little for anybody else: t***@example.jp."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}"


# ------------------------------------------------------------ cleaning what was typed
AT_SIGNS = "＠﹫"
_PLAIN = re.compile(r"([A-Za-z0-9_-]+(?:[.+][A-Za-z0-9_-]+)*)@([a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z]{2,})")
_SEPARATORS = re.compile(r"[;,|、，；｜\r\n\t]+|／|\s/\s")
# A new header line (RFC 5322 2.2) is no second address.
_HEADER_LINE = re.compile(r"[\r\n]\s*[A-Za-z][A-Za-z-]*\s*:")
# Zero width, direction marks, soft hyphen, word joiner, byte order mark, variation selectors.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("﹫"): "@", ord("｡"): "."}
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_SPACES = dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2007\u2009\u202f"), " ")
_WRITTEN_AT = re.compile(r"\s*[\[({<【〔「]\s*(?:at|アット|アットマーク|あっと)\s*[\])}>】〕」]\s*", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:e-?mail|mail|メールアドレス|メール|アドレス|電子メール|宛先|連絡先)\s*(?:address)?\s*:\s*", re.IGNORECASE
)
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
    "“": "”",
}


def _clean(text: str, mended: list[str]) -> str:
    """Characters first: invisible ones out, full width to ASCII. Refuses what could break out of a header."""
    seen = _INVISIBLE.sub("", text)
    if seen != text:
        mended.append("見えない文字を取り除きました")
    trimmed = seen.translate(_SPACES).strip(" \t\r\n")
    if _CONTROL.search(trimmed):
        # RFC 5322 2.2: a line break inside would start a new header line.
        raise AddressError("途中に改行や制御文字があります。メールアドレスだけを1つ書いてください。")
    # （山田） behind the address is how Japanese lists name people; (…) would be an RFC 5322 comment.
    unnamed = re.sub(r"\s*（[^（）]*）\s*$", "", trimmed) if _has_at(trimmed.partition("（")[0]) else trimmed
    if unnamed != trimmed:
        mended.append("後ろのかっこ書きを除きました")
    half = unnamed.translate(_FULL_WIDTH).translate(_HYPHENS)
    half = re.sub(r"(?<=[A-Za-z0-9])[ーｰ](?=[A-Za-z0-9])", "-", half)
    half = re.sub(r"(?<=[A-Za-z0-9])。(?=[A-Za-z0-9])", ".", half)
    if half != unnamed:
        mended.append("全角の文字を半角に直しました")
    if trimmed != seen and not mended:
        mended.append("前後の空白を除きました")
    if "@" not in half and _WRITTEN_AT.search(half):
        half = _WRITTEN_AT.sub("@", half, count=1)
        mended.append("アットマークの書き換えを「@」に戻しました")
    return half


def _unwrap(text: str, mended: list[str]) -> tuple[str, str]:
    """The address without what stood around it, and the name in front of 「<…>」."""
    named = re.fullmatch(r"([^<>]*)<([^<>]*)>[\s.,;。、]*", text)
    name = ""
    if named and _has_at(named[2]):
        name = named[1].strip().strip("\"'").strip()
        text = named[2].strip()
        mended.append("前の名前と「< >」を除きました" if name else "前後の記号を除きました")
    bare = _without_label(text, mended)
    tokens = bare.split()
    if len(tokens) > 1:
        bare = _one_token(bare, mended)
    return bare, name


def _without_label(text: str, mended: list[str]) -> str:
    bare = text
    if re.match(r"mailto:", bare, re.IGNORECASE):
        bare = re.sub(r"^mailto:\s*", "", bare, flags=re.IGNORECASE).partition("?")[0].replace("%40", "@")
        mended.append("「mailto:」を除きました")
    labelled = _LABEL.match(bare)
    if labelled and "@" in bare[labelled.end() :]:
        bare = bare[labelled.end() :]
        mended.append("前の見出しを除きました")
    while len(bare) > 2 and _PAIRS.get(bare[0]) == bare[-1] and "@" in bare and not bare[1:].startswith("@"):
        if bare[0] in "([" and "@" not in bare[1:-1]:
            break
        bare = bare[1:-1].strip()
        if "前後の記号を除きました" not in mended:
            mended.append("前後の記号を除きました")
    tidy = bare.rstrip(" .,;:。、>」")
    if tidy != bare:
        mended.append("後ろの余分な記号を除きました")
    return tidy


def _one_token(text: str, mended: list[str]) -> str:
    """From 「山田太郎 t@example.jp」 the address. A Latin word in front could be half of it: that is refused."""
    joined = re.sub(r"\s*@\s*", "@", text)
    tokens = joined.split()
    with_at = [token for token in tokens if "@" in token]
    others = [token for token in tokens if "@" not in token]
    if len(with_at) == 1 and all(re.search(r"[^\x00-\x7f]", token) for token in others):
        mended.append("余分な文字を除きました" if others else "「@」の前後の空白を除きました")
        return with_at[0]
    return joined


def _halves(bare: str) -> tuple[str, str]:
    """Local part and domain; every reason to refuse the whole is here."""
    if not bare:
        raise AddressError("空欄です。")
    if "@" not in bare:
        raise AddressError("「@」がありません。")
    if bare.endswith("]") or "@[" in bare:
        # RFC 5321 4.1.3: allowed on the wire, but nobody's box in this list.
        raise AddressError("IPアドレスを直接書いた宛先は使えません。")
    if re.search(r"[()]", bare):
        raise AddressError("半角のかっこ（コメント）が入っています。メールアドレスだけを書いてください。")
    if bare.count("@") > 1 and not bare.startswith('"'):
        several = len([part for part in re.split(r"[\s,;]+", bare) if part.count("@") == 1]) > 1
        if several:
            raise AddressError("アドレスが2つ以上あります。1つずつ書いてください。")
        raise AddressError("「@」が2つ以上あります。")
    if re.search(r"\s", bare):
        raise AddressError("途中に空白があります。")
    local, _, domain = bare.rpartition("@")
    return local, domain


def _local(local: str, mended: list[str]) -> str:
    """The part before @ without the quotes that an old carrier form needs on the wire only."""
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = local[1:-1]
        if not re.fullmatch(rf"[.{_ATEXT}]+", local):
            raise AddressError('「"」で囲んだアドレスは使えません。')
        mended.append('「"」を除きました')
    return local


# ------------------------------------------------------------ judging the two halves
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"  # RFC 5322 3.2.3


def _judge(local: str, domain: str, mended: list[str], name: str) -> Address:
    ascii_domain, domain_notes = _domain(domain)
    _check_local(local)
    is_dotted = local.startswith(".") or local.endswith(".") or ".." in local
    is_legacy = is_dotted and domains.is_carrier(ascii_domain)
    if is_dotted and not is_legacy:
        raise AddressError("「@」の前で「.」が続いているか、最初か最後に「.」があります。")
    address = f"{local}@{ascii_domain}"
    if len(address) > LONGEST_ADDRESS:
        raise AddressError(
            Sentence("長すぎます（{count}文字）。{longest}文字までです。", count=len(address), longest=LONGEST_ADDRESS)
        )
    notes = [Note(NoteKind.MENDED, text) for text in dict.fromkeys(mended)] + list(domain_notes)
    if is_legacy:
        notes.append(
            Note(
                NoteKind.LEGACY_MOBILE,
                Sentence("携帯旧形式のアドレスです。届かないことがあるので、別のアドレスがあれば確実です"),
            )
        )
    if domains.is_role(local):
        notes.append(ROLE)
    return Address(address, f"{local.lower()}@{ascii_domain}", tuple(notes), is_legacy, name)


def _check_local(local: str) -> None:
    if not local:
        raise AddressError("「@」の前がありません。")
    if len(local) > LONGEST_LOCAL:
        raise AddressError(
            Sentence(
                "「@」の前が長すぎます（{count}文字）。{longest}文字までです。", count=len(local), longest=LONGEST_LOCAL
            )
        )
    wrong = re.sub(rf"[.{_ATEXT}]", "", local)
    if wrong:
        signs = " ".join(dict.fromkeys(wrong))
        raise AddressError(Sentence("「@」の前に使えない文字があります: {signs}", signs=signs))


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> tuple[str, tuple[Note, ...]]:
    """The domain in lower-case ASCII (IDNA 2008 by email-validator), and what is remarkable about it."""
    domain = domain.rstrip(".").lower()
    if not domain:
        raise AddressError("「@」の後ろがありません。")
    if re.fullmatch(r"[\d.]+|\[.*\]|[0-9a-f:]*:[0-9a-f:.]*", domain):
        raise AddressError("IPアドレスを直接書いた宛先は使えません。")
    if ".." in domain or domain.startswith("."):
        raise AddressError("「@」の後ろで「.」が続いているか、最初に「.」があります。")
    likely = domains.meant(domain)
    if "." not in domain and likely:
        raise AddressError(
            Sentence("「@」の後ろに「.」がありません。もしかして「{likely}」ではありませんか。", likely=likely)
        )
    if "." not in domain:
        raise AddressError("「@」の後ろに「.」がありません。")
    if domain.rpartition(".")[2] in domains.NOT_ON_THE_NET:
        raise AddressError(Sentence("「{domain}」はインターネットから届かないドメインです。", domain=domain))
    ascii_domain = _to_ascii(domain)
    notes: list[Note] = []
    if ascii_domain != domain:
        notes.append(Note(NoteKind.MENDED, f"日本語などのドメイン「{domain}」を「{ascii_domain}」と書き表しました"))
    if likely:
        notes.append(Note(NoteKind.TYPO, Sentence("もしかして「{likely}」ではありませんか", likely=likely)))
    if domains.is_disposable(ascii_domain):
        notes.append(Note(NoteKind.DISPOSABLE, Sentence("使い捨てアドレスのドメインです")))
    return ascii_domain, tuple(notes)


def _to_ascii(domain: str) -> str:
    try:
        checked = validate_email(f"a@{domain}", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        longest_label = max(len(label) for label in domain.split("."))
        if longest_label > 63 or len(domain) > 253:  # RFC 1035 2.3.4
            raise AddressError("「@」の後ろが長すぎます。") from error
        words = Sentence("「@」の後ろ「{domain}」がドメイン名の形になっていません。", domain=domain[:80])
        raise AddressError(words) from error
    return str(checked.ascii_domain)


def _has_at(text: str) -> bool:
    return any(sign in text for sign in "@" + AT_SIGNS)


def _by_spaces(text: str) -> list[str]:
    """「a@example.jp b@example.jp」 is two."""
    words = text.split()
    at_words = [word for word in words if re.search(rf"[^\s<]+[@{AT_SIGNS}][^\s>]+", word)]
    return words if len(at_words) > 1 and len(at_words) == len(words) else [text]
