"""無害化: what the mail gateway of a local government leaves of a finished message, and which facts survive it.

Terminals on LGWAN get mail as plain text: the HTML part is dropped or turned to text, images and attachments are
removed, links are made to lead nowhere. m-FILTER marks such mail `X-MAIL-SANITIZED: DEL_ATTACH CHG_TEXT REP_LINK`.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser

from newsletter.mail.charset import without_invisible, without_machine_dependent
from newsletter.mail.content import IssueContent, ItemContent
from newsletter.mail.linebreak import URL
from newsletter.mail.plaintext import urls_apart

# Elements that begin a line of their own when HTML is turned to text.
_BLOCKS = frozenset("address blockquote br div h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split())
_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_SCHEME = re.compile(r"(?<![A-Za-z])http(s?://)", re.IGNORECASE)
_GAPS = re.compile(r"\s+")


# Turning HTML to text takes link targets and pictures away by its nature; that is why there is a text edition.
LOST_WITH_HTML = frozenset({"リンク", "写真の説明"})


class Way(StrEnum):
    """What a gateway does with a message that has a text and an HTML part."""

    TEXT_PART = "text_part"  # the text part stays, the HTML part is dropped
    FROM_HTML = "from_html"  # the HTML part is turned to text, the text part is dropped


@dataclass(frozen=True, slots=True)
class Sanitised:
    """What arrives behind the gateway."""

    subject: str
    sender: str
    text: str
    marks: tuple[str, ...]  # as in X-MAIL-SANITIZED
    images: int = 0  # how many were removed
    attachments: int = 0
    links: int = 0  # how many lead nowhere now


@dataclass(frozen=True, slots=True)
class FactSurvival:
    """One fact of an item, and whether the reader behind the gateway still has it."""

    label: str
    value: str
    survives: bool


@dataclass(frozen=True, slots=True)
class ItemSurvival:
    """The facts of one item."""

    number: int
    headline: str
    facts: tuple[FactSurvival, ...]

    @property
    def lost(self) -> tuple[FactSurvival, ...]:
        """What the reader behind the gateway does not learn."""
        return tuple(fact for fact in self.facts if not fact.survives)


# ------------------------------------------------------------ the gateway
def sanitise(octets: bytes, way: Way = Way.TEXT_PART) -> Sanitised:
    """The finished message as plain text without images, attachments and living links."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    order = ("plain", "html") if way is Way.TEXT_PART else ("html", "plain")
    body, page = message.get_body(order), message.get_body(("html",))
    is_html = body is not None and body.get_content_subtype() == "html"
    content = str(body.get_content()).replace("\r\n", "\n") if body else ""
    text = _text_of(content) if is_html else content
    attachments = len(list(message.iter_attachments()))
    marks = ["DEL_ATTACH"] if attachments else []
    marks += ["CHG_TEXT"] if page is not None else []
    links = len(URL.findall(text)) + (len(re.findall(r"<a\b[^>]*\bhref=", content, re.IGNORECASE)) if is_html else 0)
    return Sanitised(
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        text=disarmed(text),
        marks=(*marks, *(["REP_LINK"] if links else [])),
        images=len(re.findall(r"<img\b", str(page.get_content()), re.IGNORECASE)) if page else 0,
        attachments=attachments,
        links=links,
    )


def disarmed(text: str) -> str:
    """The text with its links made to lead nowhere, still readable: hxxps://…"""
    return _SCHEME.sub(r"hxxp\1", text)


class _Text(HTMLParser):
    """HTML to text the way a gateway does it: words and line breaks, no images, no link targets."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(_GAPS.sub(" ", data))

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.words.append("\n")
        elif tag in ("td", "th"):
            self.words.append(" ")


def _text_of(page: str) -> str:
    reader = _Text()
    reader.feed(re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL))
    reader.close()
    lines = [" ".join(without_invisible(line).split()) for line in "".join(reader.words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


# ------------------------------------------------------------ the facts
def facts_of(item: ItemContent) -> Iterator[tuple[str, str]]:
    """Every fact of an item with the word staff know it by."""
    yield "見出し", item.headline
    yield from (("本文", paragraph) for paragraph in item.paragraphs)
    yield from ((fact.label, fact.value) for fact in item.facts)
    if item.picture:
        yield "写真の説明", item.picture.alt
        yield "写真のクレジット", item.picture.credit
    yield from (("出典", item.source), ("原題", item.original_title), ("分野", item.pathway))
    yield from (("SDGs", goal) for goal in item.sdgs)
    yield "リンク", item.url


def surviving(content: IssueContent, arrived: str) -> tuple[ItemSurvival, ...]:
    """For each item which of its facts stand in what arrives, looked for in the item's own part of the text."""
    parts = _parts(_bare(arrived), content.items)
    return tuple(_survival(item, part) for item, part in zip(content.items, parts, strict=True))


def lost_words(survivals: Iterable[ItemSurvival], despite: frozenset[str] = frozenset()) -> list[str]:
    """What is lost, a line for each item that loses something else than `despite`."""
    lost = [(one, [fact.label for fact in one.lost if fact.label not in despite]) for one in survivals]
    return [
        f"{one.number}番「{one.headline}」: 無害化で失われる事実があります（{'、'.join(dict.fromkeys(labels))}）。"
        for one, labels in lost
        if labels
    ]


def _survival(item: ItemContent, part: str) -> ItemSurvival:
    facts = [(label, value) for label, value in facts_of(item) if value.strip()]
    return ItemSurvival(
        item.number,
        item.headline,
        tuple(FactSurvival(label, value, _stands_in(value, part)) for label, value in facts),
    )


def _stands_in(value: str, part: str) -> bool:
    pieces = [_bare(disarmed(piece)) for piece in urls_apart(value)]
    return all(piece in part for piece in pieces)


def _parts(whole: str, items: tuple[ItemContent, ...]) -> list[str]:
    """Each item's part, from its headline to the next one's. Searched from the end: the contents list comes first."""
    parts, end = [""] * len(items), len(whole)
    for place in reversed(range(len(items))):
        begin = whole.rfind(_bare(items[place].headline), 0, end)
        if begin >= 0:
            parts[place], end = whole[begin:end], begin
    return parts


def _bare(text: str) -> str:
    """For comparing: without white space and invisible characters, 機種依存文字 as the text edition says them."""
    return _GAPS.sub("", without_machine_dependent(_GAPS.sub("", text))[0])
