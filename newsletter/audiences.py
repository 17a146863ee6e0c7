"""Freeze the audience of a campaign: candidates = one Delivery each + one Exclusion each, with its reason.

Everything here is a handful of INSERT … SELECT, so that a million candidates take seconds on either database. Who is
excluded stays so for this campaign; who is to get it is asked once more when the delivery is claimed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Case, Count, Exists, F, Model, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.expressions import Combinable
from django.db.models.fields import BigIntegerField, CharField, DateTimeField, IntegerField, TextField
from django.db.models.functions import Concat, Left, Lower, Replace, RowNumber, StrIndex, Substr

from newsletter import segments
from newsletter.mail.providers import DOTLESS_DOMAINS, LONGEST, PLUS_DOMAINS, PROVIDERS
from newsletter.models import Campaign, Delivery, Exclusion
from newsletter.segments import Segment
from subscribers import audience
from subscribers.models import Subscriber

State = Delivery.State
Reason = Exclusion.Reason

# What the reader may already have in the mailbox.
PERHAPS_ARRIVED = (State.SENDING, State.SENT, State.IN_DOUBT, State.BOUNCED)


@transaction.atomic
def freeze(campaign: Campaign, now: datetime) -> int:
    """Write who gets the campaign and who does not; again and again adds only who is missing. Returns rows added."""
    if campaign.segment:
        _exclude(campaign, _outside(campaign))
    _exclude(campaign, _not_to_be_written_to(campaign))
    if not campaign.rehearsal:
        _exclude(campaign, _had_it(campaign))
    _exclude(campaign, _duplicates(campaign))
    columns: dict[str, Combinable] = {
        "state": Value((State.HELD if campaign.wave else State.QUEUED).value, CharField()),
        "tries": Value(0, IntegerField()),
        "claimed_by": Value("", CharField()),
        "reply_text": Value("", CharField()),
        "reason": Value("", CharField()),
        "queued_at": Value(now, DateTimeField()),
        "provider": F("new_provider"),
    }
    return _insert(campaign, Delivery, _with_provider(_not_excluded(campaign)), columns)


def candidates(campaign: Campaign) -> QuerySet[Subscriber]:
    """Everybody the campaign is about: all subscribers, or those to whom an earlier one did not bring the edition."""
    if campaign.again_of is None:
        return Subscriber.objects.all()
    missed = Delivery.objects.filter(campaign=campaign.again_of, state__in=campaign.again_states)
    wanted = Q(Exists(missed.filter(subscriber=OuterRef("pk"))))
    if campaign.again_eligible:
        wanted |= Q(pk__in=newly_eligible(campaign.again_of).order_by().values("pk"))
    return Subscriber.objects.filter(wanted)


def newly_eligible(campaign: Campaign) -> QuerySet[Subscriber]:
    """Whom the campaign had to leave out, who may be written to now, and whose mailbox certainly has nothing of it."""
    mine = {"campaign": campaign, "subscriber": OuterRef("pk")}
    left_out = Exclusion.objects.filter(**mine, reason__in=audience.Why.values)
    at_claim = Delivery.objects.filter(**mine, state=State.CANCELLED, reason__in=audience.Why.labels)
    readers = audience.recipients(extra=campaign.edition.issue.extra > 0)
    eligible = readers.filter(Exists(left_out) | Exists(at_claim))
    if campaign.segment:
        inside = Subscriber.objects.filter(segments.condition(Segment.of(campaign.segment)))
        eligible = eligible.filter(pk__in=inside.order_by().values("pk"))
    arrived = Delivery.objects.filter(
        campaign__edition_id=campaign.edition_id, campaign__rehearsal=False, state__in=PERHAPS_ARRIVED,
        subscriber=OuterRef("pk"),
    )  # fmt: skip
    # Under another name, where several addresses are one mailbox: see _duplicates.
    reached = Subscriber.objects.filter(_at_plus(), Exists(arrived)).annotate(mailbox=_mailbox())
    twins = eligible.filter(_at_plus()).annotate(mailbox=_mailbox())
    twins = twins.filter(mailbox__in=reached.order_by().values("mailbox"))
    return eligible.filter(~Exists(arrived)).exclude(pk__in=twins.order_by().values("pk"))


def why_left_out(campaign: Campaign) -> dict[str, int]:
    """How many of the newly eligible were left out for which reason (Japanese), most frequent first."""
    ids = newly_eligible(campaign).order_by().values("pk")
    excluded = campaign.exclusions.filter(subscriber__in=ids).order_by().values_list("reason")
    counts = Counter({str(Reason(code).label): count for code, count in excluded.annotate(Count("pk"))})
    at_claim = campaign.deliveries.filter(subscriber__in=ids, state=State.CANCELLED).order_by().values_list("reason")
    counts.update(dict(at_claim.annotate(Count("pk"))))
    return dict(counts.most_common())


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether one subscriber gets a campaign: their delivery, or the reason why there is none."""

    delivery: Delivery | None = None
    exclusion: Exclusion | None = None
    is_forecast: bool = False  # the campaign has not begun: what it would be now


def explain(campaign: Campaign, subscriber: Subscriber, now: datetime) -> Answer:
    """Why this person does or does not get the campaign, by the very statements that decide it."""
    if campaign.expanded_at is not None or campaign.state == Campaign.State.CANCELLED:
        return _written(campaign, subscriber)
    with transaction.atomic():
        freeze(campaign, now)
        answer = _written(campaign, subscriber)
        transaction.set_rollback(True)  # nothing of it stays
    return replace(answer, is_forecast=True)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many get a campaign, and how many do not, by reason (a code of Exclusion.Reason)."""

    recipients: int
    excluded: Mapping[str, int]

    @property
    def outside(self) -> int:
        """Those whom the segment leaves out."""
        return self.excluded.get(Reason.SEGMENT, 0)

    @property
    def others(self) -> int:
        """Those who get nothing for another reason."""
        return sum(self.excluded.values()) - self.outside


def forecast(campaign: Campaign, now: datetime) -> Forecast:
    """What the campaign comes to, or would if it began now, by the very statements that decide it; it may be unsaved.

    As much work as the beginning itself: a question for somebody who is about to send.
    """
    if campaign.expanded_at is not None:
        return _counted(campaign)
    with transaction.atomic():
        if campaign._state.adding:
            # Under a number of its own: PostgreSQL would count one up, although nothing of it stays.
            campaign = Campaign(edition=campaign.edition, rehearsal=campaign.rehearsal, segment=campaign.segment, pk=-1)
            campaign.save(force_insert=True)
        freeze(campaign, now)
        counted = _counted(campaign)
        transaction.set_rollback(True)
    return counted


def _counted(campaign: Campaign) -> Forecast:
    rows = campaign.exclusions.order_by().values_list("reason").annotate(Count("pk")).order_by("reason")
    return Forecast(campaign.deliveries.count(), dict(rows))


def _written(campaign: Campaign, subscriber: Subscriber) -> Answer:
    return Answer(
        Delivery.objects.filter(campaign=campaign, subscriber=subscriber).first(),
        Exclusion.objects.filter(campaign=campaign, subscriber=subscriber).first(),
    )


def forget_readers(campaign: Campaign) -> None:
    """A rehearsal is over: how many were excluded, and why, stays; who they are does not."""
    campaign.exclusions.update(subscriber=None)


# ------------------------------------------------------------ who does not get it
# No statement here looks into the table it writes to more than it must: PostgreSQL would step over its own new rows
# again and again. The unique constraints keep the first reason, and one delivery each.
def _without_delivery(campaign: Campaign) -> QuerySet[Subscriber]:
    mine = Delivery.objects.filter(campaign=campaign, subscriber=OuterRef("pk"))
    return candidates(campaign).filter(~Exists(mine))


def _not_excluded(campaign: Campaign) -> QuerySet[Subscriber]:
    mine = Exclusion.objects.filter(campaign=campaign, subscriber=OuterRef("pk"))
    return candidates(campaign).filter(~Exists(mine))


def _outside(campaign: Campaign) -> QuerySet[Subscriber]:
    inside = segments.condition(Segment.of(campaign.segment))
    outside = _without_delivery(campaign).exclude(pk__in=Subscriber.objects.filter(inside).order_by().values("pk"))
    return outside.annotate(why=Value(Reason.SEGMENT.value, CharField()))


def _not_to_be_written_to(campaign: Campaign) -> QuerySet[Subscriber]:
    why = _without_delivery(campaign).annotate(why=audience.why_not(extra=campaign.edition.issue.extra > 0))
    return why.filter(why__isnull=False)


def _had_it(campaign: Campaign) -> QuerySet[Subscriber]:
    """The edition may have arrived by an earlier campaign, and nobody chose to send it again in spite of that."""
    earlier = Delivery.objects.filter(campaign__edition_id=campaign.edition_id, campaign__rehearsal=False)
    arrived = [state for state in PERHAPS_ARRIVED if state not in campaign.again_states]
    had = earlier.filter(subscriber=OuterRef("pk"), state__in=arrived).exclude(campaign=campaign)
    return _without_delivery(campaign).filter(Exists(had)).annotate(why=Value(Reason.HAD_IT.value, CharField()))


def _duplicates(campaign: Campaign) -> QuerySet[Subscriber]:
    """Of several entries that are one mailbox, all but the oldest."""
    numbered = (
        _not_excluded(campaign)
        .filter(_at_plus())
        .annotate(place=Window(RowNumber(), partition_by=[_mailbox()], order_by=F("pk").asc()))
    )
    return numbered.filter(place__gt=1).annotate(why=Value(Reason.DUPLICATE.value, CharField()))


def _at_plus() -> Q:
    at_plus = Q()
    for domain in PLUS_DOMAINS:
        at_plus |= Q(address_key__endswith=f"@{domain}")
    return at_plus


def _mailbox() -> Concat:
    """providers.mailbox, as SQL."""
    key = F("address_key")
    domain = Substr(key, StrIndex(key, Value("@")))
    local = Left(key, StrIndex(key, Value("@")) - 1)
    plain = Case(
        When(address_key__contains="+", then=Left(key, StrIndex(key, Value("+")) - 1)), default=local,
        output_field=TextField(),
    )  # fmt: skip
    dotless = Q()
    for name in DOTLESS_DOMAINS:
        dotless |= Q(address_key__endswith=f"@{name}")
    squeezed = Case(When(dotless, then=Replace(plain, Value("."), Value(""))), default=plain, output_field=TextField())
    return Concat(squeezed, domain, output_field=TextField())


# ------------------------------------------------------------ in SQL
def _with_provider(readers: QuerySet[Subscriber]) -> QuerySet[Subscriber]:
    """providers.provider_of, as SQL."""
    address, named = F("address"), []
    for key, provider in PROVIDERS.items():
        fits = Q(new_domain__in=provider.domains)
        for ending in provider.endings:
            fits |= Q(new_domain__endswith=ending)
        named.append(When(fits, then=Value(key)))
    domain = Lower(Substr(address, StrIndex(address, Value("@")) + 1))
    provider_ = Case(*named, default=Left("new_domain", LONGEST), output_field=CharField())
    return readers.annotate(new_domain=domain).annotate(new_provider=provider_)


def _exclude(campaign: Campaign, readers: QuerySet[Subscriber]) -> int:
    return _insert(campaign, Exclusion, readers, {"reason": F("why")})


def _insert(
    campaign: Campaign, model: type[Model], readers: QuerySet[Subscriber], columns: Mapping[str, Combinable]
) -> int:
    """One row of `model` for each reader, in one statement."""
    columns = {"campaign_id": Value(campaign.pk, BigIntegerField()), **columns}
    # Named out of the way of the subscriber's own columns.
    chosen = readers.order_by("pk").annotate(**{f"row_{name}": value for name, value in columns.items()})
    select, parameters = chosen.values_list("pk", *(f"row_{name}" for name in columns)).query.sql_with_params()
    quoted = ", ".join(connection.ops.quote_name(name) for name in ("subscriber_id", *columns))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        # Two at once: the unique constraint lets only the first one in, and the second adds nothing.
        cursor.execute(f"INSERT INTO {table} ({quoted}) {select} ON CONFLICT DO NOTHING", parameters)
        return int(cursor.rowcount)
