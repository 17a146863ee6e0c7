"""What the import of a list asks of the application: codes of places, sections, pathways, the clock."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.utils import timezone

from feeds import members
from feeds.errors import MemberError
from newsletter import wishes
from subscribers.reading import Lookups


def lookups(now: datetime) -> Lookups:
    """For one import; `now` is the moment before which consent must have been given."""
    zone = timezone.get_current_timezone()
    return Lookups(zone, now, find_code, wishes.section_titles(), wishes.pathway_labels())


@lru_cache(maxsize=10_000)
def find_code(text: str) -> str:
    """The code of a municipality by its code or name; ValueError in words."""
    try:
        return members.find_municipality(text).code
    except MemberError as error:
        raise ValueError(str(error)) from error
