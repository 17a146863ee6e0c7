"""Look whether a web page is there and what it says, with the same guard and limits as feeds: HEAD, then GET."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import httpcore

from feeds.errors import FetchError
from feeds.fetch import Arrival, Caller, Limits, Validators, follow, read_body
from feeds.text import fingerprint, plain_text

# Servers answer these to HEAD although they would show the page.
_NOT_BY_HEAD = frozenset({400, 403, 404, 405, 410, 501})
_GONE = frozenset({404, 410})
_NO_ANSWER = (httpcore.TimeoutException, httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)
PAGE_LIMITS = Limits(connect_seconds=8.0, read_seconds=10.0, total_seconds=20.0, max_bytes=3 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a page showed."""

    problem: str = ""  # Japanese, a sentence; empty: the page is there
    is_gone: bool = False  # a reader would not see it either: 404, 410, no such host, a wrong certificate
    fingerprint: str = ""  # of its words, or of the file; empty if it could not be read


def look(url: str, limits: Limits = PAGE_LIMITS, caller: Caller | None = None) -> Look:
    """HEAD the address; then, unless that says all, GET it. What is wrong is a Look, never an exception."""
    try:
        with follow("HEAD", url, Validators(), limits, caller) as arrival:
            seen = _by_head(arrival)
        if seen is not None:
            return seen
        with follow("GET", url, Validators(), limits, caller) as arrival:
            return _by_get(arrival, limits)
    except FetchError as error:
        return Look(str(error), is_gone=not _may_come_back(error))


def _by_head(arrival: Arrival) -> Look | None:
    """What HEAD is enough for: a server in trouble, and a file whose validator says whether it changed."""
    status, headers = arrival.response.status_code, arrival.response.headers
    if status >= 400 and status not in _NOT_BY_HEAD:
        return _problem(status)
    validator = headers.get("etag") or headers.get("last-modified")
    if status == 200 and validator and "html" not in headers.get("content-type", ""):
        return Look(fingerprint=hashlib.sha256(f"{arrival.url}\n{validator}".encode()).hexdigest())
    return None


def _by_get(arrival: Arrival, limits: Limits) -> Look:
    response = arrival.response
    if response.status_code >= 400:
        return _problem(response.status_code)
    try:
        body = read_body(response, limits.max_bytes)
    except FetchError:
        return Look()  # too big or in a compression of its own: it is there, and that is what counts
    if "html" not in response.headers.get("content-type", ""):
        return Look(fingerprint=hashlib.sha256(body).hexdigest())
    text = body.decode(response.charset_encoding or "utf-8", errors="replace")
    return Look(fingerprint=fingerprint("", plain_text(text)))


def _problem(status: int) -> Look:
    if status in _GONE:
        return Look(f"ページが見つかりません（{status}）。", is_gone=True)
    if status in (401, 403, 407):
        return Look(f"機械からの確認を断られました（{status}）。ブラウザで開けるか確かめてください。")
    if status == 429 or status >= 500:
        return Look(f"相手のサーバが混み合っているか、問題が起きています（{status}）。")
    return Look(f"思いがけない応答が返りました（{status}）。ブラウザで開けるか確かめてください。")


def _may_come_back(error: FetchError) -> bool:
    """Whether the network or the server was only slow: then a reader may see the page in the next minute."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _NO_ANSWER):
            return True
        cause = cause.__cause__
    return "時間がかかりすぎ" in str(error) or "秒" in str(error)
