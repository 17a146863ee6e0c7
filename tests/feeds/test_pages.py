"""Whether a page is there: asked of a real server on this machine, by HEAD and then by GET."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from feeds.pages import PAGE_LIMITS, look

HERE = replace(PAGE_LIMITS, allow_loopback=True, total_seconds=3.0, read_seconds=1.0)


@dataclass
class Site:
    """A server whose pages the test writes: path -> (status for HEAD, status for GET, headers, body)."""

    address: str = ""
    pages: dict[str, tuple[int, int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    told = Site()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            told.asked.append(f"{self.command} {self.path}")
            head, get, headers, body = told.pages[self.path]
            self.send_response(head if self.command == "HEAD" else get)
            for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_GET = do_HEAD = answer  # noqa: N815  as http.server wants them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_is_known_by_its_words_and_not_by_its_markup(site: Site) -> None:
    site.pages = {
        "/a": (200, 200, {}, "<p>本文です。</p><script>1</script>".encode()),
        "/b": (200, 200, {}, "<div><b>本文</b>です。</div><script>2</script>".encode()),
        "/c": (200, 200, {}, "<p>別の本文です。</p>".encode()),
    }
    a, b, c = (look(site.address + path, HERE) for path in site.pages)
    assert not a.problem
    assert a.fingerprint == b.fingerprint != c.fingerprint
    assert site.asked[:2] == ["HEAD /a", "GET /a"]


def test_a_file_with_a_validator_is_not_downloaded(site: Site) -> None:
    site.pages = {"/a.pdf": (200, 200, {"Content-Type": "application/pdf", "ETag": '"1"'}, b"%PDF")}
    first = look(site.address + "/a.pdf", HERE)
    site.pages["/a.pdf"] = (200, 200, {"Content-Type": "application/pdf", "ETag": '"2"'}, b"%PDF")
    second = look(site.address + "/a.pdf", HERE)
    assert first.fingerprint
    assert second.fingerprint != first.fingerprint
    assert site.asked == ["HEAD /a.pdf", "HEAD /a.pdf"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_not_there_is_gone(site: Site, status: int) -> None:
    site.pages = {"/a": (status, status, {}, b"")}
    seen = look(site.address + "/a", HERE)
    assert (seen.is_gone, seen.problem) == (True, f"ページが見つかりません（{status}）。")


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_server_that_does_not_know_head_is_asked_by_get(site: Site, status: int) -> None:
    site.pages = {"/a": (status, 200, {}, b"<p>here</p>")}
    seen = look(site.address + "/a", HERE)
    assert not seen.problem
    assert seen.fingerprint


@pytest.mark.parametrize(
    ("status", "words"), [(401, "断られました"), (403, "断られました"), (429, "混み合って"), (500, "混み合って")]
)
def test_a_page_that_only_machines_do_not_see_is_not_called_gone(site: Site, status: int, words: str) -> None:
    site.pages = {"/a": (status, status, {}, b"")}
    seen = look(site.address + "/a", HERE)
    assert not seen.is_gone
    assert words in seen.problem


def test_a_redirect_is_followed_to_its_page(site: Site) -> None:
    site.pages = {"/old": (301, 301, {"Location": "/new"}, b""), "/new": (200, 200, {}, b"<p>here</p>")}
    assert not look(site.address + "/old", HERE).problem
    site.pages["/new"] = (404, 404, {}, b"")
    assert look(site.address + "/old", HERE).is_gone


def test_a_page_that_is_too_big_is_there_all_the_same(site: Site) -> None:
    site.pages = {"/a": (200, 200, {}, b"<p>" + b"a" * 5000)}
    seen = look(site.address + "/a", replace(HERE, max_bytes=1000))
    assert not seen.problem
    assert not seen.fingerprint


def test_a_server_that_is_not_there_is_gone(site: Site) -> None:
    seen = look("http://127.0.0.1:1/a", HERE)
    assert seen.is_gone
    assert seen.problem


def test_an_address_inside_the_house_is_never_asked(site: Site) -> None:
    site.pages = {"/a": (200, 200, {}, b"")}
    seen = look(site.address + "/a", PAGE_LIMITS)
    assert "内部ネットワーク" in seen.problem
    assert seen.is_gone
    assert site.asked == []
