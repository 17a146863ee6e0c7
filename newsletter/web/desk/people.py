"""Look somebody up. What was asked comes by POST: an address must not stand in the address of a page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from newsletter import erasures
from newsletter.web.desk.access import SEE_READERS, for_staff
from subscribers import consent, finding, suppression
from subscribers.addresses import fingerprint, read_address
from subscribers.errors import AddressError
from subscribers.models import Subscriber

PER_PAGE = 50
LONGEST = 254


@for_staff(SEE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The form and, after a POST, fifty of those who were found."""
    page: dict[str, object] = {"longest": LONGEST, "searched": False, "text": ""}
    if request.method == "POST":
        text = " ".join(request.POST.get("text", "").replace("\x00", " ").split())[:LONGEST]
        page |= _found(text, _number(request.POST.get("page", ""))) if text else {"is_empty": True}
    return render(request, "desk/people.html", page)


def _found(text: str, number: int) -> dict[str, object]:
    start = (number - 1) * PER_PAGE
    people = list(finding.find(text)[start : start + PER_PAGE + 1])
    stopped = suppression.reasons([person.fingerprint for person in people])
    return {
        "text": text,
        "searched": True,
        "people": [(person, stopped.get(person.fingerprint)) for person in people[:PER_PAGE]],
        "number": number,
        "first": start + 1,
        "last": start + min(len(people), PER_PAGE),
        "previous": number - 1,
        "next": number + 1 if len(people) > PER_PAGE else None,
        "unregistered": None if number > 1 else _unregistered(text),
    }


def _unregistered(text: str) -> dict[str, object] | None:
    """An address without an entry has a page as well: there may be a ledger, or something to be stopped."""
    try:
        mark = fingerprint(read_address(text).key, settings.FINGERPRINT_KEY)
    except AddressError:
        return None
    if Subscriber.objects.filter(fingerprint=mark).exists():
        return None
    known = suppression.is_suppressed(mark) or consent.history(mark).exists() or erasures.is_elsewhere(mark)
    return {"mark": mark, "known": known}


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
