"""The product from outside: an installation of its own for every test, on each database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import stages
from tests.acceptance.instance import Instance
from tests.acceptance.stages import Stages
from tests.postgres import PostgresMissingError, cluster

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    try:
        with cluster() as address:
            yield address
    except PostgresMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_address(postgres_cluster: str) -> str:
    """An empty database of its own on the real PostgreSQL."""
    return stages.database_of(postgres_cluster)


@pytest.fixture(scope="session")
def sqlite_stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """The originals on SQLite, which all processes of pytest-xdist share."""
    own = tmp_path_factory.getbasetemp()
    return Stages((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "stages")


@pytest.fixture(scope="session")
def postgres_stages(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: str) -> Stages:
    """The originals in this process's PostgreSQL."""
    return Stages(tmp_path_factory.mktemp("stages") / "postgres", postgres_cluster)


@pytest.fixture(params=DATABASES)
def on_database(request: pytest.FixtureRequest) -> Stages:
    """The originals, once on SQLite and once on PostgreSQL."""
    found = request.getfixturevalue(f"{request.param}_stages")
    assert isinstance(found, Stages)
    return found


@pytest.fixture
def instance(on_database: Stages, tmp_path: Path) -> Instance:
    """A migrated installation, once on SQLite and once on PostgreSQL."""
    return on_database.copy(stages.MIGRATED, tmp_path / "var")


@pytest.fixture
def sqlite_instance(sqlite_stages: Stages, tmp_path: Path) -> Instance:
    """A migrated installation on SQLite, for what does not depend on the database."""
    return sqlite_stages.copy(stages.MIGRATED, tmp_path / "var")


@pytest.fixture
def suggested(sqlite_stages: Stages, tmp_path: Path) -> Instance:
    """An installation on SQLite with a filled issue that nobody has approved."""
    return sqlite_stages.copy(stages.SUGGESTED, tmp_path / "var")


@pytest.fixture
def approved(sqlite_stages: Stages, tmp_path: Path) -> Instance:
    """An installation on SQLite with an approved issue, and no reader yet."""
    return sqlite_stages.copy(stages.APPROVED, tmp_path / "var")


@pytest.fixture
def approved_anywhere(on_database: Stages, tmp_path: Path) -> Instance:
    """The same, once on SQLite and once on PostgreSQL."""
    return on_database.copy(stages.APPROVED, tmp_path / "var")
