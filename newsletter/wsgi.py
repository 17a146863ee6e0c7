"""The web application as a production server wants it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")


def without_body_for_head(pages: WSGIApplication) -> WSGIApplication:
    """The same application; to HEAD it answers with the headers of GET and nothing more (RFC 9110, 9.3.2).

    Django leaves that to the server and waitress to the application. What is sent all the same would be taken for the
    next answer on a connection that is kept, as mail scanners keep theirs.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = pages(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return body
        close = getattr(body, "close", None)
        if close:
            close()
        return [b""]

    return answer


application = without_body_for_head(get_wsgi_application())
