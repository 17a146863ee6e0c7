"""What `newsletter issue …` says of an issue: as JSON, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.issues import Suggested
    from newsletter.models import Edition, Issue, Placement


def issue_line(issue: Issue) -> str:
    """2026年11月号（第137号） 編集中 配信日 2026年11月30日（月）"""
    from newsletter.mail.dates import japanese_date

    return f"{issue.label} {issue.get_state_display()} 配信日 {japanese_date(issue.release_on)}"


def issue_facts(issue: Issue) -> dict[str, Any]:
    """The issue's own fields."""
    return {
        "issue": issue.slug,
        "number": issue.number,
        "extra": issue.extra,
        "state": issue.state,
        "release_on": issue.release_on,
        "subject": issue.subject,
        "preheader": issue.preheader,
        "lead": issue.lead,
    }


def placement_facts(number: int, row: Placement) -> dict[str, Any]:
    """One placement with its printed number and where it came from; no contacts."""
    return {
        "number": number,
        "entry": row.entry_id,
        "section": row.section,
        "position": row.position,
        "headline": row.headline,
        "text": row.text,
        "waiting": row.is_waiting,
        "origin": "member" if row.entry.is_from_member else "feed",
        "source": _source(row),
        "original_title": row.entry.title,
        "language": row.entry.language,
        "url": row.entry.url,
    }


def edition_facts(edition: Edition) -> dict[str, Any]:
    """One edition with those whose approval counts."""
    from newsletter import editions

    return {
        "digest": edition.digest,
        "made_at": edition.made_at,
        "made_by": edition.made_by,
        "approved_by": editions.approvers(edition),
        "approved": editions.is_approved(edition),
    }


def numbered(issue: Issue) -> list[tuple[int, Placement]]:
    """The placements with the numbers that `move`, `drop` and `write` take."""
    from newsletter import issues

    return list(enumerate(issues.placements(issue), 1))


def issue_lines(issue: Issue) -> Iterator[str]:
    """The whole issue for a person who assembles it."""
    from newsletter import editions, profile

    facts = profile.current()
    rows = numbered(issue)
    yield issue_line(issue)
    yield f"件名: {issue.subject}"
    yield f"プリヘッダー: {issue.preheader or '（なし）'}"
    yield f"リード文: {issue.lead or '（なし）'}"
    for key in dict.fromkeys(row.section for _, row in rows):
        section = facts.section(key)
        yield f"■ {section.title if section else key}（{key}）"
        yield from (placement_line(number, row) for number, row in rows if row.section == key)
    yield f"掲載 {len(rows)}件、日本語待ち {sum(row.is_waiting for _, row in rows)}件"
    for edition in issue.editions.order_by("made_at", "pk"):
        names = "、".join(editions.approvers(edition)) or "なし"
        yield f"版 {edition.digest[:12]} 承認: {names}（{facts.approvals_needed}人必要）"


def placement_line(number: int, row: Placement) -> str:
    """3  【北九州市】… ［記事 12 ・北九州市］"""
    waiting = " ←日本語待ち" if row.is_waiting else ""
    return f"{number:3}  {row} ［記事{row.entry_id}・{_source(row)}］{waiting}"


def suggested_lines(suggested: Suggested) -> Iterator[str]:
    """What `suggest` added and left out."""
    for row in suggested.added:
        waiting = " ←日本語待ち" if row.is_waiting else ""
        yield f"追加 {row.section}: {row} ［記事{row.entry_id}・{_source(row)}］{waiting}"
    for left in suggested.left_out:
        yield f"見送り {left.title} ［記事{left.entry_id}］（{left.reason.label}）"
    if suggested.old_entries:
        yield f"古い記事 {suggested.old_entries}件を見送りました。入れるときは --old を付けてください。"
    yield f"追加 {len(suggested.added)}件、見送り {len(suggested.left_out) + suggested.old_entries}件"


def _source(row: Placement) -> str:
    entry = row.entry
    return entry.submission.member.name if entry.submission else entry.feed.name if entry.feed else ""
