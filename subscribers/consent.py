"""The consent ledger: one dated line for every step a person took, or that somebody took for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import QuerySet

from subscribers.models import ConsentEvent, Subscriber


def record(
    subscriber: Subscriber,
    kind: ConsentEvent.Kind,
    now: datetime,
    *,
    basis: str = "",
    wording: str = "",
    source: str | None = None,
    operator: str = "",
    detail: Mapping[str, object] | None = None,
) -> ConsentEvent:
    """Add a line about `subscriber`; `source` is the network address the request came from."""
    return ConsentEvent.objects.create(
        subscriber=subscriber,
        fingerprint=subscriber.fingerprint,
        kind=kind,
        basis=basis,
        wording=wording,
        source=source or None,
        operator=operator,
        detail=dict(detail or {}),
        at=now,
    )


def record_fingerprint(
    fingerprint: str,
    kind: ConsentEvent.Kind,
    now: datetime,
    *,
    operator: str = "",
    detail: Mapping[str, object] | None = None,
) -> ConsentEvent:
    """Add a line about an address of which we may know nothing but the fingerprint."""
    subscriber = Subscriber.objects.filter(fingerprint=fingerprint).first()
    return ConsentEvent.objects.create(
        subscriber=subscriber,
        fingerprint=fingerprint,
        kind=kind,
        operator=operator,
        detail=dict(detail or {}),
        at=now,
    )


def history(fingerprint: str) -> QuerySet[ConsentEvent]:
    """Everything that happened to this address, oldest first, also from before an erasure."""
    return ConsentEvent.objects.filter(fingerprint=fingerprint).order_by("at", "pk")


def was_requested_since(fingerprint: str, moment: datetime) -> bool:
    """Whether the person asked for the e-news at or after `moment`."""
    return ConsentEvent.objects.filter(
        fingerprint=fingerprint, kind=ConsentEvent.Kind.REQUESTED, at__gte=moment
    ).exists()


def last_request(fingerprint: str) -> ConsentEvent | None:
    """The newest request for the e-news from this address, or None."""
    requests = ConsentEvent.objects.filter(fingerprint=fingerprint, kind=ConsentEvent.Kind.REQUESTED)
    return requests.order_by("-at", "-pk").first()


def forget_asked(before: datetime) -> int:
    """Take the wishes out of old requests: they were applied on confirmation, or nobody confirmed."""
    requests = ConsentEvent.objects.filter(kind=ConsentEvent.Kind.REQUESTED, at__lt=before)
    return requests.filter(detail__has_key="asked").update(detail={})


def make_anonymous(fingerprints: list[str]) -> int:
    """Take out of the ledger what could name a person; that and when something happened stays.

    個人情報保護法22条: what is no longer needed is erased. The lines themselves prove that we acted lawfully.
    """
    return ConsentEvent.objects.filter(fingerprint__in=fingerprints).update(source=None, detail={})
