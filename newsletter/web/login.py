"""The staff's door: login with a limit on guesses, logout, a new password by mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.views import (
    LoginView,
    PasswordResetConfirmView,
    PasswordResetView,
    redirect_to_login,
)
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator

from newsletter import profile
from newsletter.web import limits
from newsletter.web.patience import patient

# The stubs want decorators for streamed answers too, which these pages have none of.
patiently = method_decorator(patient, name="dispatch")  # type: ignore[arg-type]

MINUTES = 60
TOO_MANY = "試行の回数が多すぎます。しばらくたってから、もう一度お試しください。"


class StaffLoginForm(AuthenticationForm):
    """Name and password; the same answer whichever of the two is wrong."""

    error_messages = {  # noqa: RUF012  Django declares it on the instance's class
        "invalid_login": "ユーザー名かパスワードが正しくありません。",
        "inactive": "ユーザー名かパスワードが正しくありません。",
        "too_many": TOO_MANY,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "ユーザー名"
        self.fields["password"].label = "パスワード"

    def clean(self) -> dict[str, Any]:
        """Count the guess before looking: per client, and per name so that many clients do not help."""
        if self.request is not None and not _may_guess(self.request, str(self.cleaned_data.get("username", ""))):
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        return super().clean()


def _may_guess(request: HttpRequest, name: str) -> bool:
    by_client = limits.allow("login-client", limits.client_address(request), 20, 15 * MINUTES)
    return by_client and limits.allow("login-name", name.casefold(), 30, 15 * MINUTES)


@patiently
class StaffLogin(LoginView):
    """Who is logged in already goes on to the desk."""

    form_class = StaffLoginForm
    redirect_authenticated_user = True


def admin_door(request: HttpRequest) -> HttpResponse:
    """The admin's own login page would be a second, unlimited door: lead everybody to ours."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied  # the login page would send them back here, for ever
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


class StaffPasswordResetForm(PasswordResetForm):
    """The mail goes out in the name of the association."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "メールアドレス"


@patiently
class StaffPasswordReset(PasswordResetView):
    """Ask for a link; the answer is the same whether or not the address belongs to somebody."""

    form_class = StaffPasswordResetForm
    email_template_name = "registration/password_reset_email.txt"
    subject_template_name = "registration/password_reset_subject.txt"

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Send at most a few: a stranger must not be able to fill somebody's mailbox."""
        if not _may_ask(self.request, form.cleaned_data["email"]):
            form.add_error(None, TOO_MANY)
            return self.form_invalid(form)
        association = profile.current_or_none()
        if association is not None:
            self.from_email = association.sender.address
        self.extra_email_context = {"base_url": settings.BASE_URL, "association": association}
        return super().form_valid(form)


def _may_ask(request: HttpRequest, address: str) -> bool:
    by_client = limits.allow("reset-client", limits.client_address(request), 10, 60 * MINUTES)
    return by_client and limits.allow("reset-address", address.casefold(), 3, 60 * MINUTES)


class StaffSetPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "新しいパスワード"
        self.fields["new_password2"].label = "新しいパスワード（確認）"


@patiently
class StaffPasswordResetConfirm(PasswordResetConfirmView):
    """Django keeps the token in the session and takes it out of the address."""

    form_class = StaffSetPasswordForm
