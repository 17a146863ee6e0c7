"""The public pages: sign up, confirm, choose. Leaving and coming back: leaving.py.

GET and HEAD change nothing, for scanners follow every link of a mail. A page says the same whether or not an address
is known. The pages behind a signed link need no cookie: nobody can make a request to them who does not hold the link.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from newsletter import departures, editions, letters, links, profile
from newsletter.errors import LinkError
from newsletter.links import ConfirmLink, ReaderLink
from newsletter.mail.providers import mailbox
from newsletter.web import language, limits
from newsletter.web.patience import patient, step
from newsletter.web.public_forms import PreferencesForm, SignupForm, initial_of, places
from newsletter.web.reader_pages import detail_of, own_links, problem, send, status_of, subscriber_of, wake_letters
from subscribers import signup, suppression
from subscribers.addresses import masked
from subscribers.errors import UnknownSubscriberError
from subscribers.models import Subscriber

HOUR, DAY = 60 * 60, 24 * 60 * 60
# A whole city hall may stand behind one address of its proxy.
REQUESTS_PER_SOURCE = 60  # an hour
REQUESTS_PER_ADDRESS = 3  # a day
LATEST = 3


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
@patient
def subscribe(request: HttpRequest) -> HttpResponse:
    """The sign-up form."""
    association = language.association()
    if association is None:
        return problem(request, _("ただいま準備中です。しばらくたってから、もう一度お越しください。"), 503)
    form = SignupForm(request.POST if request.method == "POST" else None, association=association)
    if form.is_bound and form.is_valid():
        if form.questions:
            form = form.asked_again()
        else:
            taken = _request(form, limits.client_address(request))
            return redirect(language.carried_on(request, reverse("subscribed"))) if taken else _full_hour(request)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "public/subscribe.html", {"form": form, "places": places()}, status=status)


def _request(form: SignupForm, source: str) -> bool:
    """Note the request and send one letter, whoever it is; False when too many have come from this source.

    Above the limit of the address nothing happens, and nobody is told: the answer would betray that somebody asked.
    """
    address = form.cleaned_data["email"]
    now = timezone.now()
    with step():
        # Counted inside: a count that cannot be written says no, and somebody would hear of a full hour that was none.
        if not limits.allow("subscribe-source", source, REQUESTS_PER_SOURCE, HOUR):
            return False
        if not limits.allow("subscribe-address", mailbox(address.key), REQUESTS_PER_ADDRESS, DAY):
            return True
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
            spoken, request = form.preferences.language, asked.request.pk
            letters.send_confirmation(asked.subscriber, now, language=spoken, request=request)
        wake_letters()
    return True


def _full_hour(request: HttpRequest) -> HttpResponse:
    """Whoever stands behind a source of many requests is told so: it says nothing about any address."""
    answer = render(request, "public/full_hour.html", {"most": REQUESTS_PER_SOURCE}, status=429)
    answer["Retry-After"] = str(HOUR)  # RFC 6585 4
    return answer


@require_safe
def subscribed(request: HttpRequest) -> HttpResponse:
    """「メールをご確認ください」, the same for everybody."""
    return render(
        request, "public/subscribed.html", {"days": signup.UNCONFIRMED_FOR.days, "most": REQUESTS_PER_ADDRESS}
    )


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@patient
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the confirmation letter: a page with one button."""
    try:
        link = links.read_confirm(token)
        subscriber = subscriber_of(request, link.subscriber_key, signup.EXPIRED)
        if request.method == "POST":
            with step():
                _confirm(link, limits.client_address(request))
            return redirect(language.carried(request, request.path))
    except (LinkError, UnknownSubscriberError) as error:
        return problem(request, str(error), status_of(error))
    is_done = subscriber.is_active and not suppression.is_suppressed(subscriber.fingerprint)
    context = {"is_done": is_done, "address": masked(subscriber.address)}
    return render(request, "public/confirm.html", context | own_links(request, subscriber))


def _confirm(link: ConfirmLink, source: str) -> None:
    now = timezone.now()
    departures.settle(link.subscriber_key, now)
    subscriber = signup.confirm(link.subscriber_key, source, now, request=link.request, sent_at=link.sent_at)
    if subscriber.confirmed_at == now:
        send(letters.send_welcome, subscriber)


# ------------------------------------------------------------ choosing
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@patient
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """A reader's own choices."""
    try:
        link = links.read_preferences(token)
        subscriber = subscriber_of(request, link.subscriber_key, signup.NOT_THERE)
        if subscriber.state == Subscriber.State.LEFT:
            return problem(
                request, _("この購読は停止されています。お読みになるには、もう一度お申し込みください。"), 410
            )
        if request.POST.get("action") in ("pause", "end_pause") and subscriber.is_active:
            return _pause(request, link)
        form = PreferencesForm(
            request.POST if request.method == "POST" else None,
            association=profile.current().in_language(language.spoken()),
            initial=initial_of(signup.preferences_of(subscriber)),
        )
        if form.is_bound and form.is_valid():
            source, now = limits.client_address(request), timezone.now()
            with step():
                signup.change_preferences(link.subscriber_key, form.preferences, source, now, detail_of(link))
            saved = f"{request.path}?saved=1"
            # A language just chosen is the answer to the address that asked for another.
            return redirect(saved if "language" in form.changed_data else language.carried(request, saved))
    except (LinkError, UnknownSubscriberError) as error:
        return problem(request, str(error), status_of(error))
    context = {
        "form": form,
        "places": places(),
        "address": masked(subscriber.address),
        "is_saved": request.GET.get("saved") == "1" and not form.is_bound,
        "subscriber": subscriber,
        "pauses": signup.pauses(subscriber, timezone.now()),
    }
    status = 422 if form.is_bound else 200
    return render(request, "public/preferences.html", context | own_links(request, subscriber), status=status)


def _pause(request: HttpRequest, link: ReaderLink) -> HttpResponse:
    change = signup.pause if request.POST["action"] == "pause" else signup.end_pause
    with step():
        change(link.subscriber_key, limits.client_address(request), timezone.now(), detail_of(link))
    return redirect(language.carried(request, f"{request.path}#pause"))
