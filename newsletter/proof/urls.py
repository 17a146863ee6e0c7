"""Addresses of web pages in a text: where they stand, in whatever spelling, and what they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

from newsletter.proof.manuscript import Manuscript, Passage, passages

PLAIN = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%"
JAPANESE = r"ぁ-ゖァ-ヺー一-龠々〆０-９Ａ-Ｚａ-ｚ（）"
SENTENCE_END = ".,;:!?'"
ADDRESS = re.compile(rf"https?://[{PLAIN}]+", re.IGNORECASE)
# Raw Japanese that goes on an address: after a sign that lets it go on, and not with the particle of a sentence.
_PARTICLE = "[をはにでへがのともや]|から|まで|より|（"
RAW_PART = re.compile(rf"(?<=[/=_\-.?&])(?!{_PARTICLE})[{JAPANESE}]+[{PLAIN}{JAPANESE}]*")
# The spellings of the scheme that fingers make of https, and of the signs behind it.
BROKEN = re.compile(
    r"(?<![A-Za-z])(h{0,2}t{1,3}p{1,2}s{0,2}|htpps?|httsp|https?)"
    r"(:// |: //|:/{1,3}|/{2,3}|;//|:\\\\)(?=[A-Za-z0-9])"
    r"([^\s\u3000、。「」（）]+)",
    re.IGNORECASE,
)
_WIDE = "０-９Ａ-Ｚａ-ｚ．／＿－＝＆＃％：～？"
WIDE = re.compile(rf"[hｈ][tｔ]{{2}}[pｐ][sｓ]?[:：][/／]{{2}}[{PLAIN}{_WIDE}]+")
LOOPBACK = re.compile(r"localhost|127\.|\[::1\]")
HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}|[0-9]+(?:\.[0-9]+){3}")
# Ends of Japanese domains as fingers mistype them -> as they are.
MISTYPED_HOST = (
    (re.compile(r"\.(?:1g|ig|lq)\.jp$"), ".lg.jp"),
    (re.compile(r"\.(lg|co|or|go|ac|ne)\.(?:jo|ip|jpp|j)$"), r".\1.jp"),
    (re.compile(r"\.(lg|co|or|go|ac|ne)jp$"), r".\1.jp"),
    (re.compile(r"\.{2,}"), "."),
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses stand in a text, without the punctuation of the sentence behind them."""
    for match in ADDRESS.finditer(text):
        written = match[0].rstrip(SENTENCE_END)
        while written.endswith(")") and written.count("(") < written.count(")"):
            written = written[:-1].rstrip(SENTENCE_END)
        yield match.start(), match.start() + len(written)


def everywhere(manuscript: Manuscript) -> Iterator[tuple[Passage, int, int]]:
    """Every address of the issue: those in the texts, and those behind 詳細."""
    for passage in passages(manuscript):
        for start, end in addresses(passage.text):
            yield passage, start, end
    yield from ((passage, 0, len(passage.text)) for passage in links(manuscript))


def links(manuscript: Manuscript) -> Iterator[Passage]:
    """The addresses behind 詳細."""
    return (Passage(item.number, "url", item.url) for item in manuscript.items if item.url)


def authority(url: str) -> str:
    """The part with the host; empty if the address cannot be taken apart."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def host_of(url: str) -> str:
    """The host's name, without user, password and port."""
    return authority(url).rpartition("@")[2].partition(":")[0]


def is_host(host: str) -> bool:
    """Whether it can be a host's name; one in Japanese is another rule's matter."""
    if not host.isascii():
        return True
    return bool(HOST.fullmatch(host)) and mended_host(host) == host


def mended_host(host: str) -> str:
    """The host's name without slips of the fingers that are well known."""
    for pattern, right in MISTYPED_HOST:
        host = pattern.sub(right, host)
    return host


def encoded(url: str) -> str:
    """The address with everything that is not ASCII percent-encoded, the host in its ASCII form (IDNA)."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return url
    return f"{scheme}://{host}{slash}{quote(path, safe=SAFE)}"


SAFE = "-._~:/?#[]@!$&'()*+,;=%"


def parameters(url: str) -> list[str]:
    """The names of the parameters, also of those behind #."""
    query = url.partition("#")[0].partition("?")[2]
    fragment = url.partition("#")[2]
    query = query + ("&" + fragment if "=" in fragment else "")
    return [part.partition("=")[0] for part in re.split("[&;]", query) if part and "=" in part]


def without(url: str, unwanted: Callable[[str], bool]) -> str:
    """The address without the parameters of these names; the others stay as they are, in their order."""
    rest, mark, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    kept = [part for part in query.split("&") if part and not unwanted(part.partition("=")[0])]
    if "=" in fragment:
        parts = [part for part in fragment.split("&") if not unwanted(part.partition("=")[0])]
        fragment = "&".join(parts)
    return base + ("?" + "&".join(kept) if kept else "") + (mark + fragment if fragment else "")


def short(url: str) -> str:
    """The address as a message can show it."""
    return url if len(url) <= 60 else url[:40] + "…" + url[-15:]
