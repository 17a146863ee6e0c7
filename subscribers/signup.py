"""Signing up, confirming, leaving, coming back, choosing. Each step is one transaction with a line in the ledger.

Nothing is sent here: the page that called passes the answer to the letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscribers import asked, consent, suppression
from subscribers.addresses import Address, fingerprint
from subscribers.errors import UnknownSubscriberError
from subscribers.models import ConsentEvent, Subscriber, Suppression
from subscribers.suppression import Way

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

UNCONFIRMED_FOR = timedelta(days=14)
# Anybody who holds a forwarded copy could use its link; after this the way back is a new sign-up, confirmed by mail.
COME_BACK_WITHIN = timedelta(days=7)
PAUSE_FOR = timedelta(days=92)  # three months, and never a day less

EXPIRED = gettext_lazy("この確認リンクはもう使えません。お手数ですが、もう一度お申し込みください。")
NOT_THERE = gettext_lazy("この購読の登録は残っていません。もう一度お申し込みください。")


class Kind(StrEnum):
    """What a request for the e-news came to; a letter goes out in both cases, and the page says the same."""

    CONFIRM = "confirm"  # letters.send_confirmation: new, or waiting, or had left, or was suppressed
    ALREADY = "already"  # letters.send_already_subscribed


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a reader may choose."""

    format: str = Subscriber.Format.HTML
    sections: tuple[str, ...] = ()  # none means all
    pathways: tuple[str, ...] = ()  # none means all
    name: str = ""
    organisation: str = ""
    department: str = ""
    municipality: str = ""  # 団体コード
    language: str = Subscriber.Language.JAPANESE  # of the pages and the letters
    only_monthly: bool = False  # no 号外

    @property
    def stored(self) -> dict[str, Any]:
        """As a row and JSON hold them."""
        return asdict(self) | {"sections": list(self.sections), "pathways": list(self.pathways)}


@dataclass(frozen=True, slots=True)
class Fields:
    """What the sign-up form asks for."""

    address: Address
    preferences: Preferences = Preferences()


@dataclass(frozen=True, slots=True)
class Signup:
    """The answer to a request: which letter goes out, and to whom."""

    kind: Kind
    subscriber: Subscriber
    request: ConsentEvent  # which the letter's link names


@dataclass(frozen=True, slots=True)
class Departure:
    """Who left, and whether they were still here: the goodbye goes out once."""

    subscriber: Subscriber
    changed: bool


def request(fields: Fields, *, source: str | None, wording: str, now: datetime, fingerprint_key: str) -> Signup:
    """Note that somebody asked for the e-news at this address. Nobody becomes a reader by asking.

    Whoever typed this may be somebody else: what they wish waits in the ledger until the mailbox has confirmed. A new
    entry holds what its first request said, so that the office can find it.
    """
    typed, address = fields.preferences.stored, fields.address.address
    with transaction.atomic():
        subscriber, created = Subscriber.objects.select_for_update().get_or_create(
            address_key=fields.address.key,
            defaults={
                "address": address,
                "fingerprint": fingerprint(fields.address.key, fingerprint_key),
                "created_at": now,
                **typed,
            },
        )
        known = subscriber.is_active and not suppression.is_suppressed(subscriber.fingerprint)
        if not created and subscriber.state == Subscriber.State.PENDING:
            # Its 14 days begin now, and the letters go to the address as it was spelled last.
            _write(subscriber, address=address, created_at=now)
        event = consent.record(
            subscriber,
            ConsentEvent.Kind.REQUESTED,
            now,
            basis=ConsentEvent.Basis.FORM,
            wording=wording,
            source=source,
            detail={"known": True} if known else asked.kept(address, typed),
        )
    return Signup(Kind.ALREADY if known else Kind.CONFIRM, subscriber, event)


def confirm(
    subscriber_key: str,
    source: str | None,
    now: datetime,
    *,
    request: int | None = None,
    sent_at: datetime | None = None,
) -> Subscriber:
    """Make a reader of whoever asked; who just became one has `confirmed_at == now`. Again is no harm.

    A letter confirms the request it was sent for (`request`, or the last one at `sent_at`): what was typed there
    becomes the entry, and the ledger names the wording that was shown there. Who is a reader already stays as they
    are, also by the letter about another request: that may be a stranger's, and own wishes have a page of their own.
    """
    with transaction.atomic():
        subscriber = _locked(subscriber_key, EXPIRED)
        stopped = suppression.standing(subscriber.fingerprint)
        if subscriber.is_active and stopped is None:
            return subscriber
        asked_for = asked.request_of_letter(subscriber.fingerprint, request, sent_at)
        # The link of an earlier sign-up must not undo a later goodbye.
        ends = [moment for moment in (subscriber.left_at, stopped.at if stopped else None) if moment]
        is_over = bool(ends) and (asked_for is None or asked_for.at < max(ends))
        if is_over or (request is not None and asked_for is None):
            raise UnknownSubscriberError(EXPIRED)
        _write(subscriber, **asked.wishes(subscriber, asked_for))
        _activate(subscriber, now, Way.NEW_CONSENT)
        wording, basis = asked_for.wording if asked_for else "", ConsentEvent.Basis.FORM
        consent.record(subscriber, ConsentEvent.Kind.CONFIRMED, now, basis=basis, wording=wording, source=source)
    return subscriber


def leave(
    subscriber_key: str,
    source: str | None,
    now: datetime,
    detail: Mapping[str, object] | None = None,
    *,
    operator: str = "",
) -> Departure:
    """Stop the e-news for this person, at once. Again is no harm. `detail` says how: {"how": "one_click"}.

    `operator` is who did it for them, when they asked by telephone or in writing.
    """
    with transaction.atomic():
        subscriber = _locked(subscriber_key, _("この購読はすでに登録されていません。"))
        # Who was struck off by their office (moves.py) is not suppressed; their own goodbye still counts.
        if subscriber.state == Subscriber.State.LEFT and suppression.is_suppressed(subscriber.fingerprint):
            return Departure(subscriber, changed=False)
        _write(subscriber, state=Subscriber.State.LEFT, left_at=now)
        suppression.close(subscriber.fingerprint, Suppression.Reason.LEFT, now, operator)
        consent.record(subscriber, ConsentEvent.Kind.LEFT, now, source=source, operator=operator, detail=detail)
    return Departure(subscriber, changed=True)


def may_come_back(subscriber: Subscriber, now: datetime) -> bool:
    """Whether the link that ended the subscription may still restore it."""
    if subscriber.state != Subscriber.State.LEFT or subscriber.left_at is None or subscriber.confirmed_at is None:
        return False
    stopped = suppression.standing(subscriber.fingerprint)
    only_left = stopped is None or stopped.reason == Suppression.Reason.LEFT
    return only_left and now - subscriber.left_at <= COME_BACK_WITHIN


def come_back(
    subscriber_key: str,
    source: str | None,
    now: datetime,
    *,
    text_only: bool = False,
    only_monthly: bool = False,
    detail: Mapping[str, object] | None = None,
) -> Subscriber:
    """Undo a goodbye within seven days of it, if wished as text mail or without 号外. Again is no harm."""
    with transaction.atomic():
        subscriber = _locked(subscriber_key, NOT_THERE)
        if not subscriber.is_active:
            if not may_come_back(subscriber, now):
                raise UnknownSubscriberError(
                    _("このリンクからは購読を再開できません。お手数ですが、もう一度お申し込みください。")
                )
            how: dict[str, object] = {"how": "come_back", **(detail or {})}
            _activate(subscriber, now, Way.WRONG_PERSON if how.get("why") == Way.WRONG_PERSON else Way.COME_BACK)
            basis = ConsentEvent.Basis.FORM
            consent.record(subscriber, ConsentEvent.Kind.CONFIRMED, now, basis=basis, source=source, detail=how)
        wished = ({"format": Subscriber.Format.TEXT} if text_only else {}) | (
            {"only_monthly": True} if only_monthly else {}
        )
        changed = {field: value for field, value in wished.items() if getattr(subscriber, field) != value}
        if changed:
            _write(subscriber, **changed)
            _record_change(subscriber, list(changed), source, now, detail)
    return subscriber


def pause(
    subscriber_key: str, source: str | None, now: datetime, detail: Mapping[str, object] | None = None
) -> Subscriber:
    """No e-news for three months from now; who has just left comes back for that. It ends by itself.

    Again is no harm: a pause that lasts is neither prolonged nor noted twice.
    """
    with transaction.atomic():
        subscriber = come_back(subscriber_key, source, now, detail=detail)
        if not pauses(subscriber, now):
            _write(subscriber, paused_until=now + PAUSE_FOR)
            _record_pause(subscriber, source, now, detail)
    return subscriber


def end_pause(
    subscriber_key: str, source: str | None, now: datetime, detail: Mapping[str, object] | None = None
) -> Subscriber:
    """The next issue comes again. Again is no harm."""
    with transaction.atomic():
        subscriber = _locked(subscriber_key, NOT_THERE)
        if subscriber.paused_until is not None:
            _write(subscriber, paused_until=None)
            _record_pause(subscriber, source, now, detail)
    return subscriber


def pauses(subscriber: Subscriber, now: datetime) -> bool:
    """Whether this reader has the e-news paused."""
    return subscriber.is_active and subscriber.paused_until is not None and subscriber.paused_until > now


def preferences_of(subscriber: Subscriber) -> Preferences:
    """What this person has chosen so far."""
    return Preferences(
        format=subscriber.format,
        sections=tuple(subscriber.sections),
        pathways=tuple(subscriber.pathways),
        only_monthly=subscriber.only_monthly,
        name=subscriber.name,
        organisation=subscriber.organisation,
        department=subscriber.department,
        municipality=subscriber.municipality,
        language=subscriber.language,
    )


def change_preferences(
    subscriber_key: str,
    preferences: Preferences,
    source: str | None,
    now: datetime,
    detail: Mapping[str, object] | None = None,
    *,
    operator: str = "",
) -> Subscriber:
    """Store what the person chose (or `operator` for them); the ledger names the changed fields, not their values."""
    with transaction.atomic():
        subscriber = _locked(subscriber_key, NOT_THERE)
        if subscriber.state == Subscriber.State.LEFT:
            raise UnknownSubscriberError(_("この購読は解除されています。もう一度お申し込みください。"))
        before, after = preferences_of(subscriber).stored, preferences.stored
        changed = [field for field in after if after[field] != before[field]]
        if changed:
            _write(subscriber, **after)
            # The values stay out of the ledger, but for the language in which the person is spoken to from here on.
            spoken = {"language": preferences.language} if "language" in changed else {}
            _record_change(subscriber, changed, source, now, {**spoken, **(detail or {})}, operator)
    return subscriber


def forget_unconfirmed(now: datetime) -> int:
    """Delete who never confirmed within 14 days, and what their requests said about them; how many went."""
    waiting = unconfirmed(now)
    forgotten = 0
    while block := list(waiting.order_by("pk").values_list("pk", "fingerprint")[:500]):
        with transaction.atomic():
            # Asked again of each row: one of them may have confirmed, or asked once more, in between.
            gone = waiting.filter(pk__in=[pk for pk, _ in block]).select_for_update()
            marks = list(gone.values_list("fingerprint", flat=True))
            waiting.filter(fingerprint__in=marks).delete()
            consent.make_anonymous(marks)
        forgotten += len(marks)
    consent.forget_asked(now - UNCONFIRMED_FOR)
    return forgotten


def unconfirmed(now: datetime) -> QuerySet[Subscriber]:
    """Who never confirmed within 14 days."""
    return Subscriber.objects.filter(state=Subscriber.State.PENDING, created_at__lt=now - UNCONFIRMED_FOR)


# ------------------------------------------------------------ steps that several verbs share
def _locked(subscriber_key: str, words: StrPromise | str) -> Subscriber:
    subscriber = Subscriber.objects.select_for_update().filter(key=subscriber_key).first()
    if subscriber is None:
        raise UnknownSubscriberError(words)
    return subscriber


def _write(subscriber: Subscriber, **values: object) -> None:
    for field, value in values.items():
        setattr(subscriber, field, value)
    subscriber.save(update_fields=list(values))


def _activate(subscriber: Subscriber, now: datetime, way: Way) -> None:
    _write(subscriber, state=Subscriber.State.ACTIVE, confirmed_at=now, left_at=None, paused_until=None)
    suppression.lift_by_reader(subscriber.fingerprint, now, way)


def _record_pause(
    subscriber: Subscriber, source: str | None, now: datetime, detail: Mapping[str, object] | None
) -> None:
    """Whether it begins, and until which day, or ends: the field alone would say the same of both."""
    until = timezone.localdate(subscriber.paused_until).isoformat() if subscriber.paused_until else ""
    _record_change(subscriber, ["paused_until"], source, now, {"paused_until": until, **(detail or {})})


def _record_change(
    subscriber: Subscriber,
    changed: list[str],
    source: str | None,
    now: datetime,
    detail: Mapping[str, object] | None,
    operator: str = "",
) -> None:
    consent.record(
        subscriber,
        ConsentEvent.Kind.PREFERENCES,
        now,
        source=source,
        operator=operator,
        detail={"changed": changed, **(detail or {})},
    )
