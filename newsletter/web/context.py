"""What every page may show: the association's own facts."""

from __future__ import annotations

import logging

from django.http import HttpRequest

from newsletter import profile
from newsletter.errors import ProfileError

log = logging.getLogger(__name__)


def association(_request: HttpRequest) -> dict[str, object]:
    """`association` in every template: the loaded profile, or None before one was loaded (or if it cannot be used)."""
    try:
        return {"association": profile.current_or_none()}
    except ProfileError as error:  # a page without header and footer is better than none
        log.warning("%s", error)
        return {"association": None}
