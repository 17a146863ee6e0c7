"""A database changes hands: restored from a backup, or shared with a further machine. A named person says which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from newsletter import campaigns, doubt, identity, schedule
from newsletter.errors import InstallationError
from newsletter.models import Campaign

RESTORED = "バックアップから戻したため、送ったかどうか分かりません"


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the adoption of a restored database stopped, for a person to decide about."""

    paused: tuple[int, ...] = ()  # campaigns that were under way
    postponed: tuple[int, ...] = ()  # campaigns that had an hour
    in_doubt: int = 0  # mails that may have been sent after the backup


def adopt_restored(by: str, now: datetime) -> Adopted:
    """Make the restored database this machine's own. What it holds as unsent may have been sent since: in doubt."""
    person = _named(by)
    with transaction.atomic():
        paused = _pause_all()
        postponed = _postpone_all()
        in_doubt = doubt.doubt_unfinished(now, RESTORED)
        # "Rather twice" was said about a line that went dead, not about a lost week.
        Campaign.objects.update(in_doubt=Campaign.InDoubt.ASK)
    identity.renew(person, now)
    return Adopted(paused, postponed, in_doubt)


def join(by: str, now: datetime) -> None:
    """A further machine sends from the same, living database; nothing in it is touched."""
    person = _named(by)
    if identity.is_behind():
        raise InstallationError(
            "このデータベースは、この機械が最後に送信したときより古いものです。--join では引き継げません。"
            "--join を付けずに newsletter adopt を実行してください。"
        )
    identity.renew(person, now)


def _named(by: str) -> str:
    person = " ".join(by.split())
    if not person:
        raise InstallationError("引き継ぐ人の名前を --by で指定してください。")
    return person


def _pause_all() -> tuple[int, ...]:
    running = Campaign.objects.filter(state=Campaign.State.SENDING)
    return tuple(one.pk for one in running.order_by("pk") if campaigns.pause(one, RESTORED))


def _postpone_all() -> tuple[int, ...]:
    with_hour = Campaign.objects.filter(state=Campaign.State.PLANNED, starts_at__isnull=False)
    found = list(with_hour.order_by("pk"))
    for one in found:
        schedule.postpone(one, RESTORED)
    return tuple(one.pk for one in found)
