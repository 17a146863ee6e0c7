"""An installation of the product as its users have it: the command as a subprocess, a database and ports of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hear_ctrl_c() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C, and whatever that starts inherits it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Instance:
    """An installation of its own: a var/ folder, a database, ports."""

    var: Path
    environment: dict[str, str]
    web_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    catcher_web_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.environment |= {
            "NEWSLETTER_ENV_FILE": os.devnull,
            "NEWSLETTER_VAR": str(self.var),
            "NEWSLETTER_PORT": str(self.web_port),
            "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{self.web_port}",
            "NEWSLETTER_CATCHER_SMTP_PORT": str(self.smtp_port),
            "NEWSLETTER_CATCHER_WEB_PORT": str(self.catcher_web_port),
            "NEWSLETTER_FEEDS_ALLOW_LOOPBACK": "true",
            "NEWSLETTER_CHECK_LINKS": "false",
        }

    @property
    def base_url(self) -> str:
        return self.environment["NEWSLETTER_BASE_URL"]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "newsletter", *arguments]

    def surroundings(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NEWSLETTER_") and k != "DATABASE_URL"}
        inherited.pop("DJANGO_SETTINGS_MODULE", None)
        return inherited | self.environment

    def run(self, *arguments: str, status: int = 0, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one command, and insist on its exit code and that no traceback is shown."""
        done = subprocess.run(
            self.command(*arguments), cwd=CHECKOUT, env=self.surroundings(), input=stdin, text=True,
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        shown = f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, shown
        assert done.returncode == status, shown
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments), cwd=CHECKOUT, env=self.surroundings(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c,
        )  # fmt: skip

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """`newsletter serve` while the block runs; yields its address."""
        server = self.start("serve")
        try:
            _wait_for_port(self.web_port, server)
            yield self.base_url
        finally:
            server.terminate()
            server.communicate(timeout=20)


def _wait_for_port(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server ended: {process.communicate()[0]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start within 30 seconds")


def get(url: str, timeout: float = 10) -> str:
    """The text of a page on loopback."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return str(answer.read().decode("utf-8"))
