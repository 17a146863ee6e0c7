"""The one step that makes the finished HTML small: Gmail cuts a mail at 102 kB, and the footer would go first.

What goes: classes that no style names any more, attributes that say what is so anyway, white space that nobody sees,
doubled conditional comments. What stays: every conditional of Outlook, every role, lang, alt and width.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree, html

from newsletter.mail.phrases import BREAK

DOCTYPE = "<!doctype html>"  # premailer and lxml drop it; without it every program renders in quirks mode
WARN_BYTES, REFUSE_BYTES = 80_000, 100_000
_BLOCKS = frozenset("html head body div table tbody thead tr td th p h1 h2 h3 ul ol li br title meta style hr".split())
_DEFAULTS = {
    ("dir", "auto"),
    ("dir", "ltr"),
    ("type", "text/css"),
    ("colspan", "1"),
    ("align", "left"),
    ("border", "0"),
    ("data-premailer", "ignore"),
}
_IGNORED = ' data-premailer="ignore"'
_CLASS_NAME = re.compile(r"\.([A-Za-z_][\w-]*)")
_WIDE = r"[　-ヿ㐀-鿿＀-￮]"
_LINE_END_BETWEEN_WIDE = re.compile(rf"(?<={_WIDE})[ \t]*[\r\n]\s*(?={_WIDE})")
_SPACES = re.compile(r"[ \t\r\n]+")
# Where a line end shows nowhere: inside a table, before a paragraph or a list, between rules of a style.
_INVISIBLE = re.compile(
    r"(?<=>)(?=</?tr\b|<td\b|</table>|<p\b|<h[1-6]\b|<ul\b|<li\b|<meta\b|<style\b|</head>)|(?<=\})(?=[^<]+</style>)"
)
LINE_OCTETS = 700  # what 8-bit mail may hold is 998 (mail/eight_bit.py); the rest is for a reader's links


@dataclass(frozen=True, slots=True)
class SizeFinding:
    """The HTML is near or over what mail programs show whole."""

    level: str  # warning, or error: such a mail is not sent
    size: int  # bytes
    message: str


def size_finding(document: str) -> SizeFinding | None:
    """A warning from 80 kB, an error from 100 kB (Gmail shows 102 kB of source and hides the rest), else None."""
    size = len(document.encode())
    if size < WARN_BYTES:
        return None
    kilobytes = f"HTMLの大きさが{size / 1000:.1f}kBあります。"
    if size < REFUSE_BYTES:
        return SizeFinding("warning", size, kilobytes + "80kB未満になるように、記事を減らすか短くしてください。")
    return SizeFinding("error", size, kilobytes + "100kB以上の号は、Gmailで末尾が隠れるため配信できません。")


def squeeze(document: str) -> str:
    """The same mail in fewer bytes, with its doctype, and <wbr> where the templates left a break mark."""
    root = html.document_fromstring(document)
    named = _classes_in_styles(root)
    for element in list(root.iter()):
        if element.tag is etree.Comment:
            _squeeze_comment(element)
        else:
            _squeeze_attributes(element, named)
        _squeeze_white_space(element)
    etree.strip_tags(root, "tbody")  # implied by HTML
    text: str = etree.tostring(root, encoding="unicode", method="html")
    return f"{DOCTYPE}\n{_in_lines(text.replace(BREAK, '<wbr>'))}\n"


def _in_lines(document: str) -> str:
    """Lines of about LINE_OCTETS, broken only where nobody sees it; what cannot be broken stays longer."""
    lines, length = [""], 0
    for piece in _INVISIBLE.split(document):
        octets = len(piece.encode())
        if length and length + octets > LINE_OCTETS:
            lines.append("")
            length = 0
        lines[-1] += piece
        length += octets
    return "\n".join(lines)


def _classes_in_styles(root: html.HtmlElement) -> set[str]:
    """Classes that a style element names, also one that only Outlook reads (in a conditional comment)."""
    styles = [element.text or "" for element in root.iter("style")]
    comments = [comment.text or "" for comment in root.iter(etree.Comment)]
    return set(_CLASS_NAME.findall(" ".join([*styles, *(c for c in comments if "<style" in c)])))


def _squeeze_attributes(element: html.HtmlElement, named: set[str]) -> None:
    attributes = element.attrib
    for name, value in list(attributes.items()):
        if (name, value) in _DEFAULTS or (name == "style" and not value.strip()):
            del attributes[name]
    if "class" in attributes:
        kept = [name for name in attributes["class"].split() if name in named]
        attributes["class"] = " ".join(kept)
        if not kept:
            del attributes["class"]
    if "style" in attributes:
        attributes["style"] = _squeeze_css(attributes["style"]).strip(";")


def _squeeze_css(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", _SPACES.sub(" ", css))
    css = re.sub(r"\s*:\s+|\s+!(?=important)", lambda found: ":" if ":" in found[0] else "!", css)
    css = re.sub(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3\b", r"#\1\2\3", css, flags=re.IGNORECASE)
    css = re.sub(r"(?<=[\s:])0(?:px|pt)\b", "0", css)
    return css.replace(";}", "}").strip()


def _squeeze_comment(comment: html.HtmlElement) -> None:
    """White space goes; a conditional that follows another one with the same condition is joined to it."""
    comment.text = _SPACES.sub(" ", comment.text or "").replace("> <", "><").replace(_IGNORED, "")
    before = comment.getprevious()
    if before is None or before.tag is not etree.Comment or (before.tail or "").strip():
        return
    condition, _, inside = comment.text.partition("]>")
    if condition.startswith("[if mso") and before.text.startswith(condition + "]>"):
        before.text = before.text.removesuffix("<![endif]") + inside
        before.tail = comment.tail
        comment.getparent().remove(comment)


def _squeeze_white_space(element: html.HtmlElement) -> None:
    if element.tag == "style":
        element.text = _squeeze_css(element.text or "")
    elif element.tag is not etree.Comment and element.text:
        element.text = _visible(element.text, _is_block(element), _is_block_edge(next(iter(element), None), element))
    if element.tail:
        element.tail = _visible(
            element.tail, _is_block(element), _is_block_edge(element.getnext(), element.getparent())
        )


def _visible(text: str, at_block_start: bool, at_block_end: bool) -> str:
    text = _SPACES.sub(" ", _LINE_END_BETWEEN_WIDE.sub("", text))
    text = text.lstrip(" ") if at_block_start else text
    return text.rstrip(" ") if at_block_end else text


def _is_block(element: html.HtmlElement) -> bool:
    return element.tag is etree.Comment or element.tag in _BLOCKS


def _is_block_edge(following: html.HtmlElement | None, parent: html.HtmlElement | None) -> bool:
    """Whether the text before `following` (or before the end of `parent`) ends a line of its own."""
    if following is not None:
        return _is_block(following)
    return parent is not None and _is_block(parent)
