"""The lists that were taken in, and taking one back: asked first, with those named who would stay as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.web.desk.access import SEE_READERS, TAKE_IN, for_staff, name_of
from subscribers import undo as undoing
from subscribers.errors import ImportUndoError
from subscribers.fates import Fate, Undone
from subscribers.models import ConsentEvent, ImportRun
from subscribers.undo import UNDO_FOR

PER_PAGE = 50
MOST = 100_000  # people, as many as the desk takes in; more take longer than a page may
TOO_MANY = (
    "件数が多いので、この画面では取り消せません。newsletter subscribers undo-import {}（コマンド）で取り消せます。"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """One import as the list shows it."""

    run: ImportRun
    basis: str
    until: datetime  # it can be taken back
    is_open: bool


@for_staff(SEE_READERS)
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """All imports, newest first."""
    page = Paginator(ImportRun.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    return render(request, "desk/list_history.html", {"page": page, "imports": [_taken(run, now) for run in page]})


@for_staff(TAKE_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Say what taking it back would do; a POST does it."""
    run, now = get_object_or_404(ImportRun, pk=number), timezone.now()
    try:
        _check(run, now)
        if request.method == "POST":
            counts = undoing.undo(run, name_of(request), now)
            messages.success(request, f"取込 {run.pk}「{run.file}」を取り消しました。{_in_words(counts)}")
            return redirect("desk_list_history")
    except ImportUndoError as error:
        messages.error(request, str(error))
        return redirect("desk_list_history")
    wanted = request.GET.get("page", "")
    return _ask(request, run, int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 7 else 1, now)


def _check(run: ImportRun, now: datetime) -> None:
    undoing.undoable(run.pk, now)
    # Those in whom it changed nothing count, too: whoever came in by a list that was taken back goes with this one.
    if run.added + run.updated + run.same > MOST:
        raise ImportUndoError(TOO_MANY.format(run.pk))


def _ask(request: HttpRequest, run: ImportRun, number: int, now: datetime) -> HttpResponse:
    counts, kept = _looked_at(run, max(1, number))
    last = max(1, -(-counts[Fate.KEPT] // PER_PAGE))
    page = {
        "taken": _taken(run, now), "counts": {str(fate): counts[fate] for fate in Fate}, "kept": kept,
        "number": min(max(1, number), last), "last": last,
    }  # fmt: skip
    return render(request, "desk/list_undo.html", page)


def _looked_at(run: ImportRun, number: int) -> tuple[Counter[Fate], list[Undone]]:
    """How many people would come to which end, and one page of those who would stay."""
    counts: Counter[Fate] = Counter()
    kept: list[Undone] = []
    first, behind = (number - 1) * PER_PAGE, number * PER_PAGE
    for block in undoing.plan_undo(run):
        for row in block:
            if row.fate is Fate.KEPT and first <= counts[Fate.KEPT] < behind:
                kept.append(row)
            counts[row.fate] += 1
    return counts, kept


def _taken(run: ImportRun, now: datetime) -> Taken:
    until = run.at + UNDO_FOR
    return Taken(run, ConsentEvent.Basis(run.basis).label, until, run.undone_at is None and now <= until)


def _in_words(counts: Counter[Fate]) -> str:
    return (
        f"登録を取り消した方 {counts[Fate.REMOVED]:,}人、前の値に戻した方 {counts[Fate.RESTORED]:,}人、"
        f"そのままの方 {counts[Fate.KEPT]:,}人です。"
    )
