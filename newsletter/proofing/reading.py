"""An issue as it stands on the desk becomes a Manuscript, and profile and database become the World around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path, PurePath

from django.conf import settings

from feeds.models import Member, Submission
from newsletter import issues, profile
from newsletter.association.facts import Profile, SectionKind
from newsletter.mail.content import ItemContent
from newsletter.models import Issue, LinkCheck, Placement
from newsletter.proof.manuscript import Manuscript, ProofItem, ProofPicture, RegisteredMember, World
from newsletter.proofing.world import world_of

ISSUES_BEFORE = 12  # enough to see that the serial number goes on


def manuscript_of(issue: Issue) -> Manuscript:
    """The issue as it will be printed, with the texts exactly as `issues.write` and `edit` keep them."""
    facts = profile.current()
    printed = {item.number: item for item in issues.as_content(issue).items}
    rows = enumerate(issues.placements(issue), 1)
    return Manuscript(
        month=issue.month,
        sent_on=issue.release_on,
        items=tuple(_item(number, row, printed[number], facts) for number, row in rows),
        subject=issue.subject,
        preheader=issue.preheader,
        lead=issue.lead,
        number=issue.number,
    )


def _item(number: int, row: Placement, printed: ItemContent, facts: Profile) -> ProofItem:
    entry, submission, feed = row.entry, row.entry.submission, row.entry.feed
    section = facts.section(row.section)
    return ProofItem(
        number=number,
        headline=row.headline,
        text=row.text,
        section=row.section,
        kind=(section.kind if section else SectionKind.MEMBER).value,
        url=printed.url,
        link_label=printed.link_label,
        members=(submission.member.name,) if submission else (),
        from_member=submission is not None,
        facts=tuple((fact.label, fact.value) for fact in printed.facts),
        starts_on=submission.event_starts_on if submission else None,
        ends_on=submission.event_ends_on if submission else None,
        deadline=submission.deadline if submission else None,
        source=feed.name if feed else "",
        original_title=entry.title,
        language=entry.language,
        licence=feed.licence if feed else "",
        credit=feed.credit if feed else "",
        picture=_picture(submission) if submission and submission.photo else None,
    )


def _picture(submission: Submission) -> ProofPicture:
    return ProofPicture(
        alt=submission.photo_alt,
        credit=submission.photo_credit,
        file_name=PurePath(str(submission.photo)).name,
        for_mail=submission.photo_for_mail,
        for_web=submission.photo_for_web,
    )


def world_around(issue: Issue) -> World:
    """What is known beside the issue: the registry as staff keep it, earlier issues, links that were found dead."""
    return replace(
        world_of(profile.current(), house_dictionaries()),
        members=_registry(),
        issues_before=issues_before(issue),
        dead_links=dead_links(),
    )


def house_dictionaries() -> list[Path]:
    """The dictionary that staff keep, if there is one."""
    return [settings.HOUSE_DICTIONARY] if settings.HOUSE_DICTIONARY.exists() else []


def _registry() -> tuple[RegisteredMember, ...]:
    return tuple(
        RegisteredMember(member.name, member.prefecture, member.code, member.head, member.head_title)
        for member in Member.objects.filter(active=True, kind=Member.Kind.FULL)
    )


def issues_before(issue: Issue) -> tuple[tuple[date, int], ...]:
    """Month and serial number of the issues before this one, newest first."""
    rows = Issue.objects.filter(month__lt=issue.month, number__isnull=False).order_by("-month")[:ISSUES_BEFORE]
    return tuple((row.month, row.number) for row in rows if row.number is not None)


def dead_links() -> dict[str, str]:
    """The addresses behind which the last look found no page, and why."""
    latest: dict[str, str] = {}
    for check in LinkCheck.objects.order_by("checked_at", "pk").values("url", "problem", "gone"):
        latest[check["url"]] = check["problem"] if check["gone"] else ""
    return {url: problem for url, problem in latest.items() if problem}
