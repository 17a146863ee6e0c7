"""Dates against weekdays, the calendar and each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from newsletter.proof import clock_text
from newsletter.proof.calendar_text import WEEKDAYS, Link, WrittenDate, written_dates
from newsletter.proof.dated import NUMERALS, dated, like
from newsletter.proof.english_dates import EnglishDate, english_dates, weekday_like
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.plain import plain
from newsletter.proof.rules import Rule, rule

GREGORIAN_SINCE = 1873  # 明治6年1月1日: days before it are of the lunar calendar
_WEEKDAY_END = re.compile(r"(?:曜日?)?[)）]?")
_BARE_MONTH = re.compile(
    r"(?<![0-9.,/])(?:1[3-9]|[2-9][0-9]|0?0)月(?!齢|面|報)(?=[0-9]|$|[上中下]旬|末|から|まで|に|の|号|頃|、|。|〜|\))"
)
SCHOOL_YEAR_START, SCHOOL_YEAR_END = (4, 5, 6), (1, 2, 3)
LONGEST_WRAP = 270  # days: 12月5日〜11月20日 without years is a slip, 12月20日〜3月31日 is not


@rule(
    "weekday-mismatch",
    Level.ERROR,
    "日付と曜日が合わない",
    "日付の曜日が暦と違うと、読者は日を間違えて来てしまいます。日付と曜日のどちらが正しいかを主催者の資料で確かめ、直してください。"
    "年が書かれていない日付は、月号から前後6か月の年とみなして確かめます。",
    "暦（グレゴリオ暦）。自治体広報の校正で必ず確かめる「日付と曜日の一致」",
)
def weekday_mismatch(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Each date whose weekday is that of no year it may be in."""
    for passage in passages(manuscript):
        for one in written_dates(passage.text, manuscript.month):
            day = one.value
            if one.weekday is not None and day is not None and day.year >= GREGORIAN_SINCE:
                right = [possible for possible in one.possible_days if WEEKDAYS[possible.weekday()] == one.weekday[1]]
                if not right:
                    yield _wrong_weekday(this, passage, one, day, one.weekday)
        for english in english_dates(plain(passage.text), manuscript.month):
            if english.day.weekday() != english.weekday:
                yield _wrong_english(this, passage, english)


def _wrong_english(this: Rule, passage: Passage, one: EnglishDate) -> Finding:
    text, day, right = passage.text, one.day, WEEKDAYS[one.day.weekday()]
    why = (
        f"{day.year}年{day.month}月{day.day}日は{right}曜日ですが、"
        f"「{text[one.weekday_start : one.weekday_end]}」（{WEEKDAYS[one.weekday]}曜日）と書かれています。"
        "日付と曜日のどちらが正しいか確かめて直してください。"
    )
    weekday = weekday_like(text[one.weekday_start : one.weekday_end], day.weekday())
    fix = text[one.start : one.weekday_start] + weekday + text[one.weekday_end : one.end]
    return this.finding(passage, one.start, one.end, why, fix)


def _wrong_weekday(this: Rule, passage: Passage, one: WrittenDate, day: date, weekday: tuple[int, str]) -> Finding:
    position, written = weekday
    own = one.mark is not None and one.mark.start <= position < one.mark.end
    mark_end = one.mark.end if own and one.mark else _WEEKDAY_END.match(passage.text, position + 1).end()  # type: ignore[union-attr]
    start, end = min(one.start, position), max(one.end, mark_end)
    right = WEEKDAYS[day.weekday()]
    with_weekday = passage.text[start:position] + right + _english_tail(passage.text, position, end)
    meant = _nearest_day(day, written)
    known = "" if one.certain else f"（{day.year}年とみなしました）"
    message = (
        f"{day.month}月{day.day}日は{right}曜日ですが、{written}曜日と書かれています{known}。"
        f"{written}曜日なら{meant.month}月{meant.day}日です。日付と曜日のどちらが正しいか確かめて直してください。"
    )
    with_date = dated(passage.text, one, meant)
    return this.finding(
        passage, start, end, message, with_weekday,
        *([passage.text[start : one.start] + with_date + passage.text[one.end : end]] if with_date else ()),
    )  # fmt: skip


def _english_tail(text: str, position: int, end: int) -> str:
    """What follows the weekday, without the rest of an English one: (Mon.) becomes (月)."""
    return re.sub(r"^[A-Za-z]+\.?", "", text[position:end]) if text[position].isascii() else text[position + 1 : end]


def _nearest_day(day: date, weekday: str) -> date:
    ahead = (WEEKDAYS.index(weekday) - day.weekday()) % 7
    return day + timedelta(days=ahead if ahead <= 3 else ahead - 7)


@rule(
    "impossible-date",
    Level.ERROR,
    "存在しない日付・時刻",
    "暦にない日（2月30日、13月）や、ない時刻（24:30、10:75）は書き誤りです。24時を過ぎる時刻は「翌0時30分」のように書きます。"
    "放送の時刻（25時など）は、番組の案内と分かる文では指摘しません。",
    "暦。時刻は0時0分から24時0分まで",
)
def impossible_date(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Days and hours that do not exist."""
    for passage in passages(manuscript):
        for one in written_dates(passage.text, manuscript.month):
            if one.sure and not one.possible_days:
                yield this.finding(passage, one.start, one.end, _no_such_day(one), *_last_days(passage.text, one))
        for match in _BARE_MONTH.finditer(plain(passage.text)):
            if not _in_a_date(passage, manuscript, match.start()):
                yield this.finding(
                    passage, match.start(), match.end(), f"{match[0]}という月はありません。月を確かめてください。"
                )
        for time in clock_text.impossible_times(passage.text):
            yield this.finding(passage, time.start, time.end, time.why, *time.fixes)


def _in_a_date(passage: Passage, manuscript: Manuscript, position: int) -> bool:
    return any(one.start <= position < one.end for one in written_dates(passage.text, manuscript.month))


def _no_such_day(one: WrittenDate) -> str:
    if not 1 <= one.month <= 12:
        return f"{one.month}月という月はありません。月を確かめてください。"
    if (one.month, one.day) == (2, 29):
        return f"{one.years[0]}年はうるう年ではないので、2月29日はありません。日付を確かめてください。"
    return f"{one.month}月{one.day}日という日はありません。日付を確かめてください。"


def _last_days(text: str, one: WrittenDate) -> tuple[str, ...]:
    """The last day of the month, where the day is only a little too late."""
    if not 1 <= one.month <= 12 or not 29 <= one.day <= 31 or not one.years:
        return ()
    following = date(one.years[0] + one.month // 12, one.month % 12 + 1, 1)
    return (dated(text, one, following - timedelta(days=1)),)


@rule(
    "range-reversed",
    Level.ERROR,
    "終わりが始まりより前",
    "期間や時間帯の終わりが始まりより前になっています。日付・年・午前午後のどれかが違います。"
    "年末年始や夜から朝にまたがる書き方（12月20日〜1月10日、18:00〜翌9:00）は指摘しません。",
    "暦。催しの案内で確かめる「開始と終了の前後」",
)
def range_reversed(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Ranges of days, years and hours that run backwards."""
    for passage in passages(manuscript):
        dates = written_dates(passage.text, manuscript.month)
        for first, last in pairwise(dates):
            if last.link is not Link.RANGE or not last.sure or _is_a_move(passage.text, first, last):
                continue
            if why := _backwards(first, last):
                yield this.finding(passage, first.start, last.end, why, *_swapped(passage.text, first, last))
        for span in (*clock_text.reversed_times(passage.text), *clock_text.reversed_years(passage.text)):
            yield this.finding(passage, span.start, span.end, span.why, *span.fixes)


def _is_a_move(text: str, first: WrittenDate, last: WrittenDate) -> bool:
    """12月20日から12月10日に変更: no range."""
    join = "から" if "から" in text[first.end : last.start] else "〜"
    return clock_text.moved(plain(text), join, last.end)


def _backwards(first: WrittenDate, last: WrittenDate) -> str:
    start, end = first.value, last.value
    if start is None or end is None:
        return ""
    said = f"{first.month}月{first.day}日から{last.month}月{last.day}日まで"
    if end < start:
        return f"{said}は、終わりが始まりより前です。日付（年も）を確かめてください。"
    length = (end - start).days
    school_year = first.month in SCHOOL_YEAR_START and last.month in SCHOOL_YEAR_END
    if not last.said and last.month < first.month and LONGEST_WRAP < length < 357 and not school_year:
        return f"{said}は、終わりが始まりより前です（年をまたぐなら{length}日間になります）。日付を確かめてください。"
    return ""


def _swapped(text: str, first: WrittenDate, last: WrittenDate) -> tuple[str, ...]:
    """The two days exchanged, where both are in one month and nothing else stands in them."""
    if last.has_month or first.mark or (last.mark and last.mark.weekdays):
        return ()
    day, other = (
        dated(text, first, date(2000, first.month, last.day)),
        like(NUMERALS.findall(text[last.start : last.end])[-1], first.day),
    )
    return (day + text[first.end : last.start] + NUMERALS.sub(other, text[last.start : last.end], count=1),)
