"""Header fields: RFC 2047 words, display names, folding, and no way to smuggle in a line."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator

from newsletter.errors import NewsletterError
from newsletter.mail.envelope import EnvelopeError, quoted

# The standard library's generator (policy.SMTP) loses spaces between Japanese and ASCII on 3.11 and 3.12 and writes
# encoded-words that touch on 3.13, which Yahoo refuses. So a text that needs encoding is encoded whole, by this module.
MAX_LINE, MAX_OCTETS, MAX_WORD = 78, 998, 75  # RFC 5322 2.1.1, RFC 2047 2
_OPEN, _CLOSE = "=?UTF-8?B?", "?="
_PLAIN = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")  # printable ASCII with single spaces between
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*")
_URL = re.compile(r"[a-z][a-z0-9+.-]*:[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_LIST_ID = re.compile(r"[0-9A-Za-z_\-]+(?:\.[0-9A-Za-z_\-]+)+")
_MESSAGE_ID = re.compile(r"<[!#$%&'*+\-/=?^_`{|}~.0-9A-Za-z]+@[0-9A-Za-z.\-]+>")
# C0 and C1 controls, line and paragraph separators, half characters: nothing a heading can hold.
_FORBIDDEN = frozenset({"Cc", "Zl", "Zp", "Cs"})


class HeaderError(NewsletterError):
    """This text cannot stand in a mail header."""


def text_field(name: str, text: str) -> str:
    """An unstructured field such as Subject, folded, ended by CRLF."""
    _refuse_controls(name, text)
    if not text:
        raise HeaderError(f"メールの {name} が空です。")
    first = MAX_LINE - len(name) - 2
    if _PLAIN.fullmatch(text) and "=?" not in text:
        lines = _fold_plain(text, first)
        if lines:
            return f"{name}: " + "\r\n ".join(lines) + "\r\n"
    return f"{name}: " + "\r\n ".join(_encoded_words(text, first)) + "\r\n"


def mailbox_field(name: str, display_name: str, address: str) -> str:
    """A field with one mailbox: `From: =?UTF-8?B?…?= <address>`."""
    try:
        wire = quoted(address)
    except EnvelopeError as error:
        raise HeaderError(f"メールの {name}: {error}") from error
    if not wire.isascii():  # RFC 6532 would allow it, but few relays and readers would
        raise HeaderError(f"メールの {name} のアドレスは、@ の前を英数字で書いてください。")
    return named_field(name, display_name, f"<{wire}>") if display_name else finished(f"{name}: {wire}\r\n")


def named_field(name: str, display_name: str, bracketed: str) -> str:
    """A field of a phrase and something in angle brackets: From, List-Id."""
    _refuse_controls(name, display_name)
    if _PHRASE.fullmatch(display_name) and "=?" not in display_name:
        lines = _fold_plain(display_name, MAX_LINE - len(name) - 2)
    elif _PLAIN.fullmatch(display_name) and len(display_name) < 60 and "=?" not in display_name:
        lines = ['"' + re.sub(r'(["\\])', r"\\\1", display_name) + '"']
    else:
        lines = []
    lines = lines or _encoded_words(display_name, MAX_LINE - len(name) - 2)
    used = len(lines[-1]) + (len(name) + 2 if len(lines) == 1 else 1)
    between = " " if used + 1 + len(bracketed) <= MAX_LINE else "\r\n "
    return finished(f"{name}: " + "\r\n ".join(lines) + between + bracketed + "\r\n")


def links_field(name: str, *urls: str) -> str:
    """A field of links in angle brackets, one on a line: List-Unsubscribe, List-Help (RFC 2369)."""
    return finished(f"{name}: " + ",\r\n ".join(f"<{checked_url(name, url)}>" for url in urls) + "\r\n")


def plain_field(name: str, value: str) -> str:
    """A field whose value is short ASCII: Date, List-Id without a name."""
    if not _PLAIN.fullmatch(value):
        raise HeaderError(f"メールの {name} に使えない文字が入っています。")
    return finished(f"{name}: {value}\r\n")


def list_id_field(list_name: str, list_id: str) -> str:
    """`List-Id: name <enews.example.jp>` (RFC 2919)."""
    if not _LIST_ID.fullmatch(list_id):
        raise HeaderError("メールの List-Id は enews.example.jp のような形で書いてください。")
    return named_field("List-Id", list_name, f"<{list_id}>") if list_name else plain_field("List-Id", f"<{list_id}>")


def checked_url(name: str, url: str) -> str:
    """The URL, if it is one and has no space, bracket, control character or anything beyond ASCII."""
    if not _URL.fullmatch(url) or len(url) > MAX_OCTETS - 40:
        raise HeaderError(f"メールの {name} に書く URL が正しくありません。")
    return url


def checked_message_id(message_id: str) -> str:
    """The Message-ID, if it has the form `<left@right>` of RFC 5322 3.6.4."""
    if not _MESSAGE_ID.fullmatch(message_id) or len(message_id) > 250:
        raise HeaderError("Message-ID の形が正しくありません。")
    return message_id


def finished(field: str) -> str:
    """The field, if none of its lines exceeds 998 octets."""
    if any(len(line.encode()) > MAX_OCTETS for line in field.split("\r\n")):
        raise HeaderError(f"メールの {field.partition(':')[0]} が長すぎます。")
    return field


def _refuse_controls(name: str, text: str) -> None:
    # A line break in a subject would let its writer add fields of his own, Bcc among them.
    if any(unicodedata.category(character) in _FORBIDDEN for character in text):
        raise HeaderError(f"メールの {name} に改行や制御文字が入っています。取り除いてください。")


def _fold_plain(text: str, first: int) -> list[str]:
    """Lines broken at single spaces, or nothing when a word does not fit on a line."""
    lines, room = [""], first
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
            room = MAX_LINE - 1
        lines[-1] += f" {word}" if lines[-1] else word
        if len(lines[-1]) > room:
            return []
    return lines


def _encoded_words(text: str, first: int) -> list[str]:
    """RFC 2047 words, one for each line; a character is never split between two."""
    words: list[str] = []
    chunk = b""
    room = _octets(first)
    for character in _characters(text):
        octets = character.encode()
        if len(chunk) + len(octets) > room:
            words.append(_word(chunk))
            chunk, room = b"", _octets(MAX_LINE - 1)
        chunk += octets
    return [*words, _word(chunk)]


def _characters(text: str) -> Iterator[str]:
    """Characters with the marks that belong to them (か + ゙, 葛 + a variation selector), up to 7 code points."""
    held = ""
    for character in text:
        belongs = character == "\u200d" or held.endswith("\u200d") or unicodedata.category(character)[0] == "M"
        if held and not (belongs and len(held) < 7):
            yield held
            held = ""
        held += character
    if held:
        yield held


def _octets(width: int) -> int:
    """How many octets of text fit into one encoded-word of at most `width` (and 75) characters."""
    return (min(width, MAX_WORD) - len(_OPEN) - len(_CLOSE)) // 4 * 3


def _word(octets: bytes) -> str:
    return _OPEN + base64.b64encode(octets).decode("ascii") + _CLOSE
