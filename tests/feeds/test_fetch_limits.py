"""Fetching stops at its limits of size and time, whatever the server does."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from feeds.errors import FetchError
from feeds.fetch import fetch
from tests.feed_server import FeedServer, Page, rss, serving
from tests.feeds.fetch_parts import LIMITS, NONE, get

SOON = 30  # seconds, where a second is needed and what must not happen takes a minute


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as server:
        yield server


# ------------------------------------------------------------ size
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_compressed_documents_are_unpacked(server: FeedServer, encoding: str) -> None:
    packed = zlib.compress(rss("a")) if encoding == "deflate" else gzip.compress(rss("a"))
    server.pages["/feed"] = Page(body=packed, headers={"Content-Encoding": encoding})
    assert get(server, "/feed").body == rss("a")


def test_deflate_without_its_header_and_gzip_in_several_members_are_unpacked(server: FeedServer) -> None:
    engine = zlib.compressobj(wbits=-15)
    raw = engine.compress(rss("a")) + engine.flush()
    server.pages["/raw"] = Page(body=raw, headers={"Content-Encoding": "deflate"})
    server.pages["/members"] = Page(
        body=gzip.compress(rss("a")[:20]) + gzip.compress(rss("a")[20:]) + b"\0\0", headers={"Content-Encoding": "gzip"}
    )
    assert get(server, "/raw").body == get(server, "/members").body == rss("a")


def test_a_gzip_file_served_as_it_is_is_unpacked(server: FeedServer) -> None:
    server.pages["/feed.xml.gz"] = Page(body=gzip.compress(rss("a")))
    assert get(server, "/feed.xml.gz").body == rss("a")


@pytest.mark.parametrize("as_file", [False, True])
def test_a_bomb_is_stopped_at_the_limit(server: FeedServer, as_file: bool) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < LIMITS.max_bytes
    server.pages["/feed"] = Page(body=bomb, headers={} if as_file else {"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="大きすぎます"):
            get(server, "/feed")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5_000_000  # bytes, of the fifty million


def test_a_bomb_in_many_members_is_stopped_too(server: FeedServer) -> None:
    bomb = gzip.compress(b"\0" * 90_000) * 500
    assert len(bomb) < LIMITS.max_bytes
    server.pages["/feed"] = Page(body=bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchError, match="大きすぎます"):
        get(server, "/feed")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_a_compression_that_nobody_asked_for_is_refused(server: FeedServer, encoding: str) -> None:
    server.pages["/feed"] = Page(body=b"x", headers={"Content-Encoding": encoding})
    with pytest.raises(FetchError, match="圧縮形式"):
        get(server, "/feed")


def test_damaged_and_cut_off_compression_is_told(server: FeedServer) -> None:
    whole = gzip.compress(rss("a") * 50)
    for path, body, words in (("/cut", whole[:-20], "途中"), ("/bad", b"\x1f\x8b\x08" + b"x" * 50, "壊れて")):
        server.pages[path] = Page(body=body, headers={"Content-Encoding": "gzip"})
        with pytest.raises(FetchError, match=words):
            get(server, path)


def test_a_document_that_announces_its_size_is_refused_at_once(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=b"x", headers={"Content-Length": "100001"})
    with pytest.raises(FetchError, match="大きすぎます"):
        get(server, "/feed")


def test_an_endless_document_is_stopped_at_the_limit(server: FeedServer) -> None:
    def endless(handler: Any) -> None:
        while True:
            handler.wfile.write(b"x" * 10_000)

    server.pages["/feed"] = Page(announce=False, script=endless, headers={"Connection": "close"})
    with pytest.raises(FetchError, match="大きすぎます"):
        get(server, "/feed")


def test_a_document_shorter_than_announced_is_not_taken_for_whole(server: FeedServer) -> None:
    def hang_up(handler: Any) -> None:
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.pages["/feed"] = Page(body=rss("a"), headers={"Content-Length": "5000"}, script=hang_up)
    with pytest.raises(FetchError, match="途中で切れ"):
        get(server, "/feed")


def test_a_document_longer_than_announced_is_cut_where_it_was_announced(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss("a") + b"more", headers={"Content-Length": str(len(rss("a")))})
    assert get(server, "/feed").body == rss("a")


# ------------------------------------------------------------ time, each server being willing to take a minute
def test_a_silent_server_is_left_after_the_read_time_out(server: FeedServer) -> None:
    left = threading.Event()
    server.pages["/feed"] = Page(announce=False, script=lambda handler: left.wait(60))
    started = time.monotonic()
    with pytest.raises(FetchError, match="途絶え"):
        get(server, "/feed", limits=replace(LIMITS, read_seconds=0.3, total_seconds=60))
    left.set()
    assert time.monotonic() - started < SOON


def test_a_server_that_drips_is_left_after_the_total_time(server: FeedServer) -> None:
    def drip(handler: Any) -> None:
        for _ in range(600):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    server.pages["/feed"] = Page(announce=False, script=drip)
    started = time.monotonic()
    with pytest.raises(FetchError, match="全体で"):
        get(server, "/feed", limits=replace(LIMITS, total_seconds=0.8))
    assert time.monotonic() - started < SOON


def test_headers_that_drip_are_left_too() -> None:
    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(600):
                try:
                    connection.sendall(b"y")
                except OSError:
                    return
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        with pytest.raises(FetchError, match="全体で"):
            fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", NONE, replace(LIMITS, total_seconds=0.8))
        assert time.monotonic() - started < SOON
        thread.join()


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match="断られました"):
        fetch(f"http://127.0.0.1:{port}/", NONE, LIMITS)


@pytest.mark.parametrize(
    "nonsense", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"]
)
def test_what_is_no_http_is_told(nonsense: bytes) -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4000)
            connection.sendall(nonsense)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(FetchError, match="HTTP"):
            fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", NONE, LIMITS)
        thread.join()
