"""Whom a claimed delivery goes to, asked at the moment of the claim: the address as it is now, or why there is none.

The e-news goes to active, unsuppressed subscribers only; `subscribers.audience` knows who they are. Letters answer a
person's own step, so each kind has its rule below. After a complaint there is no letter of any kind. Who has said
goodbye while the ledger could not be written has left: that is asked first, for then whoever is entered in the
ledger meanwhile is found there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from newsletter import goodbyes
from newsletter.models import Delivery, Issue
from subscribers import addresses, audience, suppression
from subscribers.audience import Reader, Why
from subscribers.errors import AddressError
from subscribers.models import Subscriber, Suppression


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets this mail."""

    address: str
    key: str = ""  # of the subscriber, for links; empty for a member's staff
    text_only: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """When a kind of letter may go out: in which states of the subscriber, and in spite of which suppressions."""

    states: frozenset[str] = frozenset(Subscriber.State.values)
    despite: frozenset[str] = frozenset()


_LEFT, _BOUNCED, _BY_HAND = Suppression.Reason.LEFT, Suppression.Reason.BOUNCED, Suppression.Reason.BY_HAND
_ERASED = Suppression.Reason.ERASED
LETTER_RULES: Mapping[str, Rule] = {
    # They asked a moment ago; only this mail can bring back who left or was erased, whose mailbox was away, whom the
    # office stopped.
    "confirmation": Rule(despite=frozenset({_LEFT, _BOUNCED, _BY_HAND, _ERASED})),
    "welcome": Rule(frozenset({Subscriber.State.ACTIVE})),
    "resumed": Rule(frozenset({Subscriber.State.ACTIVE})),
    "restored": Rule(frozenset({Subscriber.State.ACTIVE})),
    "already_subscribed": Rule(frozenset({Subscriber.State.ACTIVE})),
    "named": Rule(frozenset({Subscriber.State.ACTIVE})),
    "moved": Rule(frozenset({Subscriber.State.LEFT}), frozenset({_LEFT})),
    "goodbye": Rule(frozenset({Subscriber.State.LEFT}), frozenset({_LEFT})),
}
NO_OTHER_KIND = Rule(frozenset())
# To a member's staff about their own submission: who left the e-news, or had their entry as a reader erased and stayed
# a contact, still gets the receipt.
STAFF_RULE = Rule(despite=frozenset({_LEFT, _ERASED}))


def readers_at_claim(deliveries: Sequence[tuple[int, int | None]]) -> dict[int, Addressee | str]:
    """For each (delivery, subscriber) of a campaign its addressee, or the reason (Japanese) why nobody may get it."""
    leaving = goodbyes.keys()
    ids = [id_ for _, id_ in deliveries if id_ is not None]
    checked = audience.check(ids, extra=_is_extra(deliveries[0][0])) if ids else {}
    return {pk: _addressee(checked[id_] if id_ is not None else None, leaving) for pk, id_ in deliveries}


def _is_extra(delivery_id: int) -> bool:
    """Whether the delivery brings a 号外, which not everybody wants."""
    return Issue.objects.filter(editions__campaigns__deliveries=delivery_id, extra__gt=0).exists()


def _addressee(answer: Reader | audience.Exclusion | None, leaving: Collection[str]) -> Addressee | str:
    if isinstance(answer, Reader):
        if answer.key in leaving:
            return str(Why.LEFT.label)
        return Addressee(answer.address, answer.key, answer.format == Subscriber.Format.TEXT)
    return str(answer.reason.label if answer else Why.GONE.label)


def letters_at_claim(letters: Sequence[Delivery]) -> dict[int, Addressee | str]:
    """The same for letters; each kind has its rule."""
    leaving = goodbyes.keys()
    fingerprints = {row.pk: fingerprint_of(row) for row in letters}
    stopped = suppression.reasons([value for value in fingerprints.values() if value])
    return {row.pk: _letter_addressee(row, stopped.get(fingerprints[row.pk]), leaving) for row in letters}


def _letter_addressee(row: Delivery, stopped: Suppression.Reason | None, leaving: Collection[str]) -> Addressee | str:
    letter, reader = row.letter, row.subscriber
    if reader is not None and reader.key in leaving:
        reader.state, stopped = Subscriber.State.LEFT, stopped or _LEFT  # as they will stand; nothing is written
    assert letter is not None  # noqa: S101 - a letter's row, chosen above
    rule = LETTER_RULES.get(letter.kind, NO_OTHER_KIND) if reader else STAFF_RULE
    if stopped is not None and stopped not in rule.despite:
        return str(Why(stopped).label)
    if reader is None:
        return Addressee(letter.address) if letter.address else str(Why.GONE.label)
    if reader.state not in rule.states:
        return f"いまの状態（{reader.get_state_display()}）では送りません"
    return Addressee(reader.address, reader.key, reader.format == Subscriber.Format.TEXT)


def fingerprint_of(row: Delivery) -> str:
    """What a suppression of this delivery's address is kept under; empty when there is no address any more."""
    if row.subscriber is not None:
        return row.subscriber.fingerprint
    if row.letter is None or not row.letter.address:
        return ""
    try:
        key = addresses.read_address(row.letter.address).key
    except AddressError:
        return ""
    return addresses.fingerprint(key, settings.FINGERPRINT_KEY)
