"""The wire side of the engine: N connections to the relay in one event loop, in a thread of their own.

The caller's thread keeps the books. It puts mail in (`carry`) and takes answers out (`answers`); every mail that was
put in comes out exactly once, as `Carried` or as `Unsent`. Nothing here knows the ledger.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from newsletter.errors import NewsletterError, RelayError
from newsletter.mail.outcome import Outcome
from newsletter.mail.reply import Stage
from newsletter.mail.smtp import Relay, SmtpConnectError, SmtpConnection, SmtpResult
from newsletter.outgoing import Outgoing

log = logging.getLogger(__name__)

# Pauses before a lost or refused connection is tried again, in seconds.
PATIENCE = (0.5, 1.5, 3.0)
# A mail that met relay trouble so often may be its cause: from then on it waits like any other deferred mail.
RELAY_RETRIES = 3
BROKEN = "送信の処理に予期しない誤りがありました"


@dataclass(frozen=True, slots=True)
class Carried:
    """A mail that was spoken about with the relay. Without a result it could not be composed, and nothing was said."""

    mail: Outgoing
    at: datetime
    result: SmtpResult | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A mail that was certainly not handed over."""

    mail: Outgoing


class Connections:
    """Connections to one relay, opened as they are needed and used for one mail after the other."""

    def __init__(
        self, relay: Relay, clock: Callable[[], datetime], lease: Callable[[], datetime], patience: tuple[float, ...]
    ) -> None:
        self.trouble = ""  # why the relay cannot be used; a Japanese sentence
        self._relay, self._clock, self._lease, self._patience = relay, clock, lease, patience
        self._answers: queue.SimpleQueue[Carried | Unsent] = queue.SimpleQueue()
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="connections", daemon=True)
        self._relay_failures = 0  # in a row

    # -------------------------------------------------------- the caller's thread
    def __enter__(self) -> Connections:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # After an exception nobody will write down what comes back: hang up at once.
        self._call(self._close, kind is not None)
        self._thread.join()

    def carry(self, mails: Iterable[Outgoing]) -> None:
        """Put mail in; it goes out as connections become free."""
        self._call(self._take, list(mails))

    def answers(self, wait: float) -> list[Carried | Unsent]:
        """What came back since the last call; waits at most `wait` seconds for the first."""
        found: list[Carried | Unsent] = []
        try:
            found.append(self._answers.get(timeout=wait) if wait > 0 else self._answers.get_nowait())
            while True:
                found.append(self._answers.get_nowait())
        except queue.Empty:
            if not found and self._over.is_set():
                raise RelayError(BROKEN) from None  # the traceback was logged
            return found

    def stop(self) -> None:
        """Let what is on the wire finish; all that is not comes out as Unsent, now and from here on."""
        self._call(self._stop)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(function, *arguments)

    # -------------------------------------------------------- the loop's thread
    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Outgoing | None] = asyncio.Queue()  # None: time to stop
        self._stopping, self._closed = asyncio.Event(), asyncio.Event()
        self._lines = [SmtpConnection(self._relay) for _ in range(self._relay.connections)]
        self._tasks = [asyncio.create_task(self._serve(line)) for line in self._lines]
        self._ready.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._stop()
        self._over.set()
        await self._closed.wait()  # until then mail may be put in, and comes out again

    def _take(self, mails: list[Outgoing]) -> None:
        for mail in mails:
            if self._stopping.is_set():
                self._answers.put(Unsent(mail))
            else:
                self._waiting.put_nowait(mail)

    def _stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        while not self._waiting.empty():
            if mail := self._waiting.get_nowait():
                self._answers.put(Unsent(mail))
        for _ in self._lines:
            self._waiting.put_nowait(None)

    def _close(self, at_once: bool) -> None:
        self._stop()
        self._closed.set()
        for task in self._tasks if at_once else ():
            task.cancel()

    def _give_up(self, words: str) -> None:
        self.trouble = self.trouble or words
        self._stop()

    async def _serve(self, line: SmtpConnection) -> None:
        pauses = list(self._patience)
        try:
            while (mail := await self._waiting.get()) is not None:
                if await self._is_open(line):
                    await self._send(line, mail)
                    continue
                self._take([mail])
                if not pauses:
                    return  # the others go on, with as many connections as the relay allows
                await self._pause(pauses.pop(0))
        except Exception:  # the worker's loop: record it, and let the caller hear of it
            log.exception(BROKEN)
            self._give_up(BROKEN)
        finally:
            await line.close()

    async def _is_open(self, line: SmtpConnection) -> bool:
        """Open the connection if need be. False: not now, or it is no use for anybody."""
        for pause in (*self._patience, None):
            if line.is_usable:
                return True
            try:
                await self._connect(line)
            except SmtpConnectError as error:
                if any(other.is_usable for other in self._lines):
                    return False
                if pause is None or _is_final(error):
                    self._give_up(str(error))
                    return False
                await self._pause(pause)
            if self._stopping.is_set():
                return False
        return line.is_usable

    async def _connect(self, line: SmtpConnection) -> None:
        """Connect, unless it is time to stop before the relay has answered."""
        connecting = asyncio.ensure_future(line.connect())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((connecting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
        finally:
            stopping.cancel()
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait((connecting,))

    async def _send(self, line: SmtpConnection, mail: Outgoing) -> None:
        try:
            content = mail.content()
        except NewsletterError as error:
            self._answers.put(Carried(mail, self._clock(), None, str(error)))
            return
        if self._clock() >= self._lease():
            # Too long asleep: another worker may have settled this claim, so it must not go out any more.
            self._answers.put(Unsent(mail))
            return
        try:
            result = await line.send(mail.envelope, content)
        except Exception:  # what was said is unknown, so it counts as said
            log.exception(BROKEN)
            result = SmtpResult(Stage.FINAL, None, BROKEN)
        await self._answer(mail, result)

    async def _answer(self, mail: Outgoing, result: SmtpResult) -> None:
        if result.outcome is not Outcome.RETRY_RELAY:
            self._relay_failures = 0
            self._answers.put(Carried(mail, self._clock(), result))
            return
        self._relay_failures += 1
        mail.relay_retries += 1
        if mail.relay_retries > RELAY_RETRIES:
            self._answers.put(Carried(mail, self._clock(), result))
        else:
            self._take([mail])
        if self._relay_failures > 2 * self._relay.connections:
            self._give_up(_trouble_words(self._relay, result))
        elif self._patience:
            await self._pause(self._patience[0])

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _is_final(error: SmtpConnectError) -> bool:
    """Trying again will not help: the login or the certificate is refused, or the relay says 5xx."""
    return error.stage in (Stage.AUTH, Stage.STARTTLS) or (error.reply is not None and error.reply.code >= 500)


def _trouble_words(relay: Relay, result: SmtpResult) -> str:
    said = f"「{result.reply}」と答えています" if result.reply else result.error
    return f"中継サーバ {relay.name} がメールを受け付けません。{said}"
