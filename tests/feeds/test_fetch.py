"""Fetching from a real server on loopback that behaves in all the ways servers do."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import FetchError
from feeds.fetch import Busy, Caller, Fetched, Gone, NotModified, Validators, fetch, user_agent
from feeds.politeness import HostTurns
from tests.certificates import Authority
from tests.feed_server import FeedServer, Page, rss, serving
from tests.feeds.fetch_parts import LIMITS, NONE, get, redirect

SOON = 30  # seconds, where a second is needed and what must not happen takes a minute


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as server:
        yield server


# ------------------------------------------------------------ what is asked and answered
def test_it_brings_the_document_with_its_validators(server: FeedServer) -> None:
    headers = {"Content-Type": "application/rss+xml", "ETag": '"v1"', "Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"}
    server.pages["/feed"] = Page(body=rss("a"), headers=headers)
    assert get(server, "/feed") == Fetched(
        rss("a"),
        server.url("/feed"),
        None,
        "application/rss+xml",
        Validators('"v1"', "Mon, 05 Jan 2026 10:00:00 GMT"),
    )


def test_it_says_who_asks(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss())
    fetch(server.url("/feed"), NONE, LIMITS, Caller(agent=user_agent("", "https://news.example.jp")))
    _, headers = server.requests[0]
    assert headers["user-agent"] == "newsletter-feeds/1.0 (+https://news.example.jp)"
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in headers
    assert "if-none-match" not in headers


def test_the_name_of_who_asks_is_plain_ascii() -> None:
    assert user_agent("Network Japan ネット\r\n", "https://日本語.example.jp") == "newsletter-feeds/1.0 (Network Japan)"
    assert user_agent("", "") == "newsletter-feeds/1.0"


def test_it_asks_only_for_what_is_new(server: FeedServer) -> None:
    def page(handler: BaseHTTPRequestHandler) -> Page:
        asked = (handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since"))
        return Page(304) if asked == ('"v1"', "Mon, 05 Jan 2026 10:00:00 GMT") else Page(500)

    server.pages["/feed"] = page
    assert get(server, "/feed", Validators('"v1"', "Mon, 05 Jan 2026 10:00:00 GMT")) == NotModified()


def test_a_304_that_nobody_asked_for_is_an_error(server: FeedServer) -> None:
    server.pages["/feed"] = Page(304)
    with pytest.raises(FetchError, match="304"):
        get(server, "/feed")


def test_useless_validators_are_not_kept(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss(), headers={"ETag": "x" * 400, "Last-Modified": "gestern früh"})
    assert get(server, "/feed").validators == NONE


def test_410_means_gone_for_ever(server: FeedServer) -> None:
    server.pages["/feed"] = Page(410)
    assert get(server, "/feed") == Gone()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_says_how_long_to_wait(server: FeedServer, status: int) -> None:
    server.pages["/feed"] = Page(status, headers={"Retry-After": "120"})
    assert get(server, "/feed") == Busy(status, timedelta(seconds=120))


def test_a_busy_server_may_name_a_date(server: FeedServer) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    server.pages["/feed"] = Page(503, headers={"Retry-After": until})
    answer = get(server, "/feed")
    assert abs(answer.retry_after - timedelta(hours=2)) < timedelta(seconds=5)


@pytest.mark.parametrize("value", ["", "soon", "-5", "Mon, 99 Jan 2026 10:00:00 GMT", "１２０"])
def test_a_busy_server_may_say_nothing_useful(server: FeedServer, value: str) -> None:
    headers = {"Retry-After": value.encode("utf-8").decode("latin-1")} if value else {}
    server.pages["/feed"] = Page(503, headers=headers)
    assert get(server, "/feed") == Busy(503, None)


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 405, 418, 451, 500, 502])
def test_other_answers_are_told_in_words(server: FeedServer, status: int) -> None:
    server.pages["/feed"] = Page(status)
    with pytest.raises(FetchError, match=f"（{status}）。"):
        get(server, "/feed")


# ------------------------------------------------------------ redirects
@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_move_is_remembered(server: FeedServer, status: int) -> None:
    server.pages |= {"/old": redirect("/new", status), "/new": redirect("newer", status), "/newer": Page(body=rss("a"))}
    answer = get(server, "/old")
    assert (answer.body, answer.url, answer.permanent_url) == (rss("a"), server.url("/newer"), server.url("/newer"))


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_move_with_one_temporary_step_is_not_remembered(server: FeedServer, status: int) -> None:
    server.pages |= {"/old": redirect("/new", 301), "/new": redirect("/newer", status), "/newer": Page(body=rss("a"))}
    answer = get(server, "/old")
    assert (answer.url, answer.permanent_url) == (server.url("/newer"), None)


def test_a_move_from_https_to_http_is_not_remembered(tmp_path: Path, server: FeedServer) -> None:
    authority = Authority(tmp_path)
    server.pages["/feed"] = Page(body=rss("a"))
    with serving(authority.server_context("127.0.0.1")) as secure:
        secure.pages["/old"] = redirect(server.url("/feed"), 301)
        answer = fetch(
            secure.url("/old"), NONE, LIMITS, Caller(trust=ssl.create_default_context(cafile=authority.file))
        )
    assert isinstance(answer, Fetched)
    assert answer.permanent_url is None


def test_four_redirects_are_followed_and_no_more(server: FeedServer) -> None:
    server.pages |= {f"/{n}": redirect(f"/{n + 1}") for n in range(5)} | {"/5": Page(body=rss("a"))}
    assert get(server, "/1").url == server.url("/5")
    with pytest.raises(FetchError, match="転送が多すぎます"):
        get(server, "/0")


def test_a_circle_of_redirects_is_seen(server: FeedServer) -> None:
    server.pages |= {"/a": redirect("/b"), "/b": redirect("/a#again")}
    with pytest.raises(FetchError, match="循環"):
        get(server, "/a")


def test_a_redirect_to_nowhere_is_told(server: FeedServer) -> None:
    server.pages |= {"/a": Page(302), "/b": redirect("http://[")}
    with pytest.raises(FetchError, match="転送先"):
        get(server, "/a")
    with pytest.raises(FetchError, match="転送先"):
        get(server, "/b")


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://192.168.0.1:8080/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/",
     "http://0.0.0.0/", "http://[fd00::1]/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://user:x@127.0.0.1/"],
)  # fmt: skip
def test_a_redirect_to_a_private_address_is_not_followed(server: FeedServer, target: str) -> None:
    server.pages["/feed"] = redirect(target)
    started = time.monotonic()
    with pytest.raises(FetchError):
        get(server, "/feed", limits=replace(LIMITS, connect_seconds=60, total_seconds=60))
    assert time.monotonic() - started < SOON  # nobody tried to connect


def test_loopback_is_refused_unless_it_is_allowed(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss())
    with pytest.raises(FetchError, match="内部ネットワーク"):
        get(server, "/feed", limits=replace(LIMITS, allow_loopback=False))
    assert server.requests == []


def test_a_name_is_resolved_once_and_that_address_is_connected_to(server: FeedServer) -> None:
    """DNS rebinding: a second question would be answered with something else."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    server.pages["/feed"] = Page(body=rss("a"))
    url = f"http://rebind.example.org:{server.port}/feed"
    answer = fetch(url, NONE, LIMITS, Caller(resolver=resolver))
    assert isinstance(answer, Fetched)
    assert asked == ["rebind.example.org"]
    assert server.requests[0][1]["host"] == f"rebind.example.org:{server.port}"
    with pytest.raises(FetchError, match="内部ネットワーク"):
        fetch(url, NONE, LIMITS, Caller(resolver=resolver))


def test_an_address_that_does_not_answer_is_followed_by_the_next(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss("a"))
    url = f"http://two.example.org:{server.port}/feed"
    answer = fetch(url, NONE, LIMITS, Caller(resolver=lambda host, port: ["127.0.0.2", "::1", "127.0.0.1"]))
    assert isinstance(answer, Fetched)


def test_the_environment_cannot_send_us_through_a_proxy(server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.pages["/feed"] = Page(body=rss("a"))
    assert get(server, "/feed").body == rss("a")


# ------------------------------------------------------------ TLS
def test_the_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=authority.file)

    def caller(**changes: Any) -> Caller:
        return replace(Caller(resolver=lambda host, port: ["127.0.0.1"], trust=trust), **changes)

    with serving(authority.server_context("news.example.org")) as server:
        server.pages["/feed"] = Page(body=rss("a"))
        right, wrong = (f"https://{name}.example.org:{server.port}/feed" for name in ("news", "other"))
        assert isinstance(fetch(right, NONE, LIMITS, caller()), Fetched)
        with pytest.raises(FetchError, match="証明書"):
            fetch(wrong, NONE, LIMITS, caller())
        with pytest.raises(FetchError, match="証明書"):
            fetch(right, NONE, LIMITS, caller(trust=None))


def test_an_outdated_certificate_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=authority.file)
    with serving(authority.server_context("127.0.0.1", days=-1)) as server, pytest.raises(FetchError, match="証明書"):
        fetch(server.url("/feed"), NONE, LIMITS, Caller(trust=trust))


def test_a_server_without_tls_is_told(server: FeedServer) -> None:
    with pytest.raises(FetchError, match="TLS"):
        fetch(server.url("/feed").replace("http:", "https:"), NONE, LIMITS)


# ------------------------------------------------------------ politeness
def test_one_host_is_asked_one_thing_at_a_time_with_a_pause(server: FeedServer) -> None:
    server.pages["/feed"] = Page(body=rss("a"), script=lambda handler: time.sleep(0.05))
    caller = Caller(turns=HostTurns(pause_seconds=0.15))
    limits = replace(LIMITS, total_seconds=1)  # waiting for one's turn does not count
    threads = [threading.Thread(target=fetch, args=(server.url("/feed"), NONE, limits, caller)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.most_at_once == 1
    gaps = [later - earlier for earlier, later in zip(server.started_at, server.started_at[1:], strict=False)]
    assert len(gaps) == 7
    assert min(gaps) > 0.14
