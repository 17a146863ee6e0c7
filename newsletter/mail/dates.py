"""Dates as a Japanese public office prints them."""

from __future__ import annotations

from datetime import date, datetime

WEEKDAYS = "月火水木金土日"


_MONTHS = "January February March April May June July August September October November December".split()


def english_date(day: date) -> str:
    """24 November 2026"""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def japanese_date(day: date) -> str:
    """2026年11月30日（月）"""
    return f"{day.year}年{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def japanese_time(moment: datetime) -> str:
    """2026年11月30日（月）9時05分, in the time zone that `moment` carries."""
    return f"{japanese_date(moment)}{moment.hour}時{moment.minute:02}分"


def month_label(month: date, number: int | None = None, extra: int = 0) -> str:
    """2026年11月号（第137号）, without the number where an association does not count; 2026年11月の号外, の号外2."""
    if extra:
        return f"{month.year}年{month.month}月の号外" + (str(extra) if extra > 1 else "")
    return f"{month.year}年{month.month}月号" + (f"（第{number}号）" if number else "")
