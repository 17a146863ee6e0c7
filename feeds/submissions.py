"""What members send: receive, accept, return, withdraw. The only code that moves a Submission from state to state."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.html import linebreaks

from feeds import photo_files
from feeds.errors import AlreadyReceivedError, SubmissionError
from feeds.models import Contributor, Entry, Member, Submission
from feeds.photos import RecodedPhoto
from feeds.text import canonical_url, fingerprint
from feeds.validation import SubmissionDraft, validate

__all__ = [
    "accept", "already", "earlier", "fingerprint_of", "mark_used", "receive", "resend", "return_", "validate",
    "withdraw",
]  # fmt: skip

State = Submission.State
LONGEST_REASON = 2000  # characters
# The text that would be printed: who sent it through which door does not make it another story.
_TOLD = (
    "title", "lead", "body", "url", "event_starts_on", "event_ends_on", "event_time", "venue", "fee", "deadline",
)  # fmt: skip
# One text reaches us with either of these, depending on the door (see table.decode).
_DASHES = str.maketrans("\u301c\u2212\u2010\u2011\u2013", "~----")


def fingerprint_of(draft: SubmissionDraft) -> str:
    """SHA-256 of the printed text; width, white space and the kind of dash do not count."""
    texts = (unicodedata.normalize("NFKC", str(getattr(draft, name) or "")) for name in _TOLD)
    canonical = "\x1f".join("".join(text.translate(_DASHES).casefold().split()) for text in texts)
    return hashlib.sha256(canonical.encode()).hexdigest()


@transaction.atomic
def receive(
    member: Member, draft: SubmissionDraft, door: str, now: datetime, photo: RecodedPhoto | None = None
) -> Submission:
    """Store a draft; AlreadyReceivedError when the member sent the same text before. A withdrawn one comes back."""
    existing = earlier(member, draft)
    if existing is not None and existing.state != State.WITHDRAWN:
        raise already(existing)
    values = _values(draft, door, now, photo)
    if existing is not None:
        return _move(existing, (State.WITHDRAWN,), **values)
    try:
        with transaction.atomic():
            return Submission.objects.create(member=member, **values)
    except IntegrityError as error:  # the same form was sent twice at the same moment
        raise already(Submission.objects.get(member=member, fingerprint=values["fingerprint"])) from error


def earlier(member: Member, draft: SubmissionDraft) -> Submission | None:
    """The submission in which the member sent this text before, or None."""
    return Submission.objects.filter(member=member, fingerprint=fingerprint_of(draft)).first()


@transaction.atomic
def resend(
    submission: Submission, draft: SubmissionDraft, now: datetime, photo: RecodedPhoto | None = None
) -> Submission:
    """The member corrected a returned submission: it is received again, in its own place."""
    values = _values(draft, Submission.Door.WEB, now, photo)
    old_photo = submission.photo.name or ""
    try:
        with transaction.atomic():
            moved = _move(submission, (State.RETURNED,), **values)
    except IntegrityError as error:
        other = Submission.objects.get(member=submission.member, fingerprint=values["fingerprint"])
        raise already(other) from error
    transaction.on_commit(lambda: photo_files.drop(old_photo))
    return moved


@transaction.atomic
def accept(submission: Submission, by: str, now: datetime) -> Entry:
    """The office takes it: an Entry is written, which can be put in an issue."""
    accepted = _move(
        submission, (State.RECEIVED,), state=State.ACCEPTED, reason="", decided_at=now, decided_by=by[:150]
    )
    return Entry.objects.create(
        submission=accepted,
        guid=f"submission:{accepted.pk}",
        url=accepted.url,
        canonical_url=canonical_url(accepted.url) if accepted.url else "",
        title=accepted.title,
        summary=accepted.lead,
        body=linebreaks(accepted.body, autoescape=True),
        language="ja",
        published_at=_earliest_publication(accepted),
        seen_at=now,
        fingerprint=fingerprint(accepted.title, accepted.body),
    )


@transaction.atomic
def return_(submission: Submission, reason: str, by: str, now: datetime) -> Submission:
    """The office sends it back with a reason; the member may correct it and send it again."""
    return _move(
        submission, (State.RECEIVED,),
        state=State.RETURNED, reason=_reason(reason), decided_at=now, decided_by=by[:150],
    )  # fmt: skip


@transaction.atomic
def withdraw(submission: Submission, reason: str, now: datetime, by: str = "") -> Submission:
    """It is taken back before it was used: its entry goes, and so does its photo."""
    old_photo = submission.photo.name or ""
    withdrawn = _move(
        submission, (State.RECEIVED, State.RETURNED, State.ACCEPTED),
        state=State.WITHDRAWN, reason=reason.strip()[:LONGEST_REASON], decided_at=now, decided_by=by[:150],
        photo="", photo_width=None, photo_height=None,
    )  # fmt: skip
    try:
        Entry.objects.filter(submission=withdrawn).delete()
    except ProtectedError as error:
        raise SubmissionError(
            f"受付番号{withdrawn.pk}はすでに号に置かれています。取り下げるには、先に事務局が号から外す必要があります。"
        ) from error
    transaction.on_commit(lambda: photo_files.drop(old_photo))
    return withdrawn


def mark_used(entries: Iterable[Entry]) -> int:
    """The entries went out in an edition; returns how many accepted submissions became used."""
    ids = [entry.submission_id for entry in entries if entry.submission_id is not None]
    return Submission.objects.filter(pk__in=ids, state=State.ACCEPTED).update(state=State.USED)


def _values(draft: SubmissionDraft, door: str, now: datetime, photo: RecodedPhoto | None) -> dict[str, Any]:
    """Every column that a newly received submission has, decided or not before."""
    return asdict(draft) | {
        "sdgs": list(draft.sdgs),
        "fingerprint": fingerprint_of(draft),
        "door": door,
        "state": State.RECEIVED,
        "reason": "",
        "received_at": now,
        "decided_at": None,
        "decided_by": "",
        "photo": photo_files.keep(photo) if photo else "",
        "photo_width": photo.width if photo else None,
        "photo_height": photo.height if photo else None,
    }


def _move(submission: Submission, sources: Iterable[State], **changes: Any) -> Submission:
    """Change the row only if it still is in one of these states: of two people who decide, the second is told."""
    moved = Submission.objects.filter(pk=submission.pk, state__in=list(sources)).update(**changes)
    submission.refresh_from_db()
    if not moved:
        who = f"（{submission.decided_by}さんが決定）" if submission.decided_by else ""
        raise SubmissionError(
            f"受付番号{submission.pk}は「{submission.get_state_display()}」{who}なので、この操作はできません。"
        )
    return submission


def already(existing: Submission) -> AlreadyReceivedError:
    """What to say to whoever sends this text again."""
    day = timezone.localtime(existing.received_at)
    message = (
        f"同じ内容を受け付け済みです（受付番号{existing.pk}、{day.year}年{day.month}月{day.day}日、"
        f"{existing.get_state_display()}）。"
    )
    if existing.state == State.RETURNED:
        message += f"差し戻しの理由をご覧のうえ、直してお送りください：{existing.reason}"
    return AlreadyReceivedError(message, existing.pk)


def _reason(reason: str) -> str:
    plain = reason.strip()
    if not plain:
        raise SubmissionError("差し戻すには、理由を書いてください。理由は会員の担当者に届きます。")
    if len(plain) > LONGEST_REASON:
        raise SubmissionError(f"理由は{LONGEST_REASON}文字以内で書いてください。")
    return plain


def _earliest_publication(submission: Submission) -> datetime:
    if submission.not_before is None:
        return submission.received_at
    opens = timezone.make_aware(datetime.combine(submission.not_before, time.min))
    return max(submission.received_at, opens)


def silent_contributors(since: datetime) -> list[Contributor]:
    """The active staff of active members from whom nothing has come in after `since`."""
    spoke = Submission.objects.filter(received_at__gt=since).exclude(state=State.WITHDRAWN).values("member_id")
    people = Contributor.objects.filter(active=True, member__active=True).exclude(member_id__in=spoke)
    return list(people.select_related("member").order_by("member__code", "member__key", "pk"))
