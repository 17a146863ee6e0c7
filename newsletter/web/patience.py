"""Pages while the database cannot be used: they do not wait long, and then ask for patience instead of failing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.log import log_response
from django.utils.translation import gettext as _

from newsletter import failures, locks

P = ParamSpec("P")

log = logging.getLogger(__name__)

WAITS = 3.0  # seconds for the ledger. Few requests are answered at once: those that wait keep others out
TRY_AGAIN = "60"  # seconds; RFC 9110 10.2.3. As long as a large list takes to come in


@contextlib.contextmanager
def step() -> Iterator[None]:
    """One step of a person: a transaction that does not wait long for whoever writes a large list."""
    with locks.waiting_at_most(WAITS):
        yield


def patient(
    page: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page that asks for patience (503) where the database cannot be used for a while; other errors stay errors."""

    @wraps(page)
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return page(request, *args, **kwargs)
        except Error as error:
            bear(error)
            return asking(request, _busy(request), error)

    return answered


def bear(error: Error) -> None:
    """Go on after trouble that passes; any other error is raised again."""
    if not locks.is_passing(error):
        raise error
    connection.close_if_unusable_or_obsolete()


def asking(request: HttpRequest, answer: HttpResponse, error: Error) -> HttpResponse:
    """The answer as one that asks to come again in a minute."""
    answer.status_code = 503
    answer["Retry-After"] = TRY_AGAIN
    add_never_cache_headers(answer)
    # Logged by this, it is no error for Django, which would send a mail about each.
    words = f"A page asked for patience: {failures.database_words(error)}"
    log_response(words, response=answer, request=request, logger=log, level="warning")
    return answer


def said_without_database(heading: str, message: str) -> HttpResponse:
    """A page that needs nothing but the language."""
    return HttpResponse(render_to_string("public/bare.html", {"heading": heading, "message": message}))


def _busy(request: HttpRequest) -> HttpResponse:
    heading = _("ただいま混み合っています")
    message = (
        _("まだ受け付けていません。お手数ですが、1分ほどたってから、もう一度お試しください。")
        if request.method == "POST"
        else _("いまは、このページを表示できません。お手数ですが、1分ほどたってから、もう一度お試しください。")
    )
    answer = said_without_database(heading, message)
    with contextlib.suppress(Error):  # a ledger that is being written can be read; one that is away cannot
        answer = render(request, "public/busy.html", {"heading": heading, "message": message})
    return answer
