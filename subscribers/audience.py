"""Who gets the e-news, and why somebody does not: set-based questions, asked again when a delivery is claimed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from subscribers import moves
from subscribers.models import Subscriber, Suppression

BLOCK = 900  # SQLite of old took at most 999 variables


class Why(TextChoices):
    """Why a person gets nothing. The suppressions have the same codes as Suppression.Reason."""

    GONE = "gone", "登録がありません（消去済み）"
    PENDING = "pending", "申込の確認がまだです"
    PAUSED = "paused", "本人の希望でお休み中です"
    LEFT = "left", "本人が解除しました"
    MOVED = "moved", "会員の申出（異動・退職など）で終えました"
    BOUNCED = "bounced", "宛先不明のため停止中です"
    COMPLAINED = "complained", "迷惑メールの報告のため停止中です"
    ERASED = "erased", "本人の求めで消去しました"
    BY_HAND = "by_hand", "事務局が停止しました"
    ONLY_MONTHLY = "only_monthly", "毎月の号だけを希望しています（号外は送りません）"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody we may write to, as read at this moment."""

    subscriber_id: int
    key: str
    address: str
    format: str  # a Subscriber.Format


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Somebody we may not write to; `reason.label` says why in Japanese."""

    reason: Why


def readers() -> QuerySet[Subscriber]:
    """Active readers without a suppression, also those who pause."""
    return Subscriber.objects.filter(~Exists(_suppression()), state=Subscriber.State.ACTIVE)


def recipients(*, extra: bool = False) -> QuerySet[Subscriber]:
    """Readers who do not pause, and want a 号外 if it is an `extra` one: one query decides who gets a campaign."""
    reading = readers().exclude(paused_until__gt=timezone.now())
    return reading.filter(only_monthly=False) if extra else reading


def why_not(*, extra: bool = False) -> Coalesce:
    """For a query over subscribers: the code of Why for those who get nothing (no 号外, if `extra`), else NULL."""
    suppressed = Subquery(_suppression().values("reason")[:1])
    active = Q(state=Subscriber.State.ACTIVE)
    standing = Case(
        When(active & Q(paused_until__gt=timezone.now()), then=Value(Why.PAUSED.value)),
        *([When(active & Q(only_monthly=True), then=Value(Why.ONLY_MONTHLY.value))] if extra else []),
        When(active, then=Value(None)),
        default=_state(),
        output_field=CharField(),
    )
    return Coalesce(suppressed, standing, output_field=CharField())


def check(ids: Iterable[int], *, extra: bool = False) -> dict[int, Reader | Exclusion]:
    """For each subscriber id: may a campaign's mail (a 号外, if `extra`) go there now? One query for up to 900 ids."""
    answers: dict[int, Reader | Exclusion] = {}
    for block in _blocks(ids):
        found = _rows(block)
        answers |= {id_: _judge(found.get(id_), extra=extra) for id_ in block}
    return answers


Row: TypeAlias = tuple[Reader, bool, str, datetime | None, str | None]


def _judge(row: Row | None, *, extra: bool) -> Reader | Exclusion:
    if row is None:
        return Exclusion(Why.GONE)
    reader, only_monthly, state, paused_until, suppressed = row
    if suppressed:
        return Exclusion(Why(suppressed))
    if state != Subscriber.State.ACTIVE:
        return Exclusion(Why(state))
    if paused_until and paused_until > timezone.now():
        return Exclusion(Why.PAUSED)
    if extra and only_monthly:
        return Exclusion(Why.ONLY_MONTHLY)
    return reader


def _rows(ids: list[int]) -> dict[int, Row]:
    rows = (
        Subscriber.objects.filter(pk__in=ids)
        .annotate(suppressed=Subquery(_suppression().values("reason")[:1]), stands=_state())
        .order_by()
        .values_list("pk", "key", "address", "format", "only_monthly", "stands", "paused_until", "suppressed")
    )
    return {row[0]: (Reader(*row[:4]), *row[4:]) for row in rows}


def _state() -> Case:
    """The state, but for who was struck off by their office, which is no goodbye of their own."""
    struck_off = Exists(moves.departures().filter(fingerprint=OuterRef("fingerprint")).order_by())
    return Case(
        When(Q(state=Subscriber.State.LEFT) & struck_off, then=Value(Why.MOVED.value)),
        default=F("state"),
        output_field=CharField(),
    )


def _suppression() -> QuerySet[Suppression]:
    # Answered from the partial unique index on open suppressions.
    return Suppression.objects.filter(fingerprint=OuterRef("fingerprint"), lifted_at__isnull=True).order_by()


def _blocks(ids: Iterable[int]) -> Iterator[list[int]]:
    listed = list(ids)
    for start in range(0, len(listed), BLOCK):
        yield listed[start : start + BLOCK]
