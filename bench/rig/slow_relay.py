"""A relay that takes its time: it answers each message so many milliseconds after the final dot.

python -m bench.rig.slow_relay PORT MILLISECONDS
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

from bench.rig.postfix import free_port, wait_for

END = b"\r\n.\r\n"


class SlowRelay(asyncio.Protocol):
    """Understands just enough, and never looks at the content."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._reading_content = self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 slow.example.jp ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._is_busy:
            end = END if self._reading_content else b"\r\n"
            # Only the tail can hold the end of content that came in parts, but a whole message is cheap to search.
            at = self._unread.find(end)
            if at < 0:
                return
            line = bytes(self._unread[:at]) if not self._reading_content else b""
            del self._unread[: at + len(end)]
            if self._reading_content:
                self._reading_content, self._is_busy = False, True
                asyncio.get_running_loop().call_later(self._seconds, self._accept)
                return
            self._answer(line.upper())

    def _accept(self) -> None:
        self._is_busy = False
        self._transport.write(b"250 2.0.0 Ok\r\n")
        self._go_on()

    def _answer(self, line: bytes) -> None:
        if line.startswith(b"EHLO"):
            self._transport.write(b"250-slow.example.jp\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif line.startswith(b"DATA"):
            self._transport.write(b"354 go on\r\n")
            self._reading_content = True
        elif line.startswith(b"QUIT"):
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 2.1.0 Ok\r\n")


@contextlib.contextmanager
def slow_relay(milliseconds: int) -> Iterator[int]:
    """The relay in a process of its own, on a free port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.rig.slow_relay", str(port), str(milliseconds)])
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


async def _serve(port: int, milliseconds: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SlowRelay(milliseconds / 1000), "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
