"""The catcher's page: a list, a mail as HTML, text, headers and source, and a button that empties it.

It needs no login because it listens on loopback only. A page elsewhere could still aim a browser at it, so the Host
header must be ours (DNS rebinding) and the button carries a token (CSRF).
"""

from __future__ import annotations

import hmac
import mimetypes
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.template.loader import render_to_string

from newsletter.catcher.caught import opening_links_outside, take_apart
from newsletter.catcher.maildir import Maildir

PER_PAGE = 50
LARGEST_FORM = 4096  # bytes
POLL_SECONDS = 0.05  # how long `stop` may have to wait
STATIC = Path(__file__).resolve().parent.parent / "static"
SHEETS = {
    "tokens.css": STATIC / "vendor" / "digital-go-jp-design-tokens" / "tokens.css",
    "pages.css": STATIC / "site" / "pages.css",
    "catcher.css": STATIC / "site" / "catcher.css",
    "icon.svg": STATIC / "site" / "icon.svg",
}
VIEWS = {"html": "HTML", "text": "テキスト", "headers": "ヘッダー", "source": "ソース"}
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# The mail itself: no script, no form, and nothing is fetched from elsewhere unless the person asked for pictures.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:{pictures}; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, type, body and what else the browser must know."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Page:
    """The WSGI application."""

    def __init__(self, maildir: Maildir, hosts: Iterable[str]) -> None:
        self.maildir = maildir
        self.hosts = frozenset(hosts)
        self.token = secrets.token_urlsafe(24)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        answer = self.answer(environ)
        common = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "Content-Security-Policy": PAGE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        start_response(f"{answer.status.value} {answer.status.phrase}", list((common | dict(answer.headers)).items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The address decides; only emptying is a POST."""
        if environ.get("HTTP_HOST", "") not in self.hosts:
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST, "この名前では開けません。")
        # WSGI hands the path over as latin-1 (PEP 3333)
        path = str(environ.get("PATH_INFO", "/")).encode("latin-1", "replace").decode("utf-8", "replace")
        query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        method = environ["REQUEST_METHOD"]
        if path == "/empty" and method == "POST":
            return self._empty(environ)
        if method not in ("GET", "HEAD"):
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, "この操作はできません。")
        match path.strip("/").split("/"):
            case [""]:
                return self._list(query)
            case ["static", name] if name in SHEETS:
                kind = mimetypes.guess_type(name)[0] or "text/css"
                return Answer(HTTPStatus.OK, kind, SHEETS[name].read_bytes(), (("Cache-Control", "max-age=600"),))
            case ["mail", name, *rest]:
                return self._mail(name, rest, query)
        return _refusal(HTTPStatus.NOT_FOUND, "ページが見つかりません。")

    def _list(self, query: dict[str, str]) -> Answer:
        words = query.get("q", "").strip()[:200]
        everything = self.maildir.headings()
        found = [heading for heading in everything if heading.matches(words)] if words else everything
        pages = max(1, -(-len(found) // PER_PAGE))
        asked = query.get("page", "1")
        page = min(max(1, int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1), pages)
        context = {
            "mails": found[(page - 1) * PER_PAGE : page * PER_PAGE],
            "count": len(found),
            "total": len(everything),
            "words": words,
            "page": page,
            "pages": pages,
            "newer": page - 1 if page > 1 else None,
            "older": page + 1 if page < pages else None,
            "search": f"q={quote(words)}&" if words else "",
            "token": self.token,
        }
        return _page("catcher/list.html", context)

    def _mail(self, name: str, rest: list[str], query: dict[str, str]) -> Answer:
        content = self.maildir.read(name)
        if content is None:
            return _refusal(HTTPStatus.NOT_FOUND, "このメールはもうありません。")
        if rest == ["source.eml"]:
            attachment = ("Content-Disposition", 'attachment; filename="mail.eml"')
            return Answer(HTTPStatus.OK, "message/rfc822", content, (attachment,))
        mail = take_apart(content)
        pictures = query.get("pictures") == "1"
        if rest == ["frame"]:
            policy = MAIL_POLICY.format(pictures=" http: https:" if pictures else "")
            body = opening_links_outside(mail.html or "").encode("utf-8", "replace")
            return Answer(HTTPStatus.OK, "text/html; charset=utf-8", body, (("Content-Security-Policy", policy),))
        if rest not in ([], [""]):
            return _refusal(HTTPStatus.NOT_FOUND, "ページが見つかりません。")
        usable = {key: label for key, label in VIEWS.items() if getattr(mail, key) is not None}
        view = query.get("view", "")
        context = {
            "name": name,
            "mail": mail,
            "views": usable,
            "view": view if view in usable else next(iter(usable)),
            "pictures": pictures,
            "narrow": query.get("width") == "narrow",
        }
        return _page("catcher/mail.html", context)

    def _empty(self, environ: dict[str, Any]) -> Answer:
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not length.isdigit() or int(length) > LARGEST_FORM:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "送られた内容が大きすぎます。")
        form = parse_qs(environ["wsgi.input"].read(int(length)).decode("ascii", "replace"))
        if not hmac.compare_digest(form.get("token", [""])[0].encode(), self.token.encode()):
            return _refusal(HTTPStatus.FORBIDDEN, "一覧を開き直してから、もう一度お試しください。")
        self.maildir.empty()
        return Answer(HTTPStatus.SEE_OTHER, "text/plain; charset=utf-8", b"", (("Location", "/"),))


def _page(template: str, context: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, "text/html; charset=utf-8", render_to_string(template, context).encode("utf-8", "replace"))


def _refusal(status: HTTPStatus, words: str) -> Answer:
    return _page("catcher/refusal.html", {"words": words}, status)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 20  # seconds of silence

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the standard library's name
        """Requests are nobody's business; search words may hold addresses."""


class PageServer:
    """The page in a thread."""

    def __init__(self, maildir: Maildir, host: str, port: int) -> None:
        self._server = _Server((host, port), _Handler)
        self._server.set_app(Page(maildir, (f"{name}:{port}" for name in (host, "localhost", "127.0.0.1"))))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="catcher page", daemon=True
        )

    def start(self) -> None:
        """Answer until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
