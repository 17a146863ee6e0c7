"""Members, submissions, feeds and their entries, as small as a test needs them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from feeds.models import Entry, Feed, Member, Submission
from newsletter import profile

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo
PROFILE = Path(__file__).parents[2] / "newsletter" / "profiles" / "iclei-japan.toml"


def load_profile() -> None:
    """The profile that ships with the project."""
    profile.load(PROFILE, NOW)


def submission(title: str, member: str = "kitakyushu", **fields: Any) -> Submission:
    """A submission that was accepted, without its entry."""
    facts: dict[str, Any] = {
        "door": Submission.Door.WEB,
        "state": Submission.State.ACCEPTED,
        "fingerprint": hashlib.sha256(title.encode()).hexdigest(),
        "title": title,
        "lead": "リードの文です。",
        "body": "本文の一段落目です。\n\n本文の二段落目です。",
        "contact_name": "例示 花子",
        "contact_section": "環境局 例示課",
        "contact_phone": "00-0000-0000",
        "contact_email": "hanako@city.example.lg.jp",
        "received_at": NOW,
    }
    return Submission.objects.create(member=Member.objects.get(key=member), **facts | fields)


def member_entry(title: str, member: str = "kitakyushu", **fields: Any) -> Entry:
    """The entry of an accepted submission."""
    sent = submission(title, member, **fields)
    return Entry.objects.create(
        submission=sent,
        guid=f"submission-{sent.pk}",
        canonical_url=sent.url,
        url=sent.url,
        title=sent.title,
        language="ja",
        published_at=sent.received_at,
        fingerprint=sent.fingerprint,
    )


def feed_entry(title: str, feed: str = "iclei-world", **fields: Any) -> Entry:
    """An entry of one of the profile's feeds."""
    url = f"https://feed.example.jp/{hashlib.sha256(title.encode()).hexdigest()[:8]}"
    source = Feed.objects.get(key=feed)
    facts: dict[str, Any] = {
        "guid": url,
        "canonical_url": url,
        "url": url,
        "title": title,
        "summary": "A summary." if source.language == "en" else "要約の文です。",
        "language": source.language,
        "published_at": NOW,
        "seen_at": timezone.now(),
        "fingerprint": hashlib.sha256(title.encode()).hexdigest(),
    }
    return Entry.objects.create(feed=source, **facts | fields)
