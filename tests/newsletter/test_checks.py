"""Each misconfiguration is found, by its id, with a hint."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from pytest_django import Settings

from newsletter import checks, goodbyes
from newsletter.goodbyes import Goodbye
from subscribers.models import new_key

pytestmark = pytest.mark.django_db


def found() -> dict[str, str]:
    messages = run_checks(tags=[checks.TAG], include_deployment_checks=True)
    assert all(message.hint for message in messages)
    return {str(message.id).removeprefix("newsletter."): message.msg for message in messages}


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.VAR, settings.CATCHER_MAILDIR = tmp_path, tmp_path / "catcher"
    settings.GOODBYES = tmp_path / "goodbyes"
    settings.RELAY_URL = settings.CATCHER_RELAY_URL


@pytest.fixture
def real_relay(settings: Settings) -> None:
    settings.RELAY_URL = "smtp+starttls://user:pass@relay.example.lg.jp:587"
    settings.BASE_URL, settings.TRUSTED_PROXY = "https://enews.city.lg.jp", "127.0.0.1"
    settings.ERROR_MAIL = ["admin@city.lg.jp"]
    settings.RELAY_SIGNS = True


def test_a_fresh_installation_is_told_the_next_steps() -> None:
    assert set(found()) == {"W012", "W013", "E018", "W020"}


def test_an_account_for_the_administrator_settles_its_warning() -> None:
    User.objects.create_superuser("root")
    assert "W020" not in found()
    User.objects.update(is_active=False)
    assert "W020" in found()


def test_a_goodbye_that_waits_too_long_is_told_and_so_is_what_else_lies_there(tmp_path: Path) -> None:
    now = timezone.now()
    goodbyes.keep(Goodbye(new_key(), now - timedelta(minutes=2)))
    assert not {"W050", "W051", "E052"} & set(found())
    goodbyes.keep(Goodbye(new_key(), now - timedelta(minutes=1500)))
    (tmp_path / "goodbyes" / "memo.txt").touch()
    messages = found()
    assert "1件が、記録されないまま待っています（最も古いものは1,500分前）" in messages["W050"]
    assert "memo.txt" in messages["W051"]


def test_a_folder_of_goodbyes_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "goodbyes").touch()
    assert "フォルダであるべきところにファイルがあります" in found()["E052"]


def test_djangos_own_commands_are_not_stopped_by_them() -> None:
    assert not any(str(message.id).startswith("newsletter") for message in run_checks())


def test_a_key_that_others_can_read_is_an_error(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    key.touch(mode=0o600)
    assert "E002" not in found()
    key.chmod(0o640)
    assert str(key) in found()["E002"]


def test_a_folder_that_is_not_there_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path / "gone"
    assert "書き込めません" in found()["E001"]


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("DEBUG", True, "E004"),
        ("TIME_ZONE", "UTC", "W005"),
        ("BASE_URL", "http://enews.city.lg.jp", "E006"),
        ("ALLOWED_HOSTS", ["*"], "E007"),
        ("BASE_URL", "https://enews.city.lg.jp", "W008"),
        ("STATIC_ROOT", "/nowhere", "W009"),
        ("RELAY_URL", "smtp://relay.example.lg.jp:25", "E010"),
        ("RELAY_CA_FILE", "/nowhere/ca.pem", "E011"),
    ],
)
def test_a_doubtful_setting_is_found(settings: Settings, name: str, value: object, identifier: str) -> None:
    assert identifier not in found()
    setattr(settings, name, value)
    assert identifier in found()


def test_a_misspelt_setting_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "W023" not in found()
    monkeypatch.setenv("NEWSLETTER_RELAY_ULR", "smtps://relay.example.jp")
    assert "NEWSLETTER_RELAY_ULR" in found()["W023"]


def test_plain_http_is_fine_on_this_machine(settings: Settings) -> None:
    for address in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"):
        settings.BASE_URL = address
        assert "E006" not in found()


@pytest.mark.usefixtures("real_relay")
def test_a_real_relay_ends_the_warnings_about_the_catcher() -> None:
    assert set(found()) == {"E018", "W020"}


@pytest.mark.usefixtures("real_relay")
@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "https://enews.example.jp"])
def test_a_real_relay_needs_an_address_that_readers_can_open(settings: Settings, address: str) -> None:
    settings.BASE_URL = address
    assert address in found()["E014"]


@pytest.mark.usefixtures("real_relay")
def test_somebody_must_hear_of_errors_once_it_is_real(settings: Settings) -> None:
    settings.ERROR_MAIL = []
    assert "W015" in found()


def test_a_missing_migration_is_an_error_and_the_tables_are_left_alone() -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("newsletter")[0]
    MigrationRecorder(connection).record_unapplied(*newest)
    messages = found()
    assert "準備ができていません" in messages["E017"]
    assert "E018" not in messages


def test_a_clock_that_is_behind_the_books_is_an_error() -> None:
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="newsletter", name="0001_initial").update(
        applied=timezone.datetime.fromtimestamp(time.time() + 7200, tz=timezone.get_current_timezone())
    )
    assert "時計" in found()["E021"]


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [("example.jp", True), ("news.example.jp", True), ("city.lg.jp", False), ("notexample.jp", False)],
)
def test_domains_for_examples_are_known(domain: str, reserved: bool) -> None:
    assert checks.is_reserved(domain) is reserved
