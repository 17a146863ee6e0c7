"""What an upgrade does with the rows it finds."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from subscribers.models import ConsentEvent

OLD = "0123456789abcdef" * 4
ROWS = {
    "subscriber": {
        "key": "k", "address": "a@example.jp", "address_key": "a@example.jp", "name": "", "organisation": "",
        "department": "", "municipality": "", "format": "html", "sections": "[]", "pathways": "[]", "language": "ja",
        "state": "active", "created_at": "2026-01-01",
    },
    "consentevent": {
        "kind": "left", "basis": "", "wording": "", "operator": "", "detail": "{}", "at": "2026-01-01",
    },
    "suppression": {
        "reason": "erased", "note": "", "operator": "", "at": "2026-01-01", "lifted_by": "", "lifted_why": "",
    },
}  # fmt: skip


def migrate(var: Path, *to: str) -> None:
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "django", "migrate", *to, "--verbosity=0"]
    env = own | {"NEWSLETTER_VAR": str(var), "DJANGO_SETTINGS_MODULE": "newsletter.settings"}
    subprocess.run(command, env=env, check=True)


def test_fingerprints_of_before_an_upgrade_find_the_same_people_after_it(tmp_path: Path) -> None:
    migrate(tmp_path, "subscribers", "0007")
    with closing(sqlite3.connect(tmp_path / "newsletter.sqlite3")) as base:
        for table, values in ROWS.items():
            row = values | {"fingerprint": OLD}
            holders = ", ".join("?" * len(row))
            statement = f"INSERT INTO subscribers_{table} ({', '.join(row)}) VALUES ({holders})"
            base.execute(statement, list(row.values()))
        base.commit()
        migrate(tmp_path)
        for table in ROWS:
            assert base.execute(f"SELECT fingerprint FROM subscribers_{table}").fetchall() == [(OLD[:32],)]


def test_the_text_that_is_shown_at_an_upgrade_is_kept_from_then_on(tmp_path: Path) -> None:
    migrate(tmp_path, "newsletter", "0013")
    migrate(tmp_path, "subscribers", "0009")
    facts = {
        "wording": {"version": "2026-11", "text": "\n希望します。\n"},
        "english": {"wording": "I would like to.\n"},
    }
    with closing(sqlite3.connect(tmp_path / "newsletter.sqlite3")) as base:
        statement = "INSERT INTO newsletter_association (name, facts, digest, loaded_at) VALUES ('見本', ?, 'x', ?)"
        base.execute(statement, [json.dumps(facts), "2026-11-02 03:00:00"])
        base.commit()
        migrate(tmp_path)
        kept = base.execute("SELECT version, text, since FROM subscribers_wording ORDER BY id").fetchall()
    assert kept == [
        ("2026-11", "希望します。", "2026-11-02 03:00:00"),
        ("2026-11-en", "I would like to.", "2026-11-02 03:00:00"),
    ]


@contextmanager
def schema_as_of(migration: str) -> Iterator[type[Any]]:
    """The ledger as it was then, on the database of these tests; behind it everything is as it is now."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("subscribers", migration)])
    try:
        yield executor.loader.project_state([("subscribers", migration)]).apps.get_model("subscribers", "ConsentEvent")
    finally:
        MigrationExecutor(connection).migrate(newest)


@pytest.mark.django_db(transaction=True)
def test_the_source_of_a_request_is_the_same_text_after_an_upgrade() -> None:
    with schema_as_of("0010_wordings") as event:
        for source in ("192.0.2.7", "2001:db8::1", None):
            event.objects.create(fingerprint=OLD[:32], kind="left", source=source)
    kept = ConsentEvent.objects.order_by("pk").values_list("source", flat=True)
    assert list(kept) == ["192.0.2.7", "2001:db8::1", None]
