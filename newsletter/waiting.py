"""The mail that waits for a connection: in the order in which it came, and, when it is signed, composed ahead.

For the connections' loop and, but for one method, in its thread only. Every mail that is put in comes out exactly once:
to a line, or to `unsent` when it is time to stop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from newsletter.composer import Composed, Composer
from newsletter.outgoing import Outgoing


class Waiting:
    """`ahead` signed mails at most are composed and wait; more of them would only take memory."""

    def __init__(self, ahead: int, takes_eight_bit: Callable[[], bool], unsent: Callable[[Outgoing], None]) -> None:
        self.idle = 0  # lines that wait for mail
        self._ahead, self._takes_eight_bit, self._unsent = ahead, takes_eight_bit, unsent
        self._backlog: deque[Outgoing] = deque()  # to be signed, and not yet with the composer
        self._composing = 0
        self._next: asyncio.Queue[Outgoing | Composed | None] = asyncio.Queue()  # None: time to stop
        self._is_stopped, self._nothing_composed = False, asyncio.Event()
        self._nothing_composed.set()
        self._loop = asyncio.get_running_loop()
        self._composer = Composer(self._hand_back)

    def __len__(self) -> int:
        return len(self._backlog) + self._composing + self._next.qsize()

    def put(self, mails: Iterable[Outgoing]) -> None:
        """Let these wait."""
        for mail in mails:
            if self._is_stopped:
                self._unsent(mail)
            elif mail.is_signed:
                self._backlog.append(mail)
            else:  # composed in its turn, for that takes no time
                self._next.put_nowait(mail)
        self._feed()

    async def get(self) -> Outgoing | Composed | None:
        """The next mail for a line; None when it is time to stop."""
        self.idle += 1
        try:
            return await self._next.get()
        finally:
            self.idle -= 1
            self._feed()

    def at_hand(self) -> Outgoing | Composed | None:
        """The next mail if there is one and no line waits for it."""
        if self.idle or self._is_stopped or self._next.empty():
            return None
        one = self._next.get_nowait()
        self._feed()
        return one

    def stop(self, lines: int) -> None:
        """All that waits is unsent, in its order, now and from here on; each of the lines gets its None."""
        self._is_stopped = True
        while not self._next.empty():
            if one := self._next.get_nowait():
                self._unsent(mail_of(one))
        if not self._composing:  # else it follows what comes back
            self._unsend_backlog()
        for _ in range(lines):
            self._next.put_nowait(None)

    async def close(self) -> None:
        """After `stop`: wait until nothing is being composed any more."""
        await self._nothing_composed.wait()
        self._composer.close()

    def _unsend_backlog(self) -> None:
        while self._backlog:
            self._unsent(self._backlog.popleft())

    def _feed(self) -> None:
        while not self._is_stopped and self._backlog and self._composing + self._next.qsize() < self._ahead:
            self._composing += 1
            self._nothing_composed.clear()
            self._composer.put(self._backlog.popleft(), eight_bit=self._takes_eight_bit())

    def _hand_back(self, done: Sequence[Composed]) -> None:
        """In the composer's thread."""
        self._loop.call_soon_threadsafe(self._take_composed, done)

    def _take_composed(self, done: Sequence[Composed]) -> None:
        self._composing -= len(done)
        for one in done:
            if self._is_stopped:
                self._unsent(one.mail)
            else:
                self._next.put_nowait(one)
        self._feed()
        if not self._composing:
            if self._is_stopped:
                self._unsend_backlog()
            self._nothing_composed.set()


def mail_of(one: Outgoing | Composed) -> Outgoing:
    """The mail itself."""
    return one.mail if isinstance(one, Composed) else one
