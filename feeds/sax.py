"""feedparser, driven by hand: its two parsers without its guesses about encodings, its HTML sanitiser and its fallback.

`feedparser.parse` would decode the bytes its own way, rewrite HTML with a sanitiser that ours replaces, and try its
tolerant parser on everything. Here text comes in decoded and repaired, HTML goes out raw (nh3 cleans it later), and
what a hostile document can use to keep the parser busy for hours is bounded.
"""

from __future__ import annotations

import contextlib
import time
import xml.sax
import xml.sax.expatreader
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from xml.parsers.expat import errors as expat_errors
from xml.sax import handler, xmlreader

from feedparser import api
from feedparser.namespaces import _base, dc

from feeds.errors import ParseError

_MOST_NAMESPACES = 100
_MOST_ATTRIBUTES = 200
_TOLERANT_LIMIT = 4_000_000
# The document ends too early, or something follows its end: what came before is whole.
_CUT_OFF = frozenset(
    expat_errors.codes[message]
    for message in (
        expat_errors.XML_ERROR_NO_ELEMENTS,
        expat_errors.XML_ERROR_UNCLOSED_TOKEN,
        expat_errors.XML_ERROR_PARTIAL_CHAR,
        expat_errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_OTHER_ERROR = -1
_JUNK_AFTER_END = expat_errors.codes[expat_errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]


@dataclass(slots=True)
class RawFeed:
    """What feedparser found, in its own dictionaries."""

    version: str
    feed: dict[str, Any]
    entries: list[dict[str, Any]] = field(default_factory=list)
    cut_off: bool = False  # the document ended in the middle; its last, incomplete entry is left out
    guessed: bool = False  # it is no well-formed XML; what it says is what the tolerant parser made of it


class _Bounded:
    """What both of feedparser's parsers get: an end to patience, and no work on what the e-news does not use."""

    ends_at = float("inf")

    def check_patience(self) -> None:
        if time.monotonic() > self.ends_at:
            raise ParseError("読み込みに時間がかかりすぎるため、中止しました。")

    def unknown_starttag(self, tag: str, attrs: Any) -> Any:
        self.check_patience()
        # Each element without a known namespace is looked up among all that the document declares.
        if len(self.namespaces_in_use) > _MOST_NAMESPACES:  # type: ignore[attr-defined]
            raise ParseError("名前空間の宣言が多すぎるため、読み込みません。")
        return super().unknown_starttag(tag, attrs)  # type: ignore[misc]

    def handle_data(self, text: str, escape: int = 1) -> None:
        self.check_patience()
        pieces = self.elementstack[-1][2] if self.elementstack else ()  # type: ignore[attr-defined]
        # White space at the start of a text is taken off piece by piece, in time with the square of their number.
        if pieces and text.isspace() and pieces[-1].isspace():
            return
        super().handle_data(text, escape)  # type: ignore[misc]

    def handle_charref(self, ref: str) -> None:
        try:
            super().handle_charref(ref)  # type: ignore[misc]
        except (ValueError, OverflowError):  # a number that is no character
            return

    def _start_textinput(self, attrs_d: Any) -> None:
        # Inside an item, feedparser prepares the wrong place for the form's own title and link.
        self.feeddata.setdefault("textinput", api.FeedParserDict())  # type: ignore[attr-defined]
        super()._start_textinput(attrs_d)  # type: ignore[misc]

    def _sync_author_detail(self, key: str = "author") -> None:
        """Nothing: the search for a mail address in a name takes time with the square of its length."""

    def _add_tag(self, term: Any, scheme: Any, label: Any) -> None:
        """Keep no category: each is compared with all before it."""
        self._get_context().setdefault("tags", [])  # type: ignore[attr-defined]


def _unheard(_: object) -> None:
    raise AttributeError  # what feedparser takes for "no handler for this element"


def _forgiving(name: str) -> Callable[..., Any]:
    """The handler, but what it stumbles over in a wrongly nested document costs that element only."""

    def handle(self: Any, *attrs: Any) -> Any:
        with contextlib.suppress(LookupError, TypeError, ValueError):
            return getattr(super(_Bounded, self), name)(*attrs)

    return handle


# Only RSS's, Atom's and Dublin Core's elements are listened to. The others are not used here, stumble over dirt, and
# Media RSS's captions of pictures would even be taken for the text of the item.
_HEARD = {*vars(_base.Namespace), *vars(dc.Namespace)} - vars(_Bounded).keys()
for _name in dir(api.StrictFeedParser):
    if _name in _HEARD and _name.startswith(("_start_", "_end_")):
        setattr(_Bounded, _name, _forgiving(_name))
    elif _name.startswith(("_start_", "_end_")) and _name not in vars(_Bounded):
        setattr(_Bounded, _name, property(_unheard))


class _Strict(_Bounded, api.StrictFeedParser):  # type: ignore[misc]
    """For well-formed XML."""

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 SAX's own name
        # SAX looks each attribute up among all of its element.
        if len(attrs) > _MOST_ATTRIBUTES:
            raise ParseError("一つの要素に含まれる属性が多すぎるため、読み込みません。")
        super().startElementNS(name, qname, attrs)


class _Tolerant(_Bounded, api.LooseFeedParser):  # type: ignore[misc]
    """For what only looks like XML."""


def read_xml(text: str, ends_at: float) -> RawFeed:
    """Parse the text strictly, and tolerantly if it is not well-formed; raises ParseError when patience ends."""
    parser = _Strict("", None, "utf-8")
    parser.ends_at = ends_at
    _without_extras(parser)
    problem = _parse_strictly(parser, text.encode("utf-8", "ignore"))
    if problem is None or problem == _JUNK_AFTER_END:
        return _raw(parser)
    if problem in _CUT_OFF:
        return _raw(parser, cut_off=True)
    if len(text) > _TOLERANT_LIMIT:
        raise ParseError("XMLとして正しくありません。大きすぎるため、修復もできません。")
    return _parse_tolerantly(text, ends_at)


def _without_extras(parser: Any) -> None:
    parser.resolve_relative_uris = False
    parser.sanitize_html = False


def _parse_strictly(parser: Any, document: bytes) -> int | None:
    """Feed expat; the code of the error that stopped it, or None."""
    reader = xml.sax.expatreader.create_parser()  # noqa: S315 the document has no DOCTYPE left
    reader.setFeature(handler.feature_namespaces, True)
    reader.setFeature(handler.feature_external_ges, False)
    reader.setContentHandler(parser)
    reader.setErrorHandler(parser)
    source = xmlreader.InputSource()
    source.setEncoding("utf-8")
    source.setByteStream(BytesIO(document))
    try:
        reader.parse(source)
    except xml.sax.SAXException as error:
        return getattr(error.getException(), "code", _OTHER_ERROR)
    except ValueError:  # a namespace with a space in its name, which expat's adapter cannot take apart
        return _OTHER_ERROR
    return None


def _parse_tolerantly(text: str, ends_at: float) -> RawFeed:
    parser = _Tolerant("", None, "utf-8", {})
    parser.ends_at = ends_at
    _without_extras(parser)
    parser.feed(text)
    return replace(_raw(parser), guessed=True)


def _raw(parser: Any, *, cut_off: bool = False) -> RawFeed:
    entries = parser.entries[:-1] if cut_off and parser.inentry else parser.entries
    return RawFeed(parser.version, parser.feeddata, entries, cut_off)
