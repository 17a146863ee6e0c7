"""Business days and dates in words."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter import calendar
from newsletter.errors import IssueError


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2026-11", "2026-11-30"),
        ("2026-10", "2026-10-30"),  # the 31st is a Saturday
        ("2026-12", "2026-12-28"),  # offices close from the 29th
        ("2027-02", "2027-02-26"),
        ("2029-04", "2029-04-27"),  # the 28th is a Saturday, the 30th a substitute holiday
        ("2025-06", "2025-06-30"),
        ("2025-08", "2025-08-29"),
        ("2023-06", "2023-06-30"),
        ("2021-01", "2021-01-29"),
    ],
)
def test_the_release_is_on_the_last_business_day(month: str, day: str) -> None:
    assert calendar.last_business_day(calendar.read_month(month)) == date.fromisoformat(day)


def test_every_release_of_five_years_is_a_business_day_of_its_month() -> None:
    for year in range(2026, 2031):
        for month in range(1, 13):
            day = calendar.last_business_day(date(year, month, 1))
            assert calendar.is_business_day(day)
            assert (day.year, day.month) == (year, month)


@pytest.mark.parametrize("day", ["2026-11-23", "2026-11-22", "2026-12-29", "2027-01-02", "2026-05-06"])
def test_offices_are_closed_on_holidays_weekends_and_at_the_turn_of_the_year(day: str) -> None:
    assert not calendar.is_business_day(date.fromisoformat(day))


@pytest.mark.parametrize("text", ["2026-11", "2026/11", "2026年11月号", "2026年11月", " 2026-11 "])
def test_a_month_is_read_however_staff_write_it(text: str) -> None:
    assert calendar.read_month(text) == date(2026, 11, 1)


@pytest.mark.parametrize("text", ["", "11", "2026-13", "2026-00", "1999-01", "2026-11-30", "来月"])
def test_what_is_no_month_is_said_to_be_none(text: str) -> None:
    with pytest.raises(IssueError, match="2026-11 の形で"):
        calendar.read_month(text)


@pytest.mark.parametrize(
    ("first", "last", "words", "short"),
    [
        ("2026-11-14", None, "11月14日（土）", "11/14"),
        ("2026-11-14", "2026-11-14", "11月14日（土）", "11/14"),
        ("2026-11-14", "2026-11-15", "11月14日（土）〜15日（日）", "11/14-15"),
        ("2026-10-30", "2026-11-02", "10月30日（金）〜11月2日（月）", "10/30-11/2"),
        ("2026-12-30", "2027-01-02", "2026年12月30日（水）〜2027年1月2日（土）", "12/30-1/2"),
        ("2027-02-01", None, "2027年2月1日（月）", "2/1"),
        ("2027-02-01", "2027-02-03", "2027年2月1日（月）〜3日（水）", "2/1-3"),
    ],
)
def test_days_are_written_with_their_weekday(first: str, last: str | None, words: str, short: str) -> None:
    start, end = date.fromisoformat(first), date.fromisoformat(last) if last else None
    assert calendar.day_range(start, end, date(2026, 11, 30)) == words
    assert calendar.short_range(start, end) == short
