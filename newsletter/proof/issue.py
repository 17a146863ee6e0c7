"""The serial number, the month and the contents of the issue."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.plain import NUMERAL, number, plain
from newsletter.proof.rules import Rule, rule

_SERIAL = re.compile(
    r"(?:(?:第|通算第?) ?(?P<number>[0-9]{1,4}) ?号|(?:[Vv][Oo][Ll]|[Nn][Oo])\.? ?(?P<volume>[0-9]{1,4})(?![0-9.]))"
)
_MONTH = re.compile(rf"(?:(?P<year>[0-9]{{4}})年 ?)?(?P<month>{NUMERAL})月号")
# The lead speaks of this issue, not of an earlier or the next one.
_THIS_ISSUE = re.compile(
    r"をお届け|をお送り|を配信|を発行|です|では|の主な|の内容|は、|でお伝え|のニュース|のe-ニュース|の見どころ"
)
_OTHER_ISSUE = re.compile(r"次号|前号|先月|前回|次回|来月|既報|バックナンバー|昨年の|前の")
_REFERS_BACK = re.compile(
    r"[）)]?(?:で(?!は|す)|に(?!は)|から|以[降来]|の(?!主な|内容|見どころ|ニュース|話題)|を(?:ご覧|読))"
)
_OF_THIS = re.compile(r"(?:今号|本号|今回|今月)[^。\n]{0,8}$|^[^。\n]{0,12}$|e-ニュース[^。\n]{0,6}$")
_CONTENTS_LINE = re.compile(
    r"^[ \t　]*(?:[\[(（［]?(?P<number>[0-9０-９]{1,2})[\])）］.．、:：]|[■●◆▼])[ 　]*(?P<title>\S.*?)[ \t　]*$",
    re.MULTILINE,
)
_COUNT = re.compile(
    r"(?:今号|今月|本号|今回)[^。\n]{0,12}?(?P<number>[0-9]{1,2})(?:本|件)の(?:ニュース|記事|話題|お知らせ|取組|トピック)"
)


def _own_passages(manuscript: Manuscript) -> Iterator[Passage]:
    yield from (passage for passage in passages(manuscript) if passage.item is None)


@rule(
    "issue-number",
    Level.ERROR,
    "号数が合わない",
    "通算号数は前の号の次の数です。件名とリード文の号数が、この号の号数と違うときと、号数が飛んだり重なったりしたときに止めます。",
    "編集の実務（号数の更新漏れは、よくある校正漏れです）",
)
def issue_number(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """The serial number as printed and as counted."""
    if manuscript.number is None:
        return
    for passage in _own_passages(manuscript):
        for match in _SERIAL.finditer(plain(passage.text)):
            if int(match["number"] or match["volume"]) != manuscript.number and _of_this_issue(passage, match):
                why = f"この号は第{manuscript.number}号ですが、「{match[0].strip()}」とあります。号数を直してください。"
                yield this.finding(
                    passage, *match.span("number" if match["number"] else "volume"), why, str(manuscript.number)
                )
    yield from _continuity(this, manuscript, manuscript.number, world)


def _of_this_issue(passage: Passage, match: re.Match[str]) -> bool:
    """Whether the words are about this issue: all of the subject, and what the lead says of itself."""
    if passage.field != "lead":
        return True
    before, after = passage.text[: match.start()], passage.text[match.end() :]
    clause = re.split(r"[。\n]", before)[-1]
    if _OTHER_ISSUE.search(clause) or _OTHER_ISSUE.match(after) or _REFERS_BACK.match(after):
        return False
    return bool(_OF_THIS.search(before) or _THIS_ISSUE.match(after.lstrip("（）() 0123456789第号")))


def _continuity(this: Rule, manuscript: Manuscript, own: int, world: World) -> Iterator[Finding]:
    earlier = [(month, count) for month, count in world.issues_before if month != manuscript.month]
    twin = next((month for month, count in earlier if count == own), None)
    nowhere = Passage(None, "number", str(own))
    before = [(month, count) for month, count in earlier if month < manuscript.month]
    expected = max(before)[1] + 1 if before else own
    if twin is not None:
        why = f"第{own}号は、{twin.year}年{twin.month}月号で使われています。号数を確かめて直してください。"
        yield this.finding(nowhere, 0, len(str(own)), why, str(expected))
    elif own != expected:
        why = (
            f"前の号は第{expected - 1}号なので、この号は第{expected}号になるはずですが、第{own}号になっています。"
            "号数を確かめて直してください。"
        )
        yield this.finding(nowhere, 0, len(str(own)), why, str(expected))


@rule(
    "issue-month",
    Level.ERROR,
    "月号が合わない",
    "件名やリード文の「○月号」が、この号の月と違います。前の号を写して作ると直し忘れやすいところです。",
    "編集の実務（月号の更新漏れは、よくある校正漏れです）",
)
def issue_month(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """The month as printed in the subject and in the lead."""
    right = manuscript.month
    for passage in _own_passages(manuscript):
        for match in _MONTH.finditer(plain(passage.text)):
            year = int(match["year"]) if match["year"] else right.year
            if (year, number(match["month"])) != (right.year, right.month) and _names_this(passage, match):
                fix = f"{right.year}年{right.month}月号" if match["year"] else f"{right.month}月号"
                why = f"この号は{right.year}年{right.month}月号ですが、「{match[0]}」とあります。月号を直してください。"
                yield this.finding(passage, *match.span(), why, fix)


def _names_this(passage: Passage, match: re.Match[str]) -> bool:
    if passage.field != "lead":
        return not _OTHER_ISSUE.search(passage.text[: match.start()])
    return _of_this_issue(passage, match)


@rule(
    "contents-mismatch",
    Level.ERROR,
    "目次と見出しが違う",
    "目次の行の言葉が、本文の見出しと一字でも違うと、読者は別の記事と思います。見出しを直したら目次も直してください。本数も数えます。",
    "編集の実務（目次と見出しの照合）",
)
def contents_mismatch(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """A table of contents in the lead against the headings, and the number of items that it promises."""
    headings = {item.number: item.headline for item in manuscript.items}
    lead = Passage(None, "lead", manuscript.lead)
    lines = list(_CONTENTS_LINE.finditer(lead.text))
    if len(lines) >= 2:
        for match in lines:
            yield from _line(this, lead, match, headings)
    for passage in _own_passages(manuscript):
        for match in _COUNT.finditer(plain(passage.text)):
            if int(match["number"]) != len(headings):
                why = f"この号の記事は{len(headings)}本ですが、{match['number']}本とあります。本数を直してください。"
                yield this.finding(passage, *match.span("number"), why, str(len(headings)))


def _line(this: Rule, lead: Passage, match: re.Match[str], headings: dict[int, str]) -> Iterator[Finding]:
    title = match["title"]
    if match["number"] is None:
        if title not in headings.values() and (near := _nearest(title, headings)):
            yield this.finding(
                lead,
                *match.span("title"),
                f"目次の「{title}」は、見出し「{near}」と違います。目次を直してください。",
                near,
            )
        return
    heading = headings.get(int(match["number"]))
    if heading is None:
        why = f"目次に{match['number']}番がありますが、その番号の記事はありません。目次を直してください。"
        yield this.finding(lead, *match.span(), why)
    elif heading != title:
        why = f"目次の{match['number']}番「{title}」は、見出し「{heading}」と違います。目次か見出しを直してください。"
        yield this.finding(lead, *match.span("title"), why, heading)


def _nearest(title: str, headings: dict[int, str]) -> str:
    """The heading that shares most of its characters with the line, if that is most of them."""

    def common(heading: str) -> int:
        return sum((Counter(title) & Counter(heading)).values())

    best = max(headings.values(), key=common, default="")
    return best if best and common(best) * 2 > max(len(title), len(best)) else ""


@rule(
    "item-numbers",
    Level.ERROR,
    "記事の番号・見出しの抜けと重なり",
    "記事の番号は1から順に一つずつ付きます。抜けや重なりがあると目次と合わなくなります。見出しのない記事と、同じ見出しの記事も止めます。",
    "編集の実務（通し番号の確認）",
)
def item_numbers(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Numbers that do not count up from 1, missing headings, and headings that stand twice."""
    seen: dict[str, int] = {}
    for expected, item in enumerate(manuscript.items, 1):
        passage = Passage(item.number, "headline", item.headline)
        if item.number != expected:
            why = f"{expected}番目の記事の番号が{item.number}になっています。番号を順に付け直してください。"
            yield this.finding(passage, 0, len(item.headline), why)
        if not item.headline.strip():
            yield this.finding(passage, 0, len(item.headline), "見出しがありません。見出しを書いてください。")
        elif item.headline in seen:
            why = f"{seen[item.headline]}番の記事と同じ見出しです。同じ記事でないか確かめ、見出しを分けてください。"
            yield this.finding(passage, 0, len(item.headline), why)
        seen.setdefault(item.headline, item.number)
