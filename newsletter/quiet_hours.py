"""The quiet hours of a campaign that is under way: it rests by itself, and by itself it goes on.

That it rests is written down nowhere: it follows from the hour, the profile, and whether a person let this campaign go
on through this one night. Letters answer somebody's own step and do not rest, and a rehearsal wakes nobody
(docs/decisions/0016-who-sends-when-and-what-to-do-about-doubt.md).
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from newsletter import profile
from newsletter.errors import CampaignError
from newsletter.mail import pacing
from newsletter.models import Campaign

UNDER_WAY = (Campaign.State.SENDING, Campaign.State.PAUSED)


def rests_until(campaign: Campaign, now: datetime) -> datetime | None:
    """When a campaign that rests at `now` goes on; None if it need not rest. Asked of the database."""
    until = None if campaign.rehearsal else ends_at(now)
    if until is None or Campaign.objects.filter(pk=campaign.pk, night_until__gte=until).exists():
        return None
    return until


def ends_at(now: datetime) -> datetime | None:
    """When the quiet hours that `now` lies in are over; None by day, and where the profile has none."""
    quiet = profile.current().manners.quiet_hours
    return pacing.rests_until(timezone.localtime(now), quiet) if quiet else None


def words(until: datetime) -> str:
    """Why nothing goes out, for a person."""
    return f"夜間のため、{_clock(until)}まで休んでいます。"


def words_of_going_on(until: datetime) -> str:
    """That a campaign does not rest, for a person."""
    return f"夜間ですが、{_clock(until)}まで休まずに送ります。"


def _clock(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.hour}時{local.minute}分" if local.minute else f"{local.hour}時"


def go_on(campaign: Campaign, by: str, now: datetime) -> datetime | None:
    """Whoever starts or resumes a campaign in the quiet hours means it: until when it does not rest; None by day."""
    until = rests_until(campaign, now)
    if until is not None:
        _let(campaign, by, until)
    return until


def go_through(campaign: Campaign, by: str, now: datetime) -> datetime:
    """Let a campaign that is urgent go on through the quiet hours that are now or come next. Returns their end."""
    quiet = profile.current().manners.quiet_hours
    if quiet is None:
        raise CampaignError("プロファイルに夜間（quiet_hours）の決まりがないので、配信はもともと休みません。")
    campaign.refresh_from_db(fields=["state"])
    if campaign.state not in UNDER_WAY:
        state = campaign.get_state_display()
        raise CampaignError(f"配信 {campaign.pk} は「{state}」です。夜間も続けられるのは、始まっている配信だけです。")
    until = pacing.next_rest(timezone.localtime(now), quiet)
    _let(campaign, by, until)
    return until


def _let(campaign: Campaign, by: str, until: datetime) -> None:
    campaign.night_until, campaign.night_by = until, by[:150]
    Campaign.objects.filter(pk=campaign.pk).update(night_until=until, night_by=campaign.night_by)
