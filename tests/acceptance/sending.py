"""A campaign to sixty readers through a relay, as far as the tests of what goes wrong with it need it."""

from __future__ import annotations

import subprocess
import time
from collections import Counter

from tests.acceptance import month
from tests.smtp_server import ReceivingServer

READERS = 60
EVERYBODY = {month.reader(number): 1 for number in range(1, READERS + 1)}
SEND = ("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")


def wait_for_mails(server: ReceivingServer, count: int, sender: subprocess.Popen[str]) -> None:
    """Until so many mails are through, and the sender is still at it."""
    deadline = time.monotonic() + 60
    while len(server.received) < count:
        assert sender.poll() is None, sender.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def times_received(server: ReceivingServer) -> Counter[str]:
    """How often each recipient got the mail."""
    return Counter(recipient for mail in list(server.received) for recipient in mail.recipients)
