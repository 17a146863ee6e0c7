"""What every page may show: the association's own facts, and the ways into the other language."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from newsletter.errors import ProfileError
from newsletter.web import language

log = logging.getLogger(__name__)
NON_BREAKING_HYPHEN = "\u2011"
INDEXED = ("home", "subscribe")  # the pages in two languages that search engines may find


def association(_request: HttpRequest) -> dict[str, object]:
    """`association`: the profile, or None before one was loaded (or if it cannot be used); `enews`: its title."""
    try:
        loaded = language.association()
    except ProfileError as error:  # a page without header and footer is better than none
        log.warning("%s", error)
        loaded = None
    title = loaded.title if loaded else gettext("e-ニュース")
    if language.spoken() == "en":
        title = title.replace("-", NON_BREAKING_HYPHEN)  # a line must not end after the e of e-News
    return {"association": loaded, "enews": title}


def languages(request: HttpRequest) -> dict[str, object]:
    """`other_languages`: links to this page in them; `home_url` and `subscribe_url` in this language; `alternates`."""
    addresses: dict[str, object] = {f"{name}_url": language.carried_on(request, reverse(name)) for name in INDEXED}
    if not language.is_bilingual(request):
        return addresses
    asked = request.GET.copy()
    others = []
    for code, name in settings.LANGUAGES:
        asked[language.PARAMETER] = code
        if code != language.spoken():
            others.append({"code": code, "name": name, "address": f"?{asked.urlencode()}"})
    return addresses | {"other_languages": others, "alternates": _alternates(request)}


def _alternates(request: HttpRequest) -> list[tuple[str, str]]:
    """For search engines: hreflang and the complete address of each version of this page."""
    if request.path not in map(reverse, INDEXED):
        return []
    page = f"{settings.BASE_URL}{request.path}"
    return [(code, f"{page}?{language.PARAMETER}={code}") for code, _ in settings.LANGUAGES] + [("x-default", page)]
