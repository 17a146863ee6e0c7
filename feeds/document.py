"""The text of a document -> XML that a strict parser takes, or a refusal with the reason.

What real feeds are dirty with is repaired here (junk before the start, control characters, bare ampersands,
HTML's entity names); what is dangerous or no feed at all is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

from feeds.characters import without_control
from feeds.errors import ParseError

_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
_FIRST_TAG = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?([A-Za-z_][\w.-]{0,40})")
_FEED_START = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:rss|rdf|feed|channel)(?=[\s>/])", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY[\s%]", re.IGNORECASE)
_HTML = re.compile(r"<!DOCTYPE\s+html|<html[\s>]", re.IGNORECASE)
_AMPERSAND = re.compile(r"&(?:#([0-9]{1,8}|[xX][0-9a-fA-F]{1,8});|([A-Za-z][A-Za-z0-9]{0,31});)?")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_OPENING = re.compile(r"<!\[CDATA\[|<!--|<\?")
_CLOSING = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_NOT_CONTENT = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:>|\Z)|<!DOCTYPE(?:[^\[>]|\[[^\]]*\])*(?:>|\Z)", re.DOTALL | re.IGNORECASE
)
_ENTITIES_REFUSED = "文書型宣言（DOCTYPE）の中で実体（ENTITY）が定義されています。安全のため読み込みません。"
_LAST_CODE_POINT = 0x10FFFF
_LONGEST_PROLOG = 50_000


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """XML without declaration and DOCTYPE, starting at its root element, whose local name is in `root`."""

    xml: str
    root: str


def read_document(text: str) -> FeedDocument:
    """Find the feed in the text and repair it; raises ParseError when there is none or it declares entities."""
    text = without_control(text).lstrip("\ufeff")
    first = _FIRST_TAG.search(_before_content(text))
    if first is None:
        raise ParseError(_what_it_is(text))
    # Billion laughs, quadratic blow-up, files of the server: no honest feed needs entities of its own.
    if _ENTITY.search(text, 0, first.start()):
        raise ParseError(_ENTITIES_REFUSED)
    start = first.start()
    if first[1].lower() not in _ROOTS:
        start = _feed_after_junk(text, first[1])
        first = _FIRST_TAG.match(text, start) or first
    return FeedDocument("".join(_repaired(text[start:])), first[1].lower())


def _before_content(text: str) -> str:
    """The start of the text with comments, DOCTYPE and processing instructions blanked out, so positions stay."""
    return _NOT_CONTENT.sub(lambda found: " " * len(found[0]), text[:_LONGEST_PROLOG])


def _feed_after_junk(text: str, first_tag: str) -> int:
    """Where the feed starts behind what a broken server printed first (a warning in HTML, mostly)."""
    head = text[:_LONGEST_PROLOG]
    start = None if _HTML.search(head) else _FEED_START.search(head)
    if start is None:
        raise ParseError(_what_it_is(text, first_tag))
    if _ENTITY.search(text, 0, start.start()):
        raise ParseError(_ENTITIES_REFUSED)
    return start.start()


def _what_it_is(text: str, first_tag: str = "") -> str:
    """Why this is no feed, in words that tell staff what to look for."""
    start = text.lstrip()[:1]
    if not start:
        return "文書が空です。"
    if _HTML.search(text[:_LONGEST_PROLOG]) or first_tag.lower() in ("html", "head", "body", "meta"):
        return "フィードではなく、ウェブページ（HTML）です。フィードのアドレスを確認してください。"
    if start in "{[":
        return "フィードではなく、JSONです。RSSかAtomのアドレスを確認してください。"
    if first_tag:
        return f"フィードではありません。RSSでもAtomでもないXML（{first_tag[:40]}）です。"
    return "フィードではありません。RSSやAtomの文書が見つかりません。"


def _repaired(text: str) -> Iterator[str]:
    """The text with ampersands that XML understands; CDATA sections, comments and instructions stay as they are."""
    position = 0
    while position < len(text):
        start, end = _next_marked(text, position)
        yield _AMPERSAND.sub(_reference, text[position:start])
        yield text[start:end]
        position = end


def _next_marked(text: str, position: int) -> tuple[int, int]:
    """The next section that is no markup; one that never ends goes to the end of the text."""
    opening = _OPENING.search(text, position)
    if opening is None:
        return len(text), len(text)
    closing = _CLOSING[opening[0]]
    end = text.find(closing, opening.end())
    return opening.start(), len(text) if end == -1 else end + len(closing)


def _reference(found: re.Match[str]) -> str:
    number, name = found.groups()
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        return found[0] if _is_xml_character(code) else ""
    if name in _XML_NAMES:
        return found[0]
    character = html5.get(f"{name};", "") if name else ""
    if not character:
        return "&amp;" + found[0][1:]
    return character.replace("&", "&amp;").replace("<", "&lt;")


def _is_xml_character(code: int) -> bool:
    """XML 1.0 section 2.2."""
    if code < 32:
        return code in (9, 10, 13)
    return code <= _LAST_CODE_POINT and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)
