"""Fetch a feed: conditional GET, few redirects, bounded in size and time, never from a private address."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urldefrag, urljoin, urlsplit

import httpcore
import httpx

from feeds import guard
from feeds.connection import Deadline, GuardedBackend, GuardedTransport
from feeds.errors import FetchError
from feeds.inflate import GZIP_MAGIC, Inflater, inflate, too_big
from feeds.politeness import HostTurns

_ACCEPT = "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.1"
_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
_BUSY = frozenset({429, 503})
_IDENTITY = frozenset({"", "identity"})
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_LONGEST_VALIDATOR = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fetch may cost. Loopback is for demonstrations and tests."""

    connect_seconds: float = 10.0
    read_seconds: float = 15.0
    total_seconds: float = 45.0
    max_bytes: int = 10 * 1024 * 1024  # of the document, and of what comes over the wire
    max_redirects: int = 4
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server gave to ask again with (RFC 9110 section 8.8)."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document. `permanent_url` is set when every redirect on the way to it was a permanent one."""

    body: bytes
    url: str
    permanent_url: str | None
    content_type: str
    validators: Validators


@dataclass(frozen=True, slots=True)
class NotModified:
    """304: nothing new since the validators."""


@dataclass(frozen=True, slots=True)
class Gone:
    """410: the source says it will never come back."""


@dataclass(frozen=True, slots=True)
class Busy:
    """429 or 503: come later, if it says so after `retry_after`."""

    status: int
    retry_after: timedelta | None


Answer = Fetched | NotModified | Gone | Busy


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and how: the same for all feeds of a run."""

    agent: str = "newsletter-feeds"
    turns: HostTurns | None = None
    resolver: guard.Resolver = guard.system_resolver
    trust: ssl.SSLContext | None = None  # None: the usual certificate authorities


def user_agent(name: str, website: str) -> str:
    """A User-Agent that tells a server's keeper who asks and where to complain."""
    ascii_name = "".join(c for c in name if c.isascii() and (c.isalnum() or c in " .-")).strip()
    product = "newsletter-feeds/1.0"
    about = "; ".join(part for part in (ascii_name, f"+{website}" if website.isascii() and website else "") if part)
    return f"{product} ({about})" if about else product


@dataclass(frozen=True, slots=True)
class Arrival:
    """The open response at the end of the redirects."""

    response: httpx.Response
    url: str
    permanent_url: str | None


def fetch(url: str, validators: Validators, limits: Limits, caller: Caller | None = None) -> Answer:
    """GET the feed, following redirects by hand; raises FetchError with a sentence about what is wrong."""
    with follow("GET", url, validators, limits, caller) as arrival:
        return _answer(arrival.response, arrival.url, arrival.permanent_url, validators, limits)


@contextlib.contextmanager
def follow(
    method: str, url: str, validators: Validators, limits: Limits, caller: Caller | None = None
) -> Iterator[Arrival]:
    """Ask for the page and follow redirects by hand; raises FetchError with a sentence about what is wrong."""
    caller = caller or Caller()
    deadline = Deadline(limits.total_seconds)
    visited, permanent = [urldefrag(url).url], True
    while True:
        with _at(method, visited[-1], validators, limits, caller, deadline) as response:
            if response.status_code not in _REDIRECTS:
                moved = visited[-1] if permanent and len(visited) > 1 else None
                yield Arrival(response, visited[-1], moved)
                return
            permanent = permanent and response.status_code in _PERMANENT
            target = _target(response, visited)
        if urlsplit(visited[-1]).scheme == "https" and urlsplit(target).scheme == "http":
            permanent = False  # anybody on the way could have said so next time; https is not given up for good
        visited.append(target)
        if len(visited) > limits.max_redirects + 1:
            raise FetchError(f"転送が多すぎます（{limits.max_redirects}回まで）。")


def _target(response: httpx.Response, visited: list[str]) -> str:
    location = response.headers.get("location", "").strip()
    if not location:
        raise FetchError(f"転送先が書かれていない応答（{response.status_code}）が返りました。")
    try:
        target = str(httpx.URL(urldefrag(urljoin(visited[-1], location)).url))
    except (ValueError, httpx.InvalidURL) as error:
        raise FetchError("転送先のアドレスの書き方が正しくありません。") from error
    if target in visited:
        raise FetchError("転送が循環しています。")
    return target


@contextlib.contextmanager
def _at(
    method: str, url: str, validators: Validators, limits: Limits, caller: Caller, deadline: Deadline
) -> Iterator[httpx.Response]:
    """The open response at one address, its failures in words."""
    guard.check_url(url)
    with _our_turn(caller, url, deadline), _in_words(limits, deadline):
        backend = GuardedBackend(deadline, allow_loopback=limits.allow_loopback, resolver=caller.resolver)
        with (
            httpx.Client(
                transport=GuardedTransport(backend, caller.trust or _usual_trust()),
                timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
                trust_env=False,  # no proxy, no netrc: they would take us past the guard
                follow_redirects=False,
            ) as client,
            client.stream(method, url, headers=_headers(validators, caller.agent)) as response,
        ):
            yield response


@contextlib.contextmanager
def _our_turn(caller: Caller, url: str, deadline: Deadline) -> Iterator[None]:
    if caller.turns is None:
        yield
        return
    with caller.turns.turn(urlsplit(url).hostname or "") as waited:
        deadline.extend(waited)
        yield


@contextlib.contextmanager
def _in_words(limits: Limits, deadline: Deadline) -> Iterator[None]:
    """httpx's and httpcore's exceptions become FetchErrors that staff can read."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, *_CORE_ERRORS) as error:
        raise FetchError(_words(error, limits, deadline)) from error


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _words(error: Exception, limits: Limits, deadline: Deadline) -> str:
    if isinstance(error, httpcore.TimeoutException) and deadline.remaining() <= 0:
        return f"全体で{limits.total_seconds:g}秒を過ぎたため、中止しました。"
    if isinstance(error, httpcore.ConnectTimeout):
        return f"接続できません（{limits.connect_seconds:g}秒以内に応答がありません）。"
    if isinstance(error, httpcore.TimeoutException):
        return f"応答が途絶えました（{limits.read_seconds:g}秒以内に続きが届きません）。"
    if isinstance(error, httpcore.ConnectError):
        return _connect_words(error)
    if isinstance(error, httpcore.RemoteProtocolError):
        return "応答が途中で切れたか、HTTPとして正しくありません。"
    if isinstance(error, httpcore.NetworkError):
        return "通信が途中で切れました。"
    return "アドレスの書き方が正しくないか、応答を読み取れません。"


def _connect_words(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"証明書を確認できません（{cause.verify_message}）。"
        if isinstance(cause, ssl.SSLError):
            return "暗号化した接続（TLS）を確立できません。"
        if isinstance(cause, ConnectionRefusedError):
            return "接続を断られました。"
        cause = cause.__cause__ or cause.__context__
    return "接続できません。"


@lru_cache(maxsize=1)
def _usual_trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _headers(validators: Validators, agent: str) -> dict[str, str]:
    headers = {"User-Agent": agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _answer(response: httpx.Response, url: str, permanent_url: str | None, sent: Validators, limits: Limits) -> Answer:
    status = response.status_code
    if status == httpx.codes.OK:
        return Fetched(
            body=read_body(response, limits.max_bytes),
            url=url,
            permanent_url=permanent_url,
            content_type=response.headers.get("content-type", ""),
            validators=_validators(response),
        )
    if status == httpx.codes.NOT_MODIFIED and sent != Validators():
        return NotModified()
    if status == httpx.codes.GONE:
        return Gone()
    if status in _BUSY:
        return Busy(status, _retry_after(response))
    raise FetchError(_status_words(status))


def _status_words(status: int) -> str:
    known = {
        400: "要求の形式が正しくないと断られました",
        401: "認証を求められました",
        403: "アクセスを断られました",
        404: "フィードが見つかりません",
        405: "この取得方法を断られました",
        451: "法的な理由で提供されていません",
    }
    if status in known:
        return f"{known[status]}（{status}）。"
    if status >= 500:
        return f"相手のサーバに問題が起きています（{status}）。"
    return f"思いがけない応答が返りました（{status}）。"


def _validators(response: httpx.Response) -> Validators:
    """Kept as they were sent; one too long to keep, or not plain ASCII, is no use and left out."""

    def kept(name: str) -> str:
        value: str = response.headers.get(name, "").strip()
        return value if len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable() else ""

    return Validators(kept("etag"), kept("last-modified")[:100])


def _retry_after(response: httpx.Response) -> timedelta | None:
    """Seconds or an HTTP-date (RFC 9110 section 10.2.3), the latter by the server's own clock if it tells it."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    until = _http_date(value)
    if until is None:
        return None
    said_at = _http_date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(until - said_at, timedelta(0))


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The document, decompressed as it comes, stopped as soon as either side of the compression is too big."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in _IDENTITY | _COMPRESSED:
        raise FetchError(f"対応していない圧縮形式（{encoding[:40]}）で送られてきました。")
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > max_bytes:
        raise too_big(max_bytes)
    inflater = Inflater(max_bytes) if encoding in _COMPRESSED else None
    pieces, received = [], 0
    for chunk in response.iter_raw():
        received += len(chunk)
        if received > max_bytes:
            raise too_big(max_bytes)
        pieces.append(inflater.feed(chunk) if inflater else chunk)
    if inflater:
        inflater.finish()
    body = b"".join(pieces)
    # A file feed.xml.gz that is served as it lies on the disk.
    return inflate(body, max_bytes) if body.startswith(GZIP_MAGIC) else body
