"""What the public may read of an issue that went out: one edition, its items, its corrections. No reader's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby

from newsletter import calendar, corrections, editions, frozen
from newsletter.errors import IssueError
from newsletter.frozen import FrozenItem
from newsletter.models import Correction, Edition, Issue


@dataclass(frozen=True)
class Published:
    """An edition that went out, as the archive shows it."""

    edition: Edition
    published_at: datetime

    @property
    def issue(self) -> Issue:
        return self.edition.issue

    @cached_property
    def corrections(self) -> list[Correction]:
        return corrections.of(self.edition)

    @cached_property
    def items(self) -> tuple[FrozenItem, ...]:
        """Right as of now, without photos that are for mail only. An edition older than the items has none."""
        hidden = editions.photos_for_mail_only(self.edition)
        items = (frozen.corrected(item, self.corrections) for item in frozen.thaw(self.edition.content))
        return tuple(
            replace(item, picture=None) if item.picture and item.picture.url in hidden else item for item in items
        )

    @property
    def updated_at(self) -> datetime:
        """When its pages last changed."""
        return max([self.published_at, *(row.at for row in self.corrections)])

    def item(self, number: int) -> FrozenItem | None:
        """The item of this number."""
        return next((item for item in self.items if item.number == number), None)

    def corrections_of(self, number: int) -> list[Correction]:
        """The corrections of one item."""
        return [row for row in self.corrections if row.item == number]

    def item_updated_at(self, number: int) -> datetime:
        """When the item's page last changed."""
        return max([self.published_at, *(row.at for row in self.corrections_of(number))])


def latest() -> Iterator[Published]:
    """The issues, newest first; of each the edition that went out last. Their HTML and text are not read yet."""
    for _, rows in groupby(editions.published().defer("html", "text"), lambda row: row.issue_id):
        yield _published(next(rows))


def find(slug: str) -> Published | None:
    """The issue of this address: 2026-11, or its 号外 2026-11-x1."""
    try:
        month, extra = calendar.read_issue(slug)
    except IssueError:
        return None
    edition = editions.published().filter(issue__month=month, issue__extra=extra).first()
    if edition is None or slug != edition.issue.slug:
        return None
    return _published(edition)


def _published(edition: Edition) -> Published:
    moment: datetime = edition.published_at  # type: ignore[attr-defined] # annotated by editions.published
    return Published(edition, moment)
