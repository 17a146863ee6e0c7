"""The token bucket: even flow, shared fairly, slower when asked, faster after quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail import bucket
from newsletter.mail.bucket import Grant

NOW = datetime(2026, 11, 30, 1, 7, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_full_bucket_lets_a_quarter_of_a_minute_through_and_gives_the_rest_their_times() -> None:
    after, grant = bucket.take(bucket.full(60, NOW), 60, 18, NOW)
    assert grant == Grant(15, tuple(NOW + seconds(count) for count in (1, 2, 3)))
    assert bucket.take(after, 60, 2, NOW)[1] == Grant(0, (NOW + seconds(4), NOW + seconds(5)))


def test_tokens_come_back_with_time() -> None:
    after, _ = bucket.take(bucket.full(60, NOW), 60, 15, NOW)
    assert bucket.take(after, 60, 10, NOW + seconds(4))[1].now == 4


def test_nobody_gets_a_time_beyond_the_horizon() -> None:
    after, grant = bucket.take(bucket.full(20, NOW), 20, 1000, NOW)
    assert set(grant.later[300:]) == {NOW + bucket.HORIZON}
    assert after.slot_at <= NOW + bucket.HORIZON


def test_a_provider_without_a_limit_is_not_held_until_it_asks() -> None:
    open_ = bucket.full(None, NOW)
    assert bucket.take(open_, None, 5000, NOW)[1] == Grant(5000)
    slowed = bucket.slower(open_, NOW)
    assert bucket.take(slowed, None, 5000, NOW)[1].now == 0
    assert bucket.take(slowed, None, 5000, NOW + seconds(6))[1].now == 60


def test_it_is_slower_when_asked_once_for_a_burst_of_complaints_and_never_stops() -> None:
    slowed = bucket.slower(bucket.slower(bucket.full(60, NOW), NOW), NOW + seconds(1))
    assert slowed.factor == 0.5
    for minute in range(1, 9):
        slowed = bucket.slower(slowed, NOW + timedelta(minutes=minute))
    assert slowed.factor == bucket.SLOWEST


def test_it_is_faster_again_after_quiet() -> None:
    slowed = bucket.slower(bucket.slower(bucket.full(60, NOW), NOW), NOW + timedelta(minutes=1))
    assert slowed.factor == 0.25
    after, _ = bucket.take(slowed, 60, 0, NOW + timedelta(minutes=11))
    assert after.factor == 0.5
    after, _ = bucket.take(after, 60, 0, NOW + timedelta(minutes=21))
    assert (after.factor, after.slowed_at) == (1.0, None)


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 40)), max_size=40))
def test_never_more_than_the_rate_and_one_burst(steps: list[tuple[int, int]]) -> None:
    standing, now, granted = bucket.full(60, NOW), NOW, 0
    for pause, wanted in steps:
        now += seconds(pause)
        standing, grant = bucket.take(standing, 60, wanted, now)
        assert grant.now + len(grant.later) == wanted
        granted += grant.now
    assert granted <= 15 + (now - NOW).total_seconds()


@pytest.mark.parametrize(
    ("code", "enhanced", "slows"),
    [
        (421, "4.7.0", True), (450, "", True), (451, "4.7.1", True), (452, "4.3.1", True), (454, "4.7.28", True),
        (452, "4.2.2", False), (450, "4.2.0", False), (454, "", False), (550, "5.7.1", False), (None, "", False),
    ],
)  # fmt: skip
def test_which_replies_ask_for_less(code: int | None, enhanced: str, slows: bool) -> None:
    assert bucket.asks_for_less(code, enhanced) is slows
