"""Taking a list in, third screen: what would become of each row, page by page; then why we may write to these people.

The same screen shows afterwards what did become of them.
"""

from __future__ import annotations

import logging
import tempfile
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from newsletter.errors import UploadError
from newsletter.lists import taking_in, trial_rows, uploads
from newsletter.lists.trial_rows import PER_PAGE, Counts
from newsletter.lists.uploads import Upload
from newsletter.web.desk.access import TAKE_IN, account_of, for_staff, name_of
from subscribers.errors import ImportFileError
from subscribers.models import ConsentEvent
from subscribers.planned import Grounds, Verdict

log = logging.getLogger(__name__)


class GroundsForm(forms.Form):
    """Why we may write to the people of this list: it goes into the ledger, for each of them."""

    basis = forms.ChoiceField(
        label="送ってよい根拠",
        choices=ConsentEvent.Basis.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "根拠を選んでください。"},
    )
    proof = forms.CharField(
        label="同意をどこで確かめられるか（証跡）",
        max_length=500,
        error_messages={"required": "同意の証跡（どこで確かめられるか）を書いてください。"},
        help_text="例: 2026年11月の首長会議の名刺（事務局の名刺フォルダ）。同意台帳に、お一人ずつ残ります。",
    )


class UploadPage(Protocol):
    """A page about one upload."""

    def __call__(self, request: HttpRequest, upload: Upload, /) -> HttpResponseBase: ...


def for_upload(page: UploadPage) -> Any:
    """Turn the key of the address into the person's own upload; what is gone leads back to the beginning."""

    @for_staff(TAKE_IN)
    @wraps(page)
    def with_upload(request: HttpRequest, key: str) -> HttpResponseBase:
        try:
            upload = uploads.find(account_of(request).pk, key, timezone.now())
        except UploadError as error:
            messages.error(request, str(error))
            return redirect("desk_list_upload")
        if not taking_in.is_tried(upload):
            return redirect("desk_list_columns", key)
        return page(request, upload)

    return with_upload


@for_upload
@require_safe
def rows(request: HttpRequest, upload: Upload) -> HttpResponse:
    """The verdicts, fifty to a page, all of them or those of one kind."""
    return _page(request, upload, GroundsForm())


@for_upload
@require_POST
def take_in(request: HttpRequest, upload: Upload) -> HttpResponseBase:
    """Take the list in, in the name of who is logged in."""
    form = GroundsForm(request.POST)
    if not form.is_valid():
        return _page(request, upload, form, 422)
    basis = ConsentEvent.Basis(form.cleaned_data["basis"])
    grounds = Grounds(basis, form.cleaned_data["proof"].strip(), name_of(request), upload.name)
    try:
        run = taking_in.take_in(upload, grounds, timezone.now())
        messages.success(request, f"「{upload.name}」を取り込みました（取込番号 {run.pk}）。")
    except (UploadError, ImportFileError) as error:
        messages.error(request, str(error))
    return redirect("desk_list_rows", upload.key)


@for_upload
@require_safe
def refused(request: HttpRequest, upload: Upload) -> HttpResponseBase:
    """The refused rows in the form of the list, to mend and bring again."""
    try:
        return _refused_file(upload)
    except OSError as error:  # the disk is full
        log.exception("the refused rows could not be written")
        messages.error(request, f"拒否した行を書き出せませんでした。{uploads.words_of(error)}")
        return redirect("desk_list_rows", upload.key)


def _refused_file(upload: Upload) -> FileResponse:
    stem, ending = Path(upload.name).stem, ".xlsx" if upload.form["kind"] == "xlsx" else ".csv"
    with tempfile.TemporaryDirectory(dir=upload.folder) as folder:
        file = Path(folder) / f"refused{ending}"
        taking_in.write_refused(upload, file)
        # Opened before its name goes: the content is streamed, and nothing of it stays behind.
        return FileResponse(file.open("rb"), as_attachment=True, filename=f"{stem}-拒否した行{ending}")


def _page(request: HttpRequest, upload: Upload, form: GroundsForm, status: int = 200) -> HttpResponse:
    file = taking_in.rows_file(upload)
    counts = trial_rows.counts(file)
    chosen = request.GET.get("verdict", "")
    verdict = Verdict(chosen) if chosen in list(Verdict) else None
    tabs = _tabs(counts)
    total = next(number for value, _, number in tabs if value == (verdict or ""))
    last = max(1, -(-total // PER_PAGE))
    number = _number(request.GET.get("page", ""), last)
    page = {
        "upload": upload, "counts": counts, "tabs": tabs, "verdict": verdict or "", "form": form,
        "lines": trial_rows.page(file, number, verdict), "number": number, "last": last,
        "query": f"verdict={verdict}&" if verdict else "",
    }  # fmt: skip
    return render(request, "desk/list_rows.html", page, status=status)


def _tabs(counts: Counts) -> list[tuple[str, str, int]]:
    """Verdict, its word, how many rows have it. Rows with a warning are among the added and the updated, too."""
    return [("", "すべて", counts.total)] + [
        (str(verdict), verdict.label, getattr(counts, str(verdict))) for verdict in Verdict
    ]


def _number(text: str, last: int) -> int:
    return min(max(1, int(text)), last) if text.isascii() and text.isdigit() and len(text) < 9 else 1
