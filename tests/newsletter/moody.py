"""An SMTP server for the tests of the way out: it has moods, and it can be slow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

from tests.smtp_server import ReceivingServer, free_port


@dataclass
class MoodyServer(ReceivingServer):
    """Answers with the replies of `moods`, one for each mail, and is as slow as it is told."""

    moods: list[str] = field(default_factory=list)
    slow: float = 0.0
    mail_reply: str = ""
    busy: int = 0
    busiest: int = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.mail_reply:
            return self.mail_reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(self.slow)
        self.busy -= 1
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "hang up":
            server.transport.close()
            return "250 never heard"
        return mood or await super().handle_DATA(server, session, envelope)


@contextlib.contextmanager
def moody(**options: Any) -> Iterator[MoodyServer]:
    """Run a MoodyServer."""
    with listening(MoodyServer(port=free_port(), **options)) as server:
        yield server


@contextlib.contextmanager
def listening(server: MoodyServer) -> Iterator[MoodyServer]:
    """Run a server of one's own making."""
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def addresses(server: ReceivingServer) -> list[str]:
    """Everybody who got a mail, once for each, in order."""
    return sorted(address for mail in server.received for address in mail.recipients)
