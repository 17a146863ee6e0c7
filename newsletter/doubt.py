"""Deliveries in doubt: handed over, perhaps, and no answer came. The campaign's policy decides, or a named person.

Nothing in doubt is ever sent again silently (docs/decisions/0008-claims-and-doubt.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from newsletter.delivery import UNFINISHED, State
from newsletter.mail.pacing import FIRST_DELAY
from newsletter.models import Attempt, Campaign, Delivery

RESENT = "不明だったので、決めてある方針により送り直します"
RESENT_AT_MOST = 3


def follow_policy(now: datetime, campaign: Campaign | None = None) -> int:
    """IN_DOUBT -> DEFERRED in campaigns whose policy, chosen before sending, is "rather twice". Returns how many.

    A mail that gets lost again and again may be what cuts the line, so after RESENT_AT_MOST tries a person is asked.
    """
    running = (Campaign.State.SENDING, Campaign.State.PAUSED)
    theirs = Campaign.objects.filter(in_doubt=Campaign.InDoubt.RESEND, state__in=running)
    chosen = theirs if campaign is None else theirs.filter(pk=campaign.pk)
    lost = Delivery.objects.filter(campaign__in=chosen, state=State.IN_DOUBT, tries__lt=RESENT_AT_MOST)
    return lost.update(state=State.DEFERRED, retry_at=now + FIRST_DELAY, reason=RESENT, settled_at=None, claimed_by="")


def treat_as_sent(ids: Collection[int], by: str, now: datetime) -> int:
    """IN_DOUBT -> SENT, because the named person says so. Returns how many were still in doubt."""
    return _decide(ids, State.SENT, f"{by}さんの判断で送信済みとしました", now)


def send_again(ids: Collection[int], by: str, now: datetime) -> int:
    """IN_DOUBT -> QUEUED, because the named person would rather have it arrive twice than not at all."""
    alive = Delivery.objects.filter(pk__in=ids).exclude(campaign__state=Campaign.State.CANCELLED)
    return _decide(alive.values_list("pk", flat=True), State.QUEUED, f"{by}さんの判断で送り直します", now)


@transaction.atomic
def _decide(ids: Iterable[int], state: Delivery.State, words: str, now: datetime) -> int:
    doubtful = Delivery.objects.select_for_update().filter(pk__in=list(ids), state=State.IN_DOUBT)
    decided = list(doubtful.values_list("pk", flat=True))
    settled_at = now if state == State.SENT else None
    Delivery.objects.filter(pk__in=decided).update(
        state=state, reason=words[:100], retry_at=None, settled_at=settled_at, claimed_by=""
    )
    # A rehearsal's row is finished now, so it is cut from its reader like the others: see forget_readers.
    Delivery.objects.filter(pk__in=decided, state=State.SENT, campaign__rehearsal=True).update(subscriber=None)
    Attempt.objects.bulk_create(
        Attempt(delivery_id=pk, at=now, stage="person", reply_text=words[:300], outcome=state) for pk in decided
    )
    return len(decided)


def doubt_unfinished(now: datetime, reason: str) -> int:
    """Waiting and SENDING -> IN_DOUBT for everything: an old copy of the ledger cannot know. How many."""
    unfinished = Delivery.objects.filter(state__in=UNFINISHED)
    return unfinished.update(
        state=State.IN_DOUBT, reason=reason[:100], retry_at=None, settled_at=now, claimed_by="", lease_until=None
    )
