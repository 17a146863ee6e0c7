"""What the clock does with campaigns: start them at their hour, let them rest at night, go on with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from newsletter import campaigns, delivery, profile, quiet_hours
from newsletter.models import Campaign, Delivery

State = Campaign.State


def due(now: datetime) -> QuerySet[Campaign]:
    """Planned campaigns whose hour has come."""
    return _with_issue().filter(state=State.PLANNED, starts_at__lte=now).order_by("starts_at", "pk")


def start_at_its_hour(campaign: Campaign, now: datetime) -> bool:
    """Start a planned campaign whose hour has come, unless it is quiet or far too late."""
    planned = Campaign.objects.filter(pk=campaign.pk, state=State.PLANNED)
    if until := quiet_hours.ends_at(now):
        planned.update(starts_at=until)
        return False
    late_hours = profile.current().manners.late_hours
    if campaign.starts_at and now - campaign.starts_at > timedelta(hours=late_hours):
        hour = f"{timezone.localtime(campaign.starts_at):%Y-%m-%d %H:%M}"
        words = f"予定の {hour} から{late_hours}時間を過ぎています。いま送ってよいか確かめてください。"
        planned.update(state=State.PAUSED, pause_reason=words)
        return False
    campaigns.start(campaign, now)
    return True


def postpone(campaign: Campaign, reason: str) -> None:
    """A planned campaign could not start at its hour: it waits for a person, and says why."""
    planned = Campaign.objects.filter(pk=campaign.pk, state=State.PLANNED)
    planned.update(starts_at=None, pause_reason=f"予定の時刻に開始できませんでした。{reason}"[:500])


def under_way(now: datetime) -> list[Campaign]:
    """Running campaigns with something to hand over now, or with nothing left at all; not those that rest."""
    return [one for one in _with_work(now) if quiet_hours.rests_until(one, now) is None]


def resting(now: datetime) -> list[tuple[Campaign, datetime]]:
    """Running campaigns that would hand something over if it were not night, and until when they rest."""
    found = ((one, quiet_hours.rests_until(one, now)) for one in _with_work(now))
    return [(one, until) for one, until in found if until is not None]


def _with_work(now: datetime) -> QuerySet[Campaign]:
    mine = Delivery.objects.filter(campaign=OuterRef("pk"))
    ready = mine.filter(
        Q(state__in=(Delivery.State.QUEUED, Delivery.State.HELD)) | Q(state=Delivery.State.DEFERRED, retry_at__lte=now)
    )
    over = ~Exists(mine.filter(state__in=delivery.UNFINISHED))
    return _with_issue().filter(Exists(ready) | over, state=State.SENDING).order_by("started_at", "pk")


def _with_issue() -> QuerySet[Campaign]:
    return Campaign.objects.select_related("edition__issue")
