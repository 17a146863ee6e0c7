"""Eras (和暦) against years and fiscal years."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from newsletter.proof.calendar_text import WrittenDate, written_dates
from newsletter.proof.calendar_years import ERA_NAMES, Era, era_of, in_era, western
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.plain import KANJI_DIGITS, number, plain, sentence_at
from newsletter.proof.rules import Rule, rule

_ERA_NUMBER = rf"(?:元|[0-9]{{1,2}}|[{KANJI_DIGITS}十]{{1,3}})"
_LETTER = r"(?<![A-Za-z])(?:[Rr](?=\.?(?:元|[12]?[0-9](?![0-9])))|[HSThst](?=\.?(?:元|[0-9]{2}|[0-9]年)))"
_ERA = rf"(?P<era{{0}}>{ERA_NAMES}|{_LETTER}) ?\.?(?P<count{{0}}>{_ERA_NUMBER})"
_WEST = (
    rf"(?:西暦)?(?P<west{{0}}>(?:18|19|20|21)[0-9]{{2}}|[一二]〇[{KANJI_DIGITS}]{{2}}|一[八九][{KANJI_DIGITS}]{{2}})"
)
_UNIT = r" ?(?P<unit{0}>年度|年|)"
_DAY = rf"(?: ?(?P<month{{0}}>{_ERA_NUMBER})月(?: ?{_ERA_NUMBER}日)?)?"
_JOINS = r" ?(?:\((?:=|西暦)?|/|=|すなわち|にあたる|に当たる|(?:生まれ|生)?、?つまり|、西暦) ?"
_ERA_SIDE = (_ERA + _UNIT + _DAY).replace("{0}", "_a")
_WEST_SIDE = (_WEST + _UNIT + _DAY).replace("{0}", "_b")
# 令和8年（2026年）, 2026（令和8）年度, R8/2026
_PAIRS = tuple(
    re.compile(pattern)
    for pattern in (
        _ERA_SIDE + _JOINS + _WEST_SIDE,
        _WEST_SIDE + _JOINS + _ERA_SIDE,
    )
)
_ALONE = re.compile(
    rf"(?P<era>{ERA_NAMES}) ?(?P<count>{_ERA_NUMBER}|0) ?"
    rf"(?P<aside>\([^()]{{1,14}}\))?年(?P<fiscal>度)?"
    rf"(?: ?(?P<month>{_ERA_NUMBER})月)?(?: ?(?P<day>{_ERA_NUMBER})日)?"
)
_EDITION = re.compile(
    rf"(?:(?P<era>{ERA_NAMES}) ?(?P<count>{_ERA_NUMBER})年|(?P<west>20[0-9]{{2}})年?)"
    rf"(?P<fiscal>度)? ?版(?P<title>[^』」。、\n]{{0,24}})"
)
_PUBLISHED = re.compile(r"公表|発表|刊行|発行|発刊|閣議決定|公開|まとめ|取りまとめ|出版|作成|掲載|紹介")
_AHEAD = re.compile(r"カレンダー|手帳|暦|ダイアリー|予定表|日程|予算|計画|時刻表|募集要項|ガイド|案内")
# The fiscal year of a day in brackets: 2026年2月10日（令和7年度）, 令和8年度（2026年4月1日〜…）
_FISCAL = re.compile(rf"^ ?\((?:(?P<era>{ERA_NAMES}) ?(?P<count>{_ERA_NUMBER})|(?P<west>20[0-9]{{2}}))年度\)")
_FISCAL_BEFORE = re.compile(
    rf"(?:(?P<era>{ERA_NAMES}) ?(?P<count>{_ERA_NUMBER})|(?P<west>20[0-9]{{2}}))年度 ?\((?:西暦)?$"
)


@dataclass(frozen=True, slots=True)
class _Year:
    written: int  # as counted in the west
    unit: str  # 年, 年度, or nothing
    month: int | None

    @property
    def fiscal(self) -> int:
        """The fiscal year of it, where that can be told."""
        if self.unit == "年度" or self.month is None:
            return self.written
        return self.written - (self.month < 4)


@rule(
    "era-mismatch",
    Level.ERROR,
    "元号と西暦が合わない",
    "令和の年は西暦から2018を、平成は1988を、昭和は1925を引いた数です。並べて書いた年どうし、改元の日をまたぐ年（平成31年は4月30日まで）、"
    "年度と日付、そして「令和5年版」のような版の年と公表の日を比べます。",
    "元号法、元号を改める政令（平成31年政令第143号：令和は2019年5月1日から）",
)
def era_mismatch(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Years of eras that contradict what stands beside them, or that never were."""
    for passage in passages(manuscript):
        flat = plain(passage.text)
        told: list[tuple[int, int]] = []
        for finding in (
            *_pairs(this, passage, flat),
            *_outside(this, passage, flat),
            *_fiscal(this, passage, flat, manuscript.month),
            *_editions(this, passage, flat, manuscript.month),
        ):
            span = (finding.place.start, finding.place.end)
            if not any(span[0] < end and start < span[1] for start, end in told):
                told.append(span)
                yield finding


def _pairs(this: Rule, passage: Passage, flat: str) -> Iterator[Finding]:
    for pattern in _PAIRS:
        for match in pattern.finditer(flat):
            era = era_of(match["era_a"])
            counted = number(match["count_a"])
            said = _Year(western(match["era_a"], counted), match["unit_a"], _month(match["month_a"]))
            beside = _Year(number(match["west_b"]), match["unit_b"], _month(match["month_b"]))
            if said.written != beside.written and not _same_fiscal(said, beside):
                yield _contradiction(this, passage, match, era, beside.written)


def _month(written: str | None) -> int | None:
    return number(written) if written else None


def _same_fiscal(one: _Year, other: _Year) -> bool:
    """令和8年度（2027年3月）: the same fiscal year in two calendar years."""
    fiscal = "年度" in (one.unit, other.unit) and (one.month or other.month) is not None
    return fiscal and one.fiscal == other.fiscal


def _contradiction(this: Rule, passage: Passage, match: re.Match[str], era: Era, west: int) -> Finding:
    text = passage.text
    start, end = match.start(), max(match.end("west_b"), match.end("count_a"), match.end("unit_a"), match.end("unit_b"))
    counted = number(match["count_a"])
    right_count, right_west = west - era.first_year + 1, western(era.name, counted)
    why = (
        f"{era.name}{'元' if counted == 1 else counted}年は{right_west}年です。{west}年は{'、'.join(in_era(west))}。"
        "どちらの年が正しいか確かめて直してください。"
    )
    fixes = []
    if right_count >= 1:
        fixes.append(
            _put(text, start, end, match.span("count_a"), _as(text[slice(*match.span("count_a"))], right_count))
        )
    elif other := in_era(west):  # before the era began: 令和元年（2018年） is 平成30年
        span = (match.start("era_a"), match.end("count_a"))
        fixes.append(_put(text, start, end, span, other[-1].removesuffix("年")))
    fixes.append(
        _put(text, start, end, match.span("west_b"), _as(text[match.start("west_b") : match.end("west_b")], right_west))
    )
    return this.finding(passage, start, end, why, *fixes)


def _put(text: str, start: int, end: int, span: tuple[int, int], replacement: str) -> str:
    return text[start : span[0]] + replacement + text[span[1] : end]


def _as(written: str, value: int) -> str:
    if value == 1 and len(written) <= 2:
        return "元"
    if written and written[0] in KANJI_DIGITS and value > 99:
        return "".join(KANJI_DIGITS[int(one)] for one in str(value))
    if "０" <= written[:1] <= "９":
        return str(value).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return str(value)


def _outside(this: Rule, passage: Passage, flat: str) -> Iterator[Finding]:
    """平成35年, 平成31年5月1日, 令和元年4月."""
    for match in _ALONE.finditer(flat):
        era, counted = era_of(match["era"]), number(match["count"])
        year, month, day = western(era.name, counted), _month(match["month"]), _month(match["day"])
        if _quoted(flat, match.start()) or (match["fiscal"] and era.first.year <= year <= era.last.year):
            continue
        right = _right_era(era, year, month, day) if counted else "元年"
        if right is None or (month or 1) > 12 or (day or 1) > 31:
            continue
        written = passage.text[match.start() : match.end("count")]
        why = (
            f"「{match[0]}」は{era.name}の日付としてありません（{era.name}は{_span(era)}）。"
            "元号か年を確かめて直してください。"
        )
        yield this.finding(
            passage,
            match.start(),
            match.start() + len(written),
            why,
            *([right.removesuffix("年")] if counted and not match["aside"] else ()),
        )


def _quoted(flat: str, position: int) -> bool:
    """Inside 「」 or 『』 an old title may keep a year that never came: 『平成35年度までの計画』."""
    return flat.rfind("『", 0, position) > flat.rfind("』", 0, position) or flat.rfind("「", 0, position) > flat.rfind(
        "」", 0, position
    )


def _right_era(era: Era, year: int, month: int | None, day: int | None) -> str | None:
    """The year in the era that it was in; None where all is well or nothing better is known."""
    if year > era.last.year and era.last is not date.max:
        return in_era(year)[-1] if in_era(year) else ""
    if month is None or not 1 <= month <= 12:
        return None
    try:
        first, last = date(year, month, day or 1), date(year, month, day or (28 if month == 2 else 30))
    except ValueError:
        return None
    if last < era.first:
        return in_era(year)[0]
    return in_era(year)[-1] if first > era.last else None


def _span(era: Era) -> str:
    first = f"{era.first.year}年{era.first.month}月{era.first.day}日から"
    return first if era.last is date.max else f"{first}{era.last.year}年{era.last.month}月{era.last.day}日まで"


def _fiscal(this: Rule, passage: Passage, flat: str, issue: date) -> Iterator[Finding]:
    for one in written_dates(passage.text, issue):
        day = one.value
        after = _FISCAL.match(flat[one.end :])
        before = _FISCAL_BEFORE.search(flat, max(0, one.start - 20), one.start)
        match = after or before
        if day is None or match is None:
            continue
        said = western(match["era"], number(match["count"])) if match["era"] else int(match["west"])
        actual = day.year - (day.month < 4)
        if said == actual or (not one.certain and said == actual + 1):
            continue
        offset = one.end if after else 0
        group = "count" if match["era"] else "west"
        start = match.start("era" if match["era"] else "west") + offset
        end = match.end(group) + offset + 2
        era = next((name for name in reversed(in_era(actual))), "")
        right = f"{era}度" if match["era"] else f"{actual}年度"
        why = (
            f"{day.year}年{day.month}月{day.day}日は{era}度（{actual}年度）です（年度は4月から翌年3月まで）。"
            "年度か日付を確かめて直してください。"
        )
        yield this.finding(passage, start, end, why, right)


def _editions(this: Rule, passage: Passage, flat: str, issue: date) -> Iterator[Finding]:
    """『令和5年版…』 that came out in 2022."""
    dates = written_dates(passage.text, issue)
    for match in _EDITION.finditer(flat):
        if _AHEAD.search(match["title"]):
            continue
        edition = western(match["era"], number(match["count"])) if match["era"] else int(match["west"])
        start, end = sentence_at(passage.text, match.start())
        year = _year_of_sentence(dates, flat, start, end, match)
        if (
            year is None
            or edition <= year
            or _ahead_of_time(flat[start:end], edition - year)
            or not _PUBLISHED.search(flat, start, end)
        ):
            continue
        end_of_count = match.end("count" if match["era"] else "west")
        name = f"{passage.text[match.start() : end_of_count]}年"
        right = in_era(year)[-1].removesuffix("年") if match["era"] else str(year)
        why = (
            f"「{name}版」は{edition}年の版ですが、同じ文の日付は{year}年です。{edition}年の版が{year}年に出ることはまずありません。"
            "日付の年か、版の年を確かめて直してください。"
        )
        yield this.finding(passage, match.start(), end_of_count, why, right)


def _ahead_of_time(sentence: str, years: int) -> bool:
    """A year book of next year may come out in its autumn; a white paper (白書) never does."""
    late = re.search(r"(?<![0-9])1[0-2]月", sentence)
    return years == 1 and late is not None and "白書" not in sentence


def _year_of_sentence(
    dates: tuple[WrittenDate, ...], flat: str, start: int, end: int, edition: re.Match[str]
) -> int | None:
    """The one year that the sentence is about: of its date, else of a year said alone."""
    own = {one.value.year for one in dates if start <= one.start < end and one.value and one.sure}
    others = re.finditer(r"(?<![0-9])((?:19|20)[0-9]{2})年(?!度?版|度)", flat[start:end])
    own |= {int(other[1]) for other in others if not edition.start() <= other.start() + start < edition.end()}
    return max(own) if own else None
