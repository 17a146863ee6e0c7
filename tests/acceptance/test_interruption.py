"""A sender that is interrupted or killed: after resuming, everybody got the mail once or is listed as in doubt."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance import month
from tests.acceptance.instance import Instance
from tests.acceptance.sending import SEND, times_received, wait_for_mails
from tests.smtp_server import ReceivingServer, receiving

pytestmark = pytest.mark.acceptance

READERS = 150
CONNECTIONS = 4


def start_sending(instance: Instance, server: ReceivingServer, wait_for: int) -> subprocess.Popen[str]:
    """A sender in the middle of its campaign: at least `wait_for` mails are through, and not nearly all."""
    instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{server.port}"
    instance.environment["NEWSLETTER_RELAY_CONNECTIONS"] = str(CONNECTIONS)
    sender = instance.start(*SEND)
    wait_for_mails(server, wait_for, sender)
    return sender


def everybody() -> set[str]:
    return {month.reader(number) for number in range(1, READERS + 1)}


def test_ctrl_c_stops_cleanly_and_resume_goes_on(approved_anywhere: Instance, tmp_path: Path) -> None:
    instance = approved_anywhere
    month.import_readers(instance, tmp_path, READERS)
    with receiving(delay=0.02) as server:
        sender = start_sending(instance, server, 20)
        sender.send_signal(signal.SIGINT)
        said, _ = sender.communicate(timeout=30)
        assert sender.returncode == 1
        assert "newsletter campaign resume" in said
        assert "Traceback" not in said
        assert len(server.received) < READERS
        number = str(month.report(instance, "campaign", "list")[0]["campaign"])
        instance.run("campaign", "resume", number, "--by", "事務局長")
        assert times_received(server) == dict.fromkeys(everybody(), 1)
    assert month.states(instance) == {"sent": READERS}


def test_kill_9_doubles_nobody_and_lists_the_doubt(approved_anywhere: Instance, tmp_path: Path) -> None:
    instance = approved_anywhere
    month.import_readers(instance, tmp_path, READERS)
    with receiving(delay=0.02) as server:
        sender = start_sending(instance, server, 20)
        sender.kill()
        sender.communicate()
        assert len(server.received) < READERS
        number = str(month.report(instance, "campaign", "list")[0]["campaign"])
        instance.run("campaign", "resume", number, "--by", "事務局長")
        received = times_received(server)
    states = month.states(instance)
    in_doubt = states.get("in_doubt", 0)
    assert in_doubt <= 2 * CONNECTIONS
    assert states["sent"] + in_doubt == READERS
    assert set(received.values()) == {1}
    listed = month.report(instance, "campaign", "doubt", number)
    assert len(listed) == in_doubt
    # Whoever got nothing is in doubt, and listed.
    assert len(everybody() - set(received)) <= in_doubt
