"""`newsletter subscribers goodbyes` as a person at the shell meets it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from newsletter import goodbyes
from newsletter.cli import main
from newsletter.goodbyes import Goodbye
from subscribers.models import Subscriber
from tests.newsletter import ledger
from tests.newsletter.issue_parts import load_profile
from tests.subscribers.people import NOW, kinds, person

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["subscribers", "goodbyes", *arguments])


def waiting() -> Subscriber:
    load_profile()
    reader = person()
    goodbyes.keep(Goodbye(reader.key, NOW, "192.0.2.7", {"how": "page"}, reader.fingerprint))
    return reader


def test_it_says_what_waits_enters_it_and_says_so() -> None:
    reader = waiting()
    looked = run("--dry-run")
    assert (looked.exit_code, looked.output) == (0, "待っている配信停止: 1件（最も古いものは2026-11-24 12:00）\n")
    assert kinds() == []
    done = run()
    assert (done.exit_code, done.output) == (0, "1件を記録しました。\n待っている配信停止はありません。\n")
    reader.refresh_from_db()
    assert reader.state == "left"
    assert run().output == "記録したものはありません。\n待っている配信停止はありません。\n"


def test_while_the_ledger_is_held_it_goes_on_waiting_and_the_exit_code_says_so() -> None:
    waiting()
    with ledger.being_written():
        result = run("--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"dry_run": False, "entered": 0, "waiting": ["2026-11-24 03:00:00+00:00"]}
    assert json.loads(run("--json").stdout) == {"dry_run": False, "entered": 1, "waiting": []}
