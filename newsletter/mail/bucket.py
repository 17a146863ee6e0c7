"""A token bucket for one provider: how many mails may go now, and when the others may. Pure; the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.mail.providers import OPEN_PER_MINUTE

BURST = timedelta(seconds=15)  # so much of its rate may gather while nothing is sent
SLOWEST = 1 / 16
QUIET = timedelta(minutes=10)  # without a complaint for so long, twice as fast again
DEAF = timedelta(seconds=30)  # a burst of complaints is one complaint
# Further ahead nobody is given a time: the pace may have changed by then.
HORIZON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where one provider stands."""

    tokens: float
    updated_at: datetime
    slot_at: datetime  # up to here the waiting mails have been given their times
    factor: float = 1.0
    slowed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to "may so many go now?": how many may, and the times at which the rest may ask again."""

    now: int
    later: tuple[datetime, ...] = ()


def full(per_minute: int | None, now: datetime) -> Bucket:
    """A provider nobody wrote to yet."""
    return Bucket(_burst(per_minute or OPEN_PER_MINUTE), now, now)


def take(bucket: Bucket, per_minute: int | None, wanted: int, now: datetime) -> tuple[Bucket, Grant]:
    """Take as many tokens as there are for `wanted` mails; the rest get times, one after the other."""
    bucket = _faster_after_quiet(bucket, now)
    if per_minute is None and bucket.factor >= 1:
        return bucket, Grant(wanted)
    rate = (per_minute or OPEN_PER_MINUTE) * bucket.factor / 60  # mails a second
    gained = max(0.0, (now - bucket.updated_at).total_seconds()) * rate
    tokens = min(bucket.tokens + gained, _burst(60 * rate))
    granted = min(wanted, int(tokens))
    later, slot = [], max(bucket.slot_at, now)
    for _ in range(wanted - granted):
        following = slot + timedelta(seconds=1 / rate)
        if following > now + HORIZON:
            later.append(now + HORIZON)
        else:
            slot = following
            later.append(slot)
    return replace(bucket, tokens=tokens - granted, updated_at=now, slot_at=slot), Grant(granted, tuple(later))


def slower(bucket: Bucket, now: datetime) -> Bucket:
    """The provider asked for less: half of it from now on."""
    if bucket.slowed_at is not None and now - bucket.slowed_at < DEAF:
        return bucket
    return replace(bucket, factor=max(bucket.factor / 2, SLOWEST), tokens=0.0, updated_at=now, slowed_at=now)


def _faster_after_quiet(bucket: Bucket, now: datetime) -> Bucket:
    factor, since = bucket.factor, bucket.slowed_at
    while since is not None and now - since >= QUIET:
        factor, since = min(1.0, factor * 2), since + QUIET
        if factor >= 1:
            since = None
    return replace(bucket, factor=factor, slowed_at=since)


def _burst(per_minute: float) -> float:
    return max(1.0, per_minute * BURST.total_seconds() / 60)


def asks_for_less(code: int | None, enhanced: str) -> bool:
    """Whether a reply says "not so fast": 421, 450, 451, 452 and 4.7.x, unless it is about one mailbox (4.2.x)."""
    if code is None or not 400 <= code <= 499 or enhanced.startswith("4.2."):
        return False
    return code in (421, 450, 451, 452) or enhanced.startswith("4.7.")
