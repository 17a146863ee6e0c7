"""Who is gone and comes back by a list: it says so where nothing stops the address any more.

Somebody was erased, or left by themselves, and an operator has lifted the suppression since; or their office struck
them off (moves.py), which stops nothing: who moved within the same member may be named again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from subscribers import moves
from subscribers.models import ConsentEvent, Subscriber, Suppression
from subscribers.planned import Planned, Verdict
from subscribers.suppression import BY_READERS, open_suppressions

ASK_THEM = "ご本人の希望を確かめてください"


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who went away: when, a warning in Japanese, and whether it was their office that said so."""

    at: datetime
    words: str
    is_struck_off: bool = False


def once_gone() -> dict[str, Gone]:
    """For each such fingerprint how they went: a few questions for a whole list, and few answers.

    Who signed up anew, or undid a goodbye, lifted the suppression by themselves, and is no matter for a warning.
    """
    gone = {mark: Gone(at, _struck_off_words(at), is_struck_off=True) for mark, at in _struck_off()}
    lifted = Suppression.objects.filter(lifted_at__isnull=False)
    reasons = (Suppression.Reason.LEFT, Suppression.Reason.ERASED)
    ended = lifted.filter(reason__in=reasons).exclude(lifted_by__in=BY_READERS)
    went = list(ended.order_by("at", "pk"))
    # Where a graver reason took the place of a goodbye, the operator has lifted that one.
    of_them = lifted.filter(fingerprint__in=ended.order_by().values("fingerprint")) if went else lifted.none()
    last = {one.fingerprint: one for one in of_them.order_by("lifted_at", "pk")}
    for one in went:
        later = gone.get(one.fingerprint)
        is_of_then = later is not None and later.is_struck_off and later.at > one.at
        if last[one.fingerprint].lifted_by not in BY_READERS and not is_of_then:
            gone[one.fingerprint] = Gone(one.at, _lifted_words(one, last[one.fingerprint]))
    return gone


def told(block: Iterable[Planned], gone: Mapping[str, Gone], left: str) -> list[Planned]:
    """The rows of a block; those that would make a reader of somebody who is gone carry the warning.

    `left` is how the importer refuses who left; of somebody whom their office struck off it would not be true.
    """
    return [_said(row, gone[row.fingerprint], left) if row.fingerprint in gone else row for row in block]


def _said(row: Planned, one: Gone, left: str) -> Planned:
    if row.action is Verdict.REFUSED:
        return row._replace(remarks=(moves.STRUCK_OFF,)) if one.is_struck_off and row.remarks == (left,) else row
    if row.action is not Verdict.ADDED and row.changes.get("state") != Subscriber.State.ACTIVE:
        return row  # a reader again already
    return row._replace(candidate=row.candidate._replace(warnings=(one.words, *row.candidate.warnings)))


def _struck_off() -> Iterable[tuple[str, datetime]]:
    """Fingerprint and day of those whose departure stands, nothing else having stopped the address; the last wins."""
    same = {"fingerprint": OuterRef("fingerprint")}
    # Taking the import back made them readers again.
    undone = ConsentEvent.objects.filter(**same, kind=ConsentEvent.Kind.UNDONE, at__gte=OuterRef("at"))
    stopped = open_suppressions().filter(**same).order_by()
    lines = moves.departures().filter(~Exists(undone), ~Exists(stopped))
    return lines.order_by("at", "pk").values_list("fingerprint", "at")


# ------------------------------------------------------------ in words
def _struck_off_words(at: datetime) -> str:
    return f"{_day(at)} に会員の申出（異動・退職など）で配信を終えた宛先です。いまも届けてよい方か、確かめてください"


def _lifted_words(went: Suppression, lifted: Suppression) -> str:
    was = "消去し" if went.reason == Suppression.Reason.ERASED else "ご本人が解除し"
    why = f"（理由: {lifted.lifted_why}）" if lifted.lifted_why else ""  # an erasure takes the words out
    by = f" {lifted.lifted_by} が" if lifted.lifted_by else ""
    return f"以前に{was}、{_day(lifted.lifted_at)} に{by}停止を解除した宛先です{why}。{ASK_THEM}"


def _day(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}" if at else ""
