"""Every date that is written in a Japanese passage, with its year, its weekday and what it is joined to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache

from newsletter.proof import calendar_marks
from newsletter.proof.calendar_marks import Mark
from newsletter.proof.calendar_years import ERA_NAMES, Said, candidates, said_years, year_of
from newsletter.proof.plain import KANJI_DIGITS, number, plain

WEEKDAYS = "月火水木金土日"


class Link(StrEnum):
    """How a date follows the one before it."""

    NONE = ""
    RANGE = "range"  # 14日〜15日
    LIST = "list"  # 14日・15日


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """One date as it stands in the passage."""

    start: int
    end: int  # behind its last character, before the mark
    month: int
    day: int
    said: Said | None = None  # the year beside it: 2026年, 令和8年, 来年
    mark: Mark | None = None  # （月・祝）
    weekday: tuple[int, str] | None = None  # where its weekday stands, and which
    link: Link = Link.NONE
    sure: bool = True  # False: 1/2 may be a fraction
    has_month: bool = True  # False: 〜15日
    years: tuple[int, ...] = ()  # that it may be in, the likeliest first
    certain: bool = False  # the year is said, here or at the date it is joined to

    def on(self, year: int) -> date | None:
        """The day in that year; None if there is none."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return None

    @property
    def possible_days(self) -> tuple[date, ...]:
        return tuple(day for year in self.years if (day := self.on(year)))

    @property
    def value(self) -> date | None:
        """The likeliest day; None for a date that does not exist."""
        return next(iter(self.possible_days), None)


_N = f"(?:[0-9]{{1,2}}|[{KANJI_DIGITS}十]{{1,3}})"
_ASIDE = r"(?:\([^()]{1,14}\))?"
_YEAR = (
    rf"(?:(?P<era>{ERA_NAMES}) ?(?P<era_year>元|{_N}) ?{_ASIDE}年{_ASIDE}"
    rf"|(?P<year>[0-9]{{4}}|[{KANJI_DIGITS}]{{4}}) ?{_ASIDE}年{_ASIDE}"
    rf"|(?P<short_year>(?<![0-9{KANJI_DIGITS}十]){_N})年"
    r"|(?P<relative>昨年|去年|前年|今年|本年|来年|明年|翌年|同年))[の、, ]{0,2}"
)
_NO_DAY = r"(?!間|目|後|分|以内|以上|程度|ほど|連続|前に|ごと|おき|[0-9])"
_KANJI_FORM = re.compile(
    rf"(?:{_YEAR})?(?<![0-9{KANJI_DIGITS}十第])(?P<month>{_N}) ?月 ?"
    rf"(?P<day>{_N})(?: ?(?P<ending>日){_NO_DAY}|(?![0-9日{KANJI_DIGITS}十]))"
)
_BEFORE, _AFTER = r"(?<![0-9A-Za-z/.,\-])(?<![0-9]:)", r"(?![0-9A-Za-z/%:]|[.,\-][0-9]{3}|\.[0-9])"
_SLASH_FORM = re.compile(
    rf"{_BEFORE}(?:(?P<year>[0-9]{{4}})/|(?P<era>[RHSTrhst])\.?(?P<era_year>[0-9]{{1,2}})/)?"
    rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}}){_AFTER}"
)
_JOINED_SLASH_FORM = re.compile(_SLASH_FORM.pattern.replace(_BEFORE, "", 1))
_DOT_FORM = re.compile(
    rf"{_BEFORE}(?:(?P<year>(?:18|19|20|21)[0-9]{{2}})\.|(?P<era>[RHSTrhst])\.?(?P<era_year>[0-9]{{1,2}})\.)?"
    rf" ?(?P<month>[0-9]{{1,2}})\. ?(?P<day>[0-9]{{1,2}})(?![0-9A-Za-z/%:]|[.,\-][0-9])"
)
_DASH_FORM = re.compile(
    rf"{_BEFORE}(?P<year>(?:18|19|20|21)[0-9]{{2}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})(?![0-9/%:\-])"
)
_FORMS = (_KANJI_FORM, _SLASH_FORM, _DASH_FORM, _DOT_FORM)
_HEAD = re.compile(
    rf"(?=(?:昨年|去年|前年|今年|本年|来年|明年|翌年|同年|{ERA_NAMES}|[RHSTrhst]\.?[0-9]|[0-9{KANJI_DIGITS}十]))"
)
_TIME = r"(?: ?(?:午前|午後)?[0-9]{1,2}(?::[0-9]{2}|時(?:[0-9]{1,2}分|半)?)(?!間))?"
_JOIN = re.compile(
    rf"(?:{_TIME} ?(?P<range>〜|-|から|より) ?| ?(?P<list>・|、|,|と|及び|および|並びに|又は|または|&|/) ?)"
)
_DAY = re.compile(rf"(?P<day>{_N})(?: ?(?P<ending>日){_NO_DAY}|(?![0-9月{KANJI_DIGITS}十]))")
_SLASH_DAY = re.compile(r"(?P<day>[0-9]{1,2})(?![0-9A-Za-z/%:.,時人年月日件名万円回])")
_LONE_DAY = re.compile(r"(?<![0-9月])(?P<day>[0-9]{1,2})日(?=[(〔\[])")
_SAID_MONTH = re.compile(rf"(?<![0-9{KANJI_DIGITS}十])(?P<month>{_N}) ?月(?![曜)])")
_DATE_WORDS = re.compile(r" ?(?:締切|〆切|まで|必着|開催|付け?(?!近)|現在|発行|実施|開始|放送)")
_ANNOUNCED = re.compile(r"(?:締切|〆切|期限|期日|開催日?|日時|日程)[: は]?$")
_TAIL_BRACKET = re.compile(r"[^()]{0,12}\)\s*$")


@lru_cache(maxsize=512)
def written_dates(text: str, month: date) -> tuple[WrittenDate, ...]:
    """The dates of the passage in reading order; those without a year are put near `month`, the issue's."""
    flat = plain(text)
    found: list[WrittenDate] = []
    position = 0
    while head := _head(flat, position):
        chain = list(_chain(flat, *head))
        position = _behind(chain[-1])
        if _is_calendar(flat, chain):
            sure = any(one.sure for one in chain) or _fills_brackets(flat, chain)
            found += [replace(one, sure=sure) for one in _share_weekdays(chain)]
    found = sorted((*found, *_lone_days(flat, found)), key=lambda one: one.start)
    return tuple(_with_years(found, said_years(flat), month))


def _lone_days(flat: str, found: list[WrittenDate]) -> Iterator[WrittenDate]:
    """9日（火） where the month was said before: 12月は9日（火）."""
    covered = {at for one in found for at in range(one.start, _behind(one))}
    months = [(match.end(), number(match["month"])) for match in _SAID_MONTH.finditer(flat)]
    for match in _LONE_DAY.finditer(flat):
        mark = calendar_marks.after(flat, match.end())
        before = bisect_right(months, (match.start(), 12))
        if before and match.start() not in covered and mark and mark.bracketed and len(mark.weekdays) == 1:
            month = months[before - 1][1]
            if 1 <= month <= 12:
                yield WrittenDate(*match.span(), month, number(match["day"]), None, mark, mark.weekdays[0])


def _behind(one: WrittenDate) -> int:
    return max(one.end, one.mark.end if one.mark else 0)


def _head(flat: str, position: int) -> tuple[re.Match[str], re.Pattern[str]] | None:
    for start in _HEAD.finditer(flat, position):
        for form in _FORMS:
            match = form.match(flat, start.start())
            if match:
                return match, form
    return None


def _chain(flat: str, match: re.Match[str], form: re.Pattern[str]) -> Iterator[WrittenDate]:
    """The date at the match, and those that are joined to it."""
    one = _read(flat, match, form)
    yield one
    while following := _joined(flat, one, form):
        one = following
        yield one


def _read(flat: str, match: re.Match[str], form: re.Pattern[str], link: Link = Link.NONE) -> WrittenDate:
    groups = match.groupdict()
    mark = calendar_marks.after(flat, match.end()) or calendar_marks.before(flat, match.start())
    dated = bool(groups["year"] or groups["era"])
    sure = dated or form is _KANJI_FORM or mark is not None or _looks_like_a_date(flat, match, form)
    return WrittenDate(
        start=match.start(), end=match.end(), month=number(match["month"]), day=number(match["day"]),
        said=year_of(groups, match.start()), mark=mark, link=link, sure=sure,
    )  # fmt: skip


def _looks_like_a_date(flat: str, match: re.Match[str], form: re.Pattern[str]) -> bool:
    if form is not _SLASH_FORM:
        return False
    alone = flat[match.start() - 1 : match.start()] == "(" and _TAIL_BRACKET.match(flat, match.end())
    announced = _ANNOUNCED.search(flat, max(0, match.start() - 6), match.start())
    return bool(alone) or bool(announced) or bool(_DATE_WORDS.match(flat, match.end()))


def _joined(flat: str, one: WrittenDate, form: re.Pattern[str]) -> WrittenDate | None:
    join = _JOIN.match(flat, _behind(one))
    if not join:
        return None
    link = Link.RANGE if join["range"] else Link.LIST
    full = (_JOINED_SLASH_FORM if form is _SLASH_FORM else form).match(flat, join.end())
    if full:
        following = _read(flat, full, form, link)
        return following if link is Link.RANGE or form is _KANJI_FORM or following.sure else None
    day = (_DAY if form is _KANJI_FORM else _SLASH_DAY).match(flat, join.end())
    if not day or (form is _SLASH_FORM and join["range"] in ("から", "より")):
        return None
    mark = calendar_marks.after(flat, day.end())
    if form is _KANJI_FORM and not day["ending"] and mark is None and not _JOIN.match(flat, day.end()):
        return None
    return WrittenDate(
        day.start(), day.end(), one.month, number(day["day"]), None, mark, None, link, one.sure or bool(mark), False
    )


def _fills_brackets(flat: str, chain: list[WrittenDate]) -> bool:
    """（10/14-15）: two joined dates and nothing else."""
    first, last = chain[0], chain[-1]
    return first is not last and flat[first.start - 1 : first.start] == "(" and flat[last.end : last.end + 1] == ")"


def _is_calendar(flat: str, chain: list[WrittenDate]) -> bool:
    """Whether this is no fraction, no version and no 「3月14か所」: something in it must be said as a date is."""
    first = chain[0]
    if "月" not in flat[first.start : first.end]:
        dots = "." in flat[first.start : first.end]
        return not dots or any(one.mark or one.said for one in chain)
    return any(flat[one.end - 1] == "日" or one.mark for one in chain)


def _share_weekdays(chain: list[WrittenDate]) -> list[WrittenDate]:
    """Give each date its weekday; 21日・22日（土・日） says one for each of the two."""
    shared = [replace(one, weekday=_only_weekday(one)) for one in chain]
    last = chain[-1]
    if last.mark and last.mark.for_all:
        of_all = last.mark.weekdays[0]
        return [replace(one, weekday=of_all) if one.mark in (None, last.mark) else one for one in chain]
    several = last.mark.weekdays if last.mark and len(last.mark.weekdays) > 1 else ()
    if not several:
        return shared
    unmarked = [at for at, one in enumerate(chain) if one.mark is None or one is last]
    days = last.day - chain[-2].day + 1 if len(chain) > 1 and not last.has_month else 0
    if last.link is Link.RANGE and len(several) in (2, days) and chain[-2].mark is None:
        several, unmarked = (several[0], several[-1]), unmarked[-2:]
    if len(unmarked) >= len(several):
        for at, weekday in zip(unmarked[-len(several) :], several, strict=True):
            shared[at] = replace(shared[at], weekday=weekday)
    return shared


def _only_weekday(one: WrittenDate) -> tuple[int, str] | None:
    return one.mark.weekdays[0] if one.mark is not None and len(one.mark.weekdays) == 1 else None


def _with_years(dates: list[WrittenDate], said: tuple[Said, ...], month: date) -> Iterator[WrittenDate]:
    before: WrittenDate | None = None
    for one in dates:
        joined = before if before and one.link is not Link.NONE else None
        if joined and one.said is None and (one.link is Link.RANGE or not one.has_month or joined.certain):
            years = tuple(year + _wraps(joined, one) for year in joined.years)
            if one.link is Link.LIST and _wraps(joined, one):  # 2026年11月23日、9月5日: in no order
                years = tuple(dict.fromkeys((*joined.years, *years)))
            dated = replace(one, years=years, certain=joined.certain)
        else:
            years = candidates(one.said, one.start, one.month, said, month)
            certain = one.said is not None and one.said.value is not None
            dated = replace(one, years=years, certain=certain)
        before = _by_weekday(dated)
        yield before


def _wraps(first: WrittenDate, second: WrittenDate) -> int:
    """1 where the second of two joined dates can only be in the next year: 12月20日〜1月10日."""
    return int(second.has_month and second.month < first.month)


def _by_weekday(one: WrittenDate) -> WrittenDate:
    """Where several years are possible, the one in which the weekday is right is meant."""
    if one.weekday is None or len(one.years) < 2:
        return one

    def wrong(year: int) -> bool:
        day = one.on(year)
        return day is None or WEEKDAYS[day.weekday()] != one.weekday[1]  # type: ignore[index]

    return replace(one, years=tuple(sorted(one.years, key=wrong)))
