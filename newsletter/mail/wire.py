"""The line to the relay: octets out, replies in, and the change to TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence

from newsletter.mail.reply import MAX_LINES, Reply, ReplyError

MAX_LINE = 4096  # octets of one reply line; RFC 5321 4.5.3.1.5 allows 512


class Wire:
    """One connection that carries lines. Every wait has its time; what goes wrong is an OSError or a ReplyError."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=MAX_LINE, loop=loop)
        self._protocol = _WatchedProtocol(self._reader, loop=loop)
        self._writer: asyncio.StreamWriter | None = None
        self._transport: asyncio.Transport | None = None

    async def open(self, host: str, port: int, seconds: float) -> None:
        """Connect without encryption."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            transport, _ = await loop.create_connection(lambda: self._protocol, host, port)
        # drain() now waits until the kernel has taken the last octet: see write().
        transport.set_write_buffer_limits(high=0)
        self._use(transport)

    async def start_tls(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Go on encrypted, the certificate checked for `host`. Nothing that came before is believed afterwards."""
        transport = self._open_transport()
        # CVE-2011-0411: a reply slipped in before the handshake would be read as if it had come encrypted.
        self._reader.feed_eof()
        if await self._reader.read():
            raise ReplyError("中継サーバとの間で、暗号化の前に余分な応答が差し込まれました。")
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=MAX_LINE, loop=loop)
        self._protocol = _WatchedProtocol(self._reader, loop=loop)
        encrypted = await loop.start_tls(
            transport, self._protocol, context, server_hostname=host, ssl_handshake_timeout=seconds
        )
        if encrypted is None:
            raise ConnectionResetError
        self._protocol.connection_made(encrypted)
        # 1, not 0: at 0 the TLS layer would call itself full while it is empty.
        encrypted.set_write_buffer_limits(high=1, low=0)
        self._use(encrypted)

    async def write(self, octets: bytes, seconds: float) -> None:
        """Hand over all octets. An error means that the last one never left us.

        That is what makes a final dot certain or doubtful. (Under TLS the last record may still lie in our buffer
        when this returns: then a lost line is called doubtful although nothing happened, never the other way round.)
        """
        if self.has_ended or self._writer is None or self._writer.is_closing():
            raise ConnectionResetError
        self._writer.write(octets)
        try:
            async with asyncio.timeout(seconds):
                await self._writer.drain()
        except TimeoutError:
            # Time may run out in the very moment in which the rest leaves.
            if self._open_transport().get_write_buffer_size():
                raise

    async def read_reply(self, seconds: float) -> Reply:
        """The next reply, all of its lines."""
        return Reply.parse(await self.read_lines(seconds))

    async def read_lines(self, seconds: float) -> Sequence[bytes]:
        """The lines of the next reply as they came."""
        async with asyncio.timeout(seconds):
            lines = [await self._line()]
            while lines[-1][3:4] == b"-":
                if len(lines) == MAX_LINES:
                    raise ReplyError("中継サーバの応答が長すぎます。")
                lines.append(await self._line())
        return lines

    async def _line(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise ReplyError("中継サーバの応答が長すぎます。") from error
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error

    @property
    def has_ended(self) -> bool:
        """The other end has hung up, even if something it said is still unread."""
        return self._protocol.has_ended

    @property
    def peer_host(self) -> str:
        """The address that was really connected to."""
        name = self._open_transport().get_extra_info("peername")
        return str(name[0]) if name else ""

    @property
    def own_host(self) -> str:
        """The address of our end."""
        name = self._open_transport().get_extra_info("sockname")
        return str(name[0]) if name else ""

    @property
    def tls_version(self) -> str:
        """`TLSv1.3`, or nothing."""
        tls = self._open_transport().get_extra_info("ssl_object")
        return str(tls.version()) if tls else ""

    def abort(self) -> int:
        """Drop the line at once; what has not left us never will. Returns how many octets that were."""
        if self._transport is None:
            return 0
        unsent = self._transport.get_write_buffer_size()
        self._transport.abort()
        return unsent

    async def close(self, seconds: float) -> None:
        """Hang up and wait for it, but not for long; never raises."""
        if self._writer is None:
            return
        self._writer.close()
        try:
            async with asyncio.timeout(seconds):
                await self._writer.wait_closed()
        except OSError:
            self.abort()
            await asyncio.sleep(0)

    def _use(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._transport = transport
        self._writer = asyncio.StreamWriter(transport, self._protocol, self._reader, loop)

    def _open_transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise ConnectionResetError
        return self._transport


class _WatchedProtocol(asyncio.StreamReaderProtocol):
    """Remembers that the other end hung up: a StreamReader only says so once all was read."""

    has_ended = False

    def eof_received(self) -> bool | None:
        self.has_ended = True
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self.has_ended = True
        with contextlib.suppress(RuntimeError):  # the loop is already closed
            super().connection_lost(error)
