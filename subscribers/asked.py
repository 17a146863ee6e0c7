"""What was typed into the sign-up form: kept with the request until its own letter is confirmed, and only then entered.

Anybody can type somebody's address. So no request changes what another one said, and none changes an entry by itself.
It stands in the detail of its line in the ledger: that goes with the person, and with every unconfirmed request after
its 14 days (consent.make_anonymous, consent.forget_asked).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from subscribers import consent
from subscribers.models import ConsentEvent, Subscriber

CHOICES = ("format", "sections", "pathways", "only_monthly", "language")
TOLD = ("name", "organisation", "department", "municipality")
TO_THE_SECOND = timedelta(seconds=1)  # as exact as a link says when it was made


def kept(address: str, preferences: Mapping[str, Any]) -> dict[str, object]:
    """The detail of a request: `preferences` as signup.Preferences stores them, the address as it was spelled."""
    return {"asked": {**preferences, "address": address}}


def request_of_letter(fingerprint: str, request: int | None, sent_at: datetime | None) -> ConsentEvent | None:
    """The request that a confirmation letter was sent for.

    Letters of earlier versions name no request. Theirs is the last one when they were made (`sent_at`, to the second),
    never one that came later.
    """
    requests = ConsentEvent.objects.filter(fingerprint=fingerprint, kind=ConsentEvent.Kind.REQUESTED)
    if request is not None:
        return requests.filter(pk=request).first()
    if sent_at is not None:
        requests = requests.filter(at__lt=sent_at + TO_THE_SECOND)
    return consent.newest(requests)


def wishes(subscriber: Subscriber, request: ConsentEvent | None) -> dict[str, Any]:
    """What the confirmed request makes of the entry: field -> value."""
    asked: Mapping[str, Any] = (request.detail.get("asked") if request else None) or {}
    if subscriber.confirmed_at is None:
        # The entry still holds what the first request said, perhaps that of somebody else: nothing of it stays.
        return {field: asked[field] for field in (*CHOICES, *TOLD, "address") if field in asked}
    # An empty box of the sign-up form does not wipe out a name that we know.
    told = {field: asked[field] for field in TOLD if asked.get(field)}
    return {field: asked[field] for field in CHOICES if field in asked} | told
