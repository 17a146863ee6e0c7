"""Years as they are written, eras included, and the year that a date without one is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from newsletter.proof.plain import KANJI_DIGITS, number


@dataclass(frozen=True, slots=True)
class Era:
    """One era: its first year in the western count, and its days (改元の日)."""

    name: str
    first_year: int
    first: date
    last: date


ERAS = (
    Era("明治", 1868, date(1868, 1, 25), date(1912, 7, 29)),
    Era("大正", 1912, date(1912, 7, 30), date(1926, 12, 24)),
    Era("昭和", 1926, date(1926, 12, 25), date(1989, 1, 7)),
    Era("平成", 1989, date(1989, 1, 8), date(2019, 4, 30)),
    Era("令和", 2019, date(2019, 5, 1), date.max),
)
ERA_NAMES = "明治|大正|昭和|平成|令和|㍾|㍽|㍼|㍻|㋿"
_BY_NAME = {
    name: era
    for era, names in zip(ERAS, ("㍾m", "㍽t", "㍼s", "㍻h", "㋿r"), strict=True)
    for name in (era.name, *names)
}
_RELATIVE = {"昨年": -1, "去年": -1, "前年": -1, "今年": 0, "本年": 0, "来年": 1, "明年": 1}
_SAID = re.compile(
    rf"(?P<era>{ERA_NAMES}) ?(?P<era_year>元|[0-9]{{1,2}}|[{KANJI_DIGITS}十]{{1,3}})"
    r"(?:\([^()]{1,14}\))? ?年(?P<fiscal>度)?"
    rf"|(?<![0-9])(?P<year>[0-9]{{4}}|[{KANJI_DIGITS}]{{4}})(?:\([^()]{{1,14}}\))? ?年(?P<fiscal_west>度)?"
    r"|(?P<relative>昨年|去年|前年|来年|明年)(?!度)"
    r"|(?<![0-9A-Za-z/.,\-])(?P<numeric>(?:19|20)[0-9]{2})(?=[/.\-][0-9]{1,2}[/.\-][0-9]{1,2})"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A year as it is said in the text."""

    start: int
    value: int | None  # in the western count; None: relative to another one
    era: str = ""  # 令和
    era_year: int = 0
    relative: str = ""
    fiscal: bool = False
    several: tuple[int, ...] = ()  # 8年: which count is not said


def era_of(name: str) -> Era:
    """The era by its name, its letter or its one-character form."""
    return _BY_NAME[name.lower()]


def western(era: str, year: int) -> int:
    """令和, 8 -> 2026."""
    return era_of(era).first_year + year - 1


def in_era(year: int) -> tuple[str, ...]:
    """2026 -> 令和8年; 2019 -> 平成31年, 令和元年."""
    names = []
    for era in ERAS:
        if era.first.year <= year <= era.last.year:
            counted = year - era.first_year + 1
            names.append(f"{era.name}{'元' if counted == 1 else counted}年")
    return tuple(names)


def year_of(groups: Mapping[str, str | None], start: int) -> Said | None:
    """The year that was matched beside a date."""
    if groups.get("era"):
        era, counted = era_of(groups["era"] or "").name, number(groups["era_year"] or "")
        return Said(start, western(era, counted), era, counted)
    if groups.get("year"):
        return Said(start, number(groups["year"] or ""))
    if groups.get("short_year"):
        short = number(groups["short_year"] or "")
        return Said(start, None, several=(western("令和", short), 2000 + short, western("平成", short)))
    if groups.get("relative"):
        return Said(start, None, relative=groups["relative"] or "")
    return None


def said_years(flat: str) -> tuple[Said, ...]:
    """Every year that the passage names, in reading order."""
    found = []
    for match in _SAID.finditer(flat):
        groups = {name: match[name] or "" for name in ("era", "era_year", "year", "relative")}
        groups["year"] = groups["year"] or match["numeric"] or ""
        said = year_of(groups, match.start())
        if said:
            fiscal = bool(match["fiscal"] or match["fiscal_west"])
            found.append(Said(said.start, said.value, said.era, said.era_year, said.relative, fiscal))
    return tuple(found)


def nearest(month: int, issue: date) -> tuple[int, ...]:
    """The year within six months of the issue; both where it is exactly six."""
    ahead = (month - issue.month) % 12
    future = issue.year + (issue.month + ahead > 12)
    if ahead < 6:
        return (future,)
    past = future - 1
    return (past, future) if ahead == 6 else (past,)


def candidates(said: Said | None, start: int, month: int, years: tuple[Said, ...], issue: date) -> tuple[int, ...]:
    """The years that a date may be in, the likeliest first."""
    if said is not None:
        return _of_said(said, start, years, issue)
    near = nearest(month, issue) if 1 <= month <= 12 else (issue.year,)
    earlier = [one for one in years if one.start < start]
    if not earlier:
        return near
    return tuple(dict.fromkeys((*near, *_carried(earlier[-1], month, issue))))


def _of_said(said: Said, start: int, years: tuple[Said, ...], issue: date) -> tuple[int, ...]:
    if said.value is not None:
        return (said.value,)
    if said.several:
        return said.several
    earlier = [one.value for one in years if one.start < start and one.value is not None]
    if said.relative in ("同年", "翌年"):
        base = earlier[-1] if earlier else issue.year
        return (base + (said.relative == "翌年"),)
    return (issue.year + _RELATIVE[said.relative],)


def _carried(said: Said, month: int, issue: date) -> tuple[int, ...]:
    year = said.value if said.value is not None else issue.year + _RELATIVE.get(said.relative, 0)
    return (year + (said.fiscal and month < 4),)
