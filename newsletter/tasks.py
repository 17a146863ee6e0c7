"""The background tasks and the clock (Huey). Each is a wake-up over a function that also has a command.

The ledger holds the truth, so a task that is lost or runs twice loses and doubles no mail. `newsletter work` runs them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias, cast

from django.utils import timezone
from huey import crontab
from huey.contrib.djhuey import db_periodic_task, db_task

from feeds import photo_files, refresh
from newsletter import departures, sending, sweep, tidying, workers
from newsletter.lists import uploads
from newsletter.proofing import link_checks
from subscribers import signup

# `newsletter work` sets this when it is told to stop: a running campaign then finishes what is on the wire and gives
# back the rest, and the next start goes on with it.
stopping = threading.Event()

# Huey's decorators carry no types.
Decorator: TypeAlias = Callable[[Callable[[], None]], Callable[[], object]]
on_call = cast("Decorator", db_task())
every_minute = cast("Decorator", db_periodic_task(crontab(minute="*")))
every_ten_minutes = cast("Decorator", db_periodic_task(crontab(minute="*/10")))
every_hour = cast("Decorator", db_periodic_task(crontab(minute="23")))
every_night = cast("Decorator", db_periodic_task(crontab(hour="18", minute="17")))  # UTC; 3:17 in Japan


@on_call
def deliver_letters() -> None:
    """Send the letters that wait. newsletter letters send"""
    sending.send_letters(stop_event=stopping)


def wake_letters() -> None:
    """What pages give to transaction.on_commit; a plain function, because Django names it when the queue is away."""
    deliver_letters()


@every_minute
def deliver_letters_again() -> None:
    """Letters whose retry is due, and those whose wake-up was lost. newsletter letters send"""
    sending.send_letters(stop_event=stopping)


@every_minute
def enter_goodbyes() -> None:
    """Goodbyes that were taken while the ledger could not be written. newsletter subscribers goodbyes"""
    if departures.enter_waiting(timezone.now()):
        wake_letters()


@every_minute
def sweep_claims() -> None:
    """Claims whose worker is gone. newsletter campaign sweep"""
    sweep.sweep(timezone.now())


@every_minute
def continue_campaigns() -> None:
    """Start what is due, go on with what is under way. newsletter campaign continue"""
    sending.continue_campaigns(stop_event=stopping)


@every_ten_minutes
def refresh_feeds() -> None:
    """Poll the feeds that are due, unless the last round is still at it. newsletter feeds refresh"""
    with workers.alone("refresh-feeds") as free:
        if free:
            refresh.refresh_due(timezone.now())


@every_hour
def check_links() -> None:
    """Links of unfinished issues that nobody looked at for a day. newsletter issue links"""
    with workers.alone("check-links") as free:
        if free:
            link_checks.check_unfinished(timezone.now())


@every_hour
def tidy_uploads() -> None:
    """Lists of subscribers that were uploaded a day ago. newsletter subscribers tidy"""
    uploads.tidy(timezone.now())


@every_night
def tidy_photos() -> None:
    """Photos of forms that were never sent. newsletter submissions tidy"""
    photo_files.tidy(timezone.now())


@every_night
def forget_unconfirmed() -> None:
    """Sign-ups that nobody confirmed in 14 days. newsletter subscribers forget-unconfirmed"""
    signup.forget_unconfirmed(timezone.now())


@every_night
def tidy_subscribers() -> None:
    """Proofs of consent whose term is over, exact source addresses, what lists and members said. subscribers tidy"""
    tidying.tidy(timezone.now())
