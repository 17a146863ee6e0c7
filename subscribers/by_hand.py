"""What the office does for somebody who asked by telephone or in writing, or for an address that makes trouble."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression

REASONS = (
    Suppression.Reason.LEFT,
    Suppression.Reason.BY_HAND,
    Suppression.Reason.BOUNCED,
    Suppression.Reason.COMPLAINED,
)


def stop(fingerprint: str, reason: Suppression.Reason, now: datetime, operator: str, note: str = "") -> bool:
    """Stop all sending to this address, whether anybody is registered or not; False when as good a reason stands.

    A reader who asked the office to leave has left, just as if they had done it themselves.
    """
    with transaction.atomic():
        reader = Subscriber.objects.filter(fingerprint=fingerprint).first()
        if reason == Suppression.Reason.LEFT and reader and reader.state != Subscriber.State.LEFT:
            detail = {"how": "office", "note": note}
            return signup.leave(reader.key, None, now, detail, operator=operator).changed
        return suppression.suppress(fingerprint, reason, now, operator, note)
