"""One member's 宛先の確認 at the desk: its people, its answers, what applying would do, applying it, taking it back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from feeds.models import Member
from newsletter import tasks
from newsletter.errors import NewsletterError, RosterError
from newsletter.mail.attachments import XLSX
from newsletter.models import RosterAnswer, RosterSheet
from newsletter.roster import answers, applying, files, people, returned, rounds
from newsletter.web.desk.access import SEE_READERS, STOP_READERS, TAKE_IN, for_staff, name_of
from subscribers.errors import ImportFileError, SubscribersError

LARGEST_FILE = 5 * 1024 * 1024  # bytes


@for_staff(SEE_READERS)
@require_safe
def member(request: HttpRequest, key: str) -> HttpResponse:
    """The member's people and answers, and row by row what applying the newest would do."""
    sheet = _sheet(key)
    last, now = answers.latest(sheet), timezone.now()
    is_applied = last is not None and applying.is_applied(last)
    page = {
        "sheet": sheet,
        "people": people.people(people.lines(sheet)),
        "private": people.private_readers(sheet.member),
        "link": "" if sheet.round.is_over(timezone.localdate(now)) else rounds.link(sheet),
        "answers": [_told(answer) for answer in sheet.answers.select_related("import_run").order_by("-pk")],
        "last": last,
        "plan": applying.plan(last, now) if last is not None and last.entries and not is_applied else None,
        "is_applied": is_applied,
    }
    return render(request, "desk/roster_member.html", page)


@for_staff(TAKE_IN, STOP_READERS)
@require_POST
def apply(request: HttpRequest, key: str) -> HttpResponse:
    """Apply the answer that the page showed, in this person's name."""
    sheet = _sheet(key)
    try:
        with transaction.atomic():
            done = applying.apply(_answer(sheet, request), name_of(request), timezone.now())
            transaction.on_commit(tasks.wake_letters, robust=True)
        told = f"登録 {done.added}件、更新 {done.updated}件、外した方 {done.departed}件、拒否 {done.refused}件"
        messages.success(request, f"反映しました。{told}（取込 {done.run.pk}）。")
    except (NewsletterError, SubscribersError) as error:
        messages.error(request, str(error))
    return redirect("desk_roster_member", key=key)


@for_staff(TAKE_IN, STOP_READERS)
@require_POST
def take_back(request: HttpRequest, key: str) -> HttpResponse:
    """Take an application back."""
    sheet = _sheet(key)
    try:
        applying.take_back(_answer(sheet, request), name_of(request), timezone.now())
        messages.success(request, "反映を取り消し、名簿と投稿のご担当を前に戻しました。")
    except (NewsletterError, SubscribersError) as error:
        messages.error(request, str(error))
    return redirect("desk_roster_member", key=key)


@for_staff(TAKE_IN)
@require_POST
def take_in(request: HttpRequest, key: str) -> HttpResponse:
    """An Excel form that came by mail, as the member's answer; all of it or nothing."""
    sheet, upload = _sheet(key), request.FILES.get("file")
    try:
        if not isinstance(upload, UploadedFile) or (upload.size or 0) > LARGEST_FILE:
            raise RosterError("Excelのファイル（5MBまで）を選んでください。")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "お預かりしたファイル"
            path.write_bytes(upload.read())
            back = returned.read(path, sheet)
        if back.problems:
            raise RosterError(
                "何も受け付けていません。次のところを会員に確かめてください。\n" + "\n".join(back.problems)
            )
        respondent = answers.Respondent(back.filled.by_name[:100], back.filled.by_department[:200])
        with transaction.atomic():
            answers.receive(sheet, back.entries, respondent, RosterAnswer.Door.EXCEL, timezone.now())
            transaction.on_commit(tasks.wake_letters, robust=True)
        messages.success(request, f"回答として受け付けました：{answers.summary(back.entries)}。まだ反映していません。")
    except (NewsletterError, ImportFileError) as error:
        messages.error(request, str(error))
    return redirect("desk_roster_member", key=key)


@for_staff(SEE_READERS)
@require_safe
def form_file(_request: HttpRequest, key: str) -> HttpResponse:
    """The member's Excel form, to be handed out by the office."""
    sheet = _sheet(key)
    name = f"宛先の確認_{sheet.round.year}年度_{sheet.member.name}.xlsx"
    response = HttpResponse(files.form_of(sheet), content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _told(answer: RosterAnswer) -> dict[str, object]:
    summary = answers.summary(answers.entries_of(answer))
    return {"answer": answer, "summary": summary, "is_applied": applying.is_applied(answer)}


def _sheet(key: str) -> RosterSheet:
    try:
        return rounds.sheet_of(Member.objects.get(key=key))
    except (Member.DoesNotExist, RosterError) as error:
        raise Http404 from error


def _answer(sheet: RosterSheet, request: HttpRequest) -> RosterAnswer:
    number = request.POST.get("answer", "")
    known = number.isascii() and number.isdigit() and len(number) < 16
    answer = sheet.answers.select_related("import_run").filter(pk=int(number)).first() if known else None
    if answer is None:
        raise RosterError("どの回答か分かりません。もう一度、ボタンを押してください。")
    return answer
