"""Events and deadlines against the day the issue goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from newsletter.proof.calendar_text import Link, WrittenDate, written_dates
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, ProofItem, World, item_passages
from newsletter.proof.plain import sentence_at
from newsletter.proof.rules import Rule, rule

# Words that promise something still to come. The first become 「…しました」 in a report; the others have no such form.
_DONE = {
    "開催します": "開催しました", "開催いたします": "開催いたしました", "開催されます": "開催されました",
    "開かれます": "開かれました", "開きます": "開きました", "開設します": "開設しました", "開講します": "開講しました",
    "行います": "行いました", "行われます": "行われました", "催します": "催しました",
    "実施します": "実施しました", "実施されます": "実施されました", "始まります": "始まりました",
    "公開します": "公開しました", "公開されます": "公開されました", "上映します": "上映しました",
    "施行します": "施行しました", "施行されます": "施行されました", "オープンします": "オープンしました",
    "締め切ります": "締め切りました", "募集します": "募集しました", "受け付けます": "受け付けました",
    "発表します": "発表しました", "配布します": "配布しました", "登壇します": "登壇しました",
}  # fmt: skip
_OPEN = (
    "募集中", "募集しています", "受付中", "受け付けています", "申込受付中", "申し込み受付中",
    "お申し込みください", "お申込みください", "ご応募ください", "お寄せください",
    "お待ちしています", "お待ちしております", "ご参加ください", "お越しください",
    "開催予定", "開催を予定", "実施予定", "予定です", "予定しています", "予定されています",
)  # fmt: skip
_COMING = re.compile("|".join(sorted((*_DONE, *_OPEN), key=len, reverse=True)))
_APPLY = re.compile(
    "募集中|受付中|募集しています|募集します|受け付けています|受け付けます|お申し込みください|お申込みください|ご応募ください"
    "|お待ちしています|お待ちしております"
)
_APPLY_IN_HEADLINE = re.compile("(?:参加者|出展者|受講者|出品者|作品|委員|実践者|担い手)を?募集中?|" + _APPLY.pattern)
# The date belongs to something that is over, or another time is named behind it (11月10日に可決され、来年4月に…).
_PAST_CLAUSE = re.compile(
    r"(?:した|された|った|んだ|きた|れた|いた|えた|けた|めた|せた|べた|ました|でした)(?![いくめ])"
    r"|付け?[のでけ]|付の|現在|以来|時点|以降|に続|を受け|終了後|号"
    r"|の[^、。]{0,12}(?:を踏まえ|に基づ|を受け)"
    r"|(?:可決|採択|策定|締結|宣言|制定|設置|公表|発表|開始|決定|承認|認定|選定|加盟|就任|選出)(?:し|され|を受け)て?、"
    r"|来年|翌年|来月|翌月|今後|近く|後日|順次|次回|年内|年度内|[春夏秋冬](?:に|から|ごろ)"
    r"|[0-9０-９]月(?:上旬|中旬|下旬|末|頃|ごろ|から|に|の|、)"
)
_SINCE = re.compile(
    r"^(?:\([^)]*\)|（[^）]*）)?\s*(?:午前|午後|正午)?(?:[0-9０-９]{1,2}(?:時|:|：)[0-9０-９半分]*)?"
    r"(?:から|より|以降|に開始し|に始まった)(?!.{0,20}まで)"
)
_HELD = re.compile("行われる|行う|開かれる|開く|開催する|開催される|実施する|実施される|催す")
_DEADLINE = re.compile("締切|締め切り|〆切|期限|必着|しめきり")
_YEARLY = re.compile(r"毎年|例年|毎月|毎週|以降毎|周年|の日である")


@rule(
    "event-past",
    Level.ERROR,
    "催し・締切が配信日には過ぎている",
    "配信日にはもう終わっている催しや締切を、「開催します」「募集中」と案内しています。日付が誤りでなければ、「開催しました」のような報告の文に直すか、掲載をやめてください。"
    "年が書かれていない日付は、月号から前後6か月の年とみなします。",
    "編集の実務（配信日を基準に、行事と締切を確かめる）",
)
def event_past(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Promises about days that are over when the issue goes out."""
    for item in manuscript.items:
        told = False
        for passage in item_passages(item):
            found = list(_in_sentences(this, passage, manuscript))
            found = found or list(_behind_deadline(this, passage, manuscript))
            told = told or bool(found)
            yield from found
        if not told:
            yield from _by_facts(this, item, manuscript)


def _in_sentences(this: Rule, passage: Passage, manuscript: Manuscript) -> Iterator[Finding]:
    text = passage.text
    dates = [one for one in written_dates(text, manuscript.month) if one.sure and one.value]
    for match in _words(passage):
        start, end = sentence_at(text, match.start())
        before = [one for one in dates if start <= one.start < match.start()]
        if passage.field == "headline":
            before = before or [one for one in dates if start <= one.start < end]
        governing = _governing(before, text, match.start())
        if governing is None or _YEARLY.search(text, start, match.end()):
            continue
        day = governing.value
        if day is not None and day < manuscript.sent_on and not _ambiguous(governing, manuscript.sent_on):
            between = text[governing.end : match.start()]
            if _SINCE.match(between) and match[0] not in _DONE and not _HELD.search(between):
                continue
            done = _DONE.get(match[0])
            yield this.finding(
                passage, match.start(), match.end(), _why(day, match[0], manuscript.sent_on), *([done] if done else ())
            )


def _behind_deadline(this: Rule, passage: Passage, manuscript: Manuscript) -> Iterator[Finding]:
    """A deadline that is over in one sentence, an invitation in another: 締切は11月13日です。お待ちしています。"""
    dates = [one for one in written_dates(passage.text, manuscript.month) if one.sure and one.value]
    if not dates or any(_ambiguous(one, manuscript.sent_on) for one in dates):
        return
    for one in dates:
        start, end = sentence_at(passage.text, one.start)
        apply = _APPLY.search(passage.text)
        outside = apply and not start <= apply.start() < end
        if apply and outside and one.value and _DEADLINE.search(passage.text, start, end):
            why = _why(one.value, apply[0], manuscript.sent_on)
            yield this.finding(passage, *apply.span(), why)
            return


def _words(passage: Passage) -> Iterator[re.Match[str]]:
    yield from (_APPLY_IN_HEADLINE if passage.field == "headline" else _COMING).finditer(passage.text)


def _governing(before: list[WrittenDate], text: str, position: int) -> WrittenDate | None:
    """The date that the promise is about: the last of its sentence, unless a past clause lies between."""
    if not before:
        return None
    last = before[-1]
    between = text[last.end : position]
    if _PAST_CLAUSE.search(between):
        return None
    latest = max(before[_chain_start(before) :], key=lambda one: one.value or date.min)
    return latest if len(before) > 1 else last


def _chain_start(before: list[WrittenDate]) -> int:
    at = len(before) - 1
    while at > 0 and before[at].link is not Link.NONE:
        at -= 1
    return at


def _ambiguous(one: WrittenDate, sent_on: date) -> bool:
    """Whether another year that the date may be in puts it ahead."""
    return any(day >= sent_on for day in one.possible_days)


def _why(day: date, word: str, sent_on: date) -> str:
    return (
        f"{day.year}年{day.month}月{day.day}日は、配信日（{sent_on.month}月{sent_on.day}日）には過ぎていますが、「{word}」と書かれています。"
        "日付を確かめ、終わったことなら報告の文に直すか、掲載をやめてください。"
    )


def _by_facts(this: Rule, item: ProofItem, manuscript: Manuscript) -> Iterator[Finding]:
    """By the dates that the submission gave: 締切 and 日時."""
    over = item.ends_on or item.starts_on
    for passage in (Passage(item.number, "headline", item.headline), Passage(item.number, "text", item.text)):
        apply = (_APPLY_IN_HEADLINE if passage.field == "headline" else _APPLY).search(passage.text)
        coming = _COMING.search(passage.text)
        if apply and item.deadline and item.deadline < manuscript.sent_on:
            yield this.finding(passage, *apply.span(), _why(item.deadline, apply[0], manuscript.sent_on))
            return
        ahead = any(day >= manuscript.sent_on for day in _days(passage, manuscript))
        if coming and over and over < manuscript.sent_on and passage.field == "text" and not ahead:
            done = _DONE.get(coming[0])
            why = _why(over, coming[0], manuscript.sent_on)
            yield this.finding(passage, *coming.span(), why, *([done] if done else ()))
            return


def _days(passage: Passage, manuscript: Manuscript) -> list[date]:
    return [one.value for one in written_dates(passage.text, manuscript.month) if one.value is not None]
