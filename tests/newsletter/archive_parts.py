"""Issues that went out, for the tests of the archive."""

from __future__ import annotations

from datetime import date
from typing import Any

from feeds.models import Entry
from newsletter import editions, issues
from newsletter.models import Campaign, Edition
from tests.newsletter.issue_parts import NOW, feed_entry, member_entry

NOVEMBER = date(2026, 11, 1)
EVENT: dict[str, Any] = {
    "event_starts_on": date(2026, 12, 5),
    "venue": "例示会館",
    "fee": "無料",
    "url": "https://city.example.lg.jp/day",
}


def sent_issue(month: date = NOVEMBER) -> Edition:
    """An issue with a member's event and a story from a feed, sent."""
    return sent(
        month,
        (
            member_entry(f"環境の日{month:%Y%m}", **EVENT),
            "【北九州市】環境の日を開きます",
            "水素バスが走ります。\n\nみなさまのお越しを。",
        ),
        (feed_entry(f"Cities act {month}"), "都市が動く", "世界の都市がゴミを減らします。"),
    )


def sent(month: date, *rows: tuple[Entry, str, str]) -> Edition:
    """An issue of these entries, headlines and texts, sent."""
    issue = issues.open_issue(month)
    for entry, headline, text in rows:
        issues.place(issue, entry, headline=headline, text=text)
    edition = editions.make_edition(issue, "起案", NOW)
    Campaign.objects.create(edition=edition, started_at=NOW)
    return edition


def number_of(edition: Edition, words: str) -> int:
    """The number of the item with these words in its headline."""
    return next(int(row["number"]) for row in edition.content if words in row["headline"])
