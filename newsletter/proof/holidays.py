"""Holiday marks against the 国民の祝日."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import jpholiday

from newsletter.proof.calendar_marks import HOLIDAY_NAMES, SUBSTITUTES, Mark
from newsletter.proof.calendar_text import WEEKDAYS, WrittenDate, written_dates
from newsletter.proof.dated import dated
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.rules import Rule, rule

LAW_SINCE = 1949  # 国民の祝日に関する法律: in force from 1948-07-20


@lru_cache(maxsize=1024)
def holiday_name(day: date) -> str:
    """勤労感謝の日, or 振替休日, or empty on a day that is none."""
    name = str(jpholiday.is_holiday_name(day) or "")
    return "振替休日" if "振替休日" in name else name


def announced_until(today: date) -> date:
    """The last day whose holidays are official: the 暦要項 of next year appears early in February."""
    return date(today.year + (today.month > 1), 12, 31)


@rule(
    "holiday-mark",
    Level.ERROR,
    "祝日の印が違う・ない",
    "祝日に当たる日の曜日には「（月・祝）」のように印を付け、祝日でない日には付けません。休館日やごみの収集日を調べる読者が頼りにする印です。"
    "振替休日は「休」でも「祝」でもかまいません。",
    "国民の祝日に関する法律",
)
def holiday_mark(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Marks of holidays that are none, names of others, and holidays without a mark."""
    for passage in passages(manuscript):
        for one in written_dates(passage.text, manuscript.month):
            day = one.value
            if day is not None and one.mark is not None and day.year >= LAW_SINCE and one.mark.start >= one.end:
                yield from _judge(this, passage, one, day)


def _judge(this: Rule, passage: Passage, one: WrittenDate, day: date) -> Iterator[Finding]:
    mark = one.mark
    if mark is None or (one.weekday and _is_wrong(one, day)):
        return  # the weekday is wrong: weekday-mismatch says so, and the date is in doubt
    name, said = holiday_name(day), f"{day.month}月{day.day}日"
    if mark.holiday and (why := _wrong_holiday(mark.holiday, name, said)):
        right = "" if not name else ("休" if name in SUBSTITUTES else "祝")
        yield this.finding(passage, one.start, mark.end, why, *_remarked(passage.text, one, right))
    elif not mark.holiday and name and _says_only_the_weekday(mark):
        signs = ("祝", "休") if name in SUBSTITUTES else ("祝",)
        marked = [f"{passage.text[one.start : mark.end - 1]}・{sign}{passage.text[mark.end - 1]}" for sign in signs]
        why = f"{said}は休日（{name}）ですが、その印がありません。「{marked[0]}」のように印を付けてください。"
        yield this.finding(passage, one.start, mark.end, why, *marked)


def _is_wrong(one: WrittenDate, day: date) -> bool:
    return one.weekday is not None and WEEKDAYS[day.weekday()] != one.weekday[1]


def _says_only_the_weekday(mark: Mark) -> bool:
    return mark.bracketed and len(mark.weekdays) == 1 and mark.end - mark.weekdays[0][0] <= 4


def _wrong_holiday(written: str, name: str, said: str) -> str:
    if not name:
        return f"{said}は祝日でも休日でもありませんが「{written}」とあります。日付を確かめるか、印を外してください。"
    substitute = name in SUBSTITUTES
    if written in HOLIDAY_NAMES and written != name:
        return f"{said}は「{written}」ではなく「{name}」です。日付か名称を確かめて直してください。"
    if written in ("振替休日", "振休", "国民の休日") and not substitute:
        return f"{said}は「{name}」で、{written}ではありません。「祝」に直してください。"
    return ""


def _remarked(text: str, one: WrittenDate, right: str) -> tuple[str, ...]:
    """The date with the right holiday's mark or name, with none, or with the day on which the named holiday is."""
    mark, day = one.mark, one.value
    if mark is None or day is None:
        return ()
    head, tail = text[one.start : mark.holiday_start], text[mark.holiday_end : mark.end]
    written = text[mark.holiday_start : mark.holiday_end]
    if mark.holiday not in HOLIDAY_NAMES:
        alone = not mark.weekdays
        if right:
            return (head + written.replace(mark.holiday, right) + tail,)
        return (text[one.start : mark.start],) if alone else (head + tail,)
    fixes = []
    if holiday_name(day):
        fixes.append(head + written.replace(mark.holiday, holiday_name(day)) + tail)
    elif mark.bracketed:
        fixes.append(head + tail if mark.weekdays else text[one.start : mark.start])
    meant = next((other for other, name in jpholiday.year_holidays(day.year) if name == mark.holiday), None)
    if meant and (moved := dated(text, one, meant)):
        behind = text[one.end : mark.end]
        for position, _ in mark.weekdays:
            behind = text[one.end : position] + WEEKDAYS[meant.weekday()] + text[position + 1 : mark.end]
        fixes.append(moved + behind)
    return tuple(fixes)


@rule(
    "holiday-unannounced",
    Level.WARNING,
    "祝日がまだ公表されていない年",
    "翌年の祝日（春分の日と秋分の日を含む）は、毎年2月の暦要項で決まります。それより先の年の祝日は計算によるもので、法律の改正や特例で動くことがあります。",
    "国立天文台「暦要項」（毎年2月1日の官報）、国民の祝日に関する法律",
)
def holiday_unannounced(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Dates with a holiday's mark, or on a computed holiday, behind the last official year."""
    until = announced_until(manuscript.sent_on)
    for passage in passages(manuscript):
        for one in written_dates(passage.text, manuscript.month):
            day = one.value
            if day is not None and day > until and one.sure and (holiday_name(day) or (one.mark and one.mark.holiday)):
                why = (
                    f"{day.year}年の祝日はまだ公表されていません（公表は{day.year - 1}年2月）。"
                    "計算では合っていても変わることがあるので、掲載する前に確かめてください。"
                )
                yield this.finding(passage, one.start, one.end, why)
