"""Dates as a Japanese office writes them: 2026/11/23, 令和8年11月23日, R8.11.23, full-width, with a weekday. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
WEEKDAYS = "月火水木金土日"
# The first year of each era, and the days it lasted (改元: 2019-05-01, 1989-01-08).
ERAS = {
    "令和": (2019, date(2019, 5, 1), date.max),
    "平成": (1989, date(1989, 1, 8), date(2019, 4, 30)),
}
_ERA_LETTERS = {"r": "令和", "h": "平成"}

_WEEKDAY = re.compile(r"\((?P<day>[月火水木金土日])(?:曜日?)?(?:[・,、](?:祝日?|休日?))?\)$")
_WESTERN = re.compile(r"(\d{4})(?:[/.\-]|年)(\d{1,2})(?:[/.\-]|月)(\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ERA = re.compile(r"(令和|平成|[rh])\.?(\d{1,2}|元)(?:[/.\-]|年)(\d{1,2})(?:[/.\-]|月)(\d{1,2})日?")
_YEARLESS = re.compile(r"(\d{1,2})[/月.\-](\d{1,2})日?")
# What Excel or a database adds when a date is turned into text.
_MIDNIGHT = re.compile(r"[t ]?0{1,2}:00(:00)?(\.0+)?$")
_DASHES = str.maketrans(dict.fromkeys("‐‑–—−ー", "-"))


class DateError(ValueError):
    """The text is not a date; the message says what to write instead."""


def read_date(text: str) -> date:
    """The date a person wrote; DateError with a sentence in Japanese if it cannot be one."""
    plain = _plain(text)
    weekday = _WEEKDAY.search(plain)
    if weekday:
        plain = plain[: weekday.start()]
    found = _calendar_day(plain, text)
    if not EARLIEST <= found <= LATEST:
        raise DateError(f"「{text}」の年が正しいか確かめてください。")
    if weekday and WEEKDAYS[found.weekday()] != weekday["day"]:
        raise DateError(f"日付と曜日が合いません。{found.month}月{found.day}日は{WEEKDAYS[found.weekday()]}曜日です。")
    return found


def japanese(day: date) -> str:
    """2026年11月23日（月）."""
    return f"{day.year}年{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def from_excel_serial(number: float, epoch: date) -> date | None:
    """The day behind a number in a date cell that lost its format; None when it is no plausible day."""
    if not 36526 <= number <= 73050:  # 2000-01-01 to 2099-12-31 in the 1900 system
        return None
    return epoch + timedelta(days=int(number))


def _plain(text: str) -> str:
    # NFKC also turns ㋿ into 令和 and full-width digits into ASCII; for reading only, never stored.
    plain = unicodedata.normalize("NFKC", text).strip().lower().translate(_DASHES)
    plain = _MIDNIGHT.sub("", plain)
    return "".join(plain.split())


def _calendar_day(plain: str, text: str) -> date:
    match = _WESTERN.fullmatch(plain) or _COMPACT.fullmatch(plain)
    era = _ERA.fullmatch(plain)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3]), text)
    if era:
        return _era_day(era, text)
    if _YEARLESS.fullmatch(plain):
        raise DateError(f"「{text}」に年も書いてください（例：2026/11/23）。")
    raise DateError(f"「{text}」は日付として読めません。2026/11/23 や 令和8年11月23日 の形で書いてください。")


def _era_day(match: re.Match[str], text: str) -> date:
    name = _ERA_LETTERS.get(match[1], match[1])
    first_year, first, last = ERAS[name]
    year = 1 if match[2] == "元" else int(match[2])
    found = _day(first_year + year - 1, int(match[3]), int(match[4]), text) if year else None
    if found is None or not first <= found <= last:
        raise DateError(f"「{text}」は{name}の日付としてありません。年を確かめてください。")
    return found


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise DateError(f"「{text}」という日はありません。") from error
