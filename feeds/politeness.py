"""One request at a time to one host, with a pause between two."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator


class HostTurns:
    """Whose turn it is at each host. One object is shared by all threads of a run."""

    def __init__(self, pause_seconds: float = 1.0) -> None:
        self._pause = pause_seconds
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._left_at: dict[str, float] = {}

    @contextlib.contextmanager
    def turn(self, host: str) -> Iterator[float]:
        """Wait until nobody speaks to the host and the pause is over; yields the seconds waited."""
        with self._lock:
            turn = self._turns.setdefault(host, threading.Lock())
        started = time.monotonic()
        with turn:
            rest = self._left_at.get(host, 0.0) + self._pause - time.monotonic()
            if rest > 0 and host in self._left_at:
                time.sleep(rest)
            try:
                yield time.monotonic() - started
            finally:
                self._left_at[host] = time.monotonic()
