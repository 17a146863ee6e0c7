"""The sample feeds and the web server on loopback that serves them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import jinja2

SAMPLES = Path(__file__).parent / "samples" / "feeds"


@dataclass(frozen=True, slots=True)
class SampleFeed:
    """One sample source: how staff would register it, and how its server answers."""

    key: str
    name: str
    file: str
    language: str
    section: str  # the key of the section its entries are suggested for
    encoding: str = "utf-8"
    content_type: str = "application/rss+xml"
    etag: str = ""  # with one, the second visit is answered 304


SAMPLE_FEEDS = (
    SampleFeed("demo-world", "世界ネットワークニュース（見本）", "world.rss.xml", "en", "network"),
    SampleFeed(
        "demo-ministry",
        "国の環境情報（見本）",
        "ministry.rdf.xml",
        "ja",
        "world",
        "cp932",
        "text/xml; charset=Shift_JIS",
    ),
    SampleFeed(
        "demo-practice",
        "都市の実践誌（見本）",
        "practice.atom.xml",
        "en",
        "world",
        content_type="application/atom+xml",
    ),
    SampleFeed("demo-office", "事務局からのお知らせ（見本）", "office.rss.xml", "ja", "office", etag='"sample-7"'),
    SampleFeed("demo-quiet", "静かな情報源（見本）", "empty.rss.xml", "en", "network"),
    SampleFeed("demo-broken", "壊れた情報源（見本）", "broken.rss.xml", "en", "network"),
)


def render(feed: SampleFeed, now: datetime) -> bytes:
    """The feed's document with its dates counted back from `now`, in the feed's own encoding."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 our own XML
    template = environment.from_string((SAMPLES / feed.file).read_text("utf-8"))
    text = template.render(
        days_ago=lambda days: now - timedelta(days=days),
        rfc822=format_datetime,
        iso=lambda moment: moment.isoformat(timespec="seconds"),
    )
    return text.encode(feed.encoding)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET /KEY with the feed of that key."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, now: datetime, **kwargs: object) -> None:
        self.now = now
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        feed = next((feed for feed in SAMPLE_FEEDS if self.path == f"/{feed.key}"), None)
        if feed is None:
            self._answer(HTTPStatus.NOT_FOUND)
        elif feed.etag and self.headers.get("If-None-Match") == feed.etag:
            self._answer(HTTPStatus.NOT_MODIFIED)
        else:
            self._answer(HTTPStatus.OK, feed, render(feed, self.now))

    def _answer(self, status: HTTPStatus, feed: SampleFeed | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        if feed is not None:
            self.send_header("Content-Type", feed.content_type)
        if feed is not None and feed.etag:
            self.send_header("ETag", feed.etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
        """Say nothing: the demonstration prints its own progress."""


@contextlib.contextmanager
def serving(now: datetime) -> Iterator[str]:
    """Serve the sample feeds on loopback while the block runs; yields the address without a trailing slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, now=now))
    thread = Thread(target=server.serve_forever, name="sample-feeds", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
