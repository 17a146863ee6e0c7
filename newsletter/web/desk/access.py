"""Who may open which screen of the desk: an account of the office, with Django's own permission for what it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

SEE_READERS = "subscribers.view_subscriber"  # look up, export, count
TAKE_IN = "subscribers.add_subscriber"  # import a list, take an import back
STOP_READERS = "subscribers.change_subscriber"  # suppress, lift
ERASE_READERS = "subscribers.delete_subscriber"
EDIT = "newsletter.change_issue"  # answer the proofreading


def for_staff(*permissions: str) -> Callable[[Page[P]], Page[P]]:
    """Strangers are led to the login, accounts without all of these are told so; nothing is kept in a cache."""

    def guarding(page: Page[P]) -> Page[P]:
        @never_cache
        @login_required
        @wraps(page)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request, *permissions)
            return page(request, *args, **kwargs)

        return cast("Page[P]", guarded)

    return guarding


def require(request: HttpRequest, *permissions: str) -> None:
    """PermissionDenied, which becomes the page 403, unless this is a colleague who may do all of it."""
    account = account_of(request)
    if not (account.is_staff and account.has_perms(permissions)):
        raise PermissionDenied


def account_of(request: HttpRequest) -> User:
    """The account behind the request; the page is only for those who are logged in."""
    account = request.user
    assert isinstance(account, User)  # noqa: S101  login_required
    return account


def name_of(request: HttpRequest) -> str:
    """How the person at the desk stands in the records: the full name, else the login."""
    return called(account_of(request))


def called(account: User) -> str:
    """A colleague's name as it is written in Japan, the family's first; without one the login."""
    return f"{account.last_name} {account.first_name}".strip() or account.get_username()
