"""Erase a person on request (個人情報保護法22条, 35条): what goes, what stays, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from subscribers import consent, suppression
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


def erase(subscriber: Subscriber, operator: str, now: datetime) -> Erased:
    """Remove the person everywhere; a keyed fingerprint stays, so that no later import brings them back unseen."""
    mark = subscriber.fingerprint
    with transaction.atomic():
        deliveries = _count_deliveries(subscriber)
        removed = Subscriber.objects.get(pk=subscriber.pk).delete()[1]  # letters go with it
        events = consent.make_anonymous([mark])
        suppression.close(mark, Suppression.Reason.ERASED, now, operator)
        consent.record_fingerprint(mark, ConsentEvent.Kind.ERASED, now, operator=operator)
    return Erased(
        now,
        removed=("メールアドレス", "氏名、所属団体、部署、団体コード", "形式と希望する欄", "申込元のIPアドレス"),
        letters=removed.get("newsletter.Letter", 0),
        kept=(
            Kept("同意台帳の日付と種類", events + 1, "適法に送り、求めに応じて消去したことを示すため"),
            Kept(
                "配信停止の照合符号",
                1,
                "名簿の取込で、気づかないうちに再び登録しないため（元のアドレスには戻せません）",
            ),
            Kept("配信台帳の通数", deliveries, "号ごとの通数を正しく保つため（宛先と氏名は含みません）"),
        ),
    )


def _count_deliveries(subscriber: Subscriber) -> int:
    """How many deliveries of campaigns keep counting without the person."""
    # The application's models point down at us: asked through the relation, so that we need not know them.
    related = getattr(subscriber, "deliveries", None)
    return int(related.filter(campaign__isnull=False).count()) if related is not None else 0
