"""The list of readers as a file: .xlsx, CSV in UTF-8 or CP932; what CP932 cannot hold is shown before it is written."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from newsletter import wishes
from newsletter.lists import uploads
from newsletter.web.desk.access import SEE_READERS, account_of, called, for_staff
from subscribers import exporter
from subscribers.audience import readers
from subscribers.exporter import Exported
from subscribers.models import Subscriber

log = logging.getLogger(__name__)

MOST_SHOWN = 200  # characters that CP932 cannot hold, by place
MOST_ROWS = {"xlsx": 50_000, "utf-8": 300_000, "cp932": 150_000}  # what is written while somebody waits
RECENT = 10
TAKEN_OUT = "名簿の書き出し"  # what the log of the office calls it


@dataclass(frozen=True, slots=True)
class Form:
    """One form of the file."""

    ending: str
    encoding: str
    words: str


FORMS = {
    "xlsx": Form(".xlsx", "utf-8-sig", "Excel（.xlsx）。どの文字もそのまま書けます"),
    "utf-8": Form(".csv", "utf-8-sig", "CSV（UTF-8、BOM付き）。どの文字もそのまま書けます"),
    "cp932": Form(".csv", "cp932", "CSV（Shift_JIS）。古いソフト向けです。書けない文字があれば、先にお知らせします"),
}


class ExportForm(forms.Form):
    """Which form, and who."""

    kind = forms.ChoiceField(
        label="形式",
        choices=[(key, form.words) for key, form in FORMS.items()],
        widget=forms.RadioSelect,
        initial="xlsx",
    )
    everybody = forms.ChoiceField(
        label="書き出す方",
        choices=[
            ("", "配信してよい方だけ（お休み中の方も、いつまでかを付けて書きます）"),
            ("yes", "全員（確認待ち・解除済み・停止中の方も、状態を付けて書きます）"),
        ],
        widget=forms.RadioSelect,
        required=False,
        initial="",
    )

    def clean(self) -> dict[str, Any]:
        chosen = dict(super().clean() or {})
        kind = chosen.get("kind", "")
        if kind and _people(bool(chosen.get("everybody"))).count() > MOST_ROWS[kind]:
            raise forms.ValidationError(
                f"{MOST_ROWS[kind]:,}人を超える名簿は、この画面ではこの形式で書き出せません。CSV（UTF-8）を選ぶか、"
                "newsletter subscribers export（コマンド）を使ってください。"
            )
        return chosen


@for_staff(SEE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """The form; a POST answers with the file, or says first which characters would be lost."""
    form = ExportForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, form, status=422 if form.errors else 200)
    try:
        return _written(request, form)
    except OSError as error:  # the disk is full, or may not be written
        log.exception("the list could not be written")
        form.add_error(None, f"書き出せませんでした。{uploads.words_of(error)}")
        return _page(request, form, status=503)


def _written(request: HttpRequest, form: ExportForm) -> HttpResponseBase:
    kind, everybody = form.cleaned_data["kind"], bool(form.cleaned_data["everybody"])
    is_sure = request.POST.get("sure") == "yes"
    with tempfile.TemporaryDirectory(dir=uploads.root()) as folder:
        file = Path(folder) / f"list{FORMS[kind].ending}"
        exported = exporter.export(
            file, encoding=FORMS[kind].encoding, everybody=everybody, lossy=is_sure,
            section_titles=wishes.section_titles(), pathway_labels=wishes.pathway_labels(),
        )  # fmt: skip
        if not is_sure and (exported.losses or exported.twins):
            return _page(request, form, exported)
        _record(request, kind, exported.rows, everybody)
        name = f"購読者名簿-{timezone.localdate():%Y%m%d}{FORMS[kind].ending}"
        # Opened before its name goes: the content is streamed, and nothing of it stays behind.
        return FileResponse(file.open("rb"), as_attachment=True, filename=name)


def _page(request: HttpRequest, form: ExportForm, exported: Exported | None = None, status: int = 200) -> HttpResponse:
    page: dict[str, object] = {
        "form": form, "readers": readers().count(), "everybody": Subscriber.objects.count(), "recent": _recent(),
    }  # fmt: skip
    if exported:
        page |= {
            "losses": exported.losses[:MOST_SHOWN],
            "more_losses": len(exported.losses[MOST_SHOWN:]),
            "twins": exported.twins[:MOST_SHOWN],
            "more_twins": len(exported.twins[MOST_SHOWN:]),
        }
    return render(request, "desk/list_export.html", page, status=status)


def _people(everybody: bool) -> QuerySet[Subscriber]:
    return Subscriber.objects.all() if everybody else readers()


def _record(request: HttpRequest, kind: str, rows: int, everybody: bool) -> None:
    """Who took the list out of the house, and when: 個人情報保護法23条 wants it to be under control."""
    who = "全員" if everybody else "配信してよい方"
    LogEntry.objects.create(
        user=account_of(request),
        content_type=ContentType.objects.get_for_model(Subscriber),
        object_repr=TAKEN_OUT,
        action_flag=CHANGE,
        change_message=f"{who} {rows:,}人、{FORMS[kind].words.partition('。')[0]}",
    )


def _recent() -> list[tuple[datetime, str, str]]:
    """When the list was last taken out, by whom, and what of it."""
    content_type = ContentType.objects.get_for_model(Subscriber)
    entries = LogEntry.objects.filter(content_type=content_type, object_id=None, object_repr=TAKEN_OUT)
    newest = entries.select_related("user").order_by("-action_time", "-pk")[:RECENT]
    return [(entry.action_time, called(entry.user), entry.change_message) for entry in newest]
