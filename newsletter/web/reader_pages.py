"""What the pages of a reader share: whose page it is, their own links, letters, and the pages for what went wrong."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from newsletter import departures, failures, links, locks, tasks
from newsletter.errors import NewsletterError
from newsletter.links import ReaderLink
from newsletter.models import Letter
from newsletter.web import language
from subscribers.errors import UnknownSubscriberError
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

P = ParamSpec("P")

log = logging.getLogger(__name__)

BUTTON_WAITS = 3.0  # seconds for the ledger. Few requests are answered at once: those that wait keep others out
TRY_AGAIN = "60"  # seconds; RFC 9110 10.2.3. As long as a large list takes to come in


# ------------------------------------------------------------ whose page it is
def subscriber_of(request: HttpRequest, key: str, words: StrPromise) -> Subscriber:
    """Whose page it is; from here on they are spoken to in their language. Who said goodbye has left."""
    subscriber = Subscriber.objects.filter(key=key).first()
    if subscriber is None:
        raise UnknownSubscriberError(words)
    language.speak(request, subscriber.language)
    return departures.seen(subscriber)


def own_links(request: HttpRequest, subscriber: Subscriber | None) -> dict[str, str]:
    """The reader's two links, in the language that the address of this page asks for."""
    if subscriber is None:
        return {}
    return {
        "unsubscribe_url": language.carried(request, links.unsubscribe_url(subscriber.key)),
        "preferences_url": language.carried(request, links.preferences_url(subscriber.key)),
    }


def detail_of(link: ReaderLink) -> dict[str, object]:
    """What the ledger says of the link that brought somebody."""
    return {"delivery": link.delivery_id} if link.delivery_id is not None else {}


# ------------------------------------------------------------ steps
@contextlib.contextmanager
def step() -> Iterator[None]:
    """One step of a reader: a transaction that does not wait long for whoever writes a large list."""
    with locks.waiting_at_most(BUTTON_WAITS):
        yield


def send(make: Callable[[Subscriber], Letter], subscriber: Subscriber) -> None:
    """Send a letter about a step that is done: if it cannot be made, the step still stands."""
    try:
        make(subscriber)
    except NewsletterError as error:
        log.warning("The letter after a step of subscriber %s could not be made: %s", subscriber.pk, error)
    else:
        wake_letters()


def wake_letters() -> None:
    """Have letters sent after the commit; when the queue of tasks is away, the clock sends them later."""
    transaction.on_commit(tasks.wake_letters, robust=True)


# ------------------------------------------------------------ what went wrong
def status_of(error: Exception) -> int:
    """404 for a link that is not ours, 410 for what is over."""
    return 404 if str(error) == str(links.WRONG) else 410


def problem(request: HttpRequest, message: str, status: int) -> HttpResponse:
    """A page in words about why this one does not open."""
    return render(request, "public/problem.html", {"message": message}, status=status)


def patient(
    page: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page that asks for patience (503) where the database cannot be used for a while; other errors stay errors."""

    @wraps(page)
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return page(request, *args, **kwargs)
        except Error as error:
            if not locks.is_passing(error):
                raise
            log.warning("A page asked for patience: %s", failures.database_words(error))
            connection.close_if_unusable_or_obsolete()
            return _busy(request)

    return answered


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
    answer.status_code = 503
    answer["Retry-After"] = TRY_AGAIN
    return answer


def said_without_database(heading: str, message: str) -> HttpResponse:
    """The same in a page that needs nothing but the language."""
    return HttpResponse(render_to_string("public/bare.html", {"heading": heading, "message": message}))
