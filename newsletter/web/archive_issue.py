"""An issue on the web: the mail, and its text edition, as they were sent, with what only the web needs around."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from newsletter import editions, frozen, links, profile
from newsletter.archive import Published
from newsletter.frozen import FrozenItem
from newsletter.mail import theme
from newsletter.mail.content import Palette, Picture
from newsletter.mail.dates import japanese_date
from newsletter.mail.plaintext import prose
from newsletter.models import Correction

LONGEST_DESCRIPTION = 120  # characters; previews of links show about that much
HEAD_END, BODY_END = re.compile(r"</head\s*>", re.IGNORECASE), re.compile(r"</body\s*>", re.IGNORECASE)
BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What Open Graph says of a page (ogp.me)."""

    title: str
    description: str
    url: str
    site: str
    published_at: datetime
    updated_at: datetime
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A correction as it is shown: what was wrong, where, since when; not who entered it."""

    pk: int
    item: int
    headline: str  # empty: not of one item
    label: str
    old: str
    new: str
    note: str
    at: datetime


def facts_of_issue(published: Published) -> PageFacts:
    """The issue for a preview of its link."""
    edition = published.edition
    pictures = (item.picture for item in published.items if item.picture)
    return PageFacts(
        title=edition.subject,
        description=_short(edition.preheader or "／".join(item.headline for item in published.items[:3])),
        url=links.issue_url(published.issue),
        site=_site(),
        published_at=published.published_at,
        updated_at=published.updated_at,
        picture=next(pictures, None),
    )


def facts_of_item(published: Published, item: FrozenItem) -> PageFacts:
    """One item for a preview of its link."""
    return PageFacts(
        title=item.headline,
        description=_short(item.summary or published.edition.subject),
        url=links.item_url(published.issue, item.number),
        site=_site(),
        published_at=published.published_at,
        updated_at=published.item_updated_at(item.number),
        picture=item.picture,
    )


def correction_lines(published: Published, number: int | None = None) -> list[CorrectionLine]:
    """The corrections of the issue, or of one of its items, oldest first."""
    rows = published.corrections if number is None else published.corrections_of(number)
    return [_line(published, row) for row in rows]


def _line(published: Published, row: Correction) -> CorrectionLine:
    item = published.item(row.item)
    words = item.headline if item else ""
    return CorrectionLine(
        row.pk, row.item, words, frozen.label(item, row.field), row.old, row.new, row.note, timezone.localtime(row.at)
    )


def html(published: Published) -> str:
    """The issue's page."""
    facts = profile.current_or_none()
    palette = facts.palette if facts else Palette()
    context: dict[str, Any] = {
        "published": published,
        "slug": published.issue.slug,
        "page": facts_of_issue(published),
        "corrections": correction_lines(published),
        "light": palette,
        "dark": theme.dark(palette),
        "association": facts,
    }
    parts = {name: render_to_string(f"archive/{name}.html", context) for name in PARTS}
    source = editions.for_web(published.edition)
    head = parts["open_graph"] + parts["feed_links"] + parts["issue_style"]
    source = HEAD_END.sub(lambda end: head + end[0], source, count=1)
    source = BODY.sub(lambda start: start[0] + parts["issue_top"], source, count=1)
    return BODY_END.sub(lambda end: parts["issue_end"] + end[0], source, count=1)


PARTS = ("open_graph", "feed_links", "issue_style", "issue_top", "issue_end")


def text(published: Published) -> str:
    """The issue's text edition, its corrections first."""
    lines = correction_lines(published)
    sent = editions.text_for_web(published.edition)
    if not lines:
        return sent
    notice = [
        "【訂正】",
        prose("この号には、配信のあとで訂正したところがあります。下の本文は、お送りしたときのままです。"),
    ]
    for line in lines:
        where = f"{line.item}番「{line.headline}」（{line.label}）" if line.headline else line.label
        notice += ["", prose(f"{japanese_date(line.at)} {where}", "・", "　")]
        notice += [prose(line.old, "　誤：", "　　　"), prose(line.new or "（削除しました）", "　正：", "　　　")]
        notice += [prose(line.note, "　説明：", "　　　　")] if line.note else []
    return "\n".join([*notice, "", "", sent])


def _site() -> str:
    facts = profile.current_or_none()
    return facts.title if facts else "e-ニュース"


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_DESCRIPTION else f"{words[: LONGEST_DESCRIPTION - 1]}…"
