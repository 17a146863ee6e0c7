"""Photos of accepted submissions, by the hash of their content. Nothing else under var/media has an address."""

from __future__ import annotations

import re

from django.core.files.storage import default_storage
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from feeds.models import Submission
from feeds.photo_files import KEPT

NAME = re.compile(r"([0-9a-f]{64})\.jpg")
YEAR = 365 * 24 * 60 * 60


@require_safe
def photo(request: HttpRequest, name: str) -> HttpResponse:
    """The photo, if its submission was accepted and its owner permits mail or web; otherwise it does not exist."""
    match = NAME.fullmatch(name)
    if not match or not _is_public(name):
        raise Http404
    # The name is the hash of the content: whoever has it never needs to ask again.
    unchanged = get_conditional_response(request, etag=f'"{match[1]}"')
    response = HttpResponse(status=304) if unchanged is not None else _content(name)
    response["ETag"] = f'"{match[1]}"'
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # web mail shows it on its own pages
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


def _is_public(name: str) -> bool:
    return (
        Submission.objects.filter(photo=f"{KEPT}/{name}", state__in=(Submission.State.ACCEPTED, Submission.State.USED))
        .filter(Q(photo_for_mail=True) | Q(photo_for_web=True))
        .exists()
    )


def _content(name: str) -> HttpResponse:
    try:
        with default_storage.open(f"{KEPT}/{name}") as file:
            return HttpResponse(file.read(), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error
