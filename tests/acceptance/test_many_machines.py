"""Three machines share one campaign on a real PostgreSQL; one dies without a word, the rest finish it."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.acceptance import month
from tests.acceptance.instance import Instance
from tests.smtp_server import ReceivingServer, receiving

pytestmark = [pytest.mark.acceptance, pytest.mark.postgres]

READERS, MACHINES, CONNECTIONS, LEASE = 400, 3, 2, 4
KEYS = {
    "NEWSLETTER_SECRET_KEY": "the same key on every machine, long enough",
    "NEWSLETTER_FINGERPRINT_KEY": "the same other key on every machine, long enough",
}


def machine(number: int, folder: Path, address: str, server: ReceivingServer) -> Instance:
    """An installation with a var/ of its own; database, keys and relay are the same everywhere."""
    return Instance(
        folder / f"machine-{number}",
        {
            **KEYS, "DATABASE_URL": address, "NEWSLETTER_LEASE_SECONDS": str(LEASE),
            "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{server.port}",
            "NEWSLETTER_RELAY_CONNECTIONS": str(CONNECTIONS),
        },
    )  # fmt: skip


def workers_at_it(address: str) -> set[str]:
    """The workers that hold claims now."""
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT DISTINCT claimed_by FROM newsletter_delivery WHERE state = 'sending'")
        return {row[0] for row in rows}


def wait_until_all_send(address: str, senders: list[subprocess.Popen[str]]) -> None:
    deadline = time.monotonic() + 60
    while len(workers_at_it(address)) < MACHINES:
        assert all(sender.poll() is None for sender in senders), [s.communicate()[0] for s in senders if s.poll()]
        assert time.monotonic() < deadline, "not all machines joined in"
        time.sleep(0.02)


def test_one_of_three_machines_dies_and_the_rest_finish(tmp_path: Path, postgres_address: str) -> None:
    with receiving(delay=0.25) as server:
        machines = [machine(number, tmp_path, postgres_address, server) for number in range(MACHINES)]
        first, dead = machines[0], machines[-1]
        first.run("migrate")
        month.ready_to_send(first, tmp_path, READERS)
        senders = [first.start("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")]
        deadline = time.monotonic() + 60
        while not workers_at_it(postgres_address):
            assert senders[0].poll() is None, senders[0].communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        number = str(month.report(first, "campaign", "list")[0]["campaign"])
        for other in machines[1:]:
            other.run("adopt", "--join", "--by", "事務局長")
            senders.append(other.start("campaign", "resume", number, "--by", "事務局長"))
        wait_until_all_send(postgres_address, senders)
        senders[-1].kill()
        senders[-1].communicate()
        for sender in senders[:-1]:
            said, _ = sender.communicate(timeout=120)
            assert "Traceback" not in said
        # What the dead machine held is nobody's until its lease is over.
        while (states := month.states(first)).get("sending"):
            assert time.monotonic() < deadline + 120
            time.sleep(0.5)
            first.run("campaign", "sweep")
        first.run("campaign", "continue")
        assert set(states) <= {"sent", "in_doubt"}, states
        assert sum(states.values()) == READERS
        doubtful = month.report(first, "campaign", "doubt", number)
        assert len(doubtful) == states.get("in_doubt", 0)
        # The machine comes back: its journal knows what was on the wire, and the rest goes out.
        dead.run("campaign", "sweep")
        dead.run("campaign", "continue")
    states = month.states(first)
    assert sum(states.values()) == READERS
    assert states.get("in_doubt", 0) <= CONNECTIONS
    times = Counter(recipient for mail in server.received for recipient in mail.recipients)
    assert set(times.values()) == {1}
    assert READERS - len(times) <= states.get("in_doubt", 0)
    assert month.report(first, "campaign", "list")[0]["state"] == "done"
