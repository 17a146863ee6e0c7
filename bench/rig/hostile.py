"""A server that misbehaves on a script and counts what it took: the other end of bench/chaos.py.

For each message it draws one mishap from a seeded list, so that a run can be repeated. It counts as delivered what a
real server would have delivered: the final dot came, and it was not refused.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

HELLO = b"250-hostile.example.jp\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_ADDRESS = re.compile(rb"<(.*)>")
Lines: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# What may happen to a message, and how often of a thousand. The rest goes well.
MISHAPS = {
    "drop before the dot": 4,
    "drop after the dot, delivered": 3,
    "drop after the dot, not delivered": 3,
    "421 at MAIL": 4,
    "421 after the dot, not delivered": 3,
    "451 at RCPT": 8,
    "451 after DATA": 8,
    "550 at RCPT": 4,
    "550 after DATA": 4,
    "slow": 20,
    "replies in the wrong order": 3,
    "idle close": 6,
    "refused connection": 4,
    "garbage": 3,
}
# What makes the mail arrive nowhere, whatever the sender thinks.
DELAY = 0.001


@dataclass
class HostileServer:
    """What happened at the server, by recipient."""

    port: int = 0
    seed: int = 1
    delivered: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._names = list(MISHAPS)
        self._weights = [*MISHAPS.values()]
        self._good = 1000 - sum(self._weights)

    def draw(self) -> str:
        """The next mishap, or an empty text."""
        name = self._random.choices(["", *self._names], [self._good, *self._weights])[0]
        self.happened[name or "good"] += 1
        return name

    # -------------------------------------------------------- one connection
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._session(reader, writer)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._random.random() < MISHAPS["refused connection"] / 1000:
            self.happened["refused connection"] += 1
            writer.write(b"421 4.3.2 not now\r\n")
            return
        writer.write(b"220 hostile.example.jp ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(HELLO)
            elif verb == b"MAIL":
                if not await self._transaction(reader, writer):
                    return
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n")

    async def _transaction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """From MAIL to the answer after the final dot. False: the connection ends here."""
        mishap = self.draw()
        if mishap == "idle close":
            return False
        if mishap == "421 at MAIL":
            writer.write(b"421 4.3.2 going down\r\n")
            return False
        if mishap == "garbage":
            writer.write(b"\x00\xffhello\r\n")
            return False
        rcpt = await reader.readline()
        while rcpt[:4].upper() == b"RSET":
            rcpt = await reader.readline()
        found = _ADDRESS.search(rcpt)
        recipient = found[1].decode() if found else ""
        await reader.readline()  # DATA
        if mishap == "replies in the wrong order":
            writer.write(b"354 go on\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n")
            return False
        if mishap in ("451 at RCPT", "550 at RCPT"):
            code = b"451 4.2.1 busy" if mishap[0] == "4" else b"550 5.2.1 disabled"
            writer.write(b"250 2.1.0 Ok\r\n" + code + b"\r\n503 5.5.1 no recipients\r\n")
            self._note_refusal(mishap, recipient)
            return True
        writer.write(b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n")
        if mishap == "drop before the dot":
            await reader.readexactly(200)
            return False
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False  # the sender was killed: no dot, no mail
        return await self._after_the_dot(writer, mishap, recipient)

    async def _after_the_dot(self, writer: asyncio.StreamWriter, mishap: str, recipient: str) -> bool:
        await asyncio.sleep(0.3 if mishap == "slow" else DELAY)
        if mishap == "drop after the dot, not delivered":
            return False
        if mishap == "421 after the dot, not delivered":
            writer.write(b"421 4.3.0 disk trouble\r\n")
            return False
        if mishap in ("451 after DATA", "550 after DATA"):
            writer.write(b"451 4.3.0 try later\r\n" if mishap[0] == "4" else b"550 5.2.1 filtered\r\n")
            self._note_refusal(mishap, recipient)
            return True
        self.delivered[recipient] += 1
        if mishap == "drop after the dot, delivered":
            return False
        writer.write(b"250 2.0.0 Ok\r\n")
        return True

    def _note_refusal(self, mishap: str, recipient: str) -> None:
        if mishap[0] == "5":
            self.refused.add(recipient)


@contextmanager
def hostile(seed: int) -> Iterator[HostileServer]:
    """The server, in a thread of this process, on a free port."""
    server = HostileServer(seed=seed)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        listener = await asyncio.start_server(server.talk, "127.0.0.1", 0, limit=2**20)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
