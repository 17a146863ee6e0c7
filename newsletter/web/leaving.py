"""Leaving and coming back: one address for the page, its buttons and the mail program's own button.

A goodbye is taken at once, also while the ledger cannot be written (departures.py); the page then says that it was
taken. GET and HEAD change nothing, and no cookie is needed: nobody makes a request to it who does not hold the link.
"""

from __future__ import annotations

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter import departures, letters, links
from newsletter.errors import LinkError
from newsletter.links import ReaderLink
from newsletter.web import language, limits
from newsletter.web.patience import patient, said_without_database, step
from newsletter.web.reader_pages import detail_of, own_links, problem, send, wake_letters
from subscribers import signup
from subscribers.addresses import masked
from subscribers.errors import UnknownSubscriberError
from subscribers.models import Subscriber

ONE_CLICK = "One-Click"  # RFC 8058 3.1
PRESSED, DAY = 10, 24 * 60 * 60  # buttons that bring a person back; leaving is never refused
TOO_OFTEN = gettext_lazy(
    "このページの操作が、短いあいだに何度も続いています。お手数ですが、明日もう一度お試しになるか、事務局へご連絡ください。"
)
BACK = ("come_back", "monthly_only", "text_only", "wrong_person", "pause")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@patient
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One address for the page (GET), its buttons (POST) and the mail program's own button (RFC 8058 POST)."""
    try:
        link = links.read_unsubscribe(token)
    except LinkError as error:
        return problem(request, str(error), 404)
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == ONE_CLICK:
        is_entered = _leave(request, link, "one_click")
        said = "配信を停止しました。\n" if is_entered else "配信の停止を受け付けました。\n"
        return HttpResponse(said, content_type="text/plain; charset=utf-8")
    if request.method == "POST" and request.POST.get("action") == "leave":
        _leave(request, link, "page")
        return redirect(language.carried(request, request.path))
    try:
        subscriber = Subscriber.objects.filter(key=link.subscriber_key).first()
        return _act(request, link, subscriber) if request.method == "POST" else _page(request, link, subscriber)
    except Error:
        if request.method == "POST" or not departures.is_waiting(link.subscriber_key):
            raise
        # Not even reading is possible, but the goodbye is safe.
        return said_without_database(
            _("配信の停止を受け付けました"),
            _("今後、このリンクの宛先にはお届けしません。このページは閉じてかまいません。"),
        )


def _page(request: HttpRequest, link: ReaderLink, subscriber: Subscriber | None) -> HttpResponse:
    if subscriber is not None:
        language.speak(request, subscriber.language)
        departures.seen(subscriber)
    now = timezone.now()
    context = {
        "subscriber": subscriber,
        "address": masked(subscriber.address) if subscriber else "",
        "is_waiting": departures.is_waiting(link.subscriber_key),
        "may_come_back": subscriber is not None and signup.may_come_back(subscriber, now),
        "is_back": request.GET.get("back") == "1",
        "pauses": subscriber is not None and signup.pauses(subscriber, now),
        "within": signup.COME_BACK_WITHIN.days,
    }
    return render(request, "public/unsubscribe.html", context | own_links(request, subscriber))


def _act(request: HttpRequest, link: ReaderLink, subscriber: Subscriber | None) -> HttpResponse:
    """A button of the page other than the one that leaves."""
    if subscriber is not None:
        language.speak(request, subscriber.language)
    action = request.POST.get("action")
    if action not in BACK:
        return redirect(language.carried(request, request.path))
    if not limits.allow("come-back", link.subscriber_key, PRESSED, DAY) or not _may_return(subscriber):
        return problem(request, str(TOO_OFTEN), 429)
    try:
        with step():
            _come_back(link, action, limits.client_address(request))
    except UnknownSubscriberError as error:
        return problem(request, str(error), 410)
    return redirect(language.carried(request, f"{request.path}?back=1"))


def _may_return(subscriber: Subscriber | None) -> bool:
    """A return that the owner of the mailbox could not be told of is none: they would believe what was told last."""
    if subscriber is None or departures.seen(subscriber).state != Subscriber.State.LEFT:
        return True
    return letters.may_tell_of_return(subscriber, timezone.now())


def _come_back(link: ReaderLink, action: str, source: str) -> None:
    """As the button says; the goodbye that it undoes is entered first, if it waits."""
    now = timezone.now()
    departures.settle(link.subscriber_key, now)
    detail = detail_of(link) | ({"why": "wrong_person"} if action == "wrong_person" else {})
    if action == "pause":
        subscriber = signup.pause(link.subscriber_key, source, now, detail)
    else:
        text_only, only_monthly = action == "text_only", action == "monthly_only"
        subscriber = signup.come_back(
            link.subscriber_key, source, now, text_only=text_only, only_monthly=only_monthly, detail=detail
        )
    if subscriber.confirmed_at == now:
        # Whoever pressed the button: the owner of the mailbox gets to know.
        send(letters.send_restored if action == "wrong_person" else letters.send_resumed, subscriber)


def _leave(request: HttpRequest, link: ReaderLink, how: str) -> bool:
    """Whether the goodbye stands in the ledger already; else it waits."""
    detail = {"how": how, **detail_of(link)}
    is_entered = departures.leave(link.subscriber_key, limits.client_address(request), timezone.now(), detail)
    if is_entered:
        wake_letters()
    return is_entered
