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

from django.db import Error, connection, transaction
from django.db.models import Max

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
    click = Goodbye(key, now, source, detail or {})
    _keep_before_asking(click)
    try:
        reader, letter = _looked_up(key, now)
        if reader is not None:
            click = replace(click, fingerprint=reader.fingerprint)
        elif not is_waiting(key):
            return True
        _enter(goodbyes.joined(click), letter, now)
    except Error as error:
        _write_down(click, error)
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
        goodbyes.tidy(now)
        for goodbye in goodbyes.waiting():
            try:
                _, letter = _looked_up(goodbye.key, now)
                _enter(goodbye, letter, now)
            except Error as error:
                log.warning("A goodbye goes on waiting: %s", failures.database_words(error))
                if _would_meet_all(error):
                    break
                continue  # one row of many
            entered += 1
    return entered


def _would_meet_all(error: Error) -> bool:
    """Whether the next goodbye would wait in vain as well."""
    if connection.vendor == "sqlite":
        connection.close_if_unusable_or_obsolete()
        return locks.is_passing(error)  # one lock for all, and one disk
    return not _is_reachable()


# ------------------------------------------------------------ into the ledger
def _looked_up(key: str, now: datetime) -> tuple[Subscriber | None, Letter | None]:
    """Who it is, and the letter to them: made before anybody has to wait for us."""
    with locks.looking_at_most(PATIENCE):
        reader = Subscriber.objects.filter(key=key).first()
        return reader, _letter(reader, now)


def _enter(goodbye: Goodbye, letter: Letter | None, now: datetime) -> None:
    with locks.waiting_at_most(PATIENCE):
        _into_ledger(goodbye, letter, now)


def _into_ledger(goodbye: Goodbye, letter: Letter | None, now: datetime) -> None:
    """The step, its line and the letter about it in one transaction; only then does the file go."""
    if goodbye.is_damaged:
        log.error("A goodbye in var/goodbyes could not be read; it is entered by the name and the date of its file.")

    def throw_away() -> None:  # no partial: Django names what failed, and a partial has no name
        goodbyes.discard(goodbye)

    transaction.on_commit(throw_away, robust=True)  # a file that stays is entered once more
    reader = Subscriber.objects.select_for_update().filter(key=goodbye.key).first()
    fingerprint = reader.fingerprint if reader else goodbye.fingerprint
    click = _still_said(goodbye, fingerprint, now)
    if click is None:
        return
    if reader is None:
        _stop_address(click, fingerprint)
        return
    departure = signup.leave(click.key, click.source, click.at, click.detail)
    if departure.changed and letter is not None:
        letters.queue(letter, now)


def _letter(reader: Subscriber | None, now: datetime) -> Letter | None:
    """The goodbye letter for somebody who is still here; None also when it cannot be made: the step still stands."""
    if reader is None:
        return None
    if reader.state == Subscriber.State.LEFT and suppression.is_suppressed(reader.fingerprint):
        return None
    try:
        return letters.write_goodbye(reader, now)
    except NewsletterError as error:
        log.warning("The goodbye letter of subscriber %s could not be made: %s", reader.pk, error)
        return None


def _still_said(goodbye: Goodbye, fingerprint: str, now: datetime) -> Goodbye | None:
    """The first click since the person consented anew (at another machine, say): what they said last counts."""
    if goodbye.at >= now:
        return goodbye  # the click that is being answered, whatever the clocks of other machines say
    confirmed = ConsentEvent.objects.filter(fingerprint=fingerprint, kind=ConsentEvent.Kind.CONFIRMED)
    back = confirmed.aggregate(at=Max("at"))["at"]
    clicks = (goodbye, goodbye.last)
    return next((click for click in clicks if back is None or click.at >= min(back, now)), None)


def _stop_address(click: Goodbye, fingerprint: str) -> None:
    """The entry is gone: a list that brings the address again shall find that it left. An erasure has seen to that."""
    if not fingerprint or suppression.is_erased(fingerprint):
        return
    suppression.close(fingerprint, Suppression.Reason.LEFT, click.at)
    # Its line may be missing although the suppression stands: see `_tell_other_machines`.
    kind = ConsentEvent.Kind.LEFT
    if not ConsentEvent.objects.filter(fingerprint=fingerprint, kind=kind, at=click.at).exists():
        consent.record_fingerprint(fingerprint, kind, click.at, detail=click.detail)


# ------------------------------------------------------------ onto the disk
def _keep_before_asking(click: Goodbye) -> None:
    """Nothing of ours limits how long a server is silent, so the goodbye is on disk before a server is asked."""
    if connection.vendor == "sqlite" or connection.in_atomic_block:  # in the middle of a transaction it was asked
        return
    try:
        goodbyes.keep(click)
    except OSError as failure:  # the ledger may well take it
        log.warning("A goodbye could not be written down before: %s", failures.os_error_words(failure))


def _write_down(click: Goodbye, error: Error) -> None:
    level = logging.INFO if locks.is_passing(error) else logging.ERROR  # hundreds may come during one import
    log.log(level, "A goodbye waits for the database: %s", failures.database_words(error))
    try:
        goodbyes.keep(click)
    except OSError as failure:
        log.error("A goodbye could be neither entered nor written down: %s", failures.os_error_words(failure))  # noqa: TRY400
        raise error from failure
    if connection.vendor == "sqlite":
        connection.close_if_unusable_or_obsolete()
    elif _is_reachable():
        _tell_other_machines(click)


def _is_reachable() -> bool:
    """Whether the server answers on the connection that met an error; one of no more use is closed."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
    return connection.connection is not None


def _tell_other_machines(click: Goodbye) -> None:
    """Where only the person's row is held, a suppression keeps senders of other machines away, who see no file."""
    if not click.fingerprint:
        return
    try:
        with locks.waiting_at_most(PATIENCE):
            suppression.close(click.fingerprint, Suppression.Reason.LEFT, click.at)
    except Error as error:
        log.warning("Other machines do not know of a goodbye yet: %s", failures.database_words(error))
        connection.close_if_unusable_or_obsolete()
