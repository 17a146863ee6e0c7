"""People who moved on (人事異動), as their own office says: the subscription ends, dated, as part of an import.

It is not the person's own goodbye. So there is no suppression: who reads on elsewhere signs up again, and the link of
an old mail brings them back for seven days. Taking the import back (undo.py) makes them readers again. Once the entry
is gone, a list can name them again; it says so then (returning.py), for the line in the ledger stays with its basis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import QuerySet

from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber

MOVED = "moved"  # detail["how"] of the line in the ledger
STRUCK_OFF = "前に異動・退職として外した方です。購読するには、ご本人の新しい申込が必要です。"


def depart(people: Mapping[int, int], run: ImportRun, now: datetime) -> list[Subscriber]:
    """End these subscriptions: subscriber id -> row of the list. Those who were active, and are no more.

    Call it in the transaction that wrote `run`.
    """
    leaving = list(
        Subscriber.objects.select_for_update()
        .filter(pk__in=people, state=Subscriber.State.ACTIVE)
        .exclude(former_values__import_run=run)
        .order_by("pk")
    )
    FormerValues.objects.bulk_create(_former(person, run) for person in leaving)
    ConsentEvent.objects.bulk_create(_event(person, people[person.pk], run, now) for person in leaving)
    Subscriber.objects.filter(pk__in=[person.pk for person in leaving]).update(state=Subscriber.State.LEFT, left_at=now)
    return leaving


def departures() -> QuerySet[ConsentEvent]:
    """The lines of all that were struck off, also from before their entry went: few, under an index of their own."""
    return ConsentEvent.objects.filter(kind=ConsentEvent.Kind.LEFT, basis__gt="")


def is_departure(left: ConsentEvent) -> bool:
    """Whether this goodbye was entered by `depart`: only such a one has a basis, which outlives what names a person."""
    return bool(left.basis)


def were_moved(ids: Sequence[int]) -> set[int]:
    """Which of these people left in this way, and not by themselves."""
    moves = ConsentEvent.objects.filter(subscriber__in=ids, kind=ConsentEvent.Kind.LEFT, detail__how=MOVED)
    gone = Subscriber.objects.filter(pk__in=moves.values("subscriber"), state=Subscriber.State.LEFT)
    return set(gone.values_list("pk", flat=True))


def _former(person: Subscriber, run: ImportRun) -> FormerValues:
    before = {"state": str(person.state), "left_at": None}
    return FormerValues(import_run=run, subscriber=person, before=before, after={"state": str(Subscriber.State.LEFT)})


def _event(person: Subscriber, row: int, run: ImportRun, now: datetime) -> ConsentEvent:
    detail = {"file": run.file, "row": row, "proof": run.proof, "how": MOVED, "changed": ["state"]}
    return ConsentEvent(
        subscriber=person, fingerprint=person.fingerprint, kind=ConsentEvent.Kind.LEFT, basis=run.basis,
        operator=run.operator, detail=detail, import_run=run, at=now,
    )  # fmt: skip
