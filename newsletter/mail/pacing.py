"""When the next attempt is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

RETRY_FOR = timedelta(hours=48)  # RFC 5321 4.5.4.1 asks for 4-5 days; news of the month is old by then
FIRST_DELAY = timedelta(minutes=5)  # greylisting commonly asks for five minutes
LONGEST_DELAY = timedelta(hours=6)
JITTER = 0.15  # at most this much longer, so that a refused burst does not come back as one


def _delays() -> tuple[timedelta, ...]:
    """5, 10, 20 … minutes, then every 6 hours, as long as the slowest course of events fits into 48 hours."""
    delays: list[timedelta] = []
    while True:
        following = min(FIRST_DELAY * 2 ** len(delays), LONGEST_DELAY)
        if (sum(delays, following)) * (1 + JITTER) > RETRY_FOR:
            return tuple(delays)
        delays.append(following)


DELAYS = _delays()


def retry_at(tries: int, now: datetime, rng: Random) -> datetime | None:
    """The time of the next try after `tries` failed ones, or None when they are used up."""
    if tries < 1:
        raise ValueError("retry_at is asked after the first try")
    if tries > len(DELAYS):
        return None
    return now + DELAYS[tries - 1] * (1 + JITTER * rng.random())
