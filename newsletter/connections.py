"""The wire side of the engine: connections to the relays in one event loop, in a thread of their own.

The caller's thread keeps the books. It puts mail in (`carry`) and takes answers out (`answers`); every mail that was
put in comes out exactly once, as `Carried` or as `Unsent`. Nothing here knows the ledger; a `Watch` is told in the
moment in which something happens.

A relay that cannot be used is left alone for a while and the others carry on (failover.py); when none is left,
`trouble` says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol

from newsletter.composer import Composed, compose
from newsletter.errors import NewsletterError, RelayError
from newsletter.failover import AWAY, Failover, Line, Route
from newsletter.mail.outcome import Outcome
from newsletter.mail.reply import Stage
from newsletter.mail.smtp import Relay, SmtpResult
from newsletter.outgoing import Outgoing
from newsletter.waiting import Waiting, mail_of

log = logging.getLogger(__name__)

# Pauses before a lost or refused connection is tried again, in seconds; then failover.AWAY, while others carry on.
PATIENCE = (0.5, 1.5, 3.0)
# A mail that met relay trouble so often may be its cause: from then on it waits like any other deferred mail.
RELAY_RETRIES = 3
# A mail that waited longer for its connection goes back: consent and address are to be read again.
FRESH_SECONDS = 5.0
AHEAD = 2  # signed mails that are composed ahead for each line
LAST_ANSWERS = 30.0  # seconds that a failed caller waits for the answers to what is on the wire
BROKEN = "送信の処理に予期しない誤りがありました"


@dataclass(frozen=True, slots=True)
class Carried:
    """A mail that was spoken about with a relay. Without a result it could not be composed, and nothing was said."""

    mail: Outgoing
    at: datetime
    result: SmtpResult | None
    error: str = ""
    relay: str = ""  # host:port


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail that was certainly not handed over."""

    mail: Outgoing


class Watch(Protocol):
    """Is told, in the connections' thread, how far a mail came."""

    def handing_over(self, mail: Outgoing) -> None:
        """Its content is about to leave."""

    def taken_back(self, mail: Outgoing) -> None:
        """It did not arrive, and nothing of it is left on the way."""

    def carried(self, carried: Carried) -> bool:
        """It has its answer. False: it is such that nothing more should go out."""


class Connections:
    """Connections to the relays, opened as they are needed and used for one mail after the other."""

    def __init__(
        self,
        relays: Sequence[Relay],
        clock: Callable[[], datetime],
        lease: Callable[[], datetime],
        patience: tuple[float, ...],
        watch: Watch,
    ) -> None:
        self.trouble = ""  # why no relay can be used; a Japanese sentence
        self._clock, self._lease, self._patience, self._watch = clock, lease, patience, watch
        self._relays = relays
        self._answers: deque[Carried | Unsent] = deque()
        self._news = threading.Event()  # the caller should look
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="connections", daemon=True)
        self._relay_retries: Counter[int] = Counter()  # of the few mails that met relay trouble
        self._low = 0  # with so few mails waiting, the caller should bring more

    # -------------------------------------------------------- the caller's thread
    def __enter__(self) -> Connections:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # When the ledger cannot be written, what is on the wire still gets its answer, for the journal keeps it.
        self._call(self._close, kind is not None and not issubclass(kind, Exception))
        self._thread.join(None if kind is None else LAST_ANSWERS)
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop ended this very moment
                self._call(self._close, True)
            self._thread.join()

    def carry(self, mails: Iterable[Outgoing]) -> None:
        """Put mail in; it goes out as connections become free."""
        self._call(self._take_new, list(mails))

    def answers(self, wait: float) -> list[Carried | Unsent]:
        """What came back since the last call; waits at most `wait` seconds until there is room for more mail."""
        until = time.monotonic() + wait
        found = self._answers_after(wait)
        over = self._over.is_set()
        if not found and over and wait > 0:
            # What was put in a moment ago still comes out.
            found = self._answers_after(max(0.0, until - time.monotonic()))
            if not found:
                raise RelayError(BROKEN)  # the traceback was logged
        return found

    def _answers_after(self, wait: float) -> list[Carried | Unsent]:
        if wait > 0:
            self._news.wait(wait)
        self._news.clear()
        found: list[Carried | Unsent] = []
        while self._answers:
            found.append(self._answers.popleft())
        return found

    def stop(self) -> None:
        """Let what is on the wire finish; all that is not comes out as Unsent, now and from here on."""
        self._call(self._stop)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    # -------------------------------------------------------- the loop's thread: mail in, answers out
    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._closed = asyncio.Event(), asyncio.Event()
        self._failover = Failover(self._relays, self._patience, self._stopping, self._give_up)
        lines = self._failover.lines
        self._waiting = Waiting(AHEAD * len(lines), self._takes_eight_bit, lambda mail: self._put(Unsent(mail)))
        self._tasks = [asyncio.create_task(self._serve(line)) for line in lines]
        self._ready.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stop()
        await self._waiting.close()
        self._over.set()
        self._news.set()
        await self._closed.wait()  # until then mail may be put in, and comes out again

    def _takes_eight_bit(self) -> bool:
        """How to compose ahead: what a relay that carries mail now can take; a guess where they differ."""
        return any(line.smtp.is_usable and line.smtp.takes_eight_bit for line in self._failover.lines)

    def _take_new(self, mails: list[Outgoing]) -> None:
        self._waiting.put(mails)
        self._low = len(self._waiting) // 2

    def _put(self, answer: Carried | Unsent) -> None:
        self._answers.append(answer)
        if len(self._waiting) <= self._low:
            self._news.set()

    def _stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._waiting.stop(len(self._failover.lines))
        self._low = len(self._failover.lines)
        self._news.set()

    def _close(self, at_once: bool) -> None:
        self._stop()
        self._closed.set()
        for task in self._tasks if at_once else ():
            task.cancel()

    def _give_up(self, words: str) -> None:
        self.trouble = self.trouble or words
        self._stop()

    # -------------------------------------------------------- one line
    async def _serve(self, line: Line) -> None:
        pauses = list(self._patience)
        try:
            while (one := await self._waiting.get()) is not None:
                if await self._failover.is_open(line):
                    await self._send(line, one)
                    continue
                self._waiting.put([mail_of(one)])
                # The others go on, with as many connections as their relays allow.
                await self._failover.pause(pauses.pop(0) if pauses else AWAY)
        except Exception:  # the worker's loop: record it, and let the caller hear of it
            log.exception(BROKEN)
            self._give_up(BROKEN)
        finally:
            await line.smtp.close()

    async def _send(self, line: Line, one: Outgoing | Composed) -> None:
        """Hand over this mail, and those after it for as long as others leave them to this line."""
        ready = self._composed(line, one)
        while ready is not None:
            if not self._may_go(ready):
                self._put(Unsent(ready.mail))
                break
            line.handed_over += 1
            upcoming = self._upcoming(line)
            try:
                result = await line.smtp.send(
                    ready.mail.envelope, ready.content,
                    following=(upcoming.mail.envelope, upcoming.content) if upcoming else None,
                    before_content=lambda mail=ready.mail: self._watch.handing_over(mail),  # type: ignore[misc]
                )  # fmt: skip
            except Exception:  # what was said is unknown, so it counts as said
                log.exception(BROKEN)
                result = SmtpResult(Stage.FINAL, None, BROKEN)
            except BaseException:  # cut off: nobody settles it, and the journal says how far it came
                if line.smtp.stage is not Stage.FINAL:
                    self._watch.taken_back(ready.mail)
                raise
            trouble = self._answer(line.route, ready.mail, result)
            if upcoming and (trouble or not line.smtp.is_usable or self._stopping.is_set()):
                self._waiting.put([upcoming.mail])
                upcoming = None
            if trouble and self._patience:
                await self._failover.pause(self._patience[0])
            ready = upcoming
        if line.smtp.awaits_content or line.is_used_up:
            await line.smtp.close()

    def _composed(self, line: Line, one: Outgoing | Composed) -> Composed | None:
        """The mail as this line's relay can take it; one that cannot be composed has its answer."""
        eight_bit = line.smtp.takes_eight_bit
        if not isinstance(one, Composed):
            one = compose(one, eight_bit=eight_bit)
        elif one.eight_bit != eight_bit:
            one = compose(one.mail, eight_bit=eight_bit)
        if one.error is None:
            return one
        if not isinstance(one.error, NewsletterError):
            raise one.error  # an error of ours: it must not count as this reader's
        self._finish(Carried(one.mail, self._clock(), None, str(one.error)))
        return None

    def _upcoming(self, line: Line) -> Composed | None:
        """The mail that this line takes next, if it is already there and no other line is free for it."""
        if line.is_used_up or not line.smtp.capabilities.pipelining:
            return None
        while one := self._waiting.at_hand():
            if ready := self._composed(line, one):
                return ready
        return None

    def _may_go(self, ready: Composed) -> bool:
        """Not after its lease (another worker may have settled it), nor when what was read for it is old."""
        return time.monotonic() - ready.mail.taken < FRESH_SECONDS and self._clock() < self._lease()

    def _answer(self, route: Route, mail: Outgoing, result: SmtpResult) -> bool:
        """Pass the answer on, or keep the mail for another try. Whether the relay was in the way."""
        if result.outcome is not Outcome.RETRY_RELAY:
            self._failover.answered(route)
            self._finish(Carried(mail, self._clock(), result, relay=route.relay.name))
            return False
        number = mail.claim.delivery_id
        self._relay_retries[number] += 1
        if self._relay_retries[number] > RELAY_RETRIES:
            self._finish(Carried(mail, self._clock(), result, relay=route.relay.name))
        else:
            self._watch.taken_back(mail)
            self._waiting.put([mail])
        self._failover.failed(route, result)
        return True

    def _finish(self, carried: Carried) -> None:
        may_go_on = self._watch.carried(carried)
        self._put(carried)
        if not may_go_on:
            self._stop()
