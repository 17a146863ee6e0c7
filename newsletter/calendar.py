"""Days as a Japanese public office counts and writes them: business days, weekdays, months. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

import jpholiday

from newsletter.errors import IssueError
from newsletter.mail.dates import WEEKDAYS, japanese_date

MONTH = re.compile(r"(\d{4})(?:-|/|年)(\d{1,2})(?:月|月号)?")
EXTRA = re.compile(r"(?:-x(?P<slug>[1-9]\d?)|の?\s*号外\s*(?P<words>[1-9]\d?)?)$")


def is_business_day(day: date) -> bool:
    """Whether public offices are open: no weekend, no 祝日, not 12/29 to 1/3 (行政機関の休日に関する法律 第1条)."""
    year_end = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return day.weekday() < 5 and not year_end and not jpholiday.is_holiday(day)


def last_business_day(month: date) -> date:
    """The release day of a month's issue."""
    day = next_month(month) - timedelta(days=1)
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def read_month(text: str) -> date:
    """The first day of the month that `2026-11` or 2026年11月号 names; IssueError otherwise."""
    match = MONTH.fullmatch(text.strip())
    if not match or not 1 <= int(match[2]) <= 12 or not 2000 <= int(match[1]) <= 2999:
        raise IssueError(f"月号「{text}」を読めません。2026-11 の形で書いてください。")
    return date(int(match[1]), int(match[2]), 1)


def read_issue(text: str) -> tuple[date, int]:
    """The month and which 号外 of it (0: none, the monthly number): 2026-11-x2, 2026年11月の号外2; or IssueError."""
    text = text.strip()
    ending = EXTRA.search(text)
    if ending is None:
        return read_month(text), 0
    return read_month(text[: ending.start()]), int(ending["slug"] or ending["words"] or 1)


def long_day(day: date) -> str:
    """11月14日（土）"""
    return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def day_range(first: date, last: date | None, near: date) -> str:
    """When an event takes place: 11月14日（土）〜15日（日）; the year is said when it is not that of `near`."""
    start = japanese_date(first) if first.year != near.year else long_day(first)
    if last is None or last == first:
        return start
    if last.year != first.year:
        return f"{japanese_date(first)}〜{japanese_date(last)}"
    end = long_day(last)
    return f"{start}〜{end.partition('月')[2] if last.month == first.month else end}"


def short_range(first: date, last: date | None) -> str:
    """The bracket of a headline: 11/23, 10/14-15, 10/30-11/2."""
    start = f"{first.month}/{first.day}"
    if last is None or last == first:
        return start
    same_month = (last.year, last.month) == (first.year, first.month)
    return f"{start}-{last.day}" if same_month else f"{start}-{last.month}/{last.day}"
