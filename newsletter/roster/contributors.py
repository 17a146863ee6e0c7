"""A member's contributors follow its answer: taken off, changed, added, and put back when the answer is taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feeds.models import Contributor, Member

FIELDS = ("name", "section", "email", "active")


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one contributor. Without an id: a new one; without an address: taken off."""

    id: int | None
    name: str
    section: str
    address: str


def take(member: Member, steps: Sequence[Step]) -> dict[str, Any]:
    """Do the steps; the answer is what was there before, for `put_back`."""
    before: dict[str, dict[str, Any]] = {}
    created: list[int] = []

    def write(person: Contributor, **values: Any) -> None:
        before.setdefault(str(person.pk), {name: getattr(person, name) for name in FIELDS})
        for name, value in values.items():
            setattr(person, name, value)
        person.save(update_fields=list(values))

    for step in steps:
        person = member.contributors.filter(pk=step.id).first() if step.id else None
        if step.id and person is None:
            continue  # removed by the office meanwhile
        told = {name: value for name, value in (("name", step.name), ("section", step.section)) if value}
        if person is not None and not step.address:
            write(person, active=False)
            continue
        # Django's constraint is one row per member and address: a known address is taken up again.
        there = member.contributors.filter(email__iexact=step.address).first()
        if there is not None and person is not None and there.pk != person.pk:
            write(person, active=False)
        if there is not None:
            write(there, active=True, **told)
        elif person is not None:
            write(person, email=step.address, **told)
        else:
            created.append(member.contributors.create(email=step.address, **told).pk)
    return {"before": before, "created": created}


def put_back(former: Mapping[str, Any]) -> None:
    """Undo `take`; who was added by it is switched off, not deleted: letters may have gone there."""
    Contributor.objects.filter(pk__in=former.get("created", [])).update(active=False)
    for pk, values in former.get("before", {}).items():
        Contributor.objects.filter(pk=int(pk)).update(**values)


def remaining(member: Member, steps: Sequence[Step]) -> int:
    """How many contributors there would be after the steps."""
    active = set(member.contributors.filter(active=True).values_list("pk", flat=True))
    gone = {step.id for step in steps if step.id and not step.address}
    return len(active - gone) + sum(1 for step in steps if step.id is None)
