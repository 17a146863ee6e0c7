"""A large campaign goes out in waves: seed addresses, then 1 %, then the rest. Until its wave opens, a mail is HELD."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F

from newsletter import delivery, profile, segments
from newsletter.models import Campaign, Delivery
from newsletter.segments import Segment
from subscribers import addresses, audience
from subscribers.errors import AddressError

Wave = Campaign.Wave
ORDER = (Wave.SEEDS, Wave.SAMPLE, Wave.REST)
ONE_IN = 100
SMALLEST_SAMPLE = 30  # below that a rate says nothing
TROUBLED = (Delivery.State.REFUSED, Delivery.State.DEFERRED)


def wanted(campaign: Campaign) -> bool:
    """Whether the campaign is large enough for waves, as the profile says."""
    enough = profile.current().manners.waves_from
    if campaign.rehearsal or campaign.again_of_id is not None or not enough:
        return False
    readers = audience.recipients(extra=campaign.edition.issue.extra > 0)
    reached = readers.filter(segments.condition(Segment.of(campaign.segment)))
    return reached.count() >= enough


def begin(campaign: Campaign, now: datetime) -> int:
    """Write the deliveries of a campaign that starts, and open the first wave if there are waves. How many rows."""
    campaign.wave = Wave.SEEDS if wanted(campaign) else ""
    added = delivery.queue_campaign(campaign, now)
    if campaign.wave and not _open(campaign, Wave.SEEDS):
        open_next(campaign)
    return added


def open_next(campaign: Campaign) -> bool:
    """Open the next wave that has somebody in it; False when all were open."""
    for wave in ORDER[ORDER.index(Wave(campaign.wave)) + 1 :] if campaign.wave else ():
        campaign.wave = wave
        opened = _open(campaign, wave)
        Campaign.objects.filter(pk=campaign.pk).update(wave=wave)
        if opened:
            return True
    return False


def standing(campaign: Campaign) -> dict[str, int]:
    """How many deliveries stand in which state, as `state|reason`; the reason only of those it matters for."""
    # The first count comes from the index alone; the second reads rows, so it reads few.
    states = campaign.deliveries.order_by().values_list("state").annotate(Count("pk"))
    troubled = campaign.deliveries.filter(state__in=TROUBLED).order_by()
    reasons = troubled.values_list("state", "reason").annotate(Count("pk"))
    counts = {f"{state}|": count for state, count in states if state not in TROUBLED}
    return counts | {f"{state}|{reason}": count for state, reason, count in reasons}


def _open(campaign: Campaign, wave: Campaign.Wave) -> int:
    held = campaign.deliveries.filter(state=Delivery.State.HELD)
    if wave == Wave.SEEDS:
        held = held.filter(subscriber__address_key__in=_seed_keys())
    if wave == Wave.SAMPLE:
        total = campaign.deliveries.count()
        step = max(1, total // max(SMALLEST_SAMPLE, total // ONE_IN))
        held = held.annotate(turn=F("pk") % step).filter(turn=0)
    return delivery.open_held(held)


def _seed_keys() -> list[str]:
    keys = []
    for text in profile.current().manners.seeds:
        try:
            keys.append(addresses.read_address(text).key)
        except AddressError:
            continue  # a colleague's address that is no address is nobody's
    return keys
