"""The ledger: one row per recipient, moved here from queued to settled (docs/decisions/0008-claims-and-doubt.md).

Two more modules move a Delivery, and nobody else: sweep.py settles for workers that are gone, and doubt.py carries out
what was decided about those in doubt.

A claim is the written intent to hand a mail over: QUEUED -> SENDING is committed before the network is spoken to, for a
block at a time. How far each mail of the block came stands in the worker's journal (journal.py). So a worker that is
killed leaves in doubt what was on the wire, and no more (docs/decisions/0013-a-journal-narrows-the-doubt.md).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, QuerySet
from django.db.models.expressions import RawSQL

from newsletter import audiences, pace, recipients
from newsletter.mail.bucket import asks_for_less
from newsletter.mail.providers import OTHERS
from newsletter.models import Attempt, Campaign, Delivery, Letter
from newsletter.recipients import Addressee
from subscribers import suppression
from subscribers.models import Subscriber, Suppression

State = Delivery.State

# A living worker renews its lease every RENEW_EVERY; the difference covers a slow disk and clocks that disagree.
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
RENEW_EVERY = LEASE / 6
PERHAPS_ARRIVED = audiences.PERHAPS_ARRIVED
WAITING = (State.HELD, State.QUEUED, State.DEFERRED)
UNFINISHED = (*WAITING, State.SENDING)

CAMPAIGN_CANCELLED = "配信を取り消しました"
PACED = "受信側に合わせて、送る速さを加減しています"
LOOKS_AT_MOST = 20  # blocks that one claim reads while it looks for somebody who may get mail now
OPEN_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that one worker may hand over until `lease_until`, and to whom, as it is right now."""

    delivery_id: int
    tries: int  # before this one
    lease_until: datetime
    addressee: Addressee
    letter: Letter | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """What one claim took: deliveries to hand over, and how many turned out to be for people who must not get them."""

    claims: tuple[Claim, ...] = ()
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one claimed delivery in one try."""

    delivery_id: int
    state: Delivery.State
    at: datetime
    relay: str = ""  # host:port
    stage: str = ""
    reply_code: int | None = None
    reply_text: str = ""
    reason: str = ""
    retry_at: datetime | None = None
    suppress: bool = False  # the reply was about the address: do not write to it again

    def as_json(self) -> dict[str, object]:
        """What a journal keeps of it."""
        return {
            "state": self.state.value, "at": self.at.isoformat(), "relay": self.relay[:100], "stage": self.stage,
            "code": self.reply_code, "text": self.reply_text[:300], "reason": self.reason[:100],
            "retry_at": self.retry_at.isoformat() if self.retry_at else None, "suppress": self.suppress,
        }  # fmt: skip

    @classmethod
    def from_json(cls, delivery_id: int, kept: Mapping[str, Any]) -> Settlement:
        """Out of a journal; KeyError, TypeError or ValueError if it holds something else."""
        retry_at = datetime.fromisoformat(kept["retry_at"]) if kept["retry_at"] else None
        return cls(
            delivery_id, State(kept["state"]), datetime.fromisoformat(kept["at"]), kept["relay"], kept["stage"],
            kept["code"], kept["text"], kept["reason"], retry_at, kept["suppress"],
        )  # fmt: skip


# ------------------------------------------------------------ queue
def queue_campaign(campaign: Campaign, now: datetime) -> int:
    """One QUEUED row per recipient, and the reasons why the others get none. Returns rows added. See audiences.py."""
    return audiences.freeze(campaign, now)


def queue_letter(letter: Letter, now: datetime) -> Delivery:
    """The QUEUED row of a letter; there is never a second one."""
    row, _ = Delivery.objects.get_or_create(
        letter=letter, defaults={"subscriber_id": letter.subscriber_id, "queued_at": now}
    )
    return row


def letters_waiting() -> int:
    """How many letters are due to be claimed."""
    return _of(None).filter(state=State.QUEUED).count()


def open_held(held: QuerySet[Delivery]) -> int:
    """HELD -> QUEUED for a wave, in blocks, so that no worker waits long for the database. Returns how many."""
    opened = 0
    while ids := list(held.order_by("pk").values_list("pk", flat=True)[:OPEN_BLOCK]):
        opened += held.filter(pk__gte=ids[0], pk__lte=ids[-1]).update(state=State.QUEUED)
    return opened


def wake(now: datetime, campaign: Campaign | None = None) -> int:
    """DEFERRED -> QUEUED for those whose retry is due."""
    due = _of(campaign).filter(state=State.DEFERRED, retry_at__lte=now)
    return due.update(state=State.QUEUED)


# ------------------------------------------------------------ claim
@transaction.atomic
def claim(worker: str, limit: int, now: datetime, campaign: Campaign | None = None) -> Block:
    """QUEUED -> SENDING for at most `limit` deliveries of a running campaign (None: letters), consent checked again."""
    if limit <= 0:
        return Block()
    found = _due_letters(limit) if campaign is None else _due_readers(campaign, limit, now)
    until = now + LEASE
    claims = [Claim(pk, tries, until, to, letter) for pk, tries, to, letter in found if isinstance(to, Addressee)]
    excluded = {pk: reason for pk, _, reason, _ in found if isinstance(reason, str)}
    _take([one.delivery_id for one in claims], worker, now)
    _exclude(excluded, now)
    return Block(tuple(claims), len(excluded))


Found: TypeAlias = list[tuple[int, int, Addressee | str, Letter | None]]  # delivery, tries, to whom or why not


def _due_readers(campaign: Campaign, limit: int, now: datetime) -> Found:
    """No model objects here: a block is read as plain rows, because this is what a fast campaign spends its time on."""
    running = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.SENDING)
    due = _of(campaign).filter(Exists(running), state=State.QUEUED)
    # The order of the index (campaign, state, retry_at), so that a million rows are not sorted for a block.
    chosen = due.select_for_update(skip_locked=True).order_by("retry_at")
    rows = _paced(chosen, limit, now) if campaign.paced else list(chosen.values_list(*COLUMNS)[:limit])
    found = recipients.readers_at_claim([(pk, subscriber) for pk, _, subscriber in rows])
    return [(pk, tries, found[pk], None) for pk, tries, _ in rows]


COLUMNS = ("pk", "tries", "subscriber_id")


def _paced(due: QuerySet[Delivery], limit: int, now: datetime) -> list[tuple[int, int, int | None]]:
    """Those whose providers take them now. The others leave the queue until their time, out of everybody's way."""
    taken: list[tuple[int, int, int | None]] = []
    for _ in range(LOOKS_AT_MOST):
        seen = due.exclude(pk__in=[row[0] for row in taken])
        rows = list(seen.values_list(*COLUMNS, "provider")[: limit - len(taken)])
        grants = pace.allowed(now, Counter(row[3] for row in rows))
        left = {provider: grant.now for provider, grant in grants.items()}
        times = {provider: iter(grant.later) for provider, grant in grants.items()}
        later: dict[datetime, list[int]] = defaultdict(list)
        for *row, provider in rows:
            left[provider] -= 1
            if left[provider] >= 0:
                taken.append(tuple(row))
            else:
                later[next(times[provider])].append(row[0])
        for at, ids in later.items():
            Delivery.objects.filter(pk__in=ids).update(state=State.DEFERRED, retry_at=at, reason=PACED)
        if not later or len(taken) >= limit:
            break
    return taken


def next_paced(campaign: Campaign) -> datetime | None:
    """When the next delivery that waits for its provider's pace is due; None if nobody does."""
    waiting = campaign.deliveries.filter(state=State.DEFERRED, reason=PACED).order_by("retry_at")
    return waiting.values_list("retry_at", flat=True).first()


def _due_letters(limit: int) -> Found:
    due = _of(None).filter(state=State.QUEUED).select_related("letter", "subscriber").order_by("retry_at")
    rows = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
    found = recipients.letters_at_claim(rows)
    return [(row.pk, row.tries, found[row.pk], row.letter) for row in rows]


def _of(campaign: Campaign | None) -> QuerySet[Delivery]:
    return (
        Delivery.objects.filter(campaign__isnull=True)
        if campaign is None
        else Delivery.objects.filter(campaign=campaign)
    )


def _among(ids: Iterable[int]) -> RawSQL:
    """The ids as one parameter: Django would look at each of them, and a database at each placeholder."""
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(ids))])


def _take(ids: Collection[int], worker: str, now: datetime) -> None:
    if not ids:
        return
    # Locked above (PostgreSQL) or alone in the database (SQLite, IMMEDIATE): nobody can have been faster.
    taken = Delivery.objects.filter(pk__in=_among(ids), state=State.QUEUED)
    taken.update(state=State.SENDING, claimed_by=worker, lease_until=now + LEASE)


def _exclude(reasons: dict[int, str], now: datetime) -> None:
    by_reason: dict[str, list[int]] = defaultdict(list)
    for pk, reason in reasons.items():
        by_reason[reason].append(pk)
    for reason, ids in by_reason.items():
        Delivery.objects.filter(pk__in=ids).update(state=State.CANCELLED, reason=reason, retry_at=None, settled_at=now)


def renew(worker: str, now: datetime) -> int:
    """The worker lives: its claims hold for another LEASE."""
    return held_by(worker).update(lease_until=now + LEASE)


def held_by(worker: str) -> QuerySet[Delivery]:
    """What the worker has claimed and not settled."""
    return Delivery.objects.filter(state=State.SENDING, claimed_by=worker)


# ------------------------------------------------------------ settle
@transaction.atomic
def settle(worker: str, settlements: Sequence[Settlement], now: datetime) -> set[int]:
    """Write what became of claimed deliveries; a claim the worker lost stays as it is. Returns the ids that moved."""
    if not settlements:
        return set()
    asked = [one.delivery_id for one in settlements]
    rows = Delivery.objects.select_for_update().filter(pk__in=_among(asked)).order_by()
    holders = {pk: (holder, state) for pk, holder, state in rows.values_list("pk", "claimed_by", "state")}
    held = {pk for pk, holder in holders.items() if holder == (worker, State.SENDING)}
    alike: dict[tuple[tuple[str, object], ...], list[int]] = defaultdict(list)
    for one in settlements:
        alike[_columns(one, now)].append(one.delivery_id)
    for columns, ids in alike.items():
        held_by(worker).filter(pk__in=_among(ids)).update(tries=F("tries") + 1, **dict(columns))
    # Also for claims that were lost: the try took place, and whoever decides about the doubt should see its reply.
    write_attempts([one for one in settlements if one.delivery_id in holders])
    _suppress([one.delivery_id for one in settlements if one.suppress and one.delivery_id in held], now)
    _heed([one for one in settlements if asks_for_less(one.reply_code, one.reply_text.partition(" ")[0])], now)
    return held


def _columns(one: Settlement, now: datetime) -> tuple[tuple[str, object], ...]:
    """What a settlement writes into its row; hashable, so that a block of 250s costs one UPDATE."""
    return (
        ("state", one.state),
        ("reply_code", one.reply_code),
        # An accepted mail's reply holds its queue id and differs each time; the attempt keeps it.
        ("reply_text", "" if one.state == State.SENT else one.reply_text[:300]),
        ("reason", one.reason[:100]),
        ("retry_at", one.retry_at),
        ("settled_at", None if one.state == State.DEFERRED else now),
        ("claimed_by", ""),
        ("lease_until", None),
    )


_ATTEMPT = ("delivery_id", "at", "relay", "stage", "reply_code", "reply_text", "outcome")
_INTO_ATTEMPT = f"INSERT INTO {Attempt._meta.db_table} ({', '.join(_ATTEMPT)})"
_ATTEMPT_VALUES = f"{_INTO_ATTEMPT} VALUES ({', '.join(['%s'] * len(_ATTEMPT))})"
# PostgreSQL would work through one statement for each row; so it is one for the block.
_ATTEMPT_TYPES = ("bigint", "timestamptz", "text", "text", "smallint", "text", "text")
_ATTEMPT_ARRAYS = f"{_INTO_ATTEMPT} SELECT * FROM unnest({', '.join(f'%s::{name}[]' for name in _ATTEMPT_TYPES)})"  # noqa: S608


def write_attempts(settlements: Sequence[Settlement]) -> None:
    """One row for each try, however it ended; without a model object for each, which would cost more than the row."""
    moment = connection.ops.adapt_datetimefield_value
    rows = [
        (
            one.delivery_id, moment(one.at), one.relay[:100], one.stage[:10], one.reply_code, one.reply_text[:300],
            one.state.value,
        )
        for one in settlements
    ]  # fmt: skip
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_ATTEMPT_ARRAYS, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(_ATTEMPT_VALUES, rows)


def _suppress(ids: Collection[int], now: datetime) -> None:
    """The address does not exist. A rehearsal leaves no trace with the readers."""
    real = Delivery.objects.filter(pk__in=ids).exclude(campaign__rehearsal=True) if ids else ()
    for row in real:
        if fingerprint := recipients.fingerprint_of(row):
            suppression.suppress(fingerprint, Suppression.Reason.BOUNCED, now, note=f"配信台帳 {row.pk}")


def _heed(complaints: Sequence[Settlement], now: datetime) -> None:
    """Write more slowly to whom asked for less."""
    if complaints:
        theirs = Delivery.objects.filter(pk__in=[one.delivery_id for one in complaints], campaign__paced=True)
        pace.heed(theirs.values_list("provider", flat=True), now)


def release(worker: str, ids: Collection[int]) -> int:
    """SENDING -> QUEUED for claims that were certainly not handed over; no try is counted."""
    return held_by(worker).filter(pk__in=ids).update(state=State.QUEUED, claimed_by="", lease_until=None)


# ------------------------------------------------------------ whole campaigns
def cancel_waiting(campaign: Campaign, now: datetime, reason: str = CAMPAIGN_CANCELLED) -> int:
    """QUEUED and DEFERRED -> CANCELLED for all that a cancelled campaign has not handed over."""
    waiting = Delivery.objects.filter(campaign=campaign, state__in=WAITING)
    return waiting.update(state=State.CANCELLED, reason=reason, retry_at=None, settled_at=now)


def forget_readers(campaign: Campaign) -> int:
    """Cut the finished rows of a rehearsal from its readers: their records hold real mail only."""
    audiences.forget_readers(campaign)
    return campaign.deliveries.exclude(state__in=(*UNFINISHED, State.IN_DOUBT)).update(subscriber=None)


def forget_words(subscriber: Subscriber) -> None:
    """Empty what servers said about this reader, and whose the mailbox was: both may point at who is to be erased."""
    Attempt.objects.filter(delivery__subscriber=subscriber).update(reply_text="")
    Delivery.objects.filter(subscriber=subscriber).update(reply_text="", provider=OTHERS)
