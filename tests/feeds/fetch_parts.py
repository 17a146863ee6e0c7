"""How the tests of fetching ask the server on loopback."""

from __future__ import annotations

from typing import Any

from feeds.fetch import Limits, Validators, fetch
from tests.feed_server import FeedServer, Page

LIMITS = Limits(connect_seconds=2, read_seconds=2, total_seconds=5, max_bytes=100_000, allow_loopback=True)
NONE = Validators()


def get(server: FeedServer, path: str, validators: Validators = NONE, limits: Limits = LIMITS) -> Any:
    return fetch(server.url(path), validators, limits)


def redirect(to: str, status: int = 302) -> Page:
    return Page(status, headers={"Location": to})
