"""How often one client may do one thing. Counted in Django's cache, where no address is written in clear."""

from __future__ import annotations

import hmac
import ipaddress
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from newsletter.web import patience


def client_address(request: HttpRequest) -> str:
    """The client's IP address; X-Forwarded-For is believed only when the trusted proxy wrote it."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXY and peer == settings.TRUSTED_PROXY:
        # The last address is the one our own proxy saw; those before it are the client's say-so.
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
        peer = forwarded if _is_address(forwarded) else peer
    return peer


def allow(scope: str, subject: str, limit: int, seconds: int) -> bool:
    """Whether `subject` may do `scope` once more: at most `limit` times in a window of `seconds`.

    The database's error while the counts cannot be written: Django's cache would wait for each slot and then say no.
    """
    window = int(time.time()) // seconds
    place = _place(scope, subject, window)
    slots = [f"{place}:{number}" for number in range(limit)]
    with patience.step():  # the counts stand in the ledger
        taken = cache.get_many(slots)
        # cache.add says no when another request took the slot meanwhile, so nobody passes uncounted.
        return any(cache.add(slot, 1, timeout=seconds) for slot in slots if slot not in taken)


def _place(scope: str, subject: str, window: int) -> str:
    """The name in the cache: keyed, so that neither address nor person can be read or guessed from it."""
    text = f"{scope}\n{_network(subject)}\n{window}"
    digest = hmac.new(settings.SECRET_KEY.encode(), text.encode(), "sha256")
    return f"limit:{digest.hexdigest()[:40]}"


def _network(subject: str) -> str:
    """An IPv6 address counts as its /64: that is what one customer is given to choose from."""
    if ":" in subject and _is_address(subject):
        return str(ipaddress.ip_network(f"{subject.partition('%')[0]}/64", strict=False))
    return subject


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
