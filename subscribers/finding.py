"""Find people by a part of what is known of them."""

from __future__ import annotations

import unicodedata

from django.db.models import Q, QuerySet

from subscribers.models import Subscriber


def find(text: str) -> QuerySet[Subscriber]:
    """Everybody whose address, name, organisation or department holds the text, by address; nobody for no text."""
    wanted = " ".join(text.replace("\x00", " ").split())
    if not wanted:
        return Subscriber.objects.none()
    places = Q(address_key__contains=unicodedata.normalize("NFKC", wanted).lower())
    for name in ("name", "organisation", "department"):
        places |= Q(**{f"{name}__icontains": wanted})
    return Subscriber.objects.filter(places).order_by("address_key")
