"""Words whose meaning shifts between writing and reading: 昨年, 来月, 先日."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, World, passages
from newsletter.proof.prose import masked, without_quotes
from newsletter.proof.rules import Rule, rule

_TITLES = re.compile(r"【[^【】\n]*】")
_YEARS = {"一昨年": -2, "おととし": -2, "昨年": -1, "去年": -1, "今年": 0, "本年": 0, "来年": 1, "再来年": 2, "明年": 1}
_MONTHS = {"先々月": -2, "先月": -1, "今月": 0, "来月": 1, "再来月": 2}
_DAYS = {"一昨日": -2, "昨日": -1, "本日": 0, "明日": 1, "明後日": 2}
_SHIFTING = re.compile(
    "(?P<year>一昨年|おととし|昨年|去年|再来年|来年|明年|今年|本年)(?P<fiscal>度)?"
    "|(?P<month>先々月|先月|今月|再来月|来月)(?!号)"
    "|(?P<day>(?<![一-鿿])(?:一昨日|昨日|本日|明日(?!の(?!午|朝|夜))|明後日)(?![一-鿿]*(?:香|葉)))|(?P<today>今日)(?=から|まで|の(?:午|夜|正))"
    "|(?P<vague>先日|先ごろ|先頃|先般|先週|今週|再来週|来週)"
)
_OFFICE = ("lead", "preheader", "subject")  # written for the very day of sending
_ISSUE = re.compile("(?:の|号|お届け|配信)")


@rule(
    "shifting-words",
    Level.WARNING,
    "時が移ると意味が変わる言葉",
    "「昨年」「来月」「先日」は、書いた日と読む日がずれると別の時を指します。年・月・日を書きます。"
    "「今年」は、年末年始に送る号だけで知らせます。発言の引用の中は対象にしません。",
    "広報紙の慣行（12月に書き1月に届く号で起きる誤り）",
)
def shifting_words(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        text = masked(without_quotes(passage.text), _TITLES)
        for match in _SHIFTING.finditer(text):
            if _stands(match, text, passage.field, manuscript):
                continue
            meant = _meant(match, manuscript.sent_on)
            doubt = (
                f"送る日（{manuscript.sent_on.month}月{manuscript.sent_on.day}日）から見れば{meant}です"
                if meant
                else ""
            )
            advice = f"{doubt}。そのつもりで書いたかを確かめ、" if doubt else "いつのことかが読む日によって変わります。"
            yield rule.finding(
                passage,
                *match.span(),
                f"「{match[0]}」は、{advice}年月日で書いてください。",
                *((meant,) if meant else ()),
            )


def _stands(match: re.Match[str], text: str, field: str, manuscript: Manuscript) -> bool:
    """Whether the word may stand: it means the issue itself, or the year is in no danger of turning."""
    word = match[0]
    if word in ("今年", "本年", "今年度", "本年度"):
        month = (manuscript.month.month, manuscript.sent_on.month)
        return match["fiscal"] is not None or not {12, 1} & set(month)
    if field in _OFFICE and word in ("今月", "来月", "本日"):
        return True
    return word == "今月" and bool(_ISSUE.match(text, match.end())) and "号" in text[match.end() : match.end() + 12]


def _meant(match: re.Match[str], day: date) -> str:
    """The year, month or day as it reads on the day of sending."""
    if word := match["year"]:
        if match["fiscal"]:
            start = day.year - (day.month < 4)
            return f"{start + _YEARS[word]}年度"
        return f"{day.year + _YEARS[word]}年"
    if word := match["month"]:
        return f"{(day.month - 1 + _MONTHS[word]) % 12 + 1}月"
    if word := match["day"]:
        meant = date.fromordinal(day.toordinal() + _DAYS[word])
        return f"{meant.month}月{meant.day}日"
    return f"{day.month}月{day.day}日" if match["today"] else ""
