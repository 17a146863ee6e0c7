"""Strict readers of environment variables: a wrong value stops the program and says what would be right."""

from __future__ import annotations

import io
import ipaddress
import os
import secrets
import zoneinfo
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv
from dotenv.parser import parse_stream

PREFIX = "NEWSLETTER_"
asked: set[str] = set()  # every variable that was looked for
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def load_file(name: str, default: Path) -> None:
    """Take in the `.env` file; a variable that the environment has already is left alone."""
    file = Path(text(name, str(default)))
    if not file.exists():
        if file != default:
            raise ImproperlyConfigured(f"{name}: {file} が見つかりません")
        return
    try:
        content = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{file}: 文字コードをUTF-8にして保存してください") from error
    for binding in parse_stream(io.StringIO(content)):
        if binding.error or (
            binding.key and binding.value is None
        ):  # dotenv itself would only log it and go on without the variable
            raise ImproperlyConfigured(f"{file} の{binding.original.line}行目: 名前=値 の形で書いてください")
    load_dotenv(stream=io.StringIO(content))


def text(name: str, default: str) -> str:
    """The variable's value without outer white space, or `default` when it is unset or empty."""
    asked.add(name)
    return os.environ.get(name, "").strip() or default


def unknown() -> list[str]:
    """Variables that look like ours and that nobody reads: misspelt ones, whose defaults are in force unnoticed."""
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in asked)


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
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name}={value!r}: https://news.example.jp の形で書いてください")
    return value


def relay_addresses(name: str, default: str) -> str:
    """SMTP relays, apart by spaces: `smtp://` (loopback only), `smtp+starttls://`, `smtps://`, with login if needed."""
    value = text(name, default)
    for word in value.split():
        parts = _split(word)
        if parts is None or parts.scheme not in ("smtp", "smtp+starttls", "smtps") or not parts.hostname:
            # The address may hold a password: say its form, not its text.
            raise ImproperlyConfigured(
                f"{name}: smtp+starttls://USER:PASSWORD@HOST:587 か smtps://USER:PASSWORD@HOST:465 の形で書いてください"
            )
    return value


def _split(value: str) -> SplitResult | None:
    """The address in parts, or None: brackets and ports are checked by urlsplit only when they are asked for."""
    try:
        parts = urlsplit(value)
        usable = parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def ip_address(name: str) -> str:
    """An IP address in its usual form, or an empty text."""
    value = text(name, "")
    try:
        return str(ipaddress.ip_address(value)) if value else ""
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r}: 127.0.0.1 のようなIPアドレスを書いてください") from error


def time_zone(name: str, default: str) -> str:
    """A time zone of the IANA list."""
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise ImproperlyConfigured(f"{name}={value!r}: Asia/Tokyo のような時間帯の名前を書いてください") from error
    return value


def log_level(name: str, default: str) -> str:
    """How much is logged."""
    value = text(name, default).upper()
    if value not in LOG_LEVELS:
        raise ImproperlyConfigured(f"{name}={value!r}: {'、'.join(LOG_LEVELS)} のどれかを書いてください")
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
    value = file.read_text(errors="replace").strip()
    if len(value) < 32:
        raise ImproperlyConfigured(f"{file} は鍵として短すぎます。ファイルを消すか、{name} を設定してください")
    return value
