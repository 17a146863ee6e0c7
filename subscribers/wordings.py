"""The texts that people agreed to, each kept for good under the version that the consent ledger names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from subscribers.models import ConsentEvent, Wording

NEVER_KEPT = "この版の文面は、控えが残っていません。"


@dataclass(frozen=True, slots=True)
class Named:
    """One version that the ledger names: its text, and what to know about it in Japanese."""

    version: str
    text: str  # empty: never kept
    remark: str
    since: datetime | None = None  # as far back as the text is certain


def keep(version: str, text: str, now: datetime) -> Wording:
    """Keep what is shown from now on under this version; what is kept already stays as it is, and is the answer."""
    kept, _ = Wording.objects.get_or_create(version=version, defaults={"text": text, "since": now})
    return kept


def named_by(events: Iterable[ConsentEvent]) -> list[Named]:
    """The text of each version that these lines of the ledger name, in the order in which they first name it."""
    first: dict[str, datetime] = {}
    for event in events:
        if event.wording:
            first[event.wording] = min(event.at, first.get(event.wording, event.at))
    kept = {one.version: one for one in Wording.objects.filter(version__in=first)}
    return [_named(version, kept.get(version), at) for version, at in first.items()]


def _named(version: str, kept: Wording | None, first_agreed: datetime) -> Named:
    if kept is None:
        return Named(version, "", NEVER_KEPT)
    day = f"{timezone.localtime(kept.since):%Y-%m-%d}"
    remark = f"{day} からお見せしている文面です。"
    if first_agreed < kept.since:  # an installation that kept no texts yet
        remark = f"控えがあるのは {day} からです。それより前の記録の方が同じ文面を見たかどうかは、確かめられません。"
    return Named(version, kept.text, remark, kept.since)
