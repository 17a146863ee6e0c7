"""The public pages: sign up, confirm, choose, leave, come back.

GET and HEAD change nothing, for scanners follow every link of a mail. A page says the same whether or not an address
is known. The pages behind a signed link need no cookie: nobody can make a request to them who does not hold the link.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from newsletter import editions, letters, links, profile, tasks
from newsletter.errors import LinkError, NewsletterError
from newsletter.links import ReaderLink
from newsletter.models import Letter
from newsletter.web import language, limits
from newsletter.web.public_forms import PreferencesForm, SignupForm, initial_of, places
from subscribers import signup, suppression
from subscribers.addresses import masked
from subscribers.errors import UnknownSubscriberError
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

log = logging.getLogger(__name__)

HOUR, DAY = 60 * 60, 24 * 60 * 60
# A whole city hall may stand behind one address of its proxy.
REQUESTS_PER_SOURCE = 60  # an hour
REQUESTS_PER_ADDRESS = 3  # a day
ONE_CLICK = "One-Click"  # RFC 8058 3.1
LATEST = 3
# on_commit(…, robust=True): when the queue of tasks is away the step stands, and the clock sends the letter later.


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, how to get it, and the newest back numbers."""
    newest: dict[int, object] = {}
    for edition in editions.published().defer("html", "text")[: LATEST * 4]:
        newest.setdefault(edition.issue_id, edition)
    return render(request, "public/home.html", {"editions": list(newest.values())[:LATEST]})


# ------------------------------------------------------------ signing up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """The sign-up form."""
    association = language.association()
    if association is None:
        return _problem(request, _("ただいま準備中です。しばらくたってから、もう一度お越しください。"), 503)
    form = SignupForm(request.POST if request.method == "POST" else None, association=association)
    if form.is_bound and form.is_valid():
        if form.questions:
            form = form.asked_again()
        else:
            _request(form, limits.client_address(request))
            return redirect(language.carried_on(request, reverse("subscribed")))
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "public/subscribe.html", {"form": form, "places": places()}, status=status)


def _request(form: SignupForm, source: str) -> None:
    """Note the request and send one letter, whoever it is; above the limits nothing happens, and nobody is told."""
    address = form.cleaned_data["email"]
    by_source = limits.allow("subscribe-source", source, REQUESTS_PER_SOURCE, HOUR)
    if not by_source or not limits.allow("subscribe-address", address.key, REQUESTS_PER_ADDRESS, DAY):
        return
    now = timezone.now()
    with transaction.atomic():
        asked = signup.request(
            signup.Fields(address, form.preferences),
            source=source,
            wording=form.cleaned_data["wording"],
            now=now,
            fingerprint_key=settings.FINGERPRINT_KEY,
        )
        if asked.kind is signup.Kind.ALREADY:
            letters.send_already_subscribed(asked.subscriber, now)
        else:
            letters.send_confirmation(asked.subscriber, now, language=form.preferences.language)
        transaction.on_commit(tasks.wake_letters, robust=True)


@require_safe
def subscribed(request: HttpRequest) -> HttpResponse:
    """「メールをご確認ください」, the same for everybody."""
    return render(request, "public/subscribed.html", {"days": signup.UNCONFIRMED_FOR.days})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the confirmation letter: a page with one button."""
    try:
        subscriber = _subscriber(request, links.read_confirm(token), signup.EXPIRED)
        if request.method == "POST":
            now = timezone.now()
            subscriber = signup.confirm(subscriber.key, limits.client_address(request), now)
            if subscriber.confirmed_at == now:
                _send(letters.send_welcome, subscriber)
            return redirect(language.carried(request, request.path))
    except (LinkError, UnknownSubscriberError) as error:
        return _problem(request, str(error), _status(error))
    is_done = subscriber.is_active and not suppression.is_suppressed(subscriber.fingerprint)
    context = {"is_done": is_done, "address": masked(subscriber.address)}
    return render(request, "public/confirm.html", context | _own_links(request, subscriber))


# ------------------------------------------------------------ leaving and coming back
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One address for the page (GET), its buttons (POST) and the mail program's own button (RFC 8058 POST)."""
    try:
        link = links.read_unsubscribe(token)
    except LinkError as error:
        return _problem(request, str(error), 404)
    if request.method == "POST" and request.POST.get("List-Unsubscribe") == ONE_CLICK:
        _leave(request, link, "one_click")
        return HttpResponse("配信を停止しました。\n", content_type="text/plain; charset=utf-8")
    subscriber = Subscriber.objects.filter(key=link.subscriber_key).first()
    if subscriber is not None:
        language.speak(request, subscriber.language)
    if request.method == "POST":
        return _act(request, link)
    context = {
        "subscriber": subscriber,
        "address": masked(subscriber.address) if subscriber else "",
        "may_come_back": subscriber is not None and signup.may_come_back(subscriber, timezone.now()),
        "is_back": request.GET.get("back") == "1",
        "pauses": subscriber is not None and signup.pauses(subscriber, timezone.now()),
        "within": signup.COME_BACK_WITHIN.days,
    }
    return render(request, "public/unsubscribe.html", context | _own_links(request, subscriber))


def _act(request: HttpRequest, link: ReaderLink) -> HttpResponse:
    """The button that was pressed on the page."""
    action = request.POST.get("action")
    if action == "leave":
        _leave(request, link, "page")
    elif action in ("come_back", "monthly_only", "text_only", "wrong_person", "pause"):
        detail = _detail(link) | ({"why": "wrong_person"} if action == "wrong_person" else {})
        now = timezone.now()
        try:
            source = limits.client_address(request)
            if action == "pause":
                subscriber = signup.pause(link.subscriber_key, source, now, detail)
            else:
                text_only, only_monthly = action == "text_only", action == "monthly_only"
                subscriber = signup.come_back(
                    link.subscriber_key, source, now, text_only=text_only, only_monthly=only_monthly, detail=detail
                )
        except UnknownSubscriberError as error:
            return _problem(request, str(error), 410)
        if subscriber.confirmed_at == now:
            # Whoever pressed the button: the owner of the mailbox gets to know.
            _send(letters.send_welcome, subscriber)
        return redirect(language.carried(request, f"{request.path}?back=1"))
    return redirect(language.carried(request, request.path))


def _leave(request: HttpRequest, link: ReaderLink, how: str) -> None:
    detail = {"how": how, **_detail(link)}
    try:
        departure = signup.leave(link.subscriber_key, limits.client_address(request), timezone.now(), detail)
    except UnknownSubscriberError:
        return  # erased: nothing is left to stop
    if departure.changed:
        _send(letters.send_goodbye, departure.subscriber)


def _detail(link: ReaderLink) -> dict[str, object]:
    return {"delivery": link.delivery_id} if link.delivery_id is not None else {}


# ------------------------------------------------------------ choosing
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """A reader's own choices."""
    try:
        link = links.read_preferences(token)
        subscriber = _subscriber(request, link.subscriber_key, signup.NOT_THERE)
        if request.POST.get("action") in ("pause", "end_pause") and subscriber.is_active:
            return _pause(request, link)
        form = PreferencesForm(
            request.POST if request.method == "POST" else None,
            association=profile.current().in_language(language.spoken()),
            initial=initial_of(signup.preferences_of(subscriber)),
        )
        if form.is_bound and form.is_valid():
            source, now = limits.client_address(request), timezone.now()
            signup.change_preferences(link.subscriber_key, form.preferences, source, now, _detail(link))
            saved = f"{request.path}?saved=1"
            # A language just chosen is the answer to the address that asked for another.
            return redirect(saved if "language" in form.changed_data else language.carried(request, saved))
    except (LinkError, UnknownSubscriberError) as error:
        return _problem(request, str(error), _status(error))
    if subscriber.state == Subscriber.State.LEFT:
        return _problem(request, _("この購読は停止されています。お読みになるには、もう一度お申し込みください。"), 410)
    context = {
        "form": form,
        "places": places(),
        "address": masked(subscriber.address),
        "is_saved": request.GET.get("saved") == "1" and not form.is_bound,
        "subscriber": subscriber,
        "pauses": signup.pauses(subscriber, timezone.now()),
    }
    status = 422 if form.is_bound else 200
    return render(request, "public/preferences.html", context | _own_links(request, subscriber), status=status)


def _pause(request: HttpRequest, link: ReaderLink) -> HttpResponse:
    step = signup.pause if request.POST["action"] == "pause" else signup.end_pause
    step(link.subscriber_key, limits.client_address(request), timezone.now(), _detail(link))
    return redirect(language.carried(request, f"{request.path}#pause"))


# ------------------------------------------------------------ what the pages share
def _subscriber(request: HttpRequest, key: str, words: StrPromise) -> Subscriber:
    """Whose page it is; from here on they are spoken to in their language."""
    subscriber = Subscriber.objects.filter(key=key).first()
    if subscriber is None:
        raise UnknownSubscriberError(words)
    language.speak(request, subscriber.language)
    return subscriber


def _own_links(request: HttpRequest, subscriber: Subscriber | None) -> dict[str, str]:
    if subscriber is None:
        return {}
    return {
        "unsubscribe_url": language.carried(request, links.unsubscribe_url(subscriber.key)),
        "preferences_url": language.carried(request, links.preferences_url(subscriber.key)),
    }


def _send(send: Callable[[Subscriber], Letter], subscriber: Subscriber) -> None:
    """Send a letter about a step that is done: if it cannot be made, the step still stands."""
    try:
        send(subscriber)
        transaction.on_commit(tasks.wake_letters, robust=True)
    except NewsletterError as error:
        log.warning("The letter after a step of subscriber %s could not be made: %s", subscriber.pk, error)


def _status(error: Exception) -> int:
    return 404 if str(error) == str(links.WRONG) else 410


def _problem(request: HttpRequest, message: str, status: int) -> HttpResponse:
    return render(request, "public/problem.html", {"message": message}, status=status)
