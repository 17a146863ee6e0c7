"""A real web server on loopback that answers as a test tells it to."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RSS = b'<rss version="2.0"><channel><title>Source</title>%s</channel></rss>'
ITEM = b"<item><title>%s</title><link>http://news.example.org/%s</link><guid>%s</guid></item>"


def rss(*names: str) -> bytes:
    """A feed with one item per name."""
    return RSS % b"".join(ITEM % ((name.encode(),) * 3) for name in names)


@dataclass
class Page:
    """What is answered at one path."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    script: Callable[[Any], object] | None = None  # writes to the handler itself
    announce: bool = True  # send Content-Length

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if self.announce and "Content-Length" not in self.headers:
            handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)
        if self.script:
            self.script(handler)


class FeedServer:
    """The pages by path, and what was asked."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.pages: dict[str, Page | Callable[[BaseHTTPRequestHandler], Page]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.at_once: dict[str, int] = defaultdict(int)
        self.most_at_once = 0
        self.started_at: list[float] = []
        self._lock = threading.Lock()
        self.port = int(server.server_address[1])
        self.base = f"{scheme}://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return self.base + path

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.requests.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}))
            self.started_at.append(time.monotonic())
            self.at_once["now"] += 1
            self.most_at_once = max(self.most_at_once, self.at_once["now"])
        try:
            page = self.pages.get(handler.path, Page(404))
            (page(handler) if callable(page) else page).answer(handler)
        finally:
            with self._lock:
                self.at_once["now"] -= 1


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what many tests are about."""


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[FeedServer]:
    """Serve while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            feed_server.handle(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = _Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    feed_server = FeedServer(server, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield feed_server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
