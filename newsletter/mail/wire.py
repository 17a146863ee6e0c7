"""The line to the relay: octets out, replies in, and the change to TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from newsletter.mail.reply import MAX_LINES, Reply, ReplyError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_LINE = 4096  # octets of one reply line; RFC 5321 4.5.3.1.5 allows 512


class Wire:
    """One connection that carries lines. Every wait has its time; what goes wrong is an OSError or a ReplyError."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(loop=loop)
        self._protocol = _WatchedProtocol(self._reader, loop=loop)
        self._unread = b""  # what came after the line that was read last
        self._writer: asyncio.StreamWriter | None = None
        self._clear_writer: asyncio.StreamWriter | None = None  # that of before STARTTLS
        self._transport: asyncio.Transport | None = None
        self._below: _BelowTls | None = None

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
        if self._unread or await self._reader.read():
            raise ReplyError("中継サーバとの間で、暗号化の前に余分な応答が差し込まれました。")
        # From here on nothing is written in the clear. The writer is kept: collected, it would close the transport.
        self._clear_writer, self._writer = self._writer, None
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(loop=loop)
        self._protocol = _WatchedProtocol(self._reader, loop=loop)
        encrypted = await loop.start_tls(
            transport, self._protocol, context, server_hostname=host, ssl_handshake_timeout=seconds
        )
        if encrypted is None:
            raise ConnectionResetError
        self._protocol.connection_made(encrypted)
        # 1, not 0: at 0 the TLS layer would call itself full while it is empty.
        encrypted.set_write_buffer_limits(high=1, low=0)
        self._below = _BelowTls(transport)
        self._use(encrypted)

    async def write(self, octets: bytes, seconds: float) -> None:
        """Hand over all octets to the kernel. An error means that the last one, such as a final dot, never left us."""
        if self._writer is None or self.has_ended or self._is_closing():
            raise ConnectionResetError
        self._writer.write(octets)
        if self._is_closing():
            raise ConnectionResetError  # the kernel refused at once
        if not self._unsent():
            return  # the common case needs no timer
        try:
            async with asyncio.timeout(seconds):
                await self._writer.drain()
                if self._below:
                    await self._below.emptied()
        except TimeoutError:
            # Time may run out in the very moment in which the rest leaves.
            if self._unsent() or self._is_closing():
                raise

    def write_soon(self, octets: bytes) -> None:
        """Hand over what nobody needs to know the fate of; if the kernel is full it leaves when there is room."""
        if self._writer is not None and not self.has_ended and not self._is_closing():
            self._writer.write(octets)

    async def read_reply(self, seconds: float) -> Reply:
        """The next reply, all of its lines."""
        return Reply.parse(await self.read_lines(seconds))

    async def read_lines(self, seconds: float) -> Sequence[bytes]:
        """The lines of the next reply as they came."""
        until = asyncio.get_running_loop().time() + seconds
        lines = [await self._line(until)]
        while lines[-1][3:4] == b"-":
            if len(lines) == MAX_LINES:
                raise ReplyError("中継サーバの応答が長すぎます。")
            lines.append(await self._line(until))
        return lines

    async def _line(self, until: float) -> bytes:
        # Replies to commands that went out together come together: only the first of them is waited for.
        while b"\n" not in self._unread:
            if len(self._unread) > MAX_LINE:
                raise ReplyError("中継サーバの応答が長すぎます。")
            async with asyncio.timeout_at(until):
                octets = await self._reader.read(MAX_LINE)
            if not octets:
                raise ConnectionResetError
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\n")
        return line

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
        unsent = self._unsent()
        self._transport.abort()
        return unsent

    async def close(self, seconds: float) -> None:
        """Hang up and wait for it, but not for long; never raises."""
        if self._writer is None:
            self.abort()
            await asyncio.sleep(0)
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

    def _unsent(self) -> int:
        if self._is_closing():  # a TLS transport that was closed twice has nobody left to ask
            return 0
        below = self._below.transport.get_write_buffer_size() if self._below else 0
        return below + self._open_transport().get_write_buffer_size()

    def _is_closing(self) -> bool:
        # A TLS transport does not say that its socket has failed.
        return self._open_transport().is_closing() or (self._below is not None and self._below.transport.is_closing())

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


class _BelowTls(asyncio.BufferedProtocol):
    """Stands between the socket and the TLS layer, and knows when the last record has left us.

    The TLS layer calls a record written once it lies in the socket's buffer; for a final dot that is too early.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._tls = cast(asyncio.BufferedProtocol, transport.get_protocol())
        self._waiting: asyncio.Future[None] | None = None
        self._is_full = self._is_lost = False
        transport.set_protocol(self)

    async def emptied(self) -> None:
        """Return when the kernel has taken everything; ConnectionResetError if the line is lost before that."""
        if self._is_full and self._is_lost:
            raise ConnectionResetError
        if self._is_full:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def pause_writing(self) -> None:
        self._is_full = True
        self._tls.pause_writing()

    def resume_writing(self) -> None:
        self._is_full = False
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)
        self._tls.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError())
        self._tls.connection_lost(error)

    def get_buffer(self, sizehint: int) -> WriteableBuffer:
        return self._tls.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._tls.eof_received()
