"""What the tests of the way out start from: an association, an approved edition, readers."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from django.conf import settings

from newsletter import campaigns, editions, profile
from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT
from newsletter.mail.relay import Relay, Timeouts
from newsletter.models import Approval, Association, Campaign, Edition, Issue
from subscribers.addresses import fingerprint, read_address
from subscribers.models import Subscriber

NOW = datetime(2026, 11, 30, 1, 7, tzinfo=UTC)
PROFILE = Path(profile.__file__).parent / "profiles" / "iclei-japan.toml"
_months = itertools.count()


def association() -> None:
    """Load the profile that ships with the project."""
    profile.load(PROFILE, NOW)


def sending_rules(**rules: object) -> None:
    """Other values in the profile's [sending] table; the rest of it stays."""
    if profile.current_or_none() is None:
        association()
    row = Association.objects.get()
    row.facts["sending"] |= rules
    row.digest = profile.digest_of(row.facts)
    row.save()


def edition(*, approved: bool = True, subject: str = "e-ニュース 11月号", extra: int = 0) -> Edition:
    """A frozen edition of a new issue (a 号外, if `extra`), with both links in both parts."""
    if profile.current_or_none() is None:
        association()
    number = next(_months)
    state = Issue.State.APPROVED if approved else Issue.State.OPEN
    issue = Issue.objects.create(
        month=date(2020 + number // 12, number % 12 + 1, 1), release_on=NOW.date(), subject=subject, state=state,
        extra=extra,
    )  # fmt: skip
    out = f'<a href="{UNSUBSCRIBE_SLOT}">解除</a> <a href="{PREFERENCES_SLOT}">設定</a>'
    html = f"<html><body><p>こんにちは</p>{out}</body></html>"
    text = f"こんにちは\n\n解除:\n{UNSUBSCRIBE_SLOT}\n設定:\n{PREFERENCES_SLOT}\n"
    made = Edition.objects.create(
        issue=issue, subject=subject, preheader="", html=html, text=text,
        digest=editions.digest_of(issue.month, subject, "", html, text, extra=extra),
    )  # fmt: skip
    if approved:
        approve(made)
    return made


def approve(made: Edition) -> None:
    """As many persons as the profile asks for say yes."""
    for number in range(profile.current().approvals_needed):
        Approval.objects.create(edition=made, person=f"承認者{number + 1}", digest=made.digest)


def readers(count: int, *, first: int = 1, state: str = Subscriber.State.ACTIVE) -> list[Subscriber]:
    """Subscribers reader1@example.jp, reader2@example.jp …"""
    return [reader(f"reader{number}@example.jp", state=state) for number in range(first, first + count)]


def reader(address: str, *, state: str = Subscriber.State.ACTIVE, format_: str = "html") -> Subscriber:
    """One subscriber."""
    read = read_address(address)
    return Subscriber.objects.create(
        address=read.address, address_key=read.key, fingerprint=fingerprint(read.key, settings.FINGERPRINT_KEY),
        state=state, format=format_,
    )  # fmt: skip


def running(made: Edition | None = None, *, rehearsal: bool = False) -> Campaign:
    """A campaign of the edition that has begun."""
    campaign = campaigns.plan(made or edition(), "担当", NOW, rehearsal)
    campaigns.start(campaign, NOW)
    return campaign


def states(campaign: Campaign) -> dict[str, int]:
    """How many deliveries stand in which state."""
    return dict(Counter(campaign.deliveries.values_list("state", flat=True)))


def relay(port: int, connections: int = 4, *, final: float = 5) -> Relay:
    """A relay on loopback that does not keep a test waiting."""
    times = Timeouts(connect=2, greeting=2, command=2, mail=2, rcpt=2, data=2, block=2, final=final, quit=1)
    return Relay("127.0.0.1", port, connections=connections, timeouts=times)
