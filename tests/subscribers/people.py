"""Subscribers in every state, as small as a test needs them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from subscribers import suppression
from subscribers.addresses import fingerprint, read_address
from subscribers.models import ConsentEvent, Subscriber, Suppression

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 12:00 in Tokyo
KEY = settings.FINGERPRINT_KEY


def mark(address: str) -> str:
    """The fingerprint of an address."""
    return fingerprint(read_address(address).key, KEY)


def person(address: str = "taro@example.jp", state: str = Subscriber.State.ACTIVE, **fields: Any) -> Subscriber:
    """A subscriber; an active one confirmed when they asked."""
    read = read_address(address)
    facts: dict[str, Any] = {
        "address": read.address,
        "address_key": read.key,
        "fingerprint": mark(address),
        "state": state,
        "created_at": NOW,
        "confirmed_at": None if state == Subscriber.State.PENDING else NOW,
        "left_at": NOW if state == Subscriber.State.LEFT else None,
    }
    return Subscriber.objects.create(**facts | fields)


def suppressed(address: str, reason: Suppression.Reason) -> None:
    """Stop an address, with or without a subscriber behind it."""
    suppression.suppress(mark(address), reason, NOW)


def kinds(address: str = "taro@example.jp") -> list[str]:
    """What the ledger says of an address, oldest first."""
    events = ConsentEvent.objects.filter(fingerprint=mark(address)).order_by("at", "pk")
    return [event.kind for event in events]
