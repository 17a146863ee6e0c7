"""The dates of feeds: RFC 822, RFC 3339 and what people write instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

# What email.utils does not know, in hours.
_ZONES = {"jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13}
_ZONES |= {"bst": 1, "wet": 0, "west": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "eet": 2, "eest": 3, "msk": 3}
_NUMERIC = re.compile(
    r"(?P<year>\d{4})(?:[-/.年]\s?(?P<month>\d{1,2})(?:[-/.月]\s?(?P<day>\d{1,2})日?|月)?|年)?"
    r"(?:\s*[(（][月火水木金土日][)）])?"
    r"(?:(?:T|\s)\s*(?P<hour>\d{1,2})[:時](?P<minute>\d{2})分?(?::?(?P<second>\d{2})秒?(?:[.,]\d+)?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|JST|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2}))?(?P<zone>Z|[+-]\d{4})?",
    re.IGNORECASE,
)
_LONGEST = 100


def read_date(text: str) -> datetime | None:
    """The moment in UTC, or None for what is no date. A date without a zone is taken as UTC."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        return _numeric(text) or _worded(text)
    except (ValueError, OverflowError, TypeError, IndexError):  # a 13th month, the year 0, email.utils' own stumbles
        return None


def _numeric(text: str) -> datetime | None:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        found = _COMPACT.fullmatch(text)
    return _moment(found) if found else None


def _moment(found: re.Match[str]) -> datetime:
    first_day = datetime(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1), tzinfo=UTC)
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    # Added up, not set: a leap second, or 24:00, is the next minute or day.
    return first_day + timedelta(hours=hour, minutes=minute, seconds=second) - _offset(found["zone"] or "Z")


def _offset(zone: str) -> timedelta:
    if zone.upper() == "JST":
        return timedelta(hours=9)
    if zone.upper() in ("Z", "UTC", "GMT"):
        return timedelta(0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone.startswith("-") else offset


def _worded(text: str) -> datetime | None:
    """RFC 822 as the email package reads it (two-digit years, swapped day and month), with more names of zones."""
    text = re.sub(r"(?:GMT|UTC)?([+-]\d{2}):?(\d{2})$", r"\1\2", text)
    parts = parsedate_tz(text if ":" in text else f"{text} 00:00:00")
    if parts is None:
        return None
    offset = parts[9] or _ZONES.get(text.rsplit(" ", 1)[-1].lower(), 0) * 3600
    day_start = datetime(parts[0], parts[1], parts[2], tzinfo=UTC)
    return day_start + timedelta(hours=parts[3], minutes=parts[4], seconds=parts[5] - offset)
