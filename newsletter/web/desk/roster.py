"""宛先の確認 at the desk: the board of all members, and the steps of a round, each asked before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds.japanese_dates import DateError, read_date
from newsletter import tasks
from newsletter.errors import RosterError
from newsletter.models import RosterRound, RosterSheet
from newsletter.roster import board as boards
from newsletter.roster import rounds
from newsletter.roster.rounds import Posted
from newsletter.web.desk.access import SEE_READERS, TAKE_IN, for_staff, name_of


@dataclass(frozen=True, slots=True)
class Question:
    """A step of the round, as the page asks about it before it is done."""

    title: str
    words: str
    button: str
    is_dangerous: bool = False
    offers_link_only: bool = False
    posted: Posted | None = None  # whom letters go to


@for_staff(SEE_READERS)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Where every member stands."""
    round_, now = _current(), timezone.now()
    rows = boards.board(round_, timezone.localdate(now)) if round_ else []
    page = {
        "round": round_,
        "rows": rows,
        "totals": boards.totals(rows),
        "unsent": sum(row.standing is boards.Standing.UNSENT for row in rows),
        "silent": len(rounds.silent(round_, now)) if round_ else 0,
        "is_over": round_ is not None and round_.is_over(timezone.localdate(now)),
        "next_year": timezone.localdate(now).year + (0 if timezone.localdate(now).month < 3 else 1),
    }
    return render(request, "desk/roster.html", page)


@for_staff(TAKE_IN)
@require_POST
def open_round(request: HttpRequest) -> HttpResponse:
    """Begin a round, or give the open one another deadline."""
    year = request.POST.get("year", "").strip()
    try:
        deadline = read_date(request.POST.get("deadline", ""))
        number = int(year) if year.isascii() and year.isdigit() and len(year) < 6 else 0
        opened, is_new = rounds.open_round(number, deadline, name_of(request), timezone.now())
    except (DateError, RosterError) as error:
        messages.error(request, str(error))
    else:
        words = "を始めました。まだ送っていません。" if is_new else "の期限を改めました。"
        messages.success(request, f"{opened}{words}")
    return redirect("desk_roster")


@for_staff(TAKE_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest) -> HttpResponse:
    """Ask to whom the question goes, and send it."""
    link_only = "link_only" in request.POST
    words = "まだ送っていない会員のご担当に、確認ページのリンクとExcelの様式を送ります。"
    question = Question("宛先の確認を送る", words, "この方々に送る", offers_link_only=True)
    return _post(
        request, question, rounds.unsent, lambda sheets: rounds.send(sheets, timezone.now(), link_only=link_only)
    )


@for_staff(TAKE_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def remind(request: HttpRequest) -> HttpResponse:
    """Ask who is reminded, and remind them."""
    words = "送ってから回答のない会員のご担当に、もう一度お願いします（20時間以内に送った会員は除きます）。"
    question = Question("回答のない会員に督促する", words, "この方々に督促する")
    return _post(
        request, question, lambda round_: rounds.silent(round_, timezone.now()),
        lambda sheets: rounds.remind(sheets, timezone.now()),
    )  # fmt: skip


@for_staff(TAKE_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """Ask, naming the answers that were not applied, and end the round."""
    round_ = _current()
    if round_ is None or round_.closed_at is not None:
        return redirect("desk_roster")
    if request.method == "POST":
        try:
            messages.success(request, f"{rounds.close(round_, name_of(request), timezone.now())}を締めました。")
        except RosterError as error:
            messages.error(request, str(error))
        return redirect("desk_roster")
    rows = boards.board(round_, timezone.localdate())
    waiting = "、".join(row.member.name for row in rows if row.standing is boards.Standing.ANSWERED)
    words = "リンクは使えなくなり、反映しなかった回答の内容は消えます。元に戻せません。"
    if waiting:
        words += f"まだ反映していない回答があります：{waiting}"
    question = Question(f"{round_}を締める", words, "締める", is_dangerous=True)
    return render(request, "desk/roster_question.html", {"question": question, "round": round_})


# ------------------------------------------------------------ what they share
def _post(
    request: HttpRequest,
    question: Question,
    due: Callable[[RosterRound], list[RosterSheet]],
    post: Callable[[list[RosterSheet]], Posted],
) -> HttpResponse:
    round_ = _current()
    if round_ is None or round_.closed_at is not None:
        return redirect("desk_roster")
    sheets = due(round_)
    if request.method != "POST":
        asked = Question(
            question.title, question.words, question.button, offers_link_only=question.offers_link_only,
            posted=rounds.contributors_of(sheets),
        )  # fmt: skip
        return render(request, "desk/roster_question.html", {"question": asked, "round": round_})
    try:
        with transaction.atomic():
            posted = post(sheets)
            transaction.on_commit(tasks.wake_letters, robust=True)
        messages.success(request, f"{len(posted.contributors)}人にメールを送ります。")
    except RosterError as error:
        messages.error(request, str(error))
    return redirect("desk_roster")


def _current() -> RosterRound | None:
    try:
        return rounds.current()
    except RosterError:
        return None
