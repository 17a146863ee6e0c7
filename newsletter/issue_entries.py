"""What entries offer to an issue: which are unused, what the decision must know of them, what can be drafted."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from feeds.models import Entry, Submission
from newsletter import headlines
from newsletter.errors import IssueError
from newsletter.issue_content import is_japanese
from newsletter.mail.dates import japanese_date
from newsletter.models import Issue
from newsletter.suggest import Candidate


def unused_entries(issue: Issue, fresh_from: datetime | None) -> tuple[QuerySet[Entry], int]:
    """Entries that stand in no issue and were not taken out of this one, and how many of feeds are older."""
    unused = (
        Entry.objects.filter(Q(feed__isnull=False) | Q(submission__state=Submission.State.ACCEPTED))
        .filter(placements__isnull=True)
        .exclude(pk__in=issue.dropped)
        .select_related("feed", "submission__member")
        .order_by("pk")
    )
    if fresh_from is None:
        return unused, 0
    dated = unused.annotate(at=Coalesce("published_at", "seen_at"))
    old = Q(feed__isnull=False, at__lt=fresh_from)
    return dated.exclude(old), dated.filter(old).count()


def candidate(entry: Entry) -> Candidate:
    """What `suggest` must know of an entry."""
    submission = entry.submission
    days = (submission.event_ends_on or submission.event_starts_on, submission.deadline) if submission else ()
    return Candidate(
        entry_id=entry.pk,
        from_member=submission is not None,
        at=submission.received_at if submission else entry.published_at or entry.seen_at,
        title=str(submission or entry),
        url=entry.canonical_url,
        fingerprint=entry.fingerprint,
        section=entry.feed.section if entry.feed else "",
        pathway=submission.pathway if submission else "",
        open_until=max((day for day in days if day), default=None),
        not_before=submission.not_before if submission else None,
    )


def told(issue: Issue) -> set[str]:
    """Canonical addresses and fingerprints of every story in any issue, and of what was taken out of this one."""
    entries = Entry.objects.filter(Q(placements__isnull=False) | Q(pk__in=issue.dropped))
    pairs = entries.values_list("canonical_url", "fingerprint").distinct()
    return {key for pair in pairs for key in pair if key}


def draft(entry: Entry) -> tuple[str, str]:
    """Headline and text that can be written without a person; both empty for an entry in another language."""
    submission = entry.submission
    if submission:
        first, last = submission.event_starts_on, submission.event_ends_on
        headline = headlines.member_headline(submission.member.name, submission.title, first, last)
        return headline, "\n\n".join(headlines.paragraphs(f"{submission.lead}\n\n{submission.body}"))
    if not is_japanese(entry):
        return "", ""
    title = headlines.shorten(" ".join(entry.title.split()), headlines.LONGEST_HEADLINE)
    return title, "\n\n".join(headlines.paragraphs(entry.summary))


def check_entry(issue: Issue, entry: Entry) -> None:
    """IssueError if the entry may not stand in the issue, because of its submission."""
    submission = entry.submission
    if submission is None:
        return
    if submission.state not in (Submission.State.ACCEPTED, Submission.State.USED):
        raise IssueError(f"投稿「{submission}」は「{submission.get_state_display()}」なので掲載できません。")
    if submission.not_before and submission.not_before > issue.release_on:
        raise IssueError(
            f"投稿「{submission}」を公開できるのは{japanese_date(submission.not_before)}からです。"
            f"{issue}の配信日（{japanese_date(issue.release_on)}）より後なので、掲載できません。"
        )
