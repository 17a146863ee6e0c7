"""When the next attempt is due, and at which hours a campaign may start and go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
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


# ------------------------------------------------------------ the hour of the day
# docomo asks bulk senders to keep off the exact hour, when everybody else starts.
AFTER_THE_HOUR = 7


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when nobody's telephone shall ring; may reach over midnight."""

    start: time
    end: time

    @classmethod
    def read(cls, text: str) -> QuietHours:
        """`21:00-08:00`."""
        first, _, last = text.partition("-")
        return cls(_time(first), _time(last))

    def __contains__(self, local: datetime) -> bool:
        now = local.time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def over_at(self, local: datetime) -> datetime:
        """When the quiet hours that `local` lies in are over."""
        end = local.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return end if end > local else end + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))


def good_hour(local: datetime, quiet: QuietHours | None) -> datetime:
    """`local`, or the next moment outside the quiet hours; never on the exact hour."""
    until = rests_until(local, quiet) if quiet else None
    return until or _off_the_hour(local)


def rests_until(local: datetime, quiet: QuietHours) -> datetime | None:
    """When mail may go out again, if `local` lies in the quiet hours or in the minutes that follow an exact hour."""
    for moment in (local, local - timedelta(minutes=AFTER_THE_HOUR)):
        if moment in quiet and (until := _off_the_hour(quiet.over_at(moment))) > local:
            return until
    return None


def next_rest(local: datetime, quiet: QuietHours) -> datetime:
    """The end of the quiet hours that `local` lies in, or of those that come next."""
    begins = local.replace(hour=quiet.start.hour, minute=quiet.start.minute, second=0, microsecond=0)
    return rests_until(local, quiet) or good_hour(begins if begins > local else begins + timedelta(days=1), quiet)


def _off_the_hour(moment: datetime) -> datetime:
    return moment.replace(minute=AFTER_THE_HOUR) if moment.minute == 0 else moment
