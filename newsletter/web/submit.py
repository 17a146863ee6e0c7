"""The members' door: a form behind a signed link, a check page, a receipt, and what became of earlier submissions.

Only POST changes anything, and a link opens the submissions of its own member alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from feeds import submissions
from feeds.errors import SubmissionError
from feeds.fields import GROUPS, Kind
from feeds.models import Member, Submission
from newsletter import letters, links, profile, tasks
from newsletter.errors import LinkError, NewsletterError
from newsletter.web import limits, patience
from newsletter.web.patience import patient
from newsletter.web.submit_form import SubmissionForm, in_words, preview, typed_before
from newsletter.web.submit_photo import FormPhoto, PhotoUpload, photo_of, present_photo

logger = logging.getLogger(__name__)
P = ParamSpec("P")
MemberPage = Callable[Concatenate[HttpRequest, Member, P], HttpResponse]

LARGEST_REQUEST = (
    32 * 1024 * 1024
)  # bytes; above a photo's limit, so that a photo a little too large gets a kind answer
POSTS_PER_HOUR = 120
RECENT = 20
HEADING = "投稿フォームを開けません"
CLOSED = "この会員の投稿フォームは、いまは使えません。"
TOO_MANY = "送信の回数が多すぎます。入力した内容は残っています。しばらくたってから、もう一度お試しください。"
TROUBLE = "いまは受け付けられません。入力した内容は残っています。しばらくたってから、もう一度送信してください。"
State = Submission.State
MAY_WITHDRAW = (State.RECEIVED, State.RETURNED, State.ACCEPTED)


def for_member(page: MemberPage[P]) -> Callable[..., HttpResponse]:
    """Turn the token of the link into its member; a link that is wrong or over gets a page that says whom to ask."""

    @wraps(page)
    def with_member(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            key = links.read_submission(token)
        except LinkError as error:
            # 410: there was such a link, and it will not come back.
            return _closed(request, str(error), 404 if str(error) == str(links.WRONG) else 410)
        member = Member.objects.filter(key=key, active=True).first()
        if member is None:
            return _closed(request, CLOSED, 410)
        request.member_token = token  # type: ignore[attr-defined]
        return page(request, member, *args, **kwargs)

    return with_member


def with_bounded_upload(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Bound what is read before anything reads it: Django's own CSRF check would take in the whole upload first."""

    @wraps(page)
    @csrf_exempt
    def bounded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method == "POST":
            length = str(request.META.get("CONTENT_LENGTH") or "0")
            if length.isdigit() and int(length) > LARGEST_REQUEST:
                message = "送られたデータが大きすぎます。写真を10MBまでに縮小してから、もう一度お送りください。"
                return _closed(request, message, 413)
            request.upload_handlers.insert(0, PhotoUpload(request))
        return csrf_protect(page)(request, *args, **kwargs)

    return bounded


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_bounded_upload
@patient
@for_member
def submit(request: HttpRequest, member: Member) -> HttpResponse:
    """A new submission: the form, its check page, and the sending."""
    return _form_page(request, member, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_bounded_upload
@patient
@for_member
def correct(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """A returned submission, to be corrected and sent again."""
    submission = get_object_or_404(Submission, pk=number, member=member)
    if submission.state != State.RETURNED and request.method != "POST":
        return redirect("submit", _token(request))
    # Somebody may have decided while the member was writing: then the sending says so, and nothing typed is lost.
    return _form_page(request, member, submission)


@never_cache
@require_http_methods(["GET", "HEAD"])
@patient
@for_member
def submitted(request: HttpRequest, member: Member) -> HttpResponse:
    """The receipt: what was received, under which number."""
    number = request.GET.get("no", "")
    known = number.isascii() and number.isdigit() and len(number) < 16
    submission = Submission.objects.filter(pk=int(number), member=member).first() if known else None
    if submission is None:
        return redirect("submit", _token(request))
    context = {
        "submission": submission,
        "groups": _stored_answers(submission),
        "again": "again" in request.GET,
    }
    return _render(request, "submit/sent.html", member, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@patient
@for_member
def withdraw(request: HttpRequest, member: Member, number: int) -> HttpResponse:
    """Ask whether to take a submission back; POST takes it back."""
    submission = get_object_or_404(Submission, pk=number, member=member)
    if submission.state not in MAY_WITHDRAW:
        return redirect("submit", _token(request))
    problem = ""
    if request.method == "POST":
        if not _may_post(request, member):
            problem = TOO_MANY
        else:
            try:
                submissions.withdraw(submission, "会員による取り下げ", timezone.now())
                return HttpResponseRedirect(reverse("submit", args=[_token(request)]) + "#own")
            except SubmissionError as error:
                problem = str(error)
    context = {"submission": submission, "problem": problem}
    return _render(request, "submit/withdraw.html", member, context, 409 if problem else 200)


def _form_page(request: HttpRequest, member: Member, submission: Submission | None) -> HttpResponse:
    association = profile.current()
    if request.method != "POST":
        photo = present_photo(submission) if submission else FormPhoto()
        initial = typed_before(submission) if submission else {}
        form = SubmissionForm(association=association, photo=photo, initial=initial)
        return _show_form(request, member, form, submission)
    now = timezone.now()
    try:
        may_post = _may_post(request, member)
    except Error as error:
        patience.bear(error)
        form = SubmissionForm(request.POST, association=association, photo=photo_of(request, member, submission, now))
        return _ask_for_patience(request, member, form, submission, error)
    if not may_post:
        form = SubmissionForm(request.POST, association=association)
        form.enclosed = FormPhoto(key=str(request.POST.get("photo_key", "")))
        form.add_error(None, TOO_MANY)
        return _show_form(request, member, form, submission, 429)
    photo = photo_of(request, member, submission, now)
    form = SubmissionForm(request.POST, association=association, photo=photo)
    step = request.POST.get("step", "check")
    if step == "edit" or not form.is_valid():
        return _show_form(request, member, form, submission, 200 if step == "edit" else 422)
    if step != "send":
        return _show_form(request, member, form, submission, template="submit/check.html")
    return _send(request, member, form, submission, now)


def _send(
    request: HttpRequest, member: Member, form: SubmissionForm, submission: Submission | None, now: datetime
) -> HttpResponse:
    sent = reverse("submitted", args=[_token(request)])
    try:
        received = _received(request, member, form, submission, now)
    except SubmissionError as error:
        # The button was pressed twice, or a colleague was faster: what was to be sent is there already.
        existing = submissions.earlier(member, form.draft) if form.draft else None
        if existing is not None and existing.state != State.RETURNED:
            return HttpResponseRedirect(f"{sent}?no={existing.pk}&again")
        problem, status = str(error), 409
    except NewsletterError:
        logger.exception("A submission could not be received because its receipt could not be written.")
        problem, status = TROUBLE, 503
    except Error as error:
        patience.bear(error)
        return _ask_for_patience(request, member, form, submission, error)
    else:
        return HttpResponseRedirect(f"{sent}?no={received.pk}")
    form.add_error(None, problem)
    return _show_form(request, member, form, submission, status)


def _ask_for_patience(
    request: HttpRequest, member: Member, form: SubmissionForm, submission: Submission | None, error: Error
) -> HttpResponse:
    """What was typed is shown again: who only reads need not wait for whoever writes."""
    form.add_error(None, TROUBLE)
    return patience.asking(request, _show_form(request, member, form, submission), error)


@patience.step()
def _received(
    request: HttpRequest, member: Member, form: SubmissionForm, submission: Submission | None, now: datetime
) -> Submission:
    """Store it, and queue the receipt with it: neither without the other."""
    assert form.draft is not None  # noqa: S101  the form was valid
    if submission is None:
        received = submissions.receive(member, form.draft, Submission.Door.WEB, now, form.enclosed.recoded)
    else:
        received = submissions.resend(submission, form.draft, now, form.enclosed.recoded)
    link = f"{settings.BASE_URL}{reverse('submit', args=[_token(request)])}"
    letters.send_receipt(received, received.contact_email, now, link=link)
    transaction.on_commit(tasks.wake_letters, robust=True)
    return received


def _may_post(request: HttpRequest, member: Member) -> bool:
    by_member = limits.allow("submit-member", member.key, POSTS_PER_HOUR, 3600)
    return by_member and limits.allow("submit-client", limits.client_address(request), POSTS_PER_HOUR, 3600)


def _show_form(
    request: HttpRequest,
    member: Member,
    form: SubmissionForm,
    submission: Submission | None,
    status: int = 200,
    template: str = "submit/form.html",
) -> HttpResponse:
    photo = form.enclosed.recoded
    context: dict[str, object] = {
        "form": form,
        "submission": submission,
        "photo_preview": preview(photo) if photo else "",
        "own": [] if submission else list(Submission.objects.filter(member=member)[:RECENT]),
        "returned": 0 if submission else Submission.objects.filter(member=member, state=State.RETURNED).count(),
    }
    return _render(request, template, member, context, status)


def _stored_answers(submission: Submission) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was stored, group by group, in words."""
    association = profile.current()
    groups = []
    for group in GROUPS:
        if group.key == "photo" and not submission.photo:
            continue
        pairs = [
            (field.label, in_words(field, getattr(submission, field.name), association))
            for field in group.fields
            if field.kind is not Kind.FILE
        ]
        filled = [(label, answer) for label, answer in pairs if answer]
        groups += [(group.title, filled)] if filled else []
    return groups


def _render(
    request: HttpRequest, template: str, member: Member, context: dict[str, object], status: int = 200
) -> HttpResponse:
    return render(request, template, {"member": member, "token": _token(request), **context}, status=status)


def _closed(request: HttpRequest, message: str, status: int) -> HttpResponse:
    return render(request, "link_closed.html", {"heading": HEADING, "message": message}, status=status)


def _token(request: HttpRequest) -> str:
    token: str = request.member_token  # type: ignore[attr-defined]
    return token
