"""Addresses we must not write to. Set for a reason; lifted by the person's new consent or by a named operator."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from subscribers import consent
from subscribers.errors import SuppressionError
from subscribers.models import ConsentEvent, Suppression

# An address has one open suppression. A reason further down this list takes the place of one further up.
WEIGHT = (
    Suppression.Reason.LEFT,
    Suppression.Reason.BOUNCED,
    Suppression.Reason.BY_HAND,
    Suppression.Reason.COMPLAINED,
    Suppression.Reason.ERASED,
)
THE_PERSON = "本人"
LINK_HOLDER = "配信メールのリンクを持つ方"  # the page after a goodbye cannot tell who pressed: mail is forwarded
BY_READERS = (THE_PERSON, LINK_HOLDER)
LEAST_LETTERS = 5  # of a reason: 「x」 tells nobody why, a year later
TOO_SHORT = f"停止を解除する理由が必要です。あとから読む人に分かるように、{LEAST_LETTERS}文字以上で書いてください。"
OF_ERASED = (
    "ご本人の求めで個人情報を消去した方です。解除すると、ご本人の申込がなくても、名簿の取込で購読者に戻せるように"
    "なります。ご本人がそれを望んでいることを確かめてください。"
)

STILL_LEFT = (
    "ただし、{} にご本人が解除しているので、その停止は続きます。ご本人がいま購読を望んでいることを確かめたときは、"
    "その理由を書いて、もう一度解除してください。"
)


class Way(StrEnum):
    """How a suppression ends without the office."""

    NEW_CONSENT = "new_consent"  # confirmed from the mailbox
    COME_BACK = "come_back"  # a button of the page after a goodbye
    WRONG_PERSON = "wrong_person"  # the button for who had ended somebody else's subscription


ENDED = {
    Way.NEW_CONSENT: (THE_PERSON, "本人の新しい同意"),
    Way.COME_BACK: (LINK_HOLDER, "解除のあとのページで元に戻した"),
    Way.WRONG_PERSON: (LINK_HOLDER, "ほかの方の購読を誤って解除したため、解除のあとのページで元に戻した"),
}


def suppress(fingerprint: str, reason: Suppression.Reason, now: datetime, operator: str = "", note: str = "") -> bool:
    """Stop all sending to this address; False when it was stopped already for as good a reason."""
    with transaction.atomic():
        changed = close(fingerprint, reason, now, operator, note)
        if changed:
            detail = {"reason": str(reason)}
            consent.record_fingerprint(fingerprint, ConsentEvent.Kind.SUPPRESSED, now, operator=operator, detail=detail)
    return changed


def close(fingerprint: str, reason: Suppression.Reason, now: datetime, operator: str = "", note: str = "") -> bool:
    """Write the suppression without a line in the ledger: for steps that write their own (leaving, erasing)."""
    written = {"reason": reason, "note": note[:300], "operator": operator, "at": now}
    with transaction.atomic():
        # The unique constraint decides who is first; get_or_create reads again when it lost.
        standing, created = Suppression.objects.get_or_create(fingerprint=fingerprint, lifted_at=None, defaults=written)
        if created:
            return True
        if WEIGHT.index(reason) <= WEIGHT.index(Suppression.Reason(standing.reason)):
            return False
        _end(open_suppressions().filter(pk=standing.pk), now, operator, f"理由の変更: {reason.label}")
        Suppression.objects.create(fingerprint=fingerprint, **written)
    return True


def lift(fingerprint: str, now: datetime, *, operator: str, why: str, knows_erased: bool = False) -> bool:
    """End the suppression in an operator's name, for a reason; False when there is none.

    Nobody becomes a reader by this: who had left stays away until they sign up again. But a list can bring in whom we
    know no more; so `knows_erased` is asked for where the person had themselves erased, and under another reason the
    person's own goodbye stays in force (`also_left`): that can be lifted next, by a step and with a reason of its own.
    """
    if not operator.strip():
        raise SuppressionError("停止を解除する人の名前が必要です。")
    if not is_reason(why):
        raise SuppressionError(TOO_SHORT)
    with transaction.atomic():
        if not knows_erased and is_erased(fingerprint):
            raise SuppressionError(
                f"{OF_ERASED}確かめたら、消去した方であることを承知のうえで解除すると示してください。"
            )
        left_at = also_left(fingerprint)
        lifted = _end(open_suppressions().filter(fingerprint=fingerprint), now, operator, why) > 0
        if lifted:
            detail = {"why": why}
            if left_at is not None:
                close(fingerprint, Suppression.Reason.LEFT, left_at)
                detail["still"] = str(Suppression.Reason.LEFT)
            consent.record_fingerprint(fingerprint, ConsentEvent.Kind.LIFTED, now, operator=operator, detail=detail)
    return lifted


def also_left(fingerprint: str) -> datetime | None:
    """When the person left, if what stops the address now is another reason; None if they did not, or were erased."""
    standing_now = standing(fingerprint)
    if standing_now is None or standing_now.reason in (Suppression.Reason.LEFT, Suppression.Reason.ERASED):
        return None
    # A graver reason begins at the very moment at which the one in whose place it stands ended (close).
    ended = {one.lifted_at: one for one in Suppression.objects.filter(fingerprint=fingerprint, lifted_at__isnull=False)}
    since = standing_now.at
    while replaced := ended.pop(since, None):
        if replaced.reason == Suppression.Reason.LEFT:
            return replaced.at
        since = replaced.at
    # Who left only after that has no suppression for it, but a line in the ledger. One with a basis is their office's.
    goodbyes = consent.history(fingerprint).filter(kind=ConsentEvent.Kind.LEFT, basis="", at__gte=since)
    last = consent.newest(goodbyes)
    return last.at if last else None


def still_left(fingerprint: str) -> str:
    """For whoever has just lifted another reason: that the person's own goodbye stands, in Japanese; empty if not."""
    left = open_suppressions().filter(fingerprint=fingerprint, reason=Suppression.Reason.LEFT).first()
    return STILL_LEFT.format(f"{timezone.localtime(left.at):%Y-%m-%d}") if left else ""


def is_reason(why: str) -> bool:
    """Whether these are words enough for lifting a suppression; signs and spaces do not count."""
    return sum(map(str.isalnum, why)) >= LEAST_LETTERS


def is_erased(fingerprint: str) -> bool:
    """Whether nothing may be sent there because the person had themselves erased."""
    return open_suppressions().filter(fingerprint=fingerprint, reason=Suppression.Reason.ERASED).exists()


def lift_by_reader(fingerprint: str, now: datetime, way: Way) -> bool:
    """End the suppression because the person consented anew, or a goodbye was undone; False when there is none."""
    with transaction.atomic():
        lifted = _end(open_suppressions().filter(fingerprint=fingerprint), now, *ENDED[way]) > 0
        if lifted:
            consent.record_fingerprint(fingerprint, ConsentEvent.Kind.LIFTED, now, detail={"why": str(way)})
    return lifted


def open_suppressions() -> QuerySet[Suppression]:
    """Those in force, newest first."""
    return Suppression.objects.filter(lifted_at__isnull=True)


def standing(fingerprint: str) -> Suppression | None:
    """The suppression in force for this address, or None."""
    return open_suppressions().filter(fingerprint=fingerprint).first()


def is_suppressed(fingerprint: str) -> bool:
    """Whether nothing may be sent to this address."""
    return open_suppressions().filter(fingerprint=fingerprint).exists()


def reasons(fingerprints: list[str]) -> dict[str, Suppression.Reason]:
    """The reason for each of these addresses that is suppressed: one query."""
    rows = open_suppressions().filter(fingerprint__in=fingerprints).values_list("fingerprint", "reason")
    return {fingerprint: Suppression.Reason(reason) for fingerprint, reason in rows}


def forget_words(fingerprints: list[str]) -> None:
    """Take out what was noted about these people; that, when and by whom they were stopped stays."""
    Suppression.objects.filter(fingerprint__in=fingerprints).update(note="", lifted_why="")


def _end(suppressions: QuerySet[Suppression], now: datetime, by: str, why: str) -> int:
    return suppressions.update(lifted_at=now, lifted_by=by[:150], lifted_why=why[:300])
