"""The bytes of a feed -> ParsedFeed: decoded, repaired, parsed, cleaned."""

from __future__ import annotations

import html
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from feeds import text
from feeds.dates import read_date
from feeds.document import read_document
from feeds.encoding import JIS_CODECS, decode
from feeds.errors import ParseError
from feeds.locations import resolve
from feeds.sax import RawFeed, read_xml

PATIENCE_SECONDS = 20.0
SUMMARY_LIMIT = 400
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What feedparser may stumble over in a document that nobody thought of. Anything else is our own mistake.
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One piece of news as its source gives it, cleaned."""

    guid: str  # the source's own key; without one the canonical URL, without that the fingerprint
    url: str  # absolute, or "" if the source gives no usable one
    canonical_url: str
    title: str  # plain text on one line; may be empty
    summary: str  # plain text, at most SUMMARY_LIMIT characters
    body: str  # HTML that has passed nh3
    published_at: datetime | None  # UTC
    fingerprint: str  # of title and words


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A whole document. One without entries is valid: the source is quiet."""

    title: str
    language: str
    entries: tuple[ParsedEntry, ...]
    remark: str = ""  # what staff should know about the document, though it could be read


def parse_feed(
    body: bytes,
    *,
    url: str,
    content_type: str = "",
    most_entries: int | None = None,
    patience: float = PATIENCE_SECONDS,
) -> ParsedFeed:
    """Read RSS 0.9x, 1.0, 2.0 or Atom from bytes that came from `url` (may be ""); raises ParseError in words."""
    ends_at = time.monotonic() + patience
    decoded = decode(body, content_type)
    document = read_document(decoded.text)
    try:
        raw = read_xml(document.xml, ends_at)
    except _STUMBLES as error:
        raise ParseError(f"フィードとして解釈できません。（{type(error).__name__}）") from error
    if not (raw.version or raw.entries or document.root == "channel"):
        raise ParseError(f"フィードではありません。RSSでもAtomでもないXML（{document.root}）です。")
    if raw.cut_off and not raw.entries:
        raise ParseError("文書が途中で切れています。")
    if raw.guessed and not raw.entries:
        raise ParseError("XMLとして正しくなく、記事も見つかりません。")
    reader = _EntryReader(base=url or _own_address(raw), from_jis=decoded.codec in JIS_CODECS)
    return ParsedFeed(
        title=reader.line(raw.feed, "title"),
        language=str(raw.feed.get("language") or "")[:35],
        entries=tuple(_with_keys(list(_in_time(reader, raw.entries[:most_entries], ends_at)))),
        remark="文書が途中で切れていたため、完全な記事だけを読み込みました。" if raw.cut_off else "",
    )


def _own_address(raw: RawFeed) -> str:
    """Where the document says its site is: the base of relative links in a file that came without an address."""
    link = resolve("", _string(raw.feed, "link"))
    return link if link.startswith(("http://", "https://")) else ""


def _in_time(reader: _EntryReader, entries: list[dict[str, Any]], ends_at: float) -> Iterator[ParsedEntry]:
    for entry in entries:
        if time.monotonic() > ends_at:
            raise ParseError("読み込みに時間がかかりすぎるため、中止しました。")
        yield reader.read(entry)


def _with_keys(entries: list[ParsedEntry]) -> Iterator[ParsedEntry]:
    """Give a key to each entry that came without one."""
    pages = Counter(entry.canonical_url for entry in entries)
    for entry in entries:
        # Items that all lead to one page ("our news") are not one story, so the address is no key there.
        own_page = entry.canonical_url if pages[entry.canonical_url] == 1 else ""
        yield entry if entry.guid else replace(entry, guid=own_page or entry.fingerprint)


@dataclass(frozen=True, slots=True)
class _EntryReader:
    """feedparser's dictionaries -> ParsedEntry."""

    base: str
    from_jis: bool  # the document came in a JIS charset: see characters.jis_dashes

    def read(self, raw: dict[str, Any]) -> ParsedEntry:
        guid = text.normalise(_string(raw, "id"))
        url = self._url(raw, guid)
        title, source = self.line(raw, "title"), _longest_text(raw)
        body = self._cleaned(*source)
        words = text.without_tail(text.words(body))
        return ParsedEntry(
            guid=guid,
            url=url,
            canonical_url=text.canonical_url(url),
            title=title,
            summary=text.shorten(self._own_summary(raw, source[0]) or text.normalise(words), SUMMARY_LIMIT),
            body=body,
            published_at=_published(raw),
            fingerprint=text.fingerprint(title, words),
        )

    def line(self, raw: dict[str, Any], name: str) -> str:
        """A field as plain text on one line."""
        value = _string(raw, name)
        if _detail_type(raw, name) in _HTML_TYPES:
            value = text.plain_text(value)
        return self._own_dashes(text.normalise(value))

    def _own_summary(self, raw: dict[str, Any], body: str) -> str:
        """What the source itself offers as a summary beside the text."""
        value = _string(raw, "summary")
        if not value or value == body:
            return ""
        cleaned = self._cleaned(value, dict.get(raw, "summary_detail") or {})
        return text.normalise(text.without_tail(text.words(cleaned)))

    def _cleaned(self, value: str, detail: dict[str, Any]) -> str:
        kind = detail.get("type") or "text/html"
        if kind not in _HTML_TYPES and kind != "text/plain":
            return ""  # an inline picture or the like
        if kind == "text/plain":
            value = html.escape(value, quote=False)
        cleaned = text.clean_html(value, resolve(self.base, str(detail.get("base") or "")) or self.base)
        return text.in_running_text(cleaned, text.jis_dashes) if self.from_jis else cleaned

    def _own_dashes(self, value: str) -> str:
        return text.jis_dashes(value) if self.from_jis else value

    def _url(self, raw: dict[str, Any], guid: str) -> str:
        link = _string(raw, "link")
        # feedparser takes a GUID for the link if nothing else is there, even one that is only a number.
        if link == guid and not guid.startswith(("http://", "https://", "/")):
            link = ""
        link = link or next(_alternates(raw), "")
        return resolve(self.base, link) if link else ""


def _string(raw: dict[str, Any], name: str) -> str:
    # dict.get: feedparser's own `get` warns about fields that it once mixed up (its issue 310).
    return str(dict.get(raw, name) or "")


def _longest_text(raw: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The longest of the texts that an entry carries, and what feedparser knows about it."""
    details = [*(dict.get(raw, "content") or ()), dict.get(raw, "summary_detail") or {}]
    texts = [(str(detail.get("value") or ""), detail) for detail in details]
    return max([*texts, (_string(raw, "summary"), {})], key=lambda pair: len(pair[0]))


def _detail_type(raw: dict[str, Any], name: str) -> str:
    return str((dict.get(raw, f"{name}_detail") or {}).get("type") or "")


def _alternates(raw: dict[str, Any]) -> Iterator[str]:
    """Links of an entry whose page is no HTML (a PDF of a press release, mostly)."""
    for link in dict.get(raw, "links") or ():
        if link.get("rel") == "alternate" and link.get("href"):
            yield str(link["href"])


def _published(raw: dict[str, Any]) -> datetime | None:
    """RSS 1.0 says dc:date, which feedparser files under `updated`."""
    for name in ("published", "updated", "created"):
        moment = read_date(_string(raw, name))
        if moment is not None:
            return moment
    return None
