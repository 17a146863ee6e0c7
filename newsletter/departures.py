"""A goodbye is taken at once: into the ledger, or onto the disk beside it until the ledger can be written.

From the moment it is taken nobody claims mail for that person (recipients.py looks at what waits), whoever holds the
database. Every step that could bring the person back begins with `settle`, so that none is overtaken by a goodbye
that came before it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import Error, connection, transaction

from newsletter import failures, goodbyes, letters, locks, workers
from newsletter.errors import NewsletterError
from newsletter.goodbyes import Goodbye
from newsletter.models import Letter
from subscribers import consent, signup, suppression
from subscribers.models import ConsentEvent, Subscriber, Suppression

log = logging.getLogger(__name__)

PATIENCE = 0.5  # seconds; a one-click goodbye is answered within a second, whoever holds the ledger
AT_ONCE = "goodbyes"  # the name under which one process at a time enters what waits


def leave(key: str, source: str | None, now: datetime, detail: Mapping[str, object] | None = None) -> bool:
    """Take the goodbye: True if it stands in the ledger, False if it waits. The database's error if it can do neither.

    Who is not there any more, or was never, has left.
    """
    if not goodbyes.is_key(key):
        return True
    goodbye = Goodbye(key, now, source, detail or {})
    try:
        reader = Subscriber.objects.filter(key=key).first()
        if reader is None:
            return True
        goodbye = goodbyes.find(key) or replace(goodbye, fingerprint=reader.fingerprint)
        _enter(goodbye, reader, now)
    except Error as error:
        _write_down(goodbye, error)
        return False
    return True


def is_waiting(key: str) -> bool:
    """Whether a goodbye of this person was taken and stands in no ledger yet."""
    return goodbyes.find(key) is not None


def seen(subscriber: Subscriber) -> Subscriber:
    """The subscriber as they stand once a goodbye that waits is in the ledger; nothing is written."""
    goodbye = goodbyes.find(subscriber.key)
    if goodbye is not None and subscriber.state != Subscriber.State.LEFT:
        subscriber.state, subscriber.left_at = Subscriber.State.LEFT, goodbye.at
    return subscriber


def settle(key: str, now: datetime) -> None:
    """Enter the goodbye of this person that waits, before they do something else; inside the caller's transaction."""
    goodbye = goodbyes.find(key)
    if goodbye is not None:
        _into_ledger(goodbye, _letter(Subscriber.objects.filter(key=key).first(), now), now)


def enter_waiting(now: datetime) -> int:
    """Enter every goodbye that waits on this machine; how many. What cannot be entered yet goes on waiting."""
    entered = 0
    with workers.alone(AT_ONCE) as free:
        if not free:
            return 0
        goodbyes.tidy()
        for goodbye in goodbyes.waiting():
            try:
                _enter(goodbye, Subscriber.objects.filter(key=goodbye.key).first(), now)
            except Error as error:
                log.warning("A goodbye goes on waiting: %s", failures.database_words(error))
                connection.close_if_unusable_or_obsolete()
                if connection.vendor == "sqlite":
                    break  # one lock for all: the next one would wait as well
                continue  # one row of many
            entered += 1
    return entered


# ------------------------------------------------------------ into the ledger
def _enter(goodbye: Goodbye, reader: Subscriber | None, now: datetime) -> None:
    letter = _letter(reader, now)  # made before anybody has to wait for us
    with locks.waiting_at_most(PATIENCE):
        _into_ledger(goodbye, letter, now)


def _into_ledger(goodbye: Goodbye, letter: Letter | None, now: datetime) -> None:
    """The step, its line and the letter about it in one transaction; only then does the file go."""
    if goodbye.is_damaged:
        log.error("A goodbye in var/goodbyes could not be read; it is entered by the name and the date of its file.")
    transaction.on_commit(partial(goodbyes.discard, goodbye), robust=True)  # a file that stays is entered once more
    try:
        reader = Subscriber.objects.select_for_update().get(key=goodbye.key)
    except Subscriber.DoesNotExist:
        _stop_address(goodbye)
        return
    if goodbye.at < now and _came_back(reader, goodbye.at):
        return
    departure = signup.leave(goodbye.key, goodbye.source, goodbye.at, goodbye.detail)
    if departure.changed and letter is not None:
        letters.queue(letter, now)


def _letter(reader: Subscriber | None, now: datetime) -> Letter | None:
    """The goodbye letter for somebody who is still here; None also when it cannot be made: the step still stands."""
    if reader is None:
        return None
    if reader.state == Subscriber.State.LEFT and suppression.is_suppressed(reader.fingerprint):
        return None
    if letters.is_told_enough(reader, now):
        return None
    try:
        return letters.write_goodbye(reader, now)
    except NewsletterError as error:
        log.warning("The goodbye letter of subscriber %s could not be made: %s", reader.pk, error)
        return None


def _came_back(reader: Subscriber, since: datetime) -> bool:
    """Whether the person consented anew after the click (at another machine, say): what they said last counts."""
    kind = ConsentEvent.Kind.CONFIRMED
    return ConsentEvent.objects.filter(fingerprint=reader.fingerprint, kind=kind, at__gt=since).exists()


def _stop_address(goodbye: Goodbye) -> None:
    """The entry is gone: a list that brings the address again shall find that it left. An erasure has seen to that."""
    if goodbye.fingerprint and suppression.close(goodbye.fingerprint, Suppression.Reason.LEFT, goodbye.at):
        kind = ConsentEvent.Kind.LEFT
        consent.record_fingerprint(goodbye.fingerprint, kind, goodbye.at, detail=goodbye.detail)


# ------------------------------------------------------------ onto the disk
def _write_down(goodbye: Goodbye, error: Error) -> None:
    level = logging.INFO if locks.is_passing(error) else logging.ERROR  # hundreds may come during one import
    log.log(level, "A goodbye waits for the database: %s", failures.database_words(error))
    connection.close_if_unusable_or_obsolete()
    try:
        goodbyes.keep(goodbye)
    except OSError as failure:
        log.error("A goodbye could be neither entered nor written down: %s", failures.os_error_words(failure))  # noqa: TRY400
        raise error from failure
    _tell_other_machines(goodbye)


def _tell_other_machines(goodbye: Goodbye) -> None:
    """Where only the person's row is held, a suppression keeps senders of other machines away, who see no file."""
    if connection.vendor == "sqlite" or not goodbye.fingerprint:
        return
    try:
        with locks.waiting_at_most(PATIENCE):
            suppression.close(goodbye.fingerprint, Suppression.Reason.LEFT, goodbye.at)
    except Error as error:
        log.warning("Other machines do not know of a goodbye yet: %s", failures.database_words(error))
        connection.close_if_unusable_or_obsolete()
