from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from newsletter.mail import pacing
from newsletter.mail.pacing import DELAYS, retry_at

NOW = datetime(2026, 11, 30, 10, 7, tzinfo=UTC)


def course(rng: Random) -> list[datetime]:
    """The times of all retries of a delivery that is deferred every time."""
    times = [NOW]
    while (due := retry_at(len(times), times[-1], rng)) is not None:
        times.append(due)
    return times[1:]


def test_the_tries_spread_over_at_most_48_hours() -> None:
    for seed in range(200):
        last = course(Random(seed))[-1]
        assert timedelta(hours=36) < last - NOW <= timedelta(hours=48)


def test_every_wait_is_at_least_as_long_as_the_one_before_apart_from_jitter() -> None:
    assert DELAYS[0] == timedelta(minutes=5)
    assert list(DELAYS) == sorted(DELAYS)
    assert DELAYS[-1] == timedelta(hours=6)


def test_two_deliveries_do_not_come_back_at_the_same_moment() -> None:
    rng = Random(1)
    assert len({retry_at(1, NOW, rng) for _ in range(100)}) == 100


def test_the_same_seed_gives_the_same_course() -> None:
    assert course(Random(7)) == course(Random(7))


def test_used_up_tries_give_no_time() -> None:
    assert retry_at(len(DELAYS), NOW, Random(1)) is not None
    assert retry_at(len(DELAYS) + 1, NOW, Random(1)) is None
    assert retry_at(10_000, NOW, Random(1)) is None


def test_it_cannot_be_asked_before_the_first_try() -> None:
    with pytest.raises(ValueError, match="first try"):
        retry_at(0, NOW, Random(1))


# ------------------------------------------------------------ the hour of the day
QUIET = pacing.QuietHours.read("21:00-08:00")


@pytest.mark.parametrize(
    ("wanted", "good"),
    [
        ("2026-11-30 10:00", "2026-11-30 10:07"),
        ("2026-11-30 10:15", "2026-11-30 10:15"),
        ("2026-11-30 20:59", "2026-11-30 20:59"),
        ("2026-11-30 21:00", "2026-12-01 08:07"),
        ("2026-11-30 23:30", "2026-12-01 08:07"),
        ("2026-12-01 02:00", "2026-12-01 08:07"),
        ("2026-12-01 08:00", "2026-12-01 08:07"),
    ],
)
def test_a_start_avoids_the_quiet_hours_and_the_exact_hour(wanted: str, good: str) -> None:
    assert pacing.good_hour(datetime.fromisoformat(wanted), QUIET) == datetime.fromisoformat(good)


@pytest.mark.parametrize(
    ("now", "until", "following"),
    [
        ("2026-11-30 20:59:59", None, "2026-12-01 08:07"),
        ("2026-11-30 21:00:00", "2026-12-01 08:07", "2026-12-01 08:07"),
        ("2026-12-01 07:59:59", "2026-12-01 08:07", "2026-12-01 08:07"),
        ("2026-12-01 08:06:59", "2026-12-01 08:07", "2026-12-01 08:07"),
        ("2026-12-01 08:07:00", None, "2026-12-02 08:07"),
    ],
)
def test_a_rest_lasts_to_a_few_minutes_after_the_hour(now: str, until: str | None, following: str) -> None:
    moment = datetime.fromisoformat(now)
    assert pacing.rests_until(moment, QUIET) == (datetime.fromisoformat(until) if until else None)
    assert pacing.next_rest(moment, QUIET) == datetime.fromisoformat(following)


def test_quiet_hours_may_lie_within_a_day() -> None:
    lunch = pacing.QuietHours.read("12:00-13:30")
    noon, after = (datetime.fromisoformat(f"2026-11-30 {hour}") for hour in ("12:10", "13:30"))
    assert pacing.good_hour(noon, lunch) == after
    assert str(lunch) == "12:00-13:30"
