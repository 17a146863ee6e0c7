"""The environment becomes settings, or a Japanese sentence."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from newsletter import environment

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEWSLETTER_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)


def settings_of(**variables: str) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return runpy.run_path(str(CHECKOUT / "newsletter" / "settings.py"))


WRONG = [
    ("NEWSLETTER_DEBUG", "yes", "true か false"),
    ("NEWSLETTER_DEBUG", "1", "true か false"),
    ("NEWSLETTER_FEEDS_ALLOW_LOOPBACK", "on", "true か false"),
    ("NEWSLETTER_PORT", "0", "1 から 65535 まで"),
    ("NEWSLETTER_PORT", "８０", "1 から 65535 まで"),
    ("NEWSLETTER_PORT", "8000.5", "1 から 65535 まで"),
    ("NEWSLETTER_CATCHER_SMTP_PORT", "smtp", "1 から 65535 まで"),
    ("NEWSLETTER_CATCHER_WEB_PORT", "-1", "1 から 65535 まで"),
    ("NEWSLETTER_RELAY_CONNECTIONS", "65", "1 から 64 まで"),
    ("NEWSLETTER_BASE_URL", "news.example.jp", "https://news.example.jp の形"),
    ("NEWSLETTER_BASE_URL", "ftp://news.example.jp", "https://news.example.jp の形"),
    ("NEWSLETTER_BASE_URL", "https://news.example.jp:99999", "https://news.example.jp の形"),
    ("NEWSLETTER_BASE_URL", "https://[::1", "https://news.example.jp の形"),
    ("NEWSLETTER_BASE_URL", "https://news.example.jp/?a=b", "https://news.example.jp の形"),
    ("NEWSLETTER_RELAY_URL", "mail.example.jp", "smtp+starttls://"),
    ("NEWSLETTER_RELAY_URL", "smtps://user:geheim@mail.example.jp:port", "smtp+starttls://"),
    ("NEWSLETTER_TRUSTED_PROXY", "proxy.example.jp", "IPアドレス"),
    ("NEWSLETTER_SECRET_KEY", "short", "32文字以上"),
    ("NEWSLETTER_FINGERPRINT_KEY", "short", "32文字以上"),
    ("NEWSLETTER_TIME_ZONE", "Tokyo", "Asia/Tokyo"),
    ("NEWSLETTER_TIME_ZONE", "../../etc/passwd", "Asia/Tokyo"),
    ("NEWSLETTER_LOG_LEVEL", "LOUD", "WARNING"),
    ("NEWSLETTER_ENV_FILE", "/nowhere/.env", "見つかりません"),
    ("DATABASE_URL", "mysql://root:geheim@localhost/x", "SQLite と PostgreSQL"),
    ("DATABASE_URL", "nonsense", "sqlite:///PATH"),
    ("DATABASE_URL", "sqlite://", "ファイルの場所"),
    ("DATABASE_URL", "sqlite://:memory:", "ファイルの場所"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_value_stops_and_says_what_would_be_right(name: str, value: str, words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_of(**{name: value})
    assert words in str(refused.value)
    assert name in str(refused.value)


@pytest.mark.parametrize(("name", "value"), [case[:2] for case in WRONG if "geheim" in case[1]])
def test_a_password_in_a_wrong_address_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        settings_of(**{name: value})
    assert "geheim" not in str(refused.value)


def test_an_empty_variable_means_the_default() -> None:
    assert settings_of(NEWSLETTER_PORT="", NEWSLETTER_DEBUG=" ")["LISTEN_PORT"] == 8000


@pytest.mark.parametrize(("value", "meaning"), [("true", True), ("TRUE", True), ("false", False)])
def test_a_boolean_is_true_or_false(value: str, meaning: bool) -> None:
    assert settings_of(NEWSLETTER_DEBUG=value)["DEBUG"] is meaning


def test_options_of_the_database_can_stand_in_its_address() -> None:
    sqlite = settings_of(DATABASE_URL="sqlite:////tmp/x.sqlite3?timeout=3")["DATABASES"]["default"]["OPTIONS"]
    assert (sqlite["timeout"], sqlite["transaction_mode"]) == (3, "IMMEDIATE")
    postgres = settings_of(DATABASE_URL="postgres://u:p@db.example.jp/x?sslmode=require")["DATABASES"]["default"]
    assert postgres["OPTIONS"] == {
        "options": "-c lock_timeout=30s", "connect_timeout": 3, "tcp_user_timeout": 35_000, "sslmode": "require",
    }  # fmt: skip
    other = settings_of(DATABASE_URL="postgres://u:p@db.example.jp/x?connect_timeout=9")["DATABASES"]["default"]
    assert int(other["OPTIONS"]["connect_timeout"]) == 9


def test_behind_https_cookies_are_for_https_only() -> None:
    settings = settings_of(NEWSLETTER_BASE_URL="https://news.example.jp/")
    assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["ALLOWED_HOSTS"] == ["news.example.jp"]
    assert settings["BASE_URL"] == "https://news.example.jp"


def test_only_a_trusted_proxy_can_say_that_it_was_https() -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in settings_of()
    assert "SECURE_PROXY_SSL_HEADER" in settings_of(NEWSLETTER_TRUSTED_PROXY="10.0.0.1")


@pytest.mark.parametrize(
    ("address", "host", "port", "ssl", "starttls"),
    [
        ("smtp+starttls://user:p%40ss@relay.example.jp:587", "relay.example.jp", 587, False, True),
        ("smtps://user:p%40ss@relay.example.jp:465", "relay.example.jp", 465, True, False),
    ],
)
def test_the_staffs_mail_goes_through_the_same_relay(
    address: str, host: str, port: int, ssl: bool, starttls: bool
) -> None:
    settings = settings_of(NEWSLETTER_RELAY_URL=address)
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == (host, port)
    assert (settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (ssl, starttls)
    assert settings["EMAIL_HOST_PASSWORD"] == "p@ss"


def test_keys_are_made_once_and_kept_for_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSLETTER_SECRET_KEY")
    first, second = settings_of()["SECRET_KEY"], settings_of()["SECRET_KEY"]
    assert first == second
    assert len(first) >= 32
    assert (tmp_path / "var" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_key_file_that_was_cut_short_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSLETTER_SECRET_KEY")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret.key").write_bytes(b"\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="鍵として短すぎます"):
        settings_of()


def env_file(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "settings.env"
    file.write_bytes(content)
    return str(file)


def test_the_file_fills_in_what_the_environment_does_not_say(tmp_path: Path) -> None:
    file = env_file(tmp_path, "\ufeff# 設定\nNEWSLETTER_PORT=8123\nNEWSLETTER_HOST='192.0.2.1'\n".encode())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NEWSLETTER_PORT", "NEWSLETTER_HOST"):
            patch.setenv(name, "")
            patch.delenv(name)
        patch.setenv("NEWSLETTER_HOST", "127.0.0.2")
        settings = settings_of(NEWSLETTER_ENV_FILE=file)
    assert (settings["LISTEN_PORT"], settings["LISTEN_HOST"]) == (8123, "127.0.0.2")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"NEWSLETTER_PORT=8000\n'unclosed\n", "の2行目"),
        (b"NEWSLETTER_PORT=8000\nNEWSLETTER_DEBUG\n", "の2行目"),
        ("NEWSLETTER_HOST=日本\n".encode("cp932"), "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_stops_and_says_where(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        settings_of(NEWSLETTER_ENV_FILE=env_file(tmp_path, content))


def test_a_missing_default_file_is_no_error(tmp_path: Path) -> None:
    environment.load_file("NEWSLETTER_NO_SUCH_VARIABLE", tmp_path / ".env")


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "newsletter", "manage", "version"],
        cwd=CHECKOUT, env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_person_at_the_keyboard_sees_one_sentence_and_exit_1(tmp_path: Path) -> None:
    ended = run(NEWSLETTER_DEBUG="maybe")
    assert ended.returncode == 1
    assert ended.stderr == "エラー: 設定が正しくありません。NEWSLETTER_DEBUG='maybe': true か false を書いてください\n"
    (tmp_path / "file").touch()
    ended = run(NEWSLETTER_VAR=str(tmp_path / "file" / "var"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("エラー: 起動できません。")
    assert "Traceback" not in ended.stderr
