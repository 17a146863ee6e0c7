"""Dates in English with a weekday: Friday, December 11, 2026; 11 December (Fri)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from newsletter.proof.calendar_years import nearest

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)}|Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?![A-Za-z])\.?"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)(?![A-Za-z])\.?"
_DAY = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?![0-9:])"
_YEAR = r"(?:,? (?P<year>20[0-9]{2}))?"
_MONTH_FIRST, _DAY_FIRST = rf"{_MONTH} {_DAY}{_YEAR}", rf"{_DAY} {_MONTH}{_YEAR}"
_FORMS = tuple(
    re.compile(rf"\b{form}")
    for day in (_MONTH_FIRST, _DAY_FIRST)
    for form in (rf"{_WEEKDAY},? (?:the )?{day}", rf"{day},? \(?{_WEEKDAY}")
)


@dataclass(frozen=True, slots=True)
class EnglishDate:
    """A date with the weekday that is written beside it."""

    start: int
    end: int
    day: date
    weekday: int  # as written, 0 for Monday
    weekday_start: int
    weekday_end: int


def english_dates(flat: str, issue: date) -> Iterator[EnglishDate]:
    """Every English date with a weekday; without a year, the one near the issue."""
    for form in _FORMS:
        for match in form.finditer(flat):
            month = next(at for at, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3])
            year = int(match["year"]) if match["year"] else nearest(month, issue)[0]
            try:
                day = date(year, month, int(match["day"]))
            except ValueError:
                continue
            written = next(at for at, name in enumerate(WEEKDAYS) if name[:3] == match["weekday"][:3])
            yield EnglishDate(*match.span(), day, written, *match.span("weekday"))


def weekday_like(written: str, weekday: int) -> str:
    """The weekday, in full or in three letters as the one that it replaces."""
    return WEEKDAYS[weekday] if written in WEEKDAYS else WEEKDAYS[weekday][:3]
