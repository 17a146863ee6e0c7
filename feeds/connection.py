"""The connection under httpx: to addresses that the guard has judged, and never for longer than the deadline."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from feeds import guard
from feeds.errors import FetchError

_Options = Iterable[httpcore.SOCKET_OPTION]


class Deadline:
    """The moment after which a fetch is given up; waiting one's turn at a host does not count."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def remaining(self) -> float:
        return self.ends_at - time.monotonic()

    def extend(self, seconds: float) -> None:
        self.ends_at += seconds

    def clip(self, timeout: float | None, error: type[Exception]) -> float:
        """The smaller of a time-out and what is left; raises `error` when nothing is left."""
        remaining = self.remaining()
        if remaining <= 0:
            raise error("deadline")
        return remaining if timeout is None else min(timeout, remaining)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, judges and connects in one step, so that no second DNS answer can come in between.

    httpcore keeps the host name for the Host header, SNI and the check of the certificate.
    """

    def __init__(self, deadline: Deadline, *, allow_loopback: bool, resolver: guard.Resolver) -> None:
        self._deadline, self._allow_loopback, self._resolver = deadline, allow_loopback, resolver
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _Options | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._deadline.clip(timeout, httpcore.ConnectTimeout)
        addresses = guard.allowed_addresses(
            host, port, allow_loopback=self._allow_loopback, resolver=self._resolver, seconds=limit
        )
        failure: Exception = httpcore.ConnectError("no address")
        for address in addresses[:4]:  # both families of two servers; the next poll tries again
            limit = self._deadline.clip(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._network.connect_tcp(address, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise FetchError("この接続方法は使えません。")

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, max(self._deadline.remaining(), 0)))


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step also ends with the deadline: one byte every few seconds does not keep us."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.clip(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.clip(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = self._deadline.clip(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class GuardedTransport(httpx.BaseTransport):
    """httpx over connections of GuardedBackend, one request per connection."""

    def __init__(self, backend: httpcore.NetworkBackend, trust: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust, max_connections=1, max_keepalive_connections=0, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()
