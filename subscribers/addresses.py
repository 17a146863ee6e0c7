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

from subscribers import domains, remarks, top_levels
from subscribers.errors import AddressError
from subscribers.mending import AT_SIGNS, ATEXT, Bare, clean, has_at, unwrap
from subscribers.sentences import Sentence

LONGEST_TEXT = 1000  # of what is read at all; a cell that holds more is not an address
LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3 less the angle brackets
LONGEST_LOCAL = 64  # RFC 5321 4.5.3.1.1
FINGERPRINT_BYTES = 16


class NoteKind(StrEnum):
    """What a note is about. The first three say that the text itself was changed."""

    MENDED = "mended"
    REMARK = "remark"  # something was taken off that somebody should read
    UNWANTED = "unwanted"  # what was taken off says that this person left, or wants no mail
    ANOTHER = "another"
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
    bare = unwrap(clean(text, mended), mended)
    return _judge(*_halves(bare.address), mended, bare)


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
        if has_at(piece):
            parts.extend(_by_spaces(whole))
            pending = ""
        elif piece.strip():
            pending = whole
    if pending and parts:
        parts[-1] = f"{parts[-1]}, {pending}"
    return [part.strip() for part in parts if part.strip()] or [text]


def is_under_another(text: str) -> bool:
    """Whether an address stands where the name should: 「a@example.jp <b@example.jp>」, as mail programs write it."""
    return _UNDER_ANOTHER.fullmatch(text.strip()) is not None


def fingerprint(address_key: str, key: str) -> str:
    """The keyed fingerprint of an address, 32 hexadecimal digits. Without the key nobody can test a guess.

    HMAC-SHA256, its first half: as much as RFC 2104, section 5, asks for, and every index of it is half as large.
    """
    return hmac.digest(key.encode(), address_key.encode(), hashlib.sha256)[:FINGERPRINT_BYTES].hex()


def masked(address: str) -> str:
    """Enough to recognise one's own address, too little for anybody else: t***@example.jp."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}"


# ------------------------------------------------------------ the two halves
_PLAIN = re.compile(r"([A-Za-z0-9_-]+(?:[.+][A-Za-z0-9_-]+)*)@([a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z]{2,})")
_SEPARATORS = re.compile(r"[;,|、，；｜\r\n\t]+|／|\s/\s")
_BETWEEN = re.compile(r"[\s;,|、/<>()\[\]「」]+")  # what else may tell two of them apart
_UNDER_ANOTHER = re.compile(
    rf"[\"']?[^\s<>＜＞@{AT_SIGNS}]+[@{AT_SIGNS}][^\s<>＜＞@{AT_SIGNS}]+\s*[<＜][^\s<>＜＞]+[>＞]"
)
# A new header line (RFC 5322 2.2) is no second address.
_HEADER_LINE = re.compile(r"[\r\n]\s*[A-Za-z][A-Za-z-]*\s*:")


def _halves(bare: str) -> tuple[str, str]:
    """Local part and domain; every reason to refuse the whole is here."""
    if not bare:
        raise AddressError("空欄です。")
    if "@" not in bare:
        raise AddressError("「@」がありません。")
    if bare.endswith("]") or "@[" in bare:
        # RFC 5321 4.1.3: allowed on the wire, but nobody's box in this list.
        raise AddressError("IPアドレスを直接書いた宛先は使えません。")
    several = len([part for part in _BETWEEN.split(bare) if re.fullmatch(r"[^@]+@[^@]+\.[^@]+", part)])
    if several > 1:
        raise AddressError(Sentence("アドレスが{count}件あります。1件ずつ書いてください。", count=several))
    if re.search(r"[()]", bare):
        raise AddressError("半角のかっこ（コメント）が入っています。メールアドレスだけを書いてください。")
    if bare.count("@") > 1 and not bare.startswith('"'):
        raise AddressError("「@」が2つ以上あります。")
    if re.search(r"\s", bare):
        raise AddressError("途中に空白があります。")
    local, _, domain = bare.rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        raise AddressError('「"」で囲んだアドレスは使えません。')
    return local, domain


# ------------------------------------------------------------ judging the two halves
def _judge(local: str, domain: str, mended: list[str], around: Bare) -> Address:
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
    notes = [Note(_kind(text), text) for text in dict.fromkeys(mended)] + list(domain_notes)
    if around.another:
        words = Sentence("「{another}」も書いてありますが、かっこの中だけを読みました", another=around.another)
        notes.append(Note(NoteKind.ANOTHER, words))
    if is_legacy:
        notes.append(
            Note(
                NoteKind.LEGACY_MOBILE,
                Sentence("携帯旧形式のアドレスです。届かないことがあるので、別のアドレスがあれば確実です"),
            )
        )
    if domains.is_role(local):
        notes.append(ROLE)
    return Address(address, f"{local.lower()}@{ascii_domain}", tuple(notes), is_legacy, around.name)


def _kind(mend: str) -> NoteKind:
    """Of what was mended: whether what came off says something about the person."""
    removed = mend.values.get("removed") if isinstance(mend, Sentence) else None
    if removed is None or remarks.is_harmless(str(removed)):
        return NoteKind.MENDED
    return NoteKind.UNWANTED if remarks.is_unwanted(str(removed)) else NoteKind.REMARK


def _check_local(local: str) -> None:
    if not local:
        raise AddressError("「@」の前がありません。")
    if len(local) > LONGEST_LOCAL:
        raise AddressError(
            Sentence(
                "「@」の前が長すぎます（{count}文字）。{longest}文字までです。", count=len(local), longest=LONGEST_LOCAL
            )
        )
    wrong = re.sub(rf"[.{ATEXT}]", "", local)
    if wrong:
        signs = " ".join(dict.fromkeys(wrong))
        raise AddressError(Sentence("「@」の前に使えない文字があります: {signs}", signs=signs))


@lru_cache(maxsize=20_000)
def _domain(domain: str) -> tuple[str, tuple[Note, ...]]:
    """The domain in lower-case ASCII (IDNA 2008 by email-validator), and what is remarkable about it."""
    domain = domain.rstrip(".").lower()
    likely = domains.meant(domain)
    _check_form(domain, likely)
    ascii_domain = _to_ascii(domain)
    _check_top_level(domain, likely)
    notes: list[Note] = []
    if ascii_domain != domain:
        notes.append(Note(NoteKind.MENDED, f"日本語などのドメイン「{domain}」を「{ascii_domain}」と書き表しました"))
    if likely:
        notes.append(Note(NoteKind.TYPO, Sentence("もしかして「{likely}」ではありませんか", likely=likely)))
    if domains.is_disposable(ascii_domain):
        notes.append(Note(NoteKind.DISPOSABLE, Sentence("使い捨てアドレスのドメインです")))
    return ascii_domain, tuple(notes)


# A comma where a dot was meant.
_COMMA = re.compile(r"[,、](?=(?:(?:ac|co|ed|go|gr|lg|ne|or)[.,、])?jp\Z|(?:com|info|net|org)\Z)")


def _check_form(domain: str, likely: str) -> None:
    if not domain:
        raise AddressError("「@」の後ろがありません。")
    if re.fullmatch(r"[\d.]+|\[.*\]|[0-9a-f:]*:[0-9a-f:.]*", domain):
        raise AddressError("IPアドレスを直接書いた宛先は使えません。")
    if ".." in domain or domain.startswith("."):
        raise AddressError("「@」の後ろで「.」が続いているか、最初に「.」があります。")
    if _COMMA.search(domain):
        dotted = _COMMA.sub(".", domain)
        raise AddressError(
            Sentence(
                "「@」の後ろの「.」が「,」か「、」になっています。もしかして「{likely}」ではありませんか。",
                likely=dotted,
            )
        )
    if "." not in domain and likely:
        raise AddressError(
            Sentence("「@」の後ろに「.」がありません。もしかして「{likely}」ではありませんか。", likely=likely)
        )
    if "." not in domain:
        raise AddressError("「@」の後ろに「.」がありません。")
    if domain.rpartition(".")[2] in domains.NOT_ON_THE_NET:
        raise AddressError(Sentence("「{domain}」はインターネットから届かないドメインです。", domain=domain))


def _check_top_level(domain: str, likely: str) -> None:
    last = domain.rpartition(".")[2]
    if top_levels.exists(last):
        return
    if likely:
        raise AddressError(
            Sentence(
                "「.{last}」で終わるドメインはありません。もしかして「{likely}」ではありませんか。",
                last=last,
                likely=likely,
            )
        )
    raise AddressError(
        Sentence(
            "「.{last}」で終わるドメインはありません。足りない字や、続けて書いた言葉がないか確かめてください。",
            last=last,
        )
    )


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


def _by_spaces(text: str) -> list[str]:
    """「a@example.jp b@example.jp」 is two; 「a@example.jp <b@example.jp>」 is one under another's name."""
    if is_under_another(text):
        return [text]
    words = text.split()
    # One sign on either side says it: asked for as many as there are, a long word would cost the square of its length.
    at_words = [word for word in words if re.search(rf"[^<][@{AT_SIGNS}][^>]", word)]
    return words if len(at_words) > 1 and len(at_words) == len(words) else [text]
