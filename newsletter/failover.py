"""Which relay a line leads to, and their bad days: wait, leave a relay alone for a while, carry on with the others.

Lives in the event loop of connections.py. When no relay is left, `give_up` is told why, once for all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.mail.reply import Stage
from newsletter.mail.smtp import Relay, SmtpConnectError, SmtpConnection, SmtpResult

AWAY = 30.0  # seconds that a relay in trouble is left alone, while others carry on


@dataclass(slots=True)
class Route:
    """A relay, and how it fares."""

    relay: Relay
    trouble: str = ""  # why it cannot be used now
    failures: int = 0  # in a row
    away_until: float = 0.0


@dataclass(slots=True)
class Line:
    """One connection to a relay."""

    route: Route
    smtp: SmtpConnection
    handed_over: int = 0  # messages since it was opened

    @property
    def is_used_up(self) -> bool:
        """It carried as many messages as its relay takes from one connection."""
        limit = self.route.relay.messages
        return bool(limit and self.handed_over >= limit)


class Failover:
    """The lines to all relays, opened when they are needed and as their relays allow."""

    def __init__(
        self,
        relays: Sequence[Relay],
        patience: tuple[float, ...],
        stopping: asyncio.Event,
        give_up: Callable[[str], None],
    ) -> None:
        self._routes = [Route(relay) for relay in relays]
        self.lines = [
            Line(route, SmtpConnection(route.relay)) for route in self._routes for _ in range(route.relay.connections)
        ]
        self._patience, self._stopping, self._give_up = patience, stopping, give_up

    async def is_open(self, line: Line) -> bool:
        """Open the line if need be. False: not now, or it is no use for anybody."""
        for pause in (*self._patience, None):
            if line.route.away_until > time.monotonic():
                return False
            if line.smtp.is_usable:
                return True
            try:
                await self._connect(line)
                line.route.trouble = ""
            except SmtpConnectError as error:
                if any(other.smtp.is_usable for other in self.lines):
                    return False
                if pause is None or _is_final(error):
                    self._leave_alone(line.route, str(error))
                    return False
                await self.pause(pause)
            if self._stopping.is_set():
                return False
        return line.smtp.is_usable

    def answered(self, route: Route) -> None:
        """The relay did its part."""
        route.failures = 0

    def failed(self, route: Route, result: SmtpResult) -> None:
        """The relay was in the way of a mail; after too many in a row it is left alone."""
        route.failures += 1
        if route.failures > 2 * route.relay.connections:
            self._leave_alone(route, _trouble_words(route.relay, result))

    async def pause(self, seconds: float) -> None:
        """Wait, unless it is time to stop."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _leave_alone(self, route: Route, words: str) -> None:
        """Do without this relay for a while; when every relay is in trouble, stop."""
        route.trouble, route.failures, route.away_until = words, 0, time.monotonic() + AWAY
        if all(one.trouble for one in self._routes):
            self._give_up(words)

    async def _connect(self, line: Line) -> None:
        """Connect, unless it is time to stop before the relay has answered."""
        line.handed_over = 0
        connecting = asyncio.ensure_future(line.smtp.connect())
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


def _is_final(error: SmtpConnectError) -> bool:
    """Trying again will not help: the login or the certificate is refused, or the relay says 5xx."""
    return error.stage in (Stage.AUTH, Stage.STARTTLS) or (error.reply is not None and error.reply.code >= 500)


def _trouble_words(relay: Relay, result: SmtpResult) -> str:
    said = f"「{result.reply}」と答えています" if result.reply else result.error
    return f"中継サーバ {relay.name} がメールを受け付けません。{said}"
