"""A database that came back from a backup sends nothing until a named person says so."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.core.checks import run_checks

from newsletter import adoption, campaigns, delivery, identity, sending
from newsletter.checks import TAG
from newsletter.cli import main
from newsletter.delivery import Settlement, State
from newsletter.engine import Cause
from newsletter.errors import InstallationError
from newsletter.models import Campaign, Delivery, Installation, Letter
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.VAR = tmp_path


def _half() -> dict[str, Any]:
    return dict(json.loads(identity.file().read_text()))


def _lose_the_file() -> None:
    identity.file().unlink()


def _restore_an_older_copy() -> None:
    """As if the database had been put back to where it was before the last sending."""
    identity.stamp()
    Installation.objects.update(mark=0)


def test_the_first_machine_registers_itself_in_both_places() -> None:
    identity.require()
    assert Installation.objects.get().identity == _half()["identity"]
    assert identity.file().stat().st_mode & 0o777 == 0o600
    identity.require()
    assert Installation.objects.count() == 1
    assert not identity.problem()


def test_every_sending_leaves_its_mark_in_both_places() -> None:
    books.readers(2)
    campaign = books.running()
    with receiving() as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert Installation.objects.get().mark == _half()["mark"] == 1


@pytest.mark.parametrize("change", [_lose_the_file, _restore_an_older_copy])
def test_a_restored_database_sends_nothing(change: Any) -> None:
    books.readers(2)
    running, planned = books.running(), campaigns.plan(books.edition(), "担当", NOW, starts_at=NOW)
    letter = Letter.objects.create(kind="receipt", address="staff@example.lg.jp", subject="件名", text="本文")
    delivery.queue_letter(letter, NOW)
    change()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        for step in (
            lambda: campaigns.start(planned, NOW),
            lambda: campaigns.resume(running),
            lambda: sending.send_campaign(running, NOW, relay=books.relay(server.port)),
        ):
            with pytest.raises(InstallationError, match="newsletter adopt --by"):
                step()
        logging.disable(logging.WARNING)
        assert sending.continue_campaigns(NOW + timedelta(hours=1)) == []
        run = sending.send_letters(NOW, relay=books.relay(server.port))
        logging.disable(logging.NOTSET)
        assert (run.cause, "newsletter adopt" in run.words) == (Cause.LOCKED, True)
        assert not server.received


def test_a_database_from_before_this_machine_sent_is_noticed() -> None:
    books.readers(1)
    campaign = books.running()
    identity.stamp()
    Installation.objects.all().delete()
    with pytest.raises(InstallationError, match="送信を始める前のもの"):
        campaigns.resume(campaign)


def test_a_new_database_beside_an_old_file_is_no_restored_one() -> None:
    identity.stamp()
    Installation.objects.all().delete()
    identity.require()
    assert Installation.objects.get().identity == _half()["identity"]


def test_a_damaged_file_locks_too() -> None:
    identity.require()
    identity.file().write_text("{")
    assert "ほかの機械のもの" in identity.problem()


def test_a_machine_learns_what_the_others_sent() -> None:
    identity.stamp()
    Installation.objects.create(identity="b" * 32, mark=7)
    identity.see()
    assert _half()["mark"] == 7
    Installation.objects.filter(identity="b" * 32).update(mark=6)
    assert "古いもの" in identity.problem()


def test_adopting_stops_what_was_under_way_and_doubts_what_may_have_been_sent_since() -> None:
    books.readers(3)
    running = books.running()
    (claim,) = delivery.claim("w", 1, NOW, running).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.SENT, NOW)], NOW)
    planned = campaigns.plan(books.edition(), "担当", NOW, starts_at=NOW + timedelta(days=1))
    _restore_an_older_copy()
    old = _half()["identity"]
    adopted = adoption.adopt_restored("佐藤", NOW)
    assert adopted == adoption.Adopted((running.pk,), (planned.pk,), 2)
    assert books.states(running) == {"sent": 1, "in_doubt": 2}
    for campaign in (running, planned):
        campaign.refresh_from_db()
    assert (running.state, planned.starts_at) == (Campaign.State.PAUSED, None)
    assert "バックアップから戻した" in running.pause_reason
    row = Installation.objects.get()
    assert (row.identity == _half()["identity"], row.identity == old, row.adopted_by) == (True, False, "佐藤")
    campaigns.resume(running)


def test_a_further_machine_joins_a_living_database_and_changes_nothing_in_it() -> None:
    books.readers(1)
    running = books.running()
    identity.stamp()
    _lose_the_file()
    result = CliRunner().invoke(main, ["adopt", "--join", "--by", "佐藤", "--json"])
    assert json.loads(result.stdout) == {"by": "佐藤", "joined": True, "paused": [], "postponed": [], "in_doubt": 0}
    assert Installation.objects.count() == 2
    assert Delivery.objects.get().state == State.QUEUED
    campaigns.resume(running)


def test_joining_an_older_copy_is_refused() -> None:
    identity.require()
    _restore_an_older_copy()
    with pytest.raises(InstallationError, match="--join では引き継げません"):
        adoption.join("佐藤", NOW)


def test_the_command_says_what_to_do_next() -> None:
    books.readers(2)
    campaign = books.running()
    _lose_the_file()
    locked = CliRunner().invoke(main, ["campaign", "continue"])
    assert (locked.exit_code, "newsletter adopt --by" in locked.stderr) == (1, True)
    assert CliRunner().invoke(main, ["adopt"]).exit_code == 2
    result = CliRunner().invoke(main, ["adopt", "--by", "佐藤"])
    assert f"newsletter campaign resume {campaign.pk}" in result.stdout
    assert "2件は" in result.stdout


def test_the_check_names_it() -> None:
    identity.require()
    found = lambda: {message.id for message in run_checks(tags=[TAG], include_deployment_checks=True)}  # noqa: E731
    assert "newsletter.E030" not in found()
    _lose_the_file()
    assert "newsletter.E030" in found()
