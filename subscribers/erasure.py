"""Erase a reader on request (個人情報保護法22条, 35条): what goes, what stays, and why.

The application holds more of a person than is known here; it passes in what empties its own records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from subscribers import consent, staging, suppression
from subscribers.models import ConsentEvent, Subscriber, Suppression


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of record that stays, without anything that names the person."""

    what: str
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Erased:
    """The account of an erasure, to be shown to whoever asked for it."""

    at: datetime
    removed: tuple[str, ...]
    letters: int  # removed one-off mails
    kept: tuple[Kept, ...]


REMOVED = (
    "メールアドレス", "氏名、所属団体、部署、団体コード", "形式と希望", "申込元のIPアドレス",
    "配信停止の備考と解除の理由", "名簿の取込の前の値", "サーバの応答文（配信台帳）",
)  # fmt: skip


def look(subscriber: Subscriber, now: datetime) -> Erased:
    """What erasing this person would remove and keep; nothing is written."""
    letters = getattr(subscriber, "letter_set", None)
    events = consent.history(subscriber.fingerprint).count()
    return _account(now, letters.count() if letters is not None else 0, events, _count_deliveries(subscriber))


def erase(subscriber: Subscriber, operator: str, now: datetime, empty_records: Callable[[Subscriber], None]) -> Erased:
    """Remove the person; a keyed fingerprint stays, so that no later import brings them back unseen.

    `empty_records` takes out of the application's records what names them. Callers go through newsletter.erasures.
    """
    mark = subscriber.fingerprint
    with transaction.atomic():
        deliveries = _count_deliveries(subscriber)
        empty_records(subscriber)
        removed = Subscriber.objects.get(pk=subscriber.pk).delete()[1]  # letters go with it
        staging.forget_all()
        events = consent.make_anonymous([mark])
        suppression.forget_words([mark])
        suppression.close(mark, Suppression.Reason.ERASED, now, operator)
        consent.record_fingerprint(mark, ConsentEvent.Kind.ERASED, now, operator=operator)
    return _account(now, removed.get("newsletter.Letter", 0), events, deliveries)


def look_unregistered(mark: str, now: datetime) -> Erased:
    """What erasing somebody without an entry would keep; nothing is written."""
    return replace(_account(now, 0, consent.history(mark).count(), 0), removed=())


def erase_unregistered(mark: str, operator: str, now: datetime) -> Erased:
    """The same for somebody who has no entry, but whom a list or an answer names: they do not become a reader by it."""
    with transaction.atomic():
        events = consent.make_anonymous([mark])
        suppression.forget_words([mark])
        suppression.close(mark, Suppression.Reason.ERASED, now, operator)
        consent.record_fingerprint(mark, ConsentEvent.Kind.ERASED, now, operator=operator)
    return replace(_account(now, 0, events, 0), removed=())


def _account(now: datetime, letters: int, events: int, deliveries: int) -> Erased:
    kept = (
        Kept("同意台帳の日付と種類、操作者", events + 1, "適法に送り、求めに応じて消去したことを示すため"),
        Kept(
            "配信停止の照合符号",
            1,
            "名簿の取込で、気づかないうちに再び登録しないため（元のアドレスには戻せません）",
        ),
        Kept("配信台帳の通数", deliveries, "号ごとの通数を正しく保つため（宛先と氏名は含みません）"),
    )
    return Erased(now, removed=REMOVED, letters=letters, kept=kept)


def _count_deliveries(subscriber: Subscriber) -> int:
    """How many deliveries of campaigns keep counting without the person."""
    # The application's models point down at us: asked through the relation, so that we need not know them.
    related = getattr(subscriber, "deliveries", None)
    return int(related.filter(campaign__isnull=False).count()) if related is not None else 0
