"""An issue becomes IssueContent: what is printed, numbered through the whole issue, without contacts or addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from feeds.models import Entry, Feed, Submission
from newsletter import calendar, links
from newsletter.association.facts import Profile
from newsletter.headlines import paragraphs
from newsletter.mail.content import Fact, IssueContent, ItemContent, Picture, SectionContent
from newsletter.models import Issue, Placement

LANGUAGES = {
    "en": "英語",
    "fr": "フランス語",
    "es": "スペイン語",
    "pt": "ポルトガル語",
    "de": "ドイツ語",
    "zh": "中国語",
    "ko": "韓国語",
}

MONTHLY_ONLY = (
    "これは臨時にお送りする号外です。「登録内容の変更」から、毎月の号だけを受け取るように変えることもできます。"
)


def ordered_placements(issue: Issue, profile: Profile) -> list[Placement]:
    """The placements as they are printed; those of a section that the profile no longer has come last."""
    order = {section.key: number for number, section in enumerate(profile.sections)}
    rows = issue.placements.select_related("entry__feed", "entry__submission__member")
    return sorted(rows, key=lambda row: (order.get(row.section, len(order)), row.section, row.position, row.pk))


def build_content(issue: Issue, profile: Profile) -> IssueContent:
    """The issue as plain facts for the templates; an item that waits for its Japanese shows its original title."""
    following = _next_month(issue)
    return IssueContent(
        publisher=profile.publisher,
        title=profile.title,
        month=issue.month,
        release_on=issue.release_on,
        subject=issue.subject,
        sections=tuple(_sections(ordered_placements(issue, profile), profile, issue)),
        number=issue.number,
        extra=issue.extra,
        preheader=issue.preheader,
        lead=paragraphs(issue.lead),
        why=profile.why + (MONTHLY_ONLY if issue.extra else ""),
        reprint_rule=profile.reprint_rule,
        next_issue=(
            f"次号（{following.month}月号）は、"
            f"{calendar.long_day(calendar.last_business_day(following))}に配信する予定です。"
        ),
        web_url=links.issue_url(issue),
        archive_url=links.archive_url(),
        subscribe_url=links.subscribe_url(),
        palette=profile.palette,
    )


def _next_month(issue: Issue) -> date:
    """The month of the next monthly number; a 号外 may come out before that of its own month."""
    is_before = issue.extra and issue.release_on < calendar.last_business_day(issue.month)
    return issue.month if is_before else calendar.next_month(issue.month)


def _sections(placements: Sequence[Placement], profile: Profile, issue: Issue) -> Iterator[SectionContent]:
    numbered = list(enumerate(placements, 1))
    for key in dict.fromkeys(placement.section for placement in placements):
        section = profile.section(key)
        items = tuple(_item(number, row, profile, issue) for number, row in numbered if row.section == key)
        yield SectionContent(key=key, title=section.title if section else key, items=items)


def _item(number: int, placement: Placement, profile: Profile, issue: Issue) -> ItemContent:
    entry, submission = placement.entry, placement.entry.submission
    pathway = profile.pathway(submission.pathway) if submission else None
    return ItemContent(
        number=number,
        anchor=f"item-{number}",
        headline=str(placement),
        paragraphs=paragraphs(placement.text),
        url=entry.url,
        link_label=link_label(entry.language),
        facts=tuple(_facts(submission, issue)) if submission else (),
        picture=_picture(submission) if submission else None,
        source=source_line(entry.feed) if entry.feed else "",
        original_title="" if is_japanese(entry) else entry.title,
        original_language="" if is_japanese(entry) else entry.language,
        pathway=pathway.label_ja if pathway else "",
        sdgs=_sdgs(submission, profile) if submission else (),
    )


def source_line(feed: Feed) -> str:
    """What stands behind 出典：, in the words that the source asks for (its credit), else its name."""
    return re.sub(r"^出典\s*[:：]\s*", "", feed.credit).strip() or feed.name


def is_japanese(entry: Entry) -> bool:
    """Whether the entry can be printed as it is."""
    return entry.language.lower().partition("-")[0] == "ja"


def link_label(language: str) -> str:
    """詳細, or 詳細（英語） when the page behind the link is not Japanese."""
    primary = language.lower().partition("-")[0]
    return "詳細" if primary == "ja" else f"詳細（{LANGUAGES.get(primary, '外国語')}）"


def _facts(submission: Submission, issue: Issue) -> Iterator[Fact]:
    if submission.event_starts_on:
        days = calendar.day_range(submission.event_starts_on, submission.event_ends_on, issue.release_on)
        yield Fact("日時", f"{days} {submission.event_time}".strip())
    if submission.venue:
        yield Fact("会場", submission.venue)
    if submission.fee:
        yield Fact("参加費", submission.fee)
    if submission.deadline:
        yield Fact("締切", calendar.day_range(submission.deadline, None, issue.release_on))


def _picture(submission: Submission) -> Picture | None:
    if not (submission.photo and submission.photo_for_mail):
        return None
    return Picture(
        url=links.photo_url(submission),
        alt=submission.photo_alt,
        credit=submission.photo_credit,
        width=submission.photo_width or 0,
        height=submission.photo_height or 0,
    )


def _sdgs(submission: Submission, profile: Profile) -> tuple[str, ...]:
    return tuple(f"{number} {profile.sdgs[number]}" for number in sorted(submission.sdgs) if number in profile.sdgs)
