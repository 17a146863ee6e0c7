"""Makes messages ahead of their turn on the wire, in a thread of its own.

A signature takes longer than everything else that is done for a reader, and it leaves the interpreter's lock alone
while it is reckoned: beside the connections it uses the second processor. Nothing here knows the wire or the ledger.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.outgoing import Outgoing

AT_ONCE = 8  # come back together: to wake the connections for each would cost as much as a short signature


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail with its whole message, or the error that stood in the way of it."""

    mail: Outgoing
    eight_bit: bool  # for a relay that takes 8-bit bodies
    content: bytes = b""
    error: Exception | None = None


def compose(mail: Outgoing, *, eight_bit: bool) -> Composed:
    """The message of this mail. Nothing is raised: in the composer's thread nobody would hear it."""
    try:
        return Composed(mail, eight_bit, mail.content(eight_bit=eight_bit))
    except Exception as error:  # noqa: BLE001 - for the connections to judge
        return Composed(mail, eight_bit, error=error)


class Composer:
    """Takes mail and gives each back composed, in the same order, to `hand_on`, which is called in its thread."""

    def __init__(self, hand_on: Callable[[Sequence[Composed]], None]) -> None:
        self._hand_on = hand_on
        self._mails: queue.SimpleQueue[tuple[Outgoing, bool] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="composer", daemon=True)
        self._thread.start()

    def put(self, mail: Outgoing, *, eight_bit: bool) -> None:
        """Have this one composed."""
        self._mails.put((mail, eight_bit))

    def close(self) -> None:
        """Give back what was put in, and be over."""
        self._mails.put(None)
        self._thread.join()

    def _run(self) -> None:
        done: list[Composed] = []
        while (one := self._mails.get()) is not None:
            done.append(compose(one[0], eight_bit=one[1]))
            if len(done) == AT_ONCE or self._mails.empty():
                self._hand_on(done)
                done = []
        if done:
            self._hand_on(done)
