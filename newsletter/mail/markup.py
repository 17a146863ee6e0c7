"""Plain text of an item becomes HTML: everything is escaped, and only what stands here becomes a tag."""

from __future__ import annotations

import re
from collections.abc import Collection

from markupsafe import Markup, escape

from newsletter.mail.charset import without_invisible
from newsletter.mail.content import Picture
from newsletter.mail.linebreak import NOT_AT_START, URL
from newsletter.mail.phrases import BREAK, phrased, unbroken

PHOTO_COLUMN = 544  # px: the mail's 600 less the column of the numerals
_LONG_WORD = 9  # 21 px each on a phone of 320 px, beside the month
_ADDRESS = r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_LINKABLE = re.compile(rf"(?P<url>{URL.pattern})|(?P<address>{_ADDRESS})", re.IGNORECASE)
_MEMBER = re.compile(r"(【[^】]+】)(.*)", re.DOTALL)
# Every Markup below is put together from escaped parts and our own tags.
_LINE = Markup("<br>")


def linked_lines(text: str) -> Markup:
    """A paragraph: its line ends become <br>, web and mail addresses in it become links."""
    return _LINE.join(_linked(line) for line in without_invisible(text).splitlines())


def member_headline(headline: str, names: Collection[str] = ()) -> Markup:
    """【自治体名】 in the accent, the rest as it is, breaking at phrases."""
    match = _MEMBER.fullmatch(headline)
    if not match:
        return phrased(headline, names)
    between = BREAK if match[2] and match[2][0] not in NOT_AT_START else ""
    return Markup('<span class="who">{}</span>{}{}').format(match[1], between, phrased(match[2], names))


def title_words(title: str) -> Markup:
    """The e-news' own name: a line may end only between its words (「e-」 alone at a line's end looks wrong)."""
    words = [phrased(word) if len(word) > _LONG_WORD else unbroken(word) for word in title.split()]
    return Markup(" ").join(words)


def photo_width(picture: Picture) -> int:
    """The width attribute (Outlook reads only that): the column, or the photo itself where it is smaller."""
    return min(picture.width or PHOTO_COLUMN, PHOTO_COLUMN)


def credit_line(credit: str) -> str:
    """（写真：©神戸市）, however the member wrote it."""
    bare = re.sub(r"^[（(]?(?:写真[：:／/ ]?)?[©Ⓒ]?\s*", "", credit.strip()).rstrip("）)")
    return f"（写真：©{bare}）"


def _linked(line: str) -> Markup:
    parts, place = [], 0
    for match in _LINKABLE.finditer(line):
        target = match["url"] or f"mailto:{match['address']}"
        parts += [
            escape(line[place : match.start()]),
            Markup('<a class="url" href="{}">{}</a>').format(target, match[0]),
        ]
        place = match.end()
    return Markup("").join([*parts, escape(line[place:])])
