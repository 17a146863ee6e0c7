"""In which language a reader is answered: what the address says, else what they have stored, else a first guess.

Nothing is remembered by looking: `?lang=en` goes from page to page in the addresses, without a cookie. Pages of the
staff, of the members and of the archive are Japanese whatever the browser would like.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from newsletter import profile
from newsletter.association.facts import Profile

PARAMETER = "lang"
BILINGUAL = frozenset({"home", "subscribe", "subscribed", "confirm", "unsubscribe", "preferences"})


class ReadersLanguage:
    """Middleware: a page for readers, or one about an address that leads nowhere, speaks the reader's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_bilingual(request):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        wanted = said(request)
        with translation.override(wanted or guess(request)):
            response = self.get_response(request)
            response.setdefault("Content-Language", translation.get_language())
        if not wanted:
            patch_vary_headers(response, ["Accept-Language"])  # a cache in between must not mix the languages up
        return response


def is_bilingual(request: HttpRequest) -> bool:
    """Whether the page is for readers; so is the page that says that there is none."""
    try:
        return resolve(request.path_info).url_name in BILINGUAL
    except Resolver404:
        return True


def said(request: HttpRequest) -> str:
    """The language that the address asks for, or nothing."""
    wanted = request.GET.get(PARAMETER, "")
    return wanted if wanted in dict(settings.LANGUAGES) else ""


def guess(request: HttpRequest) -> str:
    """The first of our languages in Accept-Language (RFC 9110 12.5.4); Japanese when neither is named."""
    for tag, weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        language = tag.partition("-")[0]
        if weight > 0 and language in dict(settings.LANGUAGES):
            return language
    return str(settings.LANGUAGE_CODE)


def spoken() -> str:
    """The language in which this request is answered: ja or en."""
    return translation.get_language() or str(settings.LANGUAGE_CODE)


def speak(request: HttpRequest, stored: str) -> None:
    """Answer in the language that the reader has stored, unless the address asks for another one."""
    if not said(request):
        translation.activate(stored)


def carried(request: HttpRequest, address: str) -> str:
    """A page of the same reader, in the language that the address of this one asks for."""
    return _with_language(address, said(request))


def carried_on(request: HttpRequest, address: str) -> str:
    """An open page, in the language of this one."""
    return _with_language(address, said(request) or (spoken() if spoken() != guess(request) else ""))


def association() -> Profile | None:
    """The association in the words of the language that is spoken; None before a profile was loaded."""
    loaded = profile.current_or_none()
    return loaded.in_language(spoken()) if loaded else None


def _with_language(address: str, language: str) -> str:
    if not language:
        return address
    page, hash_sign, place = address.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{PARAMETER}={language}{hash_sign}{place}"
