"""A sender that is interrupted or killed: after resuming, everybody got the mail once or is listed as in doubt."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance import month
from tests.acceptance.conftest import Instance
from tests.smtp_server import ReceivingServer, receiving

pytestmark = pytest.mark.acceptance

READERS = 150
CONNECTIONS = 4


def start_sending(instance: Instance, server: ReceivingServer, wait_for: int) -> subprocess.Popen[str]:
    """A sender in the middle of its campaign: at least `wait_for` mails are through, and not nearly all."""
    instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{server.port}"
    instance.environment["NEWSLETTER_RELAY_CONNECTIONS"] = str(CONNECTIONS)
    sender = instance.start("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")
    deadline = time.monotonic() + 60
    while len(server.received) < wait_for:
        assert sender.poll() is None, sender.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return sender


def times_received(server: ReceivingServer) -> Counter[str]:
    return Counter(recipient for mail in list(server.received) for recipient in mail.recipients)


def everybody() -> set[str]:
    return {month.reader(number) for number in range(1, READERS + 1)}


def test_ctrl_c_stops_cleanly_and_resume_goes_on(instance: Instance, tmp_path: Path) -> None:
    month.ready_to_send(instance, tmp_path, READERS)
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


def test_kill_9_doubles_nobody_and_lists_the_doubt(instance: Instance, tmp_path: Path) -> None:
    month.ready_to_send(instance, tmp_path, READERS)
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
