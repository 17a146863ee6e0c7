"""Who was erased once, and whose suppression an operator has lifted since: a list that brings them back says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone

from subscribers.models import Subscriber, Suppression
from subscribers.planned import Planned, Verdict
from subscribers.suppression import THE_PERSON


def once_erased() -> dict[str, str]:
    """For each such fingerprint a warning in Japanese: one question for a whole list, and few answers.

    Who signed up anew lifted it by themselves, and is no matter for a warning.
    """
    lifted = Suppression.objects.filter(reason=Suppression.Reason.ERASED, lifted_at__isnull=False)
    return {one.fingerprint: _words(one) for one in lifted.exclude(lifted_by=THE_PERSON).order_by("lifted_at", "pk")}


def told(block: Iterable[Planned], erased: Mapping[str, str]) -> list[Planned]:
    """The rows of a block; those that would make a reader of somebody who was erased once carry the warning."""
    return [_warned(row, erased[row.fingerprint]) if row.fingerprint in erased else row for row in block]


def _warned(row: Planned, words: str) -> Planned:
    if row.action is not Verdict.ADDED and row.changes.get("state") != Subscriber.State.ACTIVE:
        return row  # refused, or a reader again already
    return row._replace(candidate=row.candidate._replace(warnings=(words, *row.candidate.warnings)))


def _words(lifted: Suppression) -> str:
    day = f"{timezone.localtime(lifted.lifted_at):%Y-%m-%d}"
    why = f"（理由: {lifted.lifted_why}）" if lifted.lifted_why else ""  # a second erasure takes the words out
    return f"以前に消去し、{day} に {lifted.lifted_by} が停止を解除した宛先です{why}。ご本人の希望を確かめてください"
