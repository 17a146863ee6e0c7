"""Taking a list in, first screen: choose a file or paste the addresses. It is put aside; nothing is taken in yet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.errors import UploadError
from newsletter.lists import uploads
from newsletter.web.desk.access import TAKE_IN, account_of, for_staff
from subscribers.errors import ImportFileError

log = logging.getLogger(__name__)

# The form around the file; a file that is a little too large gets the form back with a kind answer.
LARGEST_REQUEST = uploads.LARGEST + 2 * 2**20
PASTED_TOO_LONG = "貼り付けた文字が多すぎます（約1MBまで）。CSVか.xlsxのファイルにして、上で選んでください。"
WITH_ZEROS = "貼り付けた文字に、文字ではない符号（NUL）が入っています。元の表かメールから、もう一度コピーしてください。"
CHOOSE_ONE = "ファイルを選ぶか、宛先を貼り付けてください。"
CHOOSE_ONLY_ONE = "ファイルと貼り付けの両方があります。どちらか1つにしてください。"


class UploadForm(forms.Form):
    """A file, or pasted text."""

    file = forms.FileField(
        label="名簿のファイル",
        required=False,
        allow_empty_file=True,  # the reader says it better
        help_text="Excelの .xlsx か CSV（コンマ・タブ・セミコロン区切り、UTF-8・Shift_JIS・EUC-JP・JIS・UTF-16）。"
        f"{uploads.LARGEST // 2**20}MBまで。",
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    text = forms.CharField(
        label="宛先を貼り付ける",
        required=False,
        strip=False,
        error_messages={"null_characters_not_allowed": WITH_ZEROS},
        help_text="メールの宛先欄、Excelの表、1行に1件の一覧などを、そのまま貼り付けられます。",
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = dict(super().clean() or {})
        upload, text = given.get("file"), given.get("text", "").strip()
        if self.errors:
            return given
        if not upload and not text:
            raise forms.ValidationError(CHOOSE_ONE)
        if upload and text:
            raise forms.ValidationError(CHOOSE_ONLY_ONE)
        if upload and upload.size > uploads.LARGEST:
            self.add_error("file", uploads.TOO_LARGE)
        return given


def bounded(page: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Look at the size before anything reads the upload: Django's own CSRF check would take in all of it first."""

    @wraps(page)
    @csrf_exempt
    def with_limit(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method != "POST":
            return page(request, *args, **kwargs)
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        if length.isdigit() and int(length) > LARGEST_REQUEST:
            return _refused(request, "file", uploads.TOO_LARGE, 413)
        try:
            request.POST  # noqa: B018  read here, where its size can be answered in words
        except RequestDataTooBig:
            return _refused(request, "text", PASTED_TOO_LONG, 413)
        except UnreadablePostError:  # the browser hung up
            raise
        except OSError as error:  # Django puts large files aside first
            log.exception("an upload could not be put aside")
            _close_uploads(request)
            return _refused(request, "file", uploads.words_of(error), 503)
        return csrf_protect(page)(request, *args, **kwargs)

    return with_limit


def _close_uploads(request: HttpRequest) -> None:
    """What Django had put aside so far goes at once."""
    for handler in request.upload_handlers:
        file = getattr(handler, "file", None)
        with suppress(OSError):  # its buffer finds no room either
            if file:
                file.close()


@for_staff(TAKE_IN)
@bounded
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """The form; a POST puts the list aside and goes on to its columns."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            kept = _keep(request, form)
            return redirect("desk_list_columns", kept.key)
        except ImportFileError as error:
            form.add_error("file" if form.cleaned_data["file"] else "text", str(error))
    return _page(request, form, 422 if form.errors else 200)


@for_staff(TAKE_IN)
@require_POST
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Throw a list away that was put aside."""
    try:
        uploads.discard(uploads.find(account_of(request).pk, key, timezone.now()))
        messages.success(request, "お預かりしていた名簿を消しました。購読者の登録は、何も変わっていません。")
    except UploadError as error:
        messages.error(request, str(error))
    return redirect("desk_list_upload")


def _keep(request: HttpRequest, form: UploadForm) -> uploads.Upload:
    owner, now, file = account_of(request).pk, timezone.now(), form.cleaned_data["file"]
    if file:
        return uploads.keep_file(owner, file.name, file.chunks(), now)
    return uploads.keep_text(owner, form.cleaned_data["text"], now)


def _page(request: HttpRequest, form: UploadForm, status: int) -> HttpResponse:
    waiting: list[uploads.Upload] = []
    try:
        waiting = uploads.of(account_of(request).pk, timezone.now())
    except OSError as error:
        log.exception("the place of uploaded lists cannot be used")
        if not form.errors:
            messages.error(request, uploads.words_of(error))
    return render(request, "desk/list_upload.html", {"form": form, "waiting": waiting}, status=status)


def _refused(request: HttpRequest, field: str, words: str, status: int) -> HttpResponse:
    form = UploadForm({})
    form.errors.clear()
    form.add_error(field, words)
    return _page(request, form, status)
