"""The photo of the submission form on its way through the pages: uploaded, put aside, shown, sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from feeds import photo_files, photos
from feeds.errors import PhotoError
from feeds.models import Member, Submission
from feeds.photos import RecodedPhoto

SALT = "newsletter.web.submit.photo"
# The photo that a returned submission has already; there is one per page, so it needs no key of its own.
PRESENT = "present"


@dataclass(frozen=True, slots=True)
class FormPhoto:
    """What the form knows of its photo."""

    recoded: RecodedPhoto | None = None
    key: str = ""  # carried by the pages in a hidden field
    problem: str = ""


class PhotoUpload(FileUploadHandler):
    """Stops reading the photo at its limit: neither memory nor disk is filled, and the other fields still arrive."""

    too_large = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.read = 0
        if self.field_name != "photo":
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.read += len(raw_data)
        if self.read > photos.LARGEST_FILE:
            self.too_large = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the content."""


def photo_of(request: HttpRequest, member: Member, submission: Submission | None, now: datetime) -> FormPhoto:
    """The photo as this POST leaves it: a new upload, the one put aside before, the one already there, or none."""
    earlier = _earlier(str(request.POST.get("photo_key", "")), member, submission, now)
    upload = request.FILES.get("photo")
    handler = request.upload_handlers[0]
    if isinstance(handler, PhotoUpload) and handler.too_large:
        return FormPhoto(earlier.recoded, earlier.key, photos.TOO_LARGE)
    if upload is not None:
        try:
            recoded = photos.recode(upload.read())
        except PhotoError as problem:
            return FormPhoto(earlier.recoded, earlier.key, str(problem))
        photo_files.tidy(now)
        return FormPhoto(recoded, _signed(member, photo_files.wait(recoded)))
    if request.POST.get("remove_photo"):
        return FormPhoto()
    return earlier


def present_photo(submission: Submission) -> FormPhoto:
    """The photo that a returned submission has, if it has one."""
    recoded = photo_files.load(submission)
    return FormPhoto(recoded, PRESENT) if recoded else FormPhoto()


def _earlier(key: str, member: Member, submission: Submission | None, now: datetime) -> FormPhoto:
    if not key:
        return FormPhoto()
    if key == PRESENT and submission is not None:
        return present_photo(submission)
    try:
        owner, name = signing.loads(key, salt=SALT, max_age=photo_files.WAIT)
        if owner != member.key:
            return FormPhoto()
        return FormPhoto(photo_files.waiting(str(name), now), key)
    except PhotoError as problem:
        return FormPhoto(problem=str(problem))
    except (signing.BadSignature, ValueError, TypeError):
        return FormPhoto(problem=photo_files.GONE)


def _signed(member: Member, name: str) -> str:
    return signing.dumps([member.key, name], salt=SALT)
