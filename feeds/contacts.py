"""One person as the contact of members: where they stand as a contributor or behind a submission, and taking them out.

Whose address it is, the caller decides: nothing here knows how addresses are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from feeds.models import Contributor, Submission

State = Submission.State
# The office may still have to ask, or to send a reason.
UNDECIDED = (State.RECEIVED, State.RETURNED)
GONE = "（消去済み）"  # where a name has to stand


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where one person stands; the rows by their primary keys."""

    contributors: tuple[int, ...]
    decided: tuple[int, ...]  # submissions that are used, accepted or withdrawn
    undecided: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """They stand nowhere."""
        return not (self.contributors or self.decided or self.undecided)


def of(is_theirs: Callable[[str], bool]) -> Contacts:
    """The rows whose address `is_theirs`."""
    submissions = Submission.objects.exclude(contact_email="")
    return Contacts(
        _chosen(Contributor.objects.all(), "email", is_theirs),
        _chosen(submissions.exclude(state__in=UNDECIDED), "contact_email", is_theirs),
        _chosen(submissions.filter(state__in=UNDECIDED), "contact_email", is_theirs),
    )


@transaction.atomic
def erase(contacts: Contacts) -> None:
    """Remove the contributor, and the contact of every submission that is decided; what was printed stays."""
    Contributor.objects.filter(pk__in=contacts.contributors).delete()
    Submission.objects.filter(pk__in=contacts.decided).update(
        contact_name=GONE, contact_section="", contact_phone="", contact_email=""
    )


def _chosen(
    rows: QuerySet[Contributor] | QuerySet[Submission], field: str, is_theirs: Callable[[str], bool]
) -> tuple[int, ...]:
    found = rows.order_by("pk").values_list("pk", field)
    return tuple(pk for pk, address in found.iterator() if is_theirs(address))
