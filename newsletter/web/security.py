"""The Content-Security-Policy of every page: nothing inline, nothing from elsewhere. And no tokens in the logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class ContentSecurityPolicy:
    """Middleware; a view that must answer with another policy sets the header itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class WithoutTokens(logging.Filter):
    """Readers' and members' links open their data to whoever has them: a log line keeps only the kind of link."""

    LINKS = (
        (re.compile(r"/([cuprs])/+[^/\s'\"]+", re.IGNORECASE), r"/\1/…"),
        (re.compile(r"/staff/+password/+[^/\s'\"]+/+[^/\s'\"]+", re.IGNORECASE), "/staff/password/…"),
    )

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record's text is changed."""
        words = record.getMessage()
        for link, kind in self.LINKS:
            words = link.sub(kind, words)
        record.msg, record.args = words, ()
        return True
