"""Text from outside made fit to keep: HTML cleaned to what a mail needs, plain text, summaries, fingerprints.

Characters and addresses have rooms of their own; their functions can be had from here too.
"""

from __future__ import annotations

import hashlib
import html as entities
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import nh3

from feeds.characters import fold, jis_dashes, normalise, visible, without_control
from feeds.locations import canonical_url, resolve

__all__ = [
    "canonical_url",
    "clean_html",
    "fingerprint",
    "in_running_text",
    "jis_dashes",
    "normalise",
    "plain_text",
    "shorten",
    "words",
]

_INLINE = frozenset({"a", "abbr", "b", "br", "cite", "code", "em", "i", "img", "q", "rp", "rt", "ruby", "s", "small"})
_INLINE |= {"strong", "sub", "sup", "u"}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TABLE = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"})
_BLOCKS = _HEADINGS | _TABLE | {"p", "hr", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"}
# Boxes that a mail does not need but whose borders part paragraphs.
_BOXES = frozenset({"address", "article", "aside", "center", "div", "figcaption", "figure", "footer", "header"})
_BOXES |= {"main", "nav", "pre", "section"}
_WITHOUT_CONTENT = frozenset(
    {"applet", "audio", "button", "canvas", "embed", "form", "frameset", "iframe", "input", "math", "noembed"}
    | {"noframes", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video"}
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "abbr": {"title"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "*": {"lang"},
}
_NUMERIC = frozenset({"width", "height", "start", "colspan", "rowspan"})
_SCHEMES = {"http", "https", "mailto", "tel"}

# nh3 writes tags as `<name attr="value">` with < > & and quotes in text escaped, so that this cuts them safely.
_TAG = re.compile(r'(</?[a-z][a-z0-9]*(?: [^\s="]+="[^"]*")*>)')
_TAG_NAME = re.compile(r"</?([a-z0-9]+)")
_BOX = re.compile(rf"<(/?)(?:{'|'.join(sorted(_BOXES))})(?: [^>]*)?>")
_SIZE = re.compile(r' (?:width|height)="([^"]*)"')
_WITH_EDGES = "p|li|td|th|dd|dt|h[1-6]|blockquote"
_EMPTY = re.compile(
    r"<(p|li|ul|ol|dl|dt|dd|blockquote|h[1-6]|a|b|strong|em|i|u|s|small|sub|sup|q|cite)(?: [^>]*)?>(\s*)</\1>"
)
_MANY_BREAKS = re.compile(r"(?:<br>\s?){3,}")
_EDGE_BREAKS = re.compile(
    rf"(?P<open><(?:{_WITH_EDGES})(?: [^>]*)?>)(?:\s|<br>)+|(?:\s|<br>)+(?P<close></(?:{_WITH_EDGES})>)"
)
_GAP_AT_TAG = re.compile(r">\s|\s<")
_AROUND_BLOCKS = re.compile(rf"\s*(</?(?:{'|'.join(sorted(_BLOCKS))})(?: [^>]*)?>)\s*")

# What WordPress adds to every item of its feeds, in the languages of our sources.
_LINK = r"<a [^>]*>[^<]{1,500}</a>"
_HTML_TAIL = re.compile(
    rf"(?:<p>|<br>|^)\s*(?:The post {_LINK} (?:appeared first on|first appeared on) {_LINK}\.?"
    rf"|投稿 {_LINK} は {_LINK} に最初に表示されました。?)\s*(?:</p>)?\s*$"
)
_SITE = r"(?:[^.\n]|\.(?=\S)){1,150}"  # a name that may be example.org, but no second sentence
_TEXT_TAIL = re.compile(
    rf"(?:^|\s)(?:The post [^\n]{{1,400}}? (?:appeared first on|first appeared on) {_SITE}\.?"
    r"|投稿 [^\n]{1,400}? は [^\n]{1,150}? に最初に表示されました。?)\s*$"
)
_TAIL_WORDS = ("first", "最初に表示されました")
_SENTENCE_ENDS = ("。", "！", "？", ".", "!", "?", "…")
_EXCERPT_END = re.compile(r"\[\s?(?:…|\.{3})\s?\]$|\(\s?(?:…|\.{3})\s?\)$")

# An article never comes near these; a document made to keep the parser busy does (its time grows with the square).
_LONGEST = 400_000
_MOST_TAGS = 5_000
_PASSES = 6


def clean_html(html: str, base: str = "") -> str:
    """HTML from outside as paragraphs, lists, emphasis, links, images and simple tables; everything else is gone.

    Relative addresses are resolved against `base`, and dropped without one. Cleaning twice changes nothing more.
    """
    html = within_limits(html)
    for _ in range(_PASSES):
        cleaned = _tidy(_cleaner(base).clean(html))
        if cleaned == html:
            return cleaned
        html = within_limits(cleaned)
    # Nested nonsense that HTML5's rules keep rearranging: its words are worth more than its shape.
    return _paragraphs(plain_text(html))


def plain_text(html: str) -> str:
    """The words of an HTML text: paragraphs apart by a blank line, list items marked ・, one line for each <br>."""
    return words(_cleaner("").clean(within_limits(html)))


def words(cleaned: str) -> str:
    """The same for HTML that has been cleaned already."""
    blocks: list[str] = [""]
    for piece in _TAG.split(_with_paragraphs(cleaned)):
        name = _tag_name(piece)
        if not name:
            blocks[-1] += fold(visible(entities.unescape(piece)))
        elif name == "br":
            blocks[-1] += "\n"
        elif name == "li":
            blocks.append("" if piece.startswith("</") else "・")
        elif name in ("td", "th"):
            blocks[-1] += " "
        elif name in _BLOCKS and blocks[-1] != "・":  # a paragraph that opens a list item goes on behind its mark
            blocks.append("")
    return _joined(_lines(block) for block in blocks)


def within_limits(html: str) -> str:
    """The HTML as it is, or its bare words when it is longer or has more tags than any article."""
    html = without_control(html)
    if len(html) <= _LONGEST and html.count("<") <= _MOST_TAGS:
        return html
    # Cut so far that what is left is within the limits, however much of it must be escaped.
    bare = entities.unescape(re.sub(r"<[^<>]*>", "\n\n", html[:_LONGEST]))
    return _paragraphs(bare.strip()[: _LONGEST // 8])


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut after a sentence where one ends late enough, else marked with …"""
    if len(text) <= limit:
        return text
    head = text[:limit]
    sentence = max(head.rfind(end) for end in ("。", "！", "？", ". ", "! ", "? ", "\n"))
    if sentence >= limit // 2:
        return head[: sentence + 1].rstrip()
    head = text[: limit - 1]
    word = head.rfind(" ")
    return (head[:word] if word >= limit * 2 // 3 else head).rstrip() + "…"


def without_tail(text: str) -> str:
    """Plain text without the line that WordPress adds and without the mark of its cut."""
    if any(word in text for word in _TAIL_WORDS):
        text = _TEXT_TAIL.sub("", text)
    text = text.strip()
    end = _EXCERPT_END.search(text[-12:])
    if end is None:
        return text
    cut = text[: len(text) - len(end[0])].rstrip()
    return cut if cut.endswith(_SENTENCE_ENDS) else cut + "…"


def in_running_text(html: str, change: Callable[[str], str]) -> str:
    """Cleaned HTML with `change` made to its words only, never to a tag, an address or an attribute."""
    return "".join(
        piece if odd % 2 else entities.escape(change(entities.unescape(piece)), quote=False)
        for odd, piece in enumerate(_TAG.split(html))
    )


def fingerprint(title: str, text: str) -> str:
    """What the words of an entry come to, whatever their markup: 64 hexadecimal digits."""
    words = f"{normalise(title)}\n{normalise(text)}"
    return hashlib.sha256(words.encode()).hexdigest()


@lru_cache(maxsize=16)
def _cleaner(base: str) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_INLINE | _BLOCKS | _BOXES),
        clean_content_tags=set(_WITHOUT_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes=_SCHEMES,
        url_relative=(lambda address: resolve(base, address) or None) if base else "deny",
        link_rel="noopener noreferrer",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        # nh3 has let the schemes of links through, and resolves relative addresses after this.
        return None if value.lower().startswith(("mailto:", "tel:")) else value
    if name == "lang":
        return value if re.fullmatch(r"[A-Za-z0-9-]{1,35}", value) else None
    if name in _NUMERIC:
        return value if value.isascii() and value.isdigit() and len(value) <= 4 else None
    if name in ("alt", "title"):
        return normalise(value)
    return value


def _tidy(html: str) -> str:
    """What nh3 leaves, made small: paragraphs for boxes, no empty shells, no counting pixels, folded white space."""
    html = "".join(_without_dead_ends(_TAG.split(_with_paragraphs(html))))
    for _ in range(_PASSES):
        smaller = _smaller(html).strip()
        if smaller == html:
            break
        html = smaller
    return _without_tail(html)


def _smaller(html: str) -> str:
    # Asked first whether there is anything to do: these patterns are slow in long texts, and mostly there is not.
    if "></" in html or "> </" in html:
        html = _EMPTY.sub(r"\2", html)
    if "<br>" in html:
        html = _MANY_BREAKS.sub("<br><br>", html)
        html = _EDGE_BREAKS.sub(lambda edge: edge["open"] or edge["close"], html)
    if _GAP_AT_TAG.search(html):
        html = _AROUND_BLOCKS.sub(r"\1", html)
    return html


def _with_paragraphs(html: str) -> str:
    """Boxes become paragraphs; nh3 has taken all attributes of boxes but the language."""
    return _BOX.sub(r"<\1p>", html)


def _without_dead_ends(pieces: list[str]) -> Iterator[str]:
    """Text in normal form; anchors that lead nowhere and pictures that show nothing are left out."""
    dead_anchor = False
    for piece in pieces:
        name = _tag_name(piece)
        if not name:
            yield entities.escape(fold(visible(entities.unescape(piece))), quote=False)
        elif name == "a" and not piece.startswith("</"):
            dead_anchor = " href=" not in piece
            yield "" if dead_anchor else piece
        elif name == "a":
            yield "" if dead_anchor else piece
            dead_anchor = False
        elif name == "img":
            yield "" if _shows_nothing(piece) else piece
        else:
            yield piece


def _shows_nothing(picture: str) -> bool:
    """A picture without an address, or of at most one pixel: those only count readers."""
    return " src=" not in picture or any(size in ("0", "1") for size in _SIZE.findall(picture))


def _without_tail(html: str) -> str:
    if not any(word in html for word in _TAIL_WORDS):
        return html
    return _HTML_TAIL.sub("", html).strip()


def _tag_name(piece: str) -> str:
    found = _TAG_NAME.match(piece) if piece.startswith("<") else None
    return found[1] if found else ""


def _lines(block: str) -> str:
    lines = "\n".join(fold(line).strip() for line in block.split("\n")).strip()
    return re.sub(r"\n{3,}", "\n\n", lines)


def _joined(blocks: Iterator[str]) -> str:
    """Blocks apart by a blank line, list items of one list by a line end."""
    text = ""
    for block in blocks:
        if block and block != "・":
            close = text and block.startswith("・") and text.rpartition("\n\n")[2].startswith("・")
            text += ("\n" if close else "\n\n") + block if text else block
    return text


def _paragraphs(text: str) -> str:
    parts = [normalise(part) for part in re.split(r"\n\s*\n", without_tail(text))][: _MOST_TAGS // 4]
    return "".join(f"<p>{entities.escape(part, quote=False)}</p>" for part in parts if part)
