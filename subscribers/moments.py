"""Dates and times as people write them in a list. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """A date, with or without a time, as Japanese offices write it; None if it is none."""
    half = unicodedata.normalize("NFKC", text).strip()
    try:
        moment = datetime.fromisoformat(half)
    except ValueError:
        return _japanese_moment(half, zone)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def read_end(text: str, zone: tzinfo) -> datetime | None:
    """The moment until which something lasts: a day without a time lasts to its end. None if it is no date."""
    until = read_moment(text, zone)
    if until is None or ":" in unicodedata.normalize("NFKC", text):
        return until
    return until + timedelta(days=1)


_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988}
_JAPANESE_DATE = re.compile(
    r"(令和|平成|[RH])?\s*(元|\d{1,4})[年/.\-](\d{1,2})[月/.\-](\d{1,2})日?(?:\s*[(].[)])?"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)


def _japanese_moment(half: str, zone: tzinfo) -> datetime | None:
    found = _JAPANESE_DATE.fullmatch(half)
    if found is None:
        return None
    era, year, month, day, hour, minute, second = found.groups()
    full_year = (1 if year == "元" else int(year)) + _ERAS.get(era or "", 0)
    try:
        at = time(int(hour or 0), int(minute or 0), int(second or 0))
        return datetime.combine(date(full_year, int(month), int(day)), at, zone)
    except ValueError:
        return None
