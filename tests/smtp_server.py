"""Real SMTP servers for the tests: a well-behaved one (aiosmtpd, in a thread) and one that misbehaves as told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


def free_port() -> int:
    """A port nobody uses now; aiosmtpd's Controller cannot be asked for port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Received:
    """One message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass
class ReceivingServer:
    """Keeps what it gets. Replies can be set beforehand: by recipient at RCPT, or one for the end of DATA."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    rcpt_replies: dict[str, str] = field(default_factory=dict)
    final_reply: str = "250 2.0.0 Ok"
    logins: list[str] = field(default_factory=list)
    connections: int = 0
    delay: float = 0.0  # seconds before the answer to the final dot

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt_replies.get(address, "250 2.1.5 Ok")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.delay)
        if self.final_reply.startswith("2"):
            content = envelope.original_content or b""
            self.received.append(Received(str(envelope.mail_from), tuple(envelope.rcpt_tos), content))
        return self.final_reply


@contextlib.contextmanager
def receiving(
    *,
    port: int = 0,
    delay: float = 0.0,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    password: str = "",
    **options: Any,
) -> Iterator[ReceivingServer]:
    """Run a ReceivingServer, on a free port unless one is named; with `password` it asks for a login as `office`."""
    server = ReceivingServer(port=port or free_port(), delay=delay)

    def authenticate(smtp: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"office", password.encode())
        if right:
            server.logins.append(mechanism)
        return AuthResult(success=right, handled=False)

    if password:  # aiosmtpd knows encryption by STARTTLS only
        options |= {"authenticator": authenticate, "auth_required": bool(starttls), "auth_require_tls": bool(starttls)}
    if starttls:
        options |= {"tls_context": starttls, "require_starttls": True}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, ssl_context=tls, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


class Conversation:
    """The server's side of one connection, for a test that says what happens line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.heard: list[str] = []
        self.contents: list[bytes] = []

    async def say(self, *lines: str) -> None:
        """Send lines, all in one write."""
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def say_raw(self, octets: bytes) -> None:
        self._writer.write(octets)
        await self._writer.drain()

    async def hear(self) -> str:
        """One command line; empty when the client has hung up."""
        line = (await self._reader.readline()).decode().rstrip("\r\n")
        self.heard.append(line)
        return line

    async def content(self) -> bytes:
        """What came after 354, up to the final dot, which is left out."""
        lines: list[bytes] = []
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.contents.append(b"".join(lines))
        return self.contents[-1]

    async def part_of_the_content(self, octets: int) -> None:
        """Read no further than `octets`, and wait until the client is held up."""
        await self._reader.readexactly(octets)
        await asyncio.sleep(0.2)

    async def hello(self, *offers: str) -> None:
        """Greeting and EHLO."""
        await self.say("220 relay.example.jp ESMTP")
        await self.hear()
        lines = ["relay.example.jp", *offers]
        await self.say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    async def opening(self, *replies: str) -> None:
        """Hear MAIL, RCPT and DATA before a word is said, as only a pipelining client allows; then answer."""
        for _ in replies:
            await self.hear()
        await self.say(*replies)

    def reset(self) -> None:
        """Hang up rudely, with a TCP reset."""
        endpoint = self._writer.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def encrypt(self, context: ssl.SSLContext) -> None:
        await self._writer.start_tls(context)

    async def hang_up(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


Script = Callable[[Conversation], Awaitable[None]]


@dataclass
class ScriptedServer:
    """What happened at a server that follows scripts, one for each connection in turn."""

    port: int
    conversations: list[Conversation] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        return [line for conversation in self.conversations for line in conversation.heard]


@contextlib.asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[ScriptedServer]:
    """Run a server in this event loop; a script that fails makes the test fail."""
    failures: list[Exception] = []
    waiting = list(scripts)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(reader, writer)
        server.conversations.append(conversation)
        try:
            await waiting.pop(0)(conversation)
        except OSError:
            pass
        except Exception as error:  # noqa: BLE001 - handed to the test below
            failures.append(error)
        finally:
            await conversation.hang_up()
            talking.discard(asyncio.current_task())

    talking: set[asyncio.Task[None] | None] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.current_task())
        await talk(reader, writer)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    server = ScriptedServer(port=listener.sockets[0].getsockname()[1])
    try:
        yield server
    finally:
        listener.close()
        pending = [task for task in talking if task]
        if pending:
            await asyncio.wait(pending, timeout=5)
        for task in pending:
            task.cancel()
    if failures:
        raise failures[0]
