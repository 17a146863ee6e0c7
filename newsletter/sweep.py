"""Claims whose worker is gone: settled by its journal where that lies on this machine, else in doubt.

On its own machine a worker's free lock proves its end at once; for one on another machine the lease decides
(docs/decisions/0008-claims-and-doubt.md, 0013-a-journal-narrows-the-doubt.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from newsletter import delivery, workers
from newsletter.delivery import CAMPAIGN_CANCELLED, Settlement, State
from newsletter.journal import Trace
from newsletter.models import Campaign, Delivery

LOST_IN_FLIGHT = "送信中に処理が途切れました"


def sweep(now: datetime) -> int:
    """Settle the claims of workers that are gone: exactly where their journal lies here, else as in doubt. How many."""
    doubtful = 0
    for name in workers.gone():
        doubtful += _settle_for_the_dead(name, workers.traces(name), now)
        workers.bury(name)
    return doubtful + _doubt_lapsed(now)


@transaction.atomic
def _settle_for_the_dead(name: str, traces: Mapping[int, Trace] | None, now: datetime) -> int:
    """What was answered is settled by its answer, what was leaving is in doubt, the rest goes back unsent."""
    if traces is not None:
        # Another machine may have seen the lease end before this journal was found: the journal knows better.
        lapsed = Delivery.objects.filter(claimed_by=name, state=State.IN_DOUBT)
        lapsed.update(state=State.SENDING, tries=F("tries") - 1, settled_at=None, reason="")
    held = dict(delivery.held_by(name).select_for_update().values_list("pk", "tries"))
    settlements, unsent = [], []
    for pk, tries in held.items():
        trace = traces.get(pk) if traces is not None else Trace(pk, tries, None)
        if trace is None or trace.tries != tries:
            unsent.append(pk)
        else:
            settlements.append(_from_journal(trace, now))
    delivery.settle(name, settlements, now)
    _requeue_late(name, unsent, now)
    return sum(one.state == State.IN_DOUBT for one in settlements)


def _from_journal(trace: Trace, now: datetime) -> Settlement:
    lost = Settlement(trace.delivery_id, State.IN_DOUBT, now, reason=LOST_IN_FLIGHT)
    if trace.answer is None:
        return lost
    try:
        return Settlement.from_json(trace.delivery_id, trace.answer)
    except (KeyError, TypeError, ValueError):
        return lost


def _requeue_late(worker: str, ids: Sequence[int], now: datetime) -> None:
    """Back to QUEUED; what happened to the campaign meanwhile holds for them as well."""
    delivery.release(worker, ids)
    theirs = Delivery.objects.filter(pk__in=ids, state=State.QUEUED)
    theirs.filter(campaign__state=Campaign.State.CANCELLED).update(
        state=State.CANCELLED, reason=CAMPAIGN_CANCELLED, settled_at=now
    )
    waiting = theirs.filter(campaign=OuterRef("pk"))
    Campaign.objects.filter(Exists(waiting), state=Campaign.State.DONE).update(
        state=Campaign.State.SENDING, finished_at=None
    )


@transaction.atomic
def _doubt_lapsed(now: datetime) -> int:
    """SENDING -> IN_DOUBT where the lease is over. The worker's name stays, for the day its journal is found."""
    lost = Delivery.objects.select_for_update(skip_locked=True).filter(lease_until__lt=now, state=State.SENDING)
    settlements = [
        Settlement(pk, State.IN_DOUBT, now, reason=LOST_IN_FLIGHT) for pk in lost.values_list("pk", flat=True)
    ]
    Delivery.objects.filter(pk__in=[one.delivery_id for one in settlements]).update(
        tries=F("tries") + 1, state=State.IN_DOUBT, reason=LOST_IN_FLIGHT, settled_at=now, lease_until=None,
        retry_at=None, reply_code=None, reply_text="",
    )  # fmt: skip
    delivery.write_attempts(settlements)
    return len(settlements)
