"""The house grammar of headlines and subjects: 【自治体名】見出し（日付）. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from newsletter.calendar import short_range
from newsletter.mail.dates import month_label

LONGEST_HEADLINE = 200  # the columns' length
LONGEST_SUBJECT = 200
SUBJECT_HEADLINES = 2
SUBJECT_PART = 22  # characters of one headline in the subject: a phone shows about 35 in all
PREHEADER_LENGTH = 90
BRACKETED = re.compile(r"^【([^】]*)】\s*")
DATED = re.compile(r"[（(]\s*\d{1,2}\s*[/月][^）)]*[）)]\s*$")
BRACKETS = {"「": "」", "『": "』", "（": "）", "(": ")", "【": "】", "＜": "＞", "〈": "〉", "［": "］"}
PARAGRAPH = re.compile(r"\n[ \t\u3000]*\n\s*")


def member_headline(member: str, title: str, first: date | None, last: date | None) -> str:
    """【自治体名】見出し（日付）; a name or date that the title already carries is not said twice."""
    title = " ".join(title.split())
    bracket = BRACKETED.match(title)
    names_member = bool(bracket and member in bracket[1])  # 【自治体名】 or, of several, 【A市・B市】
    if bracket and not names_member:
        title = f"＜{bracket[1]}＞{title[bracket.end() :]}"  # 【】 is for names: 【参加者募集】 becomes ＜参加者募集＞
    dated = f"（{short_range(first, last)}）" if first and not DATED.search(title) else ""
    named = "" if names_member else f"【{member}】"
    return f"{named}{shorten(title, LONGEST_HEADLINE - len(named) - len(dated))}{dated}"


def shorten(text: str, length: int) -> str:
    """`text` in at most `length` characters; a cut is shown by …, and leaves no bracket open."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    opened = _unclosed(kept)
    return f"{kept[:opened] if opened else kept}…"


def _unclosed(text: str) -> int:
    """Where the first bracket stands that is not closed again; 0 if there is none."""
    waiting: list[int] = []
    for position, character in enumerate(text):
        if character in BRACKETS:
            waiting.append(position)
        elif waiting and character == BRACKETS[text[waiting[-1]]]:
            waiting.pop()
    return waiting[0] if waiting else 0


def paragraphs(text: str) -> tuple[str, ...]:
    """The paragraphs of a plain text, apart by blank lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return tuple(part.strip() for part in PARAGRAPH.split(text) if part.strip())


def default_subject(title: str, month: date, number: int | None, extra: int = 0) -> str:
    """【イクレイ日本 e-ニュース】2026年11月号（第137号）; of a 号外 【イクレイ日本 e-ニュース】【号外】."""
    return f"【{title}】{'【号外】' if extra else month_label(month, number)}"


def subject_with(default: str, headlines: Sequence[str]) -> str:
    """The subject with the first headlines: …○○県が加盟／○○参加者募集 ほか."""
    if not headlines:
        return default
    named = "／".join(_part(headline) for headline in headlines[:SUBJECT_HEADLINES])
    more = " ほか" if len(headlines) > SUBJECT_HEADLINES else ""
    return shorten(f"{default}{named}{more}", LONGEST_SUBJECT)


def preheader_with(headlines: Sequence[str]) -> str:
    """What a mail program shows beside the subject: the headlines that the subject does not name."""
    rest = [_undated(headline) for headline in headlines[SUBJECT_HEADLINES:] or headlines]
    if not rest:
        return ""
    named = shorten(rest[0], PREHEADER_LENGTH)
    for headline in rest[1:]:  # whole headlines only: half of one says nothing
        if len(named) + 1 + len(headline) > PREHEADER_LENGTH:
            break
        named = f"{named}／{headline}"
    return named


def _part(headline: str) -> str:
    return shorten(re.sub(r"^【([^】]+)】", r"\1：", _undated(headline)), SUBJECT_PART)


def _undated(headline: str) -> str:
    return DATED.sub("", headline)
