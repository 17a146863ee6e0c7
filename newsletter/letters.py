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
from newsletter.models import Edition, Letter, RosterAnswer, RosterSheet
from newsletter.staff import Colleague
from subscribers.models import Subscriber

# Long enough for a colleague on leave to come back and correct a submission.
SEND_AGAIN_FOR = timedelta(days=30)
RETURNED = ("resumed", "restored")
RETURNS_A_DAY = 2


def send_confirmation(
    subscriber: Subscriber, now: datetime | None = None, *, language: str = "", request: int | None = None
) -> Letter:
    """「お申し込みの確認」 with the link that makes the subscription real; goes to people who are not subscribed.

    `request` is the line of the ledger that the link confirms. `language` is that of the request: what is asked for is
    stored only when the mailbox has confirmed it.
    """
    now = now or timezone.now()
    language = language or subscriber.language
    page = links.confirm_url(subscriber.key, now, language if language != subscriber.language else "", request)
    facts: kinds.Confirmation = {"confirm_url": page, "days": links.CONFIRM_FOR.days}
    return _to_subscriber("confirmation", subscriber, facts, now, language)


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
    now = now or timezone.now()
    return queue(write_goodbye(subscriber, now), now)


def write_goodbye(subscriber: Subscriber, now: datetime) -> Letter:
    """The same letter, made and not queued yet: making it takes longer than its rows."""
    facts: kinds.Goodbye = {"subscribe_url": links.subscribe_url(subscriber.language)}
    return _written("goodbye", facts, now, Letter(subscriber=subscriber), subscriber.language)


def queue(letter: Letter, now: datetime) -> Letter:
    """Store a letter that was made, and let it wait for the next wake-up."""
    with transaction.atomic():  # no longer than the rows need: on SQLite everybody else waits for it
        letter.save()
        delivery.queue_letter(letter, now)
    return letter


def send_resumed(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """「配信を再開しました」 or 「配信をお休みします」, after the person came back from a goodbye."""
    facts: kinds.Resumed = {
        "preferences_url": links.preferences_url(subscriber.key),
        "unsubscribe_url": links.unsubscribe_url(subscriber.key),
    }
    if subscriber.paused_until is not None and subscriber.paused_until > (now or timezone.now()):
        facts["paused_until"] = timezone.localdate(subscriber.paused_until)
    return _to_subscriber("resumed", subscriber, facts, now)


def send_restored(subscriber: Subscriber, now: datetime | None = None) -> Letter:
    """「配信が停止され、元に戻されました」, to the reader, after somebody else had stopped it and took that back."""
    facts: kinds.Restored = {
        "preferences_url": links.preferences_url(subscriber.key),
        "unsubscribe_url": links.unsubscribe_url(subscriber.key),
    }
    return _to_subscriber("restored", subscriber, facts, now)


def may_tell_of_return(subscriber: Subscriber, now: datetime) -> bool:
    """Whether one more letter about a return does not fill the mailbox: whoever holds a forwarded copy has the buttons.

    Every goodbye is told of, and every return that happens, so the last letter says how it stands.
    """
    told = Letter.objects.filter(subscriber=subscriber, kind__in=RETURNED, written_at__gt=now - timedelta(days=1))
    return told.count() < RETURNS_A_DAY


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


def send_roster(
    sheet: RosterSheet, contributor: Contributor, url: str, file: str, now: datetime, *, is_reminder: bool
) -> Letter:
    """「宛先のご確認のお願い」 (or that it is still awaited) with the member's link; `file` names what is attached."""
    facts: kinds.Roster = {
        "member": sheet.member.name,
        "contributor": contributor.name or contributor.section or "ご担当者",
        "year": sheet.round.year,
        "people": sheet.lines.count(),
        "deadline": sheet.round.deadline,
        "url": url,
    }
    if file:
        facts["file"] = file
    return _to_address("roster_reminder" if is_reminder else "roster", contributor.email, facts, now, None)


def send_roster_receipt(answer: RosterAnswer, summary: str, address: str, url: str = "") -> Letter:
    """「宛先の確認の回答を受け付けました」 to one of the member's contributors, whoever answered."""
    sheet = answer.sheet
    facts: kinds.RosterReceipt = {
        "member": sheet.member.name,
        "year": sheet.round.year,
        "respondent": "　".join(part for part in (answer.by_department, answer.by_name) if part),
        "received_at": timezone.localtime(answer.at),
        "summary": summary,
        "deadline": sheet.round.deadline,
    }
    if url:
        facts["url"] = url
    return _to_address("roster_receipt", address, facts, answer.at, None)


def send_named(subscriber: Subscriber, member: str, now: datetime) -> Letter:
    """「配信先に登録しました」 to a person whom a member named: who it was, and the way out first."""
    facts: kinds.Named = {
        "member": member,
        "preferences_url": links.preferences_url(subscriber.key),
        "unsubscribe_url": links.unsubscribe_url(subscriber.key),
        "archive_url": links.archive_url(),
    }
    return _to_subscriber("named", subscriber, facts, now)


def send_moved(subscriber: Subscriber, member: str, now: datetime) -> Letter:
    """「配信を終わりました」 to a person who moved on, as the member says; they may sign up again."""
    facts: kinds.Moved = {"member": member, "subscribe_url": links.subscribe_url(subscriber.language)}
    return _to_subscriber("moved", subscriber, facts, now)


def _to_subscriber(
    kind: str, subscriber: Subscriber, facts: Mapping[str, object], now: datetime | None, language: str = ""
) -> Letter:
    # No address: it is read again when the letter is claimed.
    return _queue(kind, facts, now, Letter(subscriber=subscriber), language or subscriber.language)


def _to_address(
    kind: str, address: str, facts: Mapping[str, object], now: datetime | None, submission: Submission | None
) -> Letter:
    return _queue(kind, facts, now, Letter(address=address, submission=submission))


def _queue(
    kind: str, facts: Mapping[str, object], now: datetime | None, letter: Letter, language: str = settings.LANGUAGE_CODE
) -> Letter:
    now = now or timezone.now()
    return queue(_written(kind, facts, now, letter, language), now)


def _written(kind: str, facts: Mapping[str, object], now: datetime, letter: Letter, language: str) -> Letter:
    language = language if kind in kinds.IN_ENGLISH else settings.LANGUAGE_CODE
    association = profile.current().in_language(language)
    content = LetterContent(association.publisher, association.title, facts, association.palette, language)
    try:
        rendered = render_letter(kind, content, settings.MAIL_TEMPLATES)
    except RenderError as error:
        raise TemplateError(f"個別メール「{kind}」を作れません。{error}") from error
    letter.kind, letter.written_at = kind, now
    letter.subject, letter.html, letter.text = rendered.subject, rendered.html, rendered.text
    return letter
