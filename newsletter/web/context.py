"""What every page may show: the association's own facts."""

from __future__ import annotations

from django.http import HttpRequest

from newsletter import profile


def association(_request: HttpRequest) -> dict[str, object]:
    """`association` in every template: the loaded profile, or None before one was loaded."""
    return {"association": profile.current_or_none()}
