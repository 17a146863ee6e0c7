"""Postfix's own pair: smtp-sink swallows mail, smtp-source makes it. Only the two programs, no mail server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


class PostfixMissingError(Exception):
    """smtp-sink or smtp-source is not on this machine."""


def program(name: str) -> str:
    """Where the program is; PostfixMissingError says how to get it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise PostfixMissingError(
            f"{name} is missing: it comes with Postfix (Debian: apt-get install postfix, «No configuration»)"
        )
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """smtp-sink on a free port of loopback while the block runs."""
    port = free_port()
    who = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen([program("smtp-sink"), *who, f"127.0.0.1:{port}", "1000"], cwd="/")
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return when somebody listens there."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def source(port: int, messages: int, octets: int, sessions: int) -> float:
    """Seconds that smtp-source takes for so many messages of that size."""
    command = [
        program("smtp-source"), "-s", str(sessions), "-m", str(messages), "-l", str(octets),
        "-f", "bounces@example.jp", "-t", "reader@example.lg.jp", f"127.0.0.1:{port}",
    ]  # fmt: skip
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=Path("/"))
    return time.perf_counter() - start
