"""Strict readers of environment variables: a wrong value stops the program and says what would be right."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    """The variable's value without outer white space, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """Only `true` and `false` are booleans; `yes`, `1` and `on` are refused, not guessed at."""
    value = text(name, "true" if default else "false").lower()
    if value not in ("true", "false"):
        raise ImproperlyConfigured(f"{name}={value!r}: true か false を書いてください")
    return value == "true"


def integer(name: str, default: int, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name}={value!r}: {low} から {high} までの整数を書いてください")
    return int(value)


def words(name: str) -> list[str]:
    """A comma-separated list; empty parts are dropped."""
    return [word.strip() for word in text(name, "").split(",") if word.strip()]


def web_address(name: str, default: str) -> str:
    """An http(s) address without a trailing slash, query or fragment."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name}={value!r}: https://news.example.jp の形で書いてください")
    return value


def relay_address(name: str, default: str) -> str:
    """An SMTP relay: `smtp://` (loopback only), `smtp+starttls://` or `smtps://`, with user and password if needed."""
    value = text(name, default)
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname:
        # The address may hold a password: say its form, not its text.
        raise ImproperlyConfigured(
            f"{name}: smtp+starttls://USER:PASSWORD@HOST:587 か smtps://USER:PASSWORD@HOST:465 の形で書いてください"
        )
    return value


def secret(name: str, file: Path) -> str:
    """The variable, or a random key made once and kept in `file` with mode 0600."""
    value = text(name, "")
    if value and len(value) < 32:
        raise ImproperlyConfigured(f"{name}: 32文字以上にしてください")
    if value:
        return value
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_secret(name, file)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secrets.token_urlsafe(48))
    return _kept_secret(name, file)


def _kept_secret(name: str, file: Path) -> str:
    value = file.read_text().strip()
    if len(value) < 32:
        raise ImproperlyConfigured(f"{file} は鍵として短すぎます。ファイルを消すか、{name} を設定してください")
    return value
