"""A client's side of the SMTP tests: send to a server that follows a script, and see what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from newsletter.mail.envelope import Envelope
from newsletter.mail.smtp import Relay, Security, SmtpConnection, SmtpResult, Timeouts
from tests.smtp_server import Conversation, Script, ScriptedServer, scripted

ENVELOPE = Envelope("bounces+1-abcdefghij@example.jp", "reader@example.lg.jp")
CONTENT = b"Subject: =?UTF-8?B?5Y+3?=\r\n\r\n.first\r\n..\r\n.\r\nlast"
ACCEPTED = ("250 2.1.0 Ok", "250 2.1.5 Ok", "354 go on")


def impatient(**seconds: float) -> Timeouts:
    """Times a test can wait, shorter still where it says so."""
    short = {"connect": 5, "greeting": 5, "command": 5, "mail": 5, "rcpt": 5, "data": 5, "block": 5, "final": 5}
    return Timeouts(**{**short, "quit": 1, **seconds})


def relay_at(port: int, security: Security = Security.NONE, **more: Any) -> Relay:
    """A relay on loopback."""
    more.setdefault("timeouts", impatient())
    return Relay("127.0.0.1", port, security, **more)


def talk(
    script: Script, *envelopes: Envelope, content: bytes = CONTENT, **more: Any
) -> tuple[list[SmtpResult], tuple[ScriptedServer, bool]]:
    """Send to a server that follows `script`: the results, what the server saw, and whether the line is still good."""

    async def main() -> tuple[list[SmtpResult], tuple[ScriptedServer, bool]]:
        async with scripted(script) as server:
            connection = SmtpConnection(relay_at(server.port, **more))
            await connection.connect()
            results = [await connection.send(envelope, content) for envelope in envelopes or (ENVELOPE,)]
            usable = connection.is_usable
            await connection.close()
        return results, (server, usable)

    return asyncio.run(main())


def pipelining(then: Callable[[Conversation], Awaitable[Any]], *opening: str) -> Script:
    """A server that pipelines, answers the opening, and goes on with `then`."""

    async def script(client: Conversation) -> None:
        await client.hello("PIPELINING", "8BITMIME")
        await client.opening(*opening)
        await then(client)

    return script
