"""宛先の確認 behind a member's signed link: the page, its Excel form, a check, the sending. Only POST changes anything.

The link opens the people of one member to whoever holds it: personal addresses are masked, and nothing that is sent
here changes the list of readers (roster/applying.py does, when the office says so).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django.core.files.uploadedfile import UploadedFile
from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from newsletter import links, tasks
from newsletter.errors import LinkError, NewsletterError, RosterError
from newsletter.mail.attachments import XLSX
from newsletter.models import RosterAnswer, RosterSheet
from newsletter.roster import answers, files, people, returned
from newsletter.roster.questions import Person
from newsletter.roster.returned import Returned
from newsletter.web import limits, patience
from newsletter.web.patience import patient
from newsletter.web.roster_form import NEW_ROWS, RosterForm, from_file
from subscribers.errors import ImportFileError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
SheetPage = Callable[Concatenate[HttpRequest, RosterSheet, P], HttpResponse]

LARGEST_FILE = 5 * 1024 * 1024  # bytes
LARGEST_REQUEST = LARGEST_FILE + 1024 * 1024
POSTS_PER_HOUR = 120
MOST_ON_PAGE = 150  # people; beyond that only the Excel form is offered
HEADING = "宛先の確認のページを開けません"
CLOSED = "この宛先の確認は終わりました。ご協力ありがとうございました。変更は事務局へご連絡ください。"
TOO_LARGE = "ファイルが大きすぎます（5MBまで）。貼り付けた画像があれば消してください。"
TOO_MANY = "送信の回数が多すぎます。しばらくたってから、もう一度お試しください。"
TROUBLE = "いまは受け付けられません。入力した内容は残っています。しばらくたってから、もう一度送信してください。"

BUSY = "いまは受け付けられません。しばらくたってから、もう一度お送りください。"


def for_sheet(page: SheetPage[P]) -> Callable[..., HttpResponse]:
    """Turn the token of the link into its sheet; a link that is wrong or over gets a page that says whom to ask."""

    @wraps(page)
    def with_sheet(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            key = links.read_roster(token)
        except LinkError as error:
            return _closed(request, str(error), 404 if str(error) == str(links.WRONG) else 410)
        sheet = RosterSheet.objects.select_related("round", "member").filter(key=key, member__active=True).first()
        if sheet is None or sheet.round.closed_at is not None:
            return _closed(request, CLOSED, 410)
        request.roster_token = token  # type: ignore[attr-defined]
        return page(request, sheet, *args, **kwargs)

    return with_sheet


def with_bounded_upload(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Bound what is read before anything reads it: Django's own CSRF check would take in the whole upload first."""

    @wraps(page)
    @csrf_exempt
    def bounded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if request.method == "POST" and length.isdigit() and int(length) > LARGEST_REQUEST:
            return _closed(request, TOO_LARGE, 413)
        return csrf_protect(page)(request, *args, **kwargs)

    return bounded


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@with_bounded_upload
@patient
@for_sheet
def roster(request: HttpRequest, sheet: RosterSheet) -> HttpResponse:
    """The question about each person, the check page, and the sending."""
    asked = people.people(people.lines(sheet))
    if request.method != "POST":
        last = answers.latest(sheet)
        earlier = answers.entries_of(last) if last else []
        return _show(request, sheet, RosterForm(people=asked, earlier=earlier), earlier=last)
    try:
        may_post = _may_post(request, sheet)
    except Error as error:
        patience.bear(error)
        return _ask_for_patience(request, sheet, asked, error)
    if not may_post:
        return _closed(request, TOO_MANY, 429)
    if request.POST.get("step") == "file":
        return _taken_from_file(request, sheet)
    return _typed(request, sheet, asked)


@never_cache
@require_safe
@patient
@for_sheet
def form_file(_request: HttpRequest, sheet: RosterSheet) -> HttpResponse:
    """The same questions as an Excel form."""
    response = HttpResponse(files.form_of(sheet), content_type=XLSX)
    name = f"宛先の確認_{sheet.round.year}年度_{sheet.member.name}.xlsx"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


@never_cache
@require_safe
@patient
@for_sheet
def received(request: HttpRequest, sheet: RosterSheet) -> HttpResponse:
    """Thanks, what was received, and how to answer again."""
    number = request.GET.get("no", "")
    known = number.isascii() and number.isdigit() and len(number) < 16
    answer = sheet.answers.filter(pk=int(number)).first() if known else None
    if answer is None:
        return redirect("roster", _token(request))
    summary = answers.summary(answers.entries_of(answer))
    context = {"answer": answer, "summary": summary, "again": "again" in request.GET}
    return _render(request, "roster/sent.html", sheet, context)


# ------------------------------------------------------------ steps
def _typed(request: HttpRequest, sheet: RosterSheet, asked: Sequence[Person]) -> HttpResponse:
    form, earlier = _filled_in(request, sheet, asked)
    step = request.POST.get("step", "check")
    if step == "more":
        more = _unjudged(form, request, asked, form.rows + NEW_ROWS)
        return _show(request, sheet, more, earlier=earlier)
    if step == "edit":
        return _show(request, sheet, _unjudged(form, request, asked, form.rows), earlier=earlier)
    if not form.is_valid():
        return _show(request, sheet, form, earlier=earlier, status=422)
    if step != "send":
        return _show(request, sheet, form, earlier=earlier, template="roster/check.html")
    return _send(request, sheet, form, earlier)


def _filled_in(
    request: HttpRequest, sheet: RosterSheet, asked: Sequence[Person]
) -> tuple[RosterForm, RosterAnswer | None]:
    """The form as it was typed, and the earlier answer that it began with."""
    earlier = _answer_of(sheet, request.POST.get("earlier", ""))
    form = RosterForm(
        request.POST, people=asked, earlier=answers.entries_of(earlier) if earlier else [],
        rows=_number(request.POST.get("rows", "")) or NEW_ROWS,
    )  # fmt: skip
    return form, earlier


def _ask_for_patience(request: HttpRequest, sheet: RosterSheet, asked: Sequence[Person], error: Error) -> HttpResponse:
    """What was typed is shown again: who only reads need not wait for whoever writes. A file is still where it was."""
    if request.POST.get("step") == "file":
        return patience.asking(request, _show_file_problems(request, sheet, [BUSY]), error)
    form, earlier = _filled_in(request, sheet, asked)
    form.add_error(None, TROUBLE)
    return patience.asking(request, _show(request, sheet, form, earlier=earlier), error)


def _unjudged(form: RosterForm, request: HttpRequest, asked: Sequence[Person], rows: int) -> RosterForm:
    """What was typed so far, without remarks: it is not finished."""
    initial = {name: request.POST.get(name) for name in request.POST if name in form.fields}
    boxes = {name: name in request.POST for name in form.fields if name.startswith(("consented-", "writes-", "keep-"))}
    earlier = [*form.earlier.values(), *form.earlier_new]
    return RosterForm(people=asked, earlier=earlier, rows=rows, initial=initial | boxes)


def _send(request: HttpRequest, sheet: RosterSheet, form: RosterForm, earlier: RosterAnswer | None) -> HttpResponse:
    given = form.cleaned_data
    respondent = answers.Respondent(str(given["by_name"]).strip(), str(given["by_department"] or "").strip())
    door = RosterAnswer.Door.EXCEL if request.POST.get("door") == "excel" else RosterAnswer.Door.WEB
    try:
        with patience.step():
            outcome = answers.receive(
                sheet, form.entries, respondent, door, timezone.now(), seen=_number(request.POST.get("seen", ""))
            )
            transaction.on_commit(tasks.wake_letters, robust=True)
    except RosterError as error:
        problem, status = str(error), 409
    except NewsletterError:
        logger.exception("An answer could not be received because its receipt could not be written.")
        problem, status = TROUBLE, 503
    except Error as error:
        patience.bear(error)
        form.add_error(None, TROUBLE)
        return patience.asking(request, _show(request, sheet, form, earlier=earlier), error)
    else:
        again = "" if outcome.is_new else "&again"
        return HttpResponseRedirect(f"{reverse('roster_sent', args=[_token(request)])}?no={outcome.answer.pk}{again}")
    form.add_error(None, problem)
    return _show(request, sheet, form, earlier=earlier, status=status)


def _taken_from_file(request: HttpRequest, sheet: RosterSheet) -> HttpResponse:
    """An Excel form goes to the same check page as the typed answer, or its rows are told what is wrong with them."""
    upload = request.FILES.get("file")
    try:
        back = _read(upload if isinstance(upload, UploadedFile) else None, sheet)
    except (ImportFileError, RosterError) as error:
        return _show_file_problems(request, sheet, [str(error)])
    if back.problems:
        return _show_file_problems(request, sheet, back.problems)
    sent, rows = from_file(back.filled, back.asked)
    form = RosterForm(sent, people=back.asked, rows=rows)
    if not form.is_valid():  # what the page alone asks: the length of a name
        return _show_file_problems(request, sheet, [str(error) for errors in form.errors.values() for error in errors])
    return _show(request, sheet, form, earlier=None, template="roster/check.html", door="excel")


def _read(upload: UploadedFile[bytes] | None, sheet: RosterSheet) -> Returned:
    if upload is None:
        raise RosterError("Excelのファイルを選んでください。")
    if (upload.size or 0) > LARGEST_FILE:
        raise RosterError(TOO_LARGE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "お送りのファイル"
        path.write_bytes(upload.read())
        return returned.read(path, sheet)


# ------------------------------------------------------------ pages
def _show(
    request: HttpRequest,
    sheet: RosterSheet,
    form: RosterForm,
    *,
    earlier: RosterAnswer | None,
    status: int = 200,
    template: str = "roster/form.html",
    door: str = "",
) -> HttpResponse:
    last = answers.latest(sheet)
    context: dict[str, object] = {
        "form": form,
        "last": last,
        "earlier": earlier.pk if earlier else "",
        "seen": last.pk if last else 0,
        "door": door or request.POST.get("door", ""),
        "most": MOST_ON_PAGE,
        "is_too_long": len(form.people) > MOST_ON_PAGE,
    }
    return _render(request, template, sheet, context, status)


def _show_file_problems(request: HttpRequest, sheet: RosterSheet, problems: Sequence[str]) -> HttpResponse:
    return _render(request, "roster/file.html", sheet, {"problems": problems}, 422)


def _render(
    request: HttpRequest, template: str, sheet: RosterSheet, context: dict[str, object], status: int = 200
) -> HttpResponse:
    shown = {"sheet": sheet, "member": sheet.member, "round": sheet.round, "token": _token(request), **context}
    return render(request, template, shown, status=status)


def _closed(request: HttpRequest, message: str, status: int) -> HttpResponse:
    return render(request, "link_closed.html", {"heading": HEADING, "message": message}, status=status)


def _may_post(request: HttpRequest, sheet: RosterSheet) -> bool:
    by_sheet = limits.allow("roster-sheet", sheet.key, POSTS_PER_HOUR, 3600)
    return by_sheet and limits.allow("roster-client", limits.client_address(request), POSTS_PER_HOUR, 3600)


def _answer_of(sheet: RosterSheet, number: str) -> RosterAnswer | None:
    return sheet.answers.filter(pk=_number(number)).first() if _number(number) else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _token(request: HttpRequest) -> str:
    token: str = request.roster_token  # type: ignore[attr-defined]
    return token
