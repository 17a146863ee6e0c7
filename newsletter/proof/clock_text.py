"""Times and years in running text: those that do not exist, and ranges that run backwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.proof.calendar_years import ERA_NAMES, western
from newsletter.proof.plain import number, plain, sentence_at


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong, where, and what might be right."""

    start: int
    end: int
    why: str
    fixes: tuple[str, ...] = ()


_BROADCAST = re.compile(
    r"放送|深夜|番組|オンエア|テレビ|ラジオ|再放送|日本時間|配信|タイムテーブル|得点|スコア|で勝|で敗|対戦|比率"
)
_COLON = re.compile(r"(?<![0-9:.,])(?P<half>午前|午後|AM|PM)? ?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?![0-9:.])")
_WORDED = re.compile(
    r"(?<![0-9.,])(?P<half>午前|午後)? ?(?P<hour>[0-9]{1,2})時(?!間|代|点で|限)"
    r"(?:(?P<minute>[0-9]{1,2})分(?!間|の|以)|(?P<half_hour>半))?"
)
_TIME_WORDS = re.compile(r" ?(?:〜|-|から|まで|開始|開演|開場|開会|集合|スタート|受付|終了|頃|に|発|着|\))")
_RANGE = re.compile(
    r"(?<![0-9:.,])(?P<half>午前|午後)? ?(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})|時(?:(?P<minutes>[0-9]{1,2})分|(?P<half_hour>半))?)"
    r"(?:\([^()]{1,8}\))?(?:開始|開会|開演)? ?(?P<join>〜|-|から|より) ?(?P<next>翌日?)? ?"
    r"(?P<last_half>午前|午後)? ?(?P<last_hour>[0-9]{1,2})"
    r"(?::(?P<last_minute>[0-9]{2})|時(?!間)(?:(?P<last_minutes>[0-9]{1,2})分|(?P<last_half_hour>半))?)(?![0-9:.])"
)
NIGHT_FROM, MORNING_UNTIL = 16, 12  # 18:00〜9:00 runs through the night
_ERA_YEARS = re.compile(
    rf"(?:{ERA_NAMES}) ?(?P<first>元|[0-9]{{1,2}})(?:年度?)? ?(?P<join>〜|-|から) ?"
    rf"(?P<last>[0-9]{{1,2}})年度?(?!間|後|目)"
)
_CHANGED_TO = re.compile(r"(?:\([^()]{1,14}\))?(?:に(?!かけ|わた|亘)|へ|[^。、]{0,4}と比)")
_YEAR = rf"(?:(?:{ERA_NAMES}) ?(?:元|[0-9]{{1,2}})|(?:19|20)[0-9]{{2}})"
_YEARS = re.compile(
    rf"(?<![0-9.,])(?P<first>{_YEAR})(?P<unit>年度?|) ?(?:\([^()]{{1,14}}\))? ?"
    rf"(?P<join>〜|-|から) ?(?P<last>{_YEAR})(?P<last_unit>年度?)(?!から)"
)


def moved(flat: str, join: str, end: int) -> bool:
    """2030年度から2028年度に早めた: a change from the one to the other, no range."""
    return join in ("から", "より") and bool(_CHANGED_TO.match(flat, end))


def _minutes(half: str | None, hour: int, minute: int) -> int:
    if half in ("午後", "PM") and hour < 12:
        hour += 12
    return hour * 60 + minute


def impossible_times(text: str) -> Iterator[Slip]:
    """24:30, 10:75, 25時, 午後13時; broadcast notation is let through, and so is a ratio."""
    flat = plain(text)
    for match in (*_COLON.finditer(flat), *_WORDED.finditer(flat)):
        why = _impossible(flat, match)
        if why:
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            yield Slip(start, match.end(), why, _next_day(match))


def _impossible(flat: str, match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    worded = "時" in match[0]
    start, end = sentence_at(flat, match.start())
    if match["half"] and 12 < hour <= 24:
        return f"「{match[0].strip()}」は、12時間制と24時間制が混ざっています。どちらかにそろえてください。"
    if minute > 59 and hour <= 24 and (worded or match["half"] or _in_a_range(flat, match)):
        return f"「{match[0].strip()}」という時刻はありません。分を確かめてください。"
    if minute > 59 or hour < 24 or (hour == 24 and not minute and not match[0].endswith("半")):
        return ""
    if hour > 29 and not (worded and hour < 60):
        return ""
    if _BROADCAST.search(flat, start, end) and hour <= 29:
        return ""
    if worded and flat[match.start() - 1 : match.start()] in ("第", "「"):
        return ""
    return f"「{match[0].strip()}」という時刻はありません。24時を過ぎるなら「翌」を付けて書いてください。"


def _in_a_range(flat: str, match: re.Match[str]) -> bool:
    return bool(_TIME_WORDS.match(flat, match.end())) or flat[match.start() - 1 : match.start()] in ("〜", "-")


def _next_day(match: re.Match[str]) -> tuple[str, ...]:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"] and 12 < hour < 24 and minute < 60:
        return (match[0].strip().replace(match["half"], "", 1).strip(),) if match["half"] == "午後" else ()
    if not 24 <= hour <= 29 or minute > 59 or match["half"]:
        return ()
    return (f"翌{hour - 24}{match[0][match.start('hour') - match.start() + len(match['hour']) :]}",)


def reversed_times(text: str) -> Iterator[Slip]:
    """14:00〜13:00, 午後3時〜午前10時; through the night is right."""
    flat = plain(text)
    for match in _RANGE.finditer(flat):
        hour, last_hour = int(match["hour"]), int(match["last_hour"])
        last_half = match["last_half"] or (match["half"] if last_hour <= 12 else None)
        start = _minutes(match["half"], hour, _minute(match, ""))
        end = _minutes(last_half, last_hour, _minute(match, "last_"))
        if match["next"] or hour > 24 or last_hour > 24 or end in (0, 24 * 60):
            continue
        overnight = start >= NIGHT_FROM * 60 and end <= MORNING_UNTIL * 60
        if end < start and not overnight and not moved(flat, match["join"], match.end()):
            why = f"「{match[0].strip()}」は、終わりの時刻が始まりより前です。午前・午後や時刻を確かめてください。"
            lead = len(match[0]) - len(match[0].lstrip())
            yield Slip(match.start() + lead, match.end(), why)


def _minute(match: re.Match[str], prefix: str) -> int:
    written = match[f"{prefix}minute"] or match[f"{prefix}minutes"]
    return int(written) if written else 30 * bool(match[f"{prefix}half_hour"])


def reversed_years(text: str) -> Iterator[Slip]:
    """2030年〜2025年, 令和8年度から令和5年度."""
    flat = plain(text)
    for match in _ERA_YEARS.finditer(flat):
        if number(match["last"]) < number(match["first"]) and not moved(flat, match["join"], match.end()):
            yield Slip(*match.span(), f"「{match[0]}」は、終わりの年が始まりの年より前です。年を確かめてください。")
    for match in _YEARS.finditer(flat):
        first, last = _year(match["first"]), _year(match["last"])
        compared = moved(flat, match["join"], match.end()) or re.match(
            r"(?:にかけて)?.{0,8}(?:比|比べ|へさかのぼ|にさかのぼ|に遡)", flat[match.end() : match.end() + 14]
        )
        if last < first and not compared:
            why = f"「{match[0]}」は、終わりの年が始まりの年より前です。年を確かめてください。"
            yield Slip(match.start(), match.end(), why)


def _year(written: str) -> int:
    if written[0].isdecimal():
        return int(written)
    name = written[0] if written[0] in "㍾㍽㍼㍻㋿" else written[:2]
    return western(name, number(written[len(name) :].strip()))
