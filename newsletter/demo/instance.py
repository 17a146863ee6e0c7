"""The demonstration's own installation in `var/demo`: its folder, its environment, its commands and servers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
READY = "終わるには Ctrl-C"  # what `serve` and `catch` say once they listen
MARK = ".demo"  # only a folder that has it is ever emptied; locked while its servers run


class DemoError(Exception):
    """The demonstration cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demonstration's servers listen on loopback."""

    web: int
    smtp: int
    catcher_web: int

    @classmethod
    def wanted_or_free(cls) -> Ports:
        """The usual ports where they are free, others where they are not."""
        return cls(*(port if _is_free(port) else _any_free() for port in (8000, 2525, 8025)))


@contextlib.contextmanager
def _locked(mark: Path) -> Iterator[None]:
    with mark.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(
                f"{mark.parent} は、動いている make serve（または make demo）が使っています。"
                "そちらを Ctrl-C で終わらせてから、もう一度実行してください。"
            ) from error
        yield


def as_typed(arguments: Iterable[str]) -> str:
    """The command line as a person would type it; shlex.quote would put quotes around all Japanese."""
    return " ".join(f"'{word}'" if re.search(r"[\s'\"$*?&|;<>()]", word) or not word else word for word in arguments)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _any_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Instance:
    """One installation; every command runs as a process of its own, as it would from a shell."""

    var: Path
    ports: Ports
    say: Callable[[str], None]

    @classmethod
    def fresh(cls, var: Path, say: Callable[[str], None]) -> Instance:
        """An empty installation in `var`; what an earlier run left there is removed, what anybody else left is not."""
        if var.exists() and any(var.iterdir()) and not (var / MARK).exists():
            raise DemoError(f"{var} には実演用でないファイルがあります。別のフォルダを --var で指定してください。")
        if (var / MARK).exists():
            with _locked(var / MARK):  # not under the feet of servers that run
                pass
        shutil.rmtree(var, ignore_errors=True)
        var.mkdir(parents=True)
        ports = Ports.wanted_or_free()
        (var / MARK).write_text(json.dumps({"web": ports.web, "smtp": ports.smtp, "catcher_web": ports.catcher_web}))
        return cls(var, ports, say)

    @classmethod
    def of_last_run(cls, var: Path, say: Callable[[str], None]) -> Instance:
        """The installation that the last run left."""
        try:
            ports = Ports(**json.loads((var / MARK).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise DemoError("まだ実演をしていません。先に make demo を実行してください。") from error
        if not (var / "report.json").exists():
            raise DemoError("前回の実演が途中で終わっています。もう一度 make demo を実行してください。")
        return cls(var, ports, say)

    def in_use(self) -> contextlib.AbstractContextManager[None]:
        """While the block runs, the folder is not emptied; DemoError if somebody else uses it already."""
        return _locked(self.var / MARK)

    def refuse_taken_ports(self) -> None:
        """The links in the mails name these ports, so other ones would not do."""
        for port in (self.ports.web, self.ports.smtp, self.ports.catcher_web):
            if not _is_free(port):
                raise DemoError(
                    f"ポート {port} はほかのプログラムが使っています。"
                    "それを終わらせるか、make demo からやり直してください（空いているポートを使います）。"
                )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}"

    def environment(self) -> dict[str, str]:
        """The real installation's settings are left out, so that nothing here can reach a real relay or database."""
        foreign = ("NEWSLETTER_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return inherited | {
            "NEWSLETTER_ENV_FILE": os.devnull,
            "NEWSLETTER_VAR": str(self.var),
            "NEWSLETTER_BASE_URL": self.base_url,
            "NEWSLETTER_PORT": str(self.ports.web),
            "NEWSLETTER_CATCHER_SMTP_PORT": str(self.ports.smtp),
            "NEWSLETTER_CATCHER_WEB_PORT": str(self.ports.catcher_web),
            "NEWSLETTER_FEEDS_ALLOW_LOOPBACK": "true",
            "NEWSLETTER_CHECK_LINKS": "false",  # the demonstration does not leave this machine
        }

    def run(
        self,
        *arguments: str,
        quiet: bool = False,
        statuses: tuple[int, ...] = (0,),
        secret: dict[str, str] | None = None,
    ) -> str:
        """Run one command, show it as it would be typed, and return what it printed; DemoError if it failed."""
        if not quiet:
            self.say(f"$ newsletter {as_typed(arguments)}")
        done = subprocess.run(  # noqa: S603 our own command line
            [sys.executable, "-m", "newsletter", *arguments],
            cwd=CHECKOUT,
            env=self.environment() | (secret or {}),
            stdout=subprocess.PIPE,
            stderr=None if "send" in arguments else subprocess.PIPE,  # its progress bar is worth seeing
            text=True,
            check=False,
        )
        if done.returncode not in statuses:
            raise DemoError(f"newsletter {as_typed(arguments)} に失敗しました。\n{done.stdout}{done.stderr or ''}")
        return done.stdout

    def report(self, *arguments: str, quiet: bool = False, statuses: tuple[int, ...] = (0,)) -> Any:
        """Run a command with --json and return what it reported."""
        return json.loads(self.run(*arguments, "--json", quiet=quiet, statuses=statuses))

    def make_staff(self, name: str, password: str) -> None:
        """A login for the staff pages; the password travels in the environment, not on the command line."""
        secret = {"DJANGO_SUPERUSER_PASSWORD": password}
        self.run(
            "manage", "createsuperuser", "--noinput", "--username", name, "--email", "demo@example.jp", secret=secret
        )

    def keep(self, file: Path, name: str) -> Path:
        """Copy a file to where the demonstration says it is."""
        return Path(shutil.copyfile(file, self.var / name))

    @contextlib.contextmanager
    def background(self, command: str) -> Iterator[None]:
        """A server (`serve`, `catch`) while the block runs."""
        log = self.var / f"{command}.log"
        with log.open("w", encoding="utf-8") as output:
            process = self.start(command, output)
            try:
                _wait_for(process, log)
                yield
            finally:
                process.terminate()
                process.wait(timeout=20)

    def start(self, command: str, output: Any = None) -> subprocess.Popen[str]:
        """Start a command that goes on until it is stopped."""
        return subprocess.Popen(  # noqa: S603 our own command line
            [sys.executable, "-m", "newsletter", command],
            cwd=CHECKOUT,
            env=self.environment(),
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            text=True,
        )


def _wait_for(process: subprocess.Popen[str], log: Path) -> None:
    """Until the server itself says that it runs; an answer at its port might be somebody else's."""
    for _ in range(300):
        if process.poll() is not None:
            raise DemoError(f"サーバを起動できません。\n{log.read_text('utf-8', 'replace')}")
        if READY in log.read_text("utf-8", "replace"):
            return
        time.sleep(0.1)
    raise DemoError(f"サーバが30秒以内に応答しません。記録: {log}")
