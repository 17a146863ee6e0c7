"""The tests' own environment: a fresh var/, fixed keys, nothing of the developer's .env."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest

if TYPE_CHECKING:
    from tests.browser import Chromium

# Before Django reads its settings: pytest-django does that right after this file was imported.
for _name in [name for name in os.environ if name.startswith("NEWSLETTER_") or name == "DATABASE_URL"]:
    del os.environ[_name]
VAR = Path(tempfile.mkdtemp(prefix="newsletter-tests-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "newsletter.settings",
    "NEWSLETTER_ENV_FILE": os.devnull,
    "NEWSLETTER_VAR": str(VAR),
    "NEWSLETTER_CHECK_LINKS": "false",  # nothing leaves this machine
    "NEWSLETTER_SECRET_KEY": "a key that only the tests use, long enough",
    "NEWSLETTER_FINGERPRINT_KEY": "another key that only the tests use, long enough",
}
if "TEST_DATABASE_URL" in os.environ:  # set by tests/on_postgres.py
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]

django.setup()
# The processes of pytest-xdist inherit this environment. Without the name, Django waits for their own settings above
# instead of reading ours, and each process has a var/ of its own.
del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    shutil.rmtree(VAR, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def collected_static_files() -> None:
    """Pages name their static files by content, as in production, so they must be collected once."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser of this process: starting it takes longer than most of what is looked at in it."""
    from tests import browser

    with browser.started() as chromium:
        yield chromium


@pytest.fixture(autouse=True)
def own_identity() -> None:
    """The database is empty again in each test, so this machine must not remember the last one's."""
    (VAR / "identity").unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def no_goodbye_waits() -> None:
    """Those of an earlier test are about people of an earlier database."""
    shutil.rmtree(VAR / "goodbyes", ignore_errors=True)


@pytest.fixture(autouse=True)
def immediate_tasks() -> Iterator[None]:
    """Background tasks run at once, in the test's own transaction."""
    from django.conf import settings

    settings.HUEY.immediate = True
    yield
    settings.HUEY.immediate = False


@pytest.fixture(autouse=True)
def no_lock_left_behind() -> Iterator[None]:
    """A test that leaves a campaign's lock held would fail others far away from itself: it fails here instead."""
    yield
    for file in VAR.glob("workers/*.task"):
        with file.open("r+") as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holders = Path("/proc/locks").read_text() if Path("/proc/locks").exists() else ""
                pytest.fail(f"{file.name} is still held (we are {os.getpid()}):\n{holders}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true nothing may be skipped: what is missing there is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI=true does not allow: {report.longrepr}"
    return report
