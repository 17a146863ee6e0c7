"""The short chaos run: a server that misbehaves, a sender that is killed; nothing lost, nothing twice."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.acceptance.conftest import CHECKOUT

pytestmark = pytest.mark.acceptance


def test_nothing_is_lost_or_doubled_when_the_server_misbehaves_and_the_sender_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos", "--recipients", "300", "--kills", "5", "--connections", "4"],
        cwd=CHECKOUT, text=True, capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^lost +0$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^duplicated +0$", done.stdout, re.MULTILINE), done.stdout
    assert "not listed: 0" in done.stdout
    kills = re.search(r"^kill -9 +(\d+) in", done.stdout, re.MULTILINE)
    assert kills
    assert int(kills[1]) >= 3, done.stdout
