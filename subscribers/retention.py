"""What the law wants kept is kept exactly so long, then it goes: the nightly tidying, with a dry run.

特定電子メール法 3条2項, 施行規則 4条: the record of consent is kept until a month after the last sending. The profile
says how many months after somebody left (13 by default); then the person's entry goes and their lines in the ledger
lose all that could name somebody. 個人情報保護法22条: what is not needed is not kept.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from subscribers import consent, signup, staging, suppression, undo
from subscribers.models import ConsentEvent, Subscriber

BLOCK = 500
LONGEST_MONTH = timedelta(days=31)  # never a day too short
KEPT_BITS = {4: 24, 6: 48}  # of a source address: a town hall or a quarter, not a desk


@dataclass(frozen=True, slots=True)
class Terms:
    """How long and how exactly the association keeps what proves consent; see the profile's [privacy] table."""

    evidence_months: int = 13  # after somebody left
    source: str = "cut"  # of the request, once confirmed: cut (without its last part), keep, remove


@dataclass(frozen=True, slots=True)
class Tidied:
    """How much of each kind went, or would go."""

    unconfirmed: int  # sign-ups that nobody confirmed within 14 days
    departed: int  # people who left so long ago that their consent need not be proved any more
    orphaned: int  # lines in the ledger of people who have no entry, as long ago
    sources: int  # source addresses cut or removed
    former_values: int  # what imports wrote over
    pauses: int  # pauses that are over
    stages: int  # lists whose import was cut off, and nobody went on with

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(asdict(self).values())


def look(now: datetime, terms: Terms) -> Tidied:
    """What tidying would do now; nothing is written."""
    return Tidied(
        unconfirmed=signup.unconfirmed(now).count(),
        departed=_departed(now, terms).count(),
        orphaned=_orphaned(now, terms).count(),
        sources=0 if terms.source == "keep" else _exact_sources(terms).count(),
        former_values=undo.old_former_values(now).count(),
        pauses=_over(now).count(),
        stages=staging.old(now).count(),
    )


def tidy(now: datetime, terms: Terms, before_leaving: Callable[[Subscriber], None]) -> Tidied:
    """Do it, in small transactions. `before_leaving` empties the application's own records of a person who goes."""
    return Tidied(
        unconfirmed=signup.forget_unconfirmed(now),
        departed=_forget_departed(now, terms, before_leaving),
        orphaned=_empty_orphaned(now, terms),
        sources=0 if terms.source == "keep" else _blur_sources(terms),
        former_values=undo.forget_former_values(now),
        pauses=_over(now).update(paused_until=None),
        stages=staging.forget_old(now),
    )


def cut(source: str) -> str | None:
    """A network address without its last part, written so that it says so: 192.0.2.17 -> 192.0.2.0/24,
    2001:db8:1:2::3 -> 2001:db8:1::/48. What is no address is not kept."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, KEPT_BITS[address.version]), strict=False))


# ------------------------------------------------------------ who and what is old enough
def _departed(now: datetime, terms: Terms) -> QuerySet[Subscriber]:
    before = now - terms.evidence_months * LONGEST_MONTH
    # Whoever asks again, or whom the office deals with, is not long gone.
    since = ConsentEvent.objects.filter(subscriber=OuterRef("pk"), at__gte=before)
    left = Subscriber.objects.filter(state=Subscriber.State.LEFT, left_at__lt=before)
    return left.filter(~Exists(since))


def _orphaned(now: datetime, terms: Terms) -> QuerySet[ConsentEvent]:
    before = now - terms.evidence_months * LONGEST_MONTH
    alive = Subscriber.objects.filter(fingerprint=OuterRef("fingerprint"))
    newer = ConsentEvent.objects.filter(fingerprint=OuterRef("fingerprint"), at__gte=before)
    events = ConsentEvent.objects.filter(subscriber=None, at__lt=before)
    return events.exclude(detail={}, source=None).filter(~Exists(alive), ~Exists(newer))


def _exact_sources(terms: Terms) -> QuerySet[ConsentEvent]:
    """Of people whose mailbox has confirmed: until then the address helps against those who sign others up."""
    confirmed = ConsentEvent.objects.filter(fingerprint=OuterRef("fingerprint"), kind=ConsentEvent.Kind.CONFIRMED)
    events = ConsentEvent.objects.filter(Exists(confirmed), source__isnull=False)
    if terms.source == "cut":
        events = events.exclude(source__contains="/")  # also what was cut before this was written
    return events


def _over(now: datetime) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(paused_until__lte=now)


# ------------------------------------------------------------ doing it
def _forget_departed(now: datetime, terms: Terms, before_leaving: Callable[[Subscriber], None]) -> int:
    gone = 0
    while block := list(_departed(now, terms).order_by("pk")[:BLOCK]):
        with transaction.atomic():
            ids = [person.pk for person in block]
            # Asked again of each: one of them may have signed up anew in between.
            people = list(_departed(now, terms).filter(pk__in=ids).select_for_update())
            for person in people:
                before_leaving(person)
            marks = [person.fingerprint for person in people]
            consent.make_anonymous(marks)
            suppression.forget_words(marks)
            Subscriber.objects.filter(pk__in=[person.pk for person in people]).delete()
        gone += len(people)
    return gone


def _empty_orphaned(now: datetime, terms: Terms) -> int:
    emptied = 0
    while ids := list(_orphaned(now, terms).order_by("pk").values_list("pk", flat=True)[:BLOCK]):
        emptied += ConsentEvent.objects.filter(pk__in=ids).update(source=None, detail={})
    return emptied


def _blur_sources(terms: Terms) -> int:
    blurred, last = 0, 0
    while block := list(_exact_sources(terms).filter(pk__gt=last).order_by("pk").only("pk", "source")[:BLOCK]):
        last = block[-1].pk
        for event in block:
            event.source = cut(event.source) if event.source and terms.source == "cut" else None
        ConsentEvent.objects.bulk_update(block, ["source"])
        blurred += len(block)
    return blurred
