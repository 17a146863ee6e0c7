"""The mark beside a date: （月）, (月・祝), 〔土・日〕, の月曜日, （勤労感謝の日）, (Mon)."""

from __future__ import annotations

import re
from dataclasses import dataclass

HOLIDAY_NAMES = (
    "元日", "成人の日", "建国記念の日", "天皇誕生日", "春分の日", "昭和の日", "憲法記念日", "みどりの日", "こどもの日",
    "海の日", "山の日", "敬老の日", "秋分の日", "体育の日", "スポーツの日", "文化の日", "勤労感謝の日",
)  # fmt: skip
SUBSTITUTES = ("振替休日", "振休", "国民の休日", "休日", "休")
GENERAL = ("祝日", "祝")
_ENGLISH = dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "月火水木金土日", strict=True))


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark as it stands in the passage."""

    start: int
    end: int
    weekdays: tuple[tuple[int, str], ...] = ()  # position and 月 to 日
    holiday: str = ""  # 祝, 振替休日, 文化の日: as written
    holiday_start: int = 0  # with the ・ before it
    holiday_end: int = 0
    bracketed: bool = True
    for_all: bool = False  # （いずれも月曜日）: said of every date before it


_HOLIDAY = "|".join((*HOLIDAY_NAMES, *GENERAL, *SUBSTITUTES))
_BRACKET = re.compile(r" ?[(\[〔〈<【]([^()\[\]〔〕〈〉<>【】\n]{1,24})[)\]〕〉>】]")
_SECOND_HOLIDAY = re.compile(rf"[(\[〔]({_HOLIDAY})[)\]〕]")
_TOKEN = re.compile(
    rf"(?P<weekday>[月火水木金土日])(?:曜日?)?(?=[・、,/ &とー〜\-\d]|$|祝|休|[月火水木金土日](?:$|[・、祝])|の|午)"
    rf"|(?P<holiday>{_HOLIDAY})(?![業館み憩])|(?P<english>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?(?![A-Za-z])"
    r"|(?P<join>[・、,/ &とー〜\-]+)",
    re.IGNORECASE,
)
_FOR_ALL = re.compile(r"(?:いずれも|すべて|全て|ともに|どちらも|各)[、 ]?")
_ORDINAL = re.compile(r"第[0-9一二三四五](?=[月火水木金土日])")
_WORD = re.compile(
    r"(?:の|・|、| )?([月火水木金土日])曜日?(?!ごと|以外|を除|休|定休|〜)"
    r"(?!(?:[・、とや]|または|及び|および|から)?[月火水木金土日]曜)"
)
_BARE = re.compile(r"(?<=[0-9])([月火水木金土日])(?=[)、,・〜\s]|$)")  # 12/18木, behind a slash only
_INSIDE = re.compile(rf"[・、, ]([月火水木金土日])(?:曜日?)?(?:[・、]?({_HOLIDAY}))?(?=[)〕\]])")
_NAMED = re.compile(rf" ?(?:の|は|、|・| )?({'|'.join((*HOLIDAY_NAMES, '振替休日', '祝日'))})")
_BEFORE = re.compile(r"(?<!毎週)(?<!第[0-9一二三四五]・)(?<!第[0-9一二三四五])([月火水木金土日])曜日?(?:の|である)$")


def after(flat: str, position: int) -> Mark | None:
    """The mark that starts at the position, behind a date."""
    bracket = _BRACKET.match(flat, position)
    if bracket:
        return _second_holiday(flat, _tokens(bracket[1], bracket.start(1), bracket.span()))
    inside = _INSIDE.match(flat, position)
    if inside:
        span = (inside.end(1), inside.end(2)) if inside[2] else (0, 0)
        return Mark(position, inside.end(), ((inside.start(1), inside[1]),), inside[2] or "", *span, bracketed=False)
    word = _WORD.match(flat, position)
    if word:
        return Mark(position, word.end(), ((word.start(1), word[1]),), bracketed=False)
    bare = _BARE.match(flat, position)
    if bare and "/" in flat[max(0, position - 3) : position]:
        return Mark(position, bare.end(), ((bare.start(1), bare[1]),), bracketed=False)
    named = _NAMED.match(flat, position)
    if named:
        return Mark(position, named.end(), (), named[1], named.start(1), named.end(1), bracketed=False)
    return None


def before(flat: str, position: int) -> Mark | None:
    """月曜日の before a date."""
    word = _BEFORE.search(flat, max(0, position - 12), position)
    if not word:
        return None
    return Mark(word.start(1), position, ((word.start(1), word[1]),), bracketed=False)


def _tokens(content: str, offset: int, span: tuple[int, int]) -> Mark | None:
    """The weekdays and the holiday at the beginning of what the bracket holds; None if it holds something else."""
    weekdays: list[tuple[int, str]] = []
    holiday, at, end, joined_at = "", 0, 0, 0
    for_all = _FOR_ALL.match(content)
    position = for_all.end() if for_all else 0
    if ordinal := _ORDINAL.match(content, position):
        position = ordinal.end()
    while token := _TOKEN.match(content, position):
        position = token.end()
        if token["join"]:
            joined_at = token.start()
        elif token["holiday"]:
            holiday = token["holiday"]
            at, end = (joined_at or token.start()) + offset, token.end() + offset
        else:
            weekdays.append((token.start() + offset, token["weekday"] or _ENGLISH[token["english"].lower()]))
            joined_at = token.end()
    if not weekdays and not holiday:
        return None
    return Mark(*span, tuple(weekdays), holiday, at, end, for_all=bool(for_all) and len(weekdays) == 1)


def _second_holiday(flat: str, mark: Mark | None) -> Mark | None:
    """（月）（祝）, in two brackets."""
    second = _SECOND_HOLIDAY.match(flat, mark.end) if mark and not mark.holiday else None
    if mark is None or second is None:
        return mark
    return Mark(mark.start, second.end(), mark.weekdays, second[1], second.start(), second.end())
