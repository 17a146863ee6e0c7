"""A server that misbehaves on a script and counts what it took: the other end of bench/chaos.py.

It listens twice, in the clear and with STARTTLS. For each connection and for each message it draws from a seeded list
what goes wrong, so that a run can be repeated. It counts as delivered what a real server would have delivered: the
final dot came, and it was not refused.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.certificates import Authority

HELLO = b"250-hostile.example.jp\r\n250-PIPELINING\r\n"
_ADDRESS = re.compile(rb"<(.*)>")
Lines: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

# What may happen to a message, and how often of a thousand. The rest goes well.
MESSAGES = {
    "drop before the dot": 4,
    "drop after the dot, delivered": 3,
    "drop after the dot, not delivered": 3,
    "421 at MAIL": 2,
    "421 at RCPT": 2,
    "421 at DATA": 2,
    "421 after the dot, not delivered": 3,
    "451 at RCPT": 8,
    "451 after DATA": 8,
    "550 at RCPT": 4,
    "550 after DATA": 4,
    "slow": 20,
    "replies in the wrong order": 3,
    "replies one by one": 10,
    "idle close": 6,  # after an accepted message, without a word
    "drop at MAIL": 4,
    "garbage": 3,
}
# What may happen to a connection, of a thousand; those of TLS where there is TLS.
CONNECTIONS = {"refused connection": 10, "no greeting": 10}
TLS = {"TLS: 454": 20, "TLS: hangs up": 20, "TLS: no TLS": 20, "TLS: wrong certificate": 20}
# The line is cut after content may have left the sender: in doubt, and nobody can know better.
CUTS = ("drop before the dot", "drop after the dot, delivered", "drop after the dot, not delivered")
_AT_MAIL = {"drop at MAIL": b"", "421 at MAIL": b"421 4.3.2 going down\r\n", "garbage": b"\x00\xffhello\r\n"}
# What is said to MAIL, RCPT and DATA instead of taking the content, and whether the connection stays.
_REFUSALS = {
    "421 at RCPT": (b"250 2.1.0 Ok\r\n421 4.3.2 going down\r\n", False),
    "421 at DATA": (b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n421 4.3.2 going down\r\n", False),
    "451 at RCPT": (b"250 2.1.0 Ok\r\n451 4.2.1 busy\r\n503 5.5.1 no recipients\r\n", True),
    "550 at RCPT": (b"250 2.1.0 Ok\r\n550 5.2.1 disabled\r\n503 5.5.1 no recipients\r\n", True),
    "replies in the wrong order": (b"354 go on\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n", False),
}
DELAY, SLOW = 0.001, 0.3  # seconds before the last reply


@dataclass
class HostileServer:
    """What happened at the server, by recipient."""

    authority: Authority
    seed: int = 1
    port: int = 0
    tls_port: int = 0
    delivered: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)
    cut: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    messages: Mapping[str, int] = field(default_factory=lambda: MESSAGES)
    connections: Mapping[str, int] = field(default_factory=lambda: CONNECTIONS)
    tls: Mapping[str, int] = field(default_factory=lambda: TLS)

    def __post_init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self._random = random.Random(self.seed)
        self._tls = self.authority.server_context("127.0.0.1")
        self._wrong_tls = self.authority.server_context("elsewhere.example.jp")

    def draw(self, mishaps: Mapping[str, int], otherwise: str) -> str:
        """What happens now, or an empty text; `otherwise` is how a good turn is counted."""
        left = 1000 - sum(mishaps.values())
        name = self._random.choices(["", *mishaps], [left, *mishaps.values()])[0]
        self.happened[name or otherwise] += 1
        return name

    # -------------------------------------------------------- one connection
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection in the clear."""
        await self._talk(reader, writer, offers_tls=False)

    async def talk_with_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection on which nothing but EHLO is heard before STARTTLS."""
        await self._talk(reader, writer, offers_tls=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, offers_tls: bool) -> None:
        try:
            mishap = self.draw(self.connections, "good connection")
            if mishap == "refused connection":
                writer.write(b"421 4.3.2 not now\r\n")
            elif not mishap:
                writer.write(b"220 hostile.example.jp ESMTP\r\n")
                await self._session(reader, writer, offers_tls=offers_tls)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, offers_tls: bool) -> None:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(HELLO + (b"250-STARTTLS\r\n" if offers_tls else b"") + b"250 8BITMIME\r\n")
            elif verb == b"STAR" and offers_tls:
                if not await self._start_tls(writer):
                    return
                offers_tls = False
            elif verb == b"MAIL" and not offers_tls:
                if not await self._transaction(reader, writer):
                    return
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 Ok\r\n")

    async def _start_tls(self, writer: asyncio.StreamWriter) -> bool:
        """Go on encrypted. False: the connection ends here."""
        mishap = self.draw(self.tls, "good TLS")
        if mishap == "TLS: 454":
            writer.write(b"454 4.7.0 TLS not available\r\n")
            return False
        if mishap == "TLS: hangs up":
            return False
        writer.write(b"220 2.0.0 go ahead\r\n")
        if mishap == "TLS: no TLS":
            writer.write(b"this is no handshake\r\n")
            return False
        await writer.start_tls(self._wrong_tls if mishap else self._tls)
        return not mishap

    # -------------------------------------------------------- one message
    async def _transaction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """From MAIL to the answer after the final dot. False: the connection ends here."""
        mishap = self.draw(self.messages, "good")
        if mishap in _AT_MAIL:
            writer.write(_AT_MAIL[mishap])
            return False
        found = _ADDRESS.search(await reader.readline())
        recipient = found[1].decode() if found else ""
        await reader.readline()  # DATA
        if mishap in _REFUSALS:
            said, stays = _REFUSALS[mishap]
            writer.write(said)
            self._note_refusal(mishap, recipient)
            return stays
        for reply in (b"250 2.1.0 Ok\r\n", b"250 2.1.5 Ok\r\n", b"354 go on\r\n"):
            writer.write(reply)
            if mishap == "replies one by one":
                await asyncio.sleep(DELAY)
        if mishap in CUTS:
            self.cut[recipient] += 1
        if mishap == "drop before the dot":
            await reader.readexactly(200)
            return False
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False  # the sender was killed: no dot, no mail
        return await self._after_the_dot(writer, mishap, recipient)

    async def _after_the_dot(self, writer: asyncio.StreamWriter, mishap: str, recipient: str) -> bool:
        await asyncio.sleep(SLOW if mishap == "slow" else DELAY)
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
        return mishap != "idle close"

    def _note_refusal(self, mishap: str, recipient: str) -> None:
        if mishap[0] == "5":
            self.refused.add(recipient)


@contextmanager
def hostile(seed: int, folder: Path, **script: Mapping[str, int]) -> Iterator[HostileServer]:
    """The server, in a thread of this process, on two free ports; certificates lie in `folder`.

    `script`: other mishaps for messages, connections or tls than the usual ones.
    """
    server = HostileServer(Authority(folder), seed, **script)  # type: ignore[arg-type]
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server.loop = asyncio.get_running_loop()
        # A handshake that the sender breaks off is what we wanted.
        server.loop.set_exception_handler(lambda *_: None)
        plain = await asyncio.start_server(server.talk, "127.0.0.1", 0, limit=2**20)
        with_tls = await asyncio.start_server(server.talk_with_tls, "127.0.0.1", 0, limit=2**20)
        server.port, server.tls_port = (one.sockets[0].getsockname()[1] for one in (plain, with_tls))
        ready.set()
        await stop.wait()
        plain.close()
        with_tls.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.loop.call_soon_threadsafe(stop.set)
        thread.join()
