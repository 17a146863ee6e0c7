"""Headers of every page, and what logs and error mails hold."""

from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from newsletter.web.security import POLICY, WithoutTokens
from newsletter.web.staff_mail import ErrorMail, RelayBackend

INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/staff/login/", "/staff/password/", "/nothing-here/", "/staff/"])
def test_every_page_forbids_scripts_and_styles_inline_or_from_elsewhere(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not INLINE.search(answer.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/newsletter/issue/",
        "/admin/newsletter/delivery/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
    ],
)
def test_the_admin_works_under_the_same_policy(client: Client, path: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert not INLINE.search(answer.content.decode())


def test_cookies_are_for_the_server_only(client: Client, settings: Settings) -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Not Found: /u/abc.def-1:xyz/", "Not Found: /u/…/"),
        ("Method Not Allowed (PUT): /s/secret/sent/", "Method Not Allowed (PUT): /s/…/sent/"),
        ("Not Found: /u//abc.def-1:xyz/", "Not Found: /u/…/"),
        ("Not Found: /U/abc.def-1:xyz/", "Not Found: /U/…/"),
        ("Not Found: /staff/password/MQ/c0ffee-1a2b/", "Not Found: /staff/password/…/"),
        ("Not Found: /staff/password/sent/", "Not Found: /staff/password/sent/"),
        ("Not Found: /archive/2026-11/", "Not Found: /archive/2026-11/"),
    ],
)
def test_a_log_line_keeps_no_token_of_a_link(line: str, kept: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s", (line,), None)
    assert WithoutTokens().filter(record)
    assert record.getMessage() == kept


def test_every_line_on_standard_error_passes_that_filter(settings: Settings) -> None:
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["without_tokens"]
    assert settings.LOGGING["handlers"]["error_mail"]["filters"] == ["without_tokens"]


def failure_record(path: str) -> logging.LogRecord:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    trace = (caught.type, caught.value, caught.tb)
    return logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error: %s", (path,), trace)


def test_an_error_mail_says_where_it_happened_and_holds_nothing_of_the_request(settings: Settings) -> None:
    settings.ADMINS, settings.SERVER_EMAIL = [("", "admin@example.jp")], "admin@example.jp"
    handler = ErrorMail()
    handler.addFilter(WithoutTokens())
    handler.handle(failure_record("/c/secret/"))
    (message,) = mail.outbox
    assert message.to == ["admin@example.jp"]
    assert "Internal Server Error: /c/…/" in message.subject
    assert "ZeroDivisionError" in message.body
    assert "secret" not in message.body


def test_nobody_gets_an_error_mail_unless_somebody_is_named(settings: Settings) -> None:
    settings.ADMINS = []
    ErrorMail().handle(failure_record("/"))
    assert mail.outbox == []


def test_the_staffs_mail_verifies_the_relay() -> None:
    context = RelayBackend(use_tls=True).ssl_context
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
