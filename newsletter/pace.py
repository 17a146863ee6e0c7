"""Per-provider pace: the buckets of mail/bucket.py, kept in the database, shared by all workers.

A paced mail leaves the queue at once with the time at which it may ask again, so a slow provider never stands in the
way of the others: what the claim reads next is for somebody else (docs/decisions/0017-pace-and-waves.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from newsletter import profile
from newsletter.mail import bucket
from newsletter.mail.bucket import Bucket, Grant
from newsletter.mail.providers import per_minute
from newsletter.mail.relay import is_loopback
from newsletter.models import Campaign, ProviderPace

FIELDS = ("tokens", "updated_at", "slot_at", "factor", "slowed_at")


def is_wanted(campaign: Campaign) -> bool:
    """Whether a campaign keeps to the pace: as the profile says; `auto` means with a relay off this machine."""
    if campaign.rehearsal:
        return False
    choice = profile.current().manners.pace
    return choice == "on" or (choice == "auto" and not _stays_here())


def _stays_here() -> bool:
    return all(is_loopback(urlsplit(url).hostname or "") for url in settings.RELAY_URL.split())


def allowed(now: datetime, wanted: Mapping[str, int]) -> dict[str, Grant]:
    """For each provider: how many of `wanted` may go now, when the others may ask again. In the claim's transaction."""
    standing = _standing(wanted)
    grants, changed = {}, {}
    for provider, count in wanted.items():
        limit, before = per_minute(provider), standing.get(provider)
        if limit is None and before is None:
            grants[provider] = Grant(count)
            continue
        changed[provider], grants[provider] = bucket.take(before or bucket.full(limit, now), limit, count, now)
    _keep({provider: after for provider, after in changed.items() if after != standing.get(provider)})
    return grants


def heed(providers: Iterable[str], now: datetime) -> None:
    """These providers asked for less."""
    complaining = {provider for provider in providers if provider}
    standing = _standing(complaining)
    slowed = {
        provider: bucket.slower(standing.get(provider) or bucket.full(per_minute(provider), now), now)
        for provider in complaining
    }
    _keep(slowed)


def _standing(providers: Iterable[str]) -> dict[str, Bucket]:
    # Always in the same order: two workers must not wait for each other crosswise.
    rows = ProviderPace.objects.select_for_update().filter(provider__in=list(providers)).order_by("provider")
    return {row[0]: Bucket(**dict(zip(FIELDS, row[1:], strict=True))) for row in rows.values_list("provider", *FIELDS)}


def _keep(buckets: Mapping[str, Bucket]) -> None:
    rows = [
        ProviderPace(provider=provider, **{name: getattr(buckets[provider], name) for name in FIELDS})
        for provider in sorted(buckets)
    ]
    ProviderPace.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["provider"], update_fields=list(FIELDS)
    )
