"""Where photos lie: under the hash of their content once received, and for a day while a form waits to be sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from feeds.errors import PhotoError
from feeds.models import Submission
from feeds.photos import RecodedPhoto, written_before

KEPT, WAITING = "photos", "photos-waiting"
WAIT = timedelta(hours=24)
GONE = "時間がたったため、写真の控えがなくなりました。写真をもう一度選んでください。"
_KEY = re.compile(r"[A-Za-z0-9_-]{32}")


def keep(photo: RecodedPhoto) -> str:
    """Store the photo under its hash; the same photo twice is one file. Returns its name in the storage."""
    name = f"{KEPT}/{photo.digest}.jpg"
    if default_storage.exists(name):
        if default_storage.size(name) == len(photo.jpeg):
            return name
        default_storage.delete(name)  # what a full disk or a crash left behind
    return default_storage.save(name, ContentFile(photo.jpeg))


def load(submission: Submission) -> RecodedPhoto | None:
    """The photo of a submission, or None if it has none."""
    if not submission.photo:
        return None
    with submission.photo.open("rb") as file:
        return written_before(file.read())


def drop(name: str) -> None:
    """Delete a kept photo that no submission shows any more."""
    if name and not Submission.objects.filter(photo=name).exists():
        default_storage.delete(name)


def wait(photo: RecodedPhoto) -> str:
    """Put the photo aside until the form is sent; the key leads back to it."""
    key = secrets.token_urlsafe(24)
    default_storage.save(f"{WAITING}/{key}.jpg", ContentFile(photo.jpeg))
    return key


def waiting(key: str, now: datetime) -> RecodedPhoto:
    """The photo put aside under `key`; PhotoError when its day is over."""
    name = f"{WAITING}/{key}.jpg"
    if not _KEY.fullmatch(key) or not default_storage.exists(name) or _age(name, now) > WAIT:
        raise PhotoError(GONE)
    with default_storage.open(name) as file:
        return written_before(file.read())


def tidy(now: datetime) -> int:
    """Delete photos that waited for more than a day, and kept ones that belong to no submission; returns how many."""
    old = [name for name in _names(WAITING) if _age(name, now) > WAIT]
    # A photo is written before its row: leave it a day to be committed.
    aged = [name for name in _names(KEPT) if _age(name, now) > WAIT]
    in_use = set(Submission.objects.filter(photo__in=aged).values_list("photo", flat=True))
    gone = old + [name for name in aged if name not in in_use]
    for name in gone:
        default_storage.delete(name)
    return len(gone)


def _names(folder: str) -> Iterator[str]:
    if default_storage.exists(folder):
        yield from (f"{folder}/{name}" for name in default_storage.listdir(folder)[1])


def _age(name: str, now: datetime) -> timedelta:
    written: datetime = default_storage.get_modified_time(name)
    return now - written.astimezone(UTC)
