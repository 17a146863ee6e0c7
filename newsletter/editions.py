"""Freeze an issue into an edition, approve its digest, and show it to the public once it went out."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from feeds.models import Submission
from newsletter import frozen, issues, links, profile
from newsletter.duties import missing
from newsletter.errors import EditionError, TemplateError
from newsletter.mail.content import SLOTS, IssueContent, RenderedMail
from newsletter.mail.dates import japanese_date
from newsletter.mail.render import RenderError, render_issue
from newsletter.models import Approval, Edition, Issue, Placement
from newsletter.proofing import gate


def render(issue: Issue) -> tuple[IssueContent, RenderedMail]:
    """The issue as it would be sent now, finished or not; TemplateError if a template is wrong."""
    content = issues.as_content(issue)
    try:
        return content, render_issue(content, settings.MAIL_TEMPLATES)
    except RenderError as error:
        raise TemplateError(f"{issue}をメールにできません。{error}") from error


def make_edition(issue: Issue, by: str, now: datetime) -> Edition:
    """Freeze the issue; the same content gives the edition that exists. EditionError says all that is lacking."""
    with transaction.atomic():
        issue.refresh_from_db(from_queryset=Issue.objects.select_for_update())
        _refuse_unfinished(issue)
        content, rendered = render(issue)
        words = missing(content, rendered)
        if words:
            raise EditionError(f"{issue}はまだ版にできません。\n" + "\n".join(words))
        return _keep(issue, content, rendered, by, now)


def _keep(issue: Issue, content: IssueContent, rendered: RenderedMail, by: str, now: datetime) -> Edition:
    digest = _digest(issue, rendered)
    existing = issue.editions.filter(digest=digest).first()
    if existing:
        return existing
    if issue.state == Issue.State.SENT:
        raise EditionError(f"{issue}は配信済みです。新しい版は作れません。")
    return Edition.objects.create(
        issue=issue,
        subject=rendered.subject,
        preheader=rendered.preheader,
        html=rendered.html,
        text=rendered.text,
        content=frozen.freeze(content, _members(issue)),
        digest=digest,
        made_at=now,
        made_by=by,
    )


def _members(issue: Issue) -> dict[int, str]:
    """Whose news each number is; news that came by feed is nobody's."""
    submissions = ((number, row.entry.submission) for number, row in enumerate(issues.placements(issue), 1))
    return {number: submission.member.name for number, submission in submissions if submission}


def _refuse_unfinished(issue: Issue) -> None:
    rows = issues.placements(issue)
    if not rows:
        raise EditionError(f"{issue}には記事がひとつもありません。newsletter issue suggest で案を作れます。")
    problems = _problems(issue, rows)
    if problems:
        raise EditionError(f"{issue}はまだ版にできません。\n" + "\n".join(problems))


def _problems(issue: Issue, rows: list[Placement]) -> list[str]:
    return [words for number, row in enumerate(rows, 1) if (words := _problem(issue, number, row))]


def _problem(issue: Issue, number: int, row: Placement) -> str:
    submission = row.entry.submission
    if submission and submission.state in (Submission.State.WITHDRAWN, Submission.State.RETURNED):
        return f"{number}番「{row}」: 投稿が「{submission.get_state_display()}」になっています。外してください。"
    if submission and submission.not_before and submission.not_before > issue.release_on:
        return f"{number}番「{row}」: 公開できるのは{japanese_date(submission.not_before)}からです。"
    if row.is_waiting:
        return f"{number}番「{row}」: 日本語の見出しか本文がまだありません。"
    return ""


def _digest(issue: Issue, mail: RenderedMail | Edition) -> str:
    return digest_of(issue.month, mail.subject, mail.preheader, mail.html, mail.text, extra=issue.extra)


def digest_of(month: date, *parts: str, extra: int = 0) -> str:
    """SHA-256 of the parts, each with its length in front, so that no text can move from one part to the next."""
    digest = hashlib.sha256()
    for part in (f"{month.isoformat()}-x{extra}" if extra else month.isoformat(), *parts):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def lacking(issue: Issue, content: IssueContent, rendered: RenderedMail) -> list[str]:
    """What still keeps the issue from becoming an edition, in words."""
    return [*_problems(issue, issues.placements(issue)), *missing(content, rendered)]


# ------------------------------------------------------------ approval
def approve(edition: Edition, person: str, now: datetime, *, override_reason: str = "") -> Approval:
    """A person's yes to this digest. With enough persons the issue is approved and locked.

    ProofError while the proofreading finds an error; with `override_reason` the person lets the errors through.
    """
    person = " ".join(person.split())
    if not person:
        raise EditionError("承認する人の名前を指定してください。")
    with transaction.atomic():
        issue = Issue.objects.select_for_update().get(pk=edition.issue_id)
        edition.refresh_from_db()
        _refuse_tampered(edition)
        if issue.state == Issue.State.SENT:
            raise EditionError(f"{issue}は配信済みです。")
        _refuse_stale(issue, edition)
        if override_reason.strip():
            gate.override(issue, person, override_reason, now)
        gate.refuse_errors(issue)
        approval = _record(edition, person, now)
        if issue.state == Issue.State.OPEN and len(approvers(edition)) >= profile.current().approvals_needed:
            issue.state = Issue.State.APPROVED
            issue.save(update_fields=["state"])
        return approval


def _record(edition: Edition, person: str, now: datetime) -> Approval:
    if edition.approvals.filter(person=person, void_at__isnull=True).exists():
        raise EditionError(f"{person} さんは、この版をすでに承認しています。")
    try:
        with transaction.atomic():
            return edition.approvals.create(person=person, digest=edition.digest, at=now)
    except IntegrityError as error:  # the same person in two windows at once
        raise EditionError(f"{person} さんは、この版をすでに承認しています。") from error


def _refuse_tampered(edition: Edition) -> None:
    if not is_untouched(edition):
        raise EditionError(
            f"版 {edition.digest[:12]} の中身が、確定したときと違っています（データベースが書き換えられています）。"
            "この版は承認も配信もできません。もう一度、版を作ってください。"
        )


def _refuse_stale(issue: Issue, edition: Edition) -> None:
    _refuse_unfinished(issue)
    _, now_it_is = render(issue)
    if _digest(issue, now_it_is) != edition.digest:
        raise EditionError(
            f"版 {edition.digest[:12]} は、いまの{issue}の内容と違います。版を作ったあとに号かひな型が変わりました。"
            "もう一度、版を作って確かめてから承認してください。"
        )


def approvers(edition: Edition) -> list[str]:
    """The persons whose yes to this digest still counts."""
    counting = edition.approvals.filter(void_at__isnull=True, digest=edition.digest)
    return list(counting.order_by("at", "pk").values_list("person", flat=True))


def is_untouched(edition: Edition) -> bool:
    """Whether the row still is what its digest says."""
    return hmac.compare_digest(_digest(edition.issue, edition), edition.digest)


def is_approved(edition: Edition) -> bool:
    """Whether this edition may be sent: enough persons said yes, the issue is locked, and the row is untouched."""
    locked = edition.issue.state in (Issue.State.APPROVED, Issue.State.SENT)
    return locked and len(approvers(edition)) >= profile.current().approvals_needed and is_untouched(edition)


# ------------------------------------------------------------ the public's view
def for_web(edition: Edition) -> str:
    """The edition's HTML for everyone: the page to sign up instead of a reader's own links, only photos for the web."""
    html = edition.html
    for photo in photos_for_mail_only(edition):
        picture = re.compile(rf"<img\b[^>]*{re.escape(photo)}[^>]*>", re.IGNORECASE)
        html = picture.sub("<span>（写真は、ウェブへの掲載の許可がないため表示していません）</span>", html)
    return _without_slots(html)


def photos_for_mail_only(edition: Edition) -> set[str]:
    """The addresses of the photos whose owners did not permit the web."""
    mail_only = Submission.objects.filter(
        entry__placements__issue=edition.issue_id, photo_for_web=False, photo_for_mail=True
    ).exclude(photo="")
    return {links.photo_url(submission) for submission in mail_only}


def text_for_web(edition: Edition) -> str:
    """The edition's text for everyone."""
    return _without_slots(edition.text)


def _without_slots(source: str) -> str:
    for slot in SLOTS:
        source = source.replace(slot, links.subscribe_url())
    return source


def published() -> QuerySet[Edition]:
    """The editions whose campaign has begun, newest issue first; a rehearsal does not count."""
    begun = Q(campaigns__rehearsal=False, campaigns__started_at__isnull=False)
    editions = Edition.objects.filter(begun).annotate(published_at=Max("campaigns__started_at", filter=begun))
    return editions.select_related("issue").order_by(
        "-issue__month", "-issue__release_on", "-issue__extra", "-published_at", "-pk"
    )
