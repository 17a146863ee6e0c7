"""One-off mail: each function renders a letter, queues it and returns it. A task sends it right after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from feeds.models import Contributor, Submission
from newsletter import delivery, issues, links, profile
from newsletter.errors import TemplateError
from newsletter.mail import letters as kinds
from newsletter.mail.content import LetterContent
from newsletter.mail.render import RenderError, render_letter
from newsletter.models import Edition, Letter
from newsletter.staff import Colleague
from subscribers.models import Subscriber

# Long enough for a colleague on leave to come back and correct a submission.
SEND_AGAIN_FOR = timedelta(days=30)


def send_confirmation(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """「お申し込みの確認」 with the link that makes the subscription real; goes to people who are not subscribed."""
    now = now or timezone.now()
    facts: kinds.Confirmation = {"confirm_url": links.confirm_url(subscriber.key, now), "days": links.CONFIRM_FOR.days}
    return _to_subscriber("confirmation", subscriber, facts, now)


def send_welcome(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """「登録が完了しました」, after the person confirmed."""
    facts: kinds.Welcome = {
        "preferences_url": links.preferences_url(subscriber.key),
        "unsubscribe_url": links.unsubscribe_url(subscriber.key),
        "archive_url": links.archive_url(),
    }
    return _to_subscriber("welcome", subscriber, facts, now)


def send_goodbye(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """「配信を解除しました」, after the person left; the last mail they get."""
    facts: kinds.Goodbye = {"subscribe_url": links.subscribe_url()}
    return _to_subscriber("goodbye", subscriber, facts, now)


def send_already_subscribed(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """Answers a second sign-up in the mailbox, so that the page need not say whether an address is known."""
    facts: kinds.AlreadySubscribed = {
        "preferences_url": links.preferences_url(subscriber.key),
        "unsubscribe_url": links.unsubscribe_url(subscriber.key),
    }
    return _to_subscriber("already_subscribed", subscriber, facts, now)


def send_receipt(submission: Submission, email: str, now: datetime | None = None, *, link: str = "") -> Letter:
    """「投稿を受け付けました」 to the person who sent it; `link` leads to the form, if they came through it."""
    facts: kinds.Receipt = {
        "member": submission.member.name,
        "title": submission.title,
        "received_at": timezone.localtime(submission.received_at),
    }
    if link:
        facts["link"] = link
    return _to_address("receipt", email, facts, now, submission)


def send_returned(submission: Submission, now: datetime | None = None) -> Letter:
    """The office's reason, and a link to send the submission again."""
    now = now or timezone.now()
    facts: kinds.Returned = {
        "member": submission.member.name,
        "title": submission.title,
        "reason": submission.reason,
        "link": links.submission_url(submission.member.key, now + SEND_AGAIN_FOR),
    }
    return _to_address("returned", submission.contact_email, facts, now, submission)


def send_submission_link(contributor: Contributor, expires_at: datetime, now: datetime | None = None) -> Letter:
    """The member's own link to the submission form, good until `expires_at`."""
    facts: kinds.SubmissionLink = {
        "member": contributor.member.name,
        "contributor": contributor.name or contributor.section or "ご担当者",
        "url": links.submission_url(contributor.member.key, expires_at),
        "until": timezone.localtime(expires_at).date(),
    }
    return _to_address("submission_link", contributor.email, facts, now, None)


def send_reminder(
    contributor: Contributor, deadline: date, expires_at: datetime, now: datetime | None = None
) -> Letter:
    """The deadline comes near and nothing has come in from this member yet; the link is good until `expires_at`."""
    facts: kinds.Reminder = {
        "member": contributor.member.name,
        "contributor": contributor.name or contributor.section or "ご担当者",
        "url": links.submission_url(contributor.member.key, expires_at),
        "deadline": deadline,
    }
    return _to_address("reminder", contributor.email, facts, now, None)


def send_approval_request(edition: Edition, person: Colleague, by: str, now: datetime | None = None) -> Letter:
    """Asks a person for a yes to this edition; what they approve is bound to its digest, not to this letter."""
    issue = edition.issue
    items = issues.as_content(issue).items
    facts: kinds.ApprovalRequest = {
        "person": person.name,
        "requested_by": by,
        "issue": issue.label,
        "release_on": issue.release_on,
        "edition_subject": edition.subject,
        "contents": "\n".join(f"{item.number}. {item.headline}" for item in items),
        "digest": edition.digest[:12],
        "url": links.desk_url(),
    }
    return _to_address("approval_request", person.address, facts, now, None)


def send_report(facts: kinds.Report, address: str, now: datetime | None = None) -> Letter:
    """What became of a campaign, to the person who planned it."""
    return _to_address("report", address, facts, now, None)


def _to_subscriber(kind: str, subscriber: Subscriber, facts: Mapping[str, object], now: datetime | None) -> Letter:
    # No address: it is read again when the letter is claimed.
    return _queue(kind, facts, now, Letter(subscriber=subscriber))


def _to_address(
    kind: str, address: str, facts: Mapping[str, object], now: datetime | None, submission: Submission | None
) -> Letter:
    return _queue(kind, facts, now, Letter(address=address, submission=submission))


@transaction.atomic
def _queue(kind: str, facts: Mapping[str, object], now: datetime | None, letter: Letter) -> Letter:
    now = now or timezone.now()
    association = profile.current()
    content = LetterContent(association.publisher, association.title, facts, association.palette)
    try:
        rendered = render_letter(kind, content, settings.MAIL_TEMPLATES)
    except RenderError as error:
        raise TemplateError(f"個別メール「{kind}」を作れません。{error}") from error
    letter.kind, letter.written_at = kind, now
    letter.subject, letter.html, letter.text = rendered.subject, rendered.html, rendered.text
    letter.save()
    delivery.queue_letter(letter, now)
    return letter
