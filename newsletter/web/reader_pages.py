"""What the pages of a reader share: whose page it is, their own links, letters, the page for a link that is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from newsletter import departures, links, tasks
from newsletter.errors import NewsletterError
from newsletter.links import ReaderLink
from newsletter.models import Letter
from newsletter.web import language
from subscribers.errors import UnknownSubscriberError
from subscribers.models import Subscriber

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

log = logging.getLogger(__name__)


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


# ------------------------------------------------------------ letters
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
