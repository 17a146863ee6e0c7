"""The application as a real browser reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from huey.storage import MemoryStorage


@pytest.fixture
def strict() -> Client:
    """A mail program: no cookies, no CSRF token."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def own_uploads(settings: Any, tmp_path: Path) -> None:
    """The lists that staff upload stand in a folder of the test's own."""
    settings.UPLOADS = tmp_path / "uploads"


@pytest.fixture
def idle_office(immediate_tasks: None, settings: Any) -> None:
    """Letters wait and are never sent: the pages are what is looked at.

    They wait in memory; for a queue in PostgreSQL every thread of the server would keep a connection of its own.
    """
    settings.HUEY.immediate = False
    settings.HUEY.storage = MemoryStorage()


@pytest.fixture
def served(transactional_db: None, settings: Any) -> Iterator[str]:
    """The address of the running application, for which links are made.

    It serves its collected static files; pytest-django's live_server knows only the uncollected ones.
    """
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    server.httpd.daemon_threads = False  # its end waits for them, and with them for their hold on the database
    settings.BASE_URL = f"http://127.0.0.1:{server.port}"
    yield settings.BASE_URL
    server.terminate()
