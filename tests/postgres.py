"""A real PostgreSQL for the tests: a cluster of its own in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote


class PostgresMissingError(Exception):
    """There is no PostgreSQL server program on this machine."""


def _programs() -> Path:
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissingError("PostgreSQL (initdb, postgres) is not installed")


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it another account."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresMissingError("root needs an account `postgres` or `nobody` to run PostgreSQL with")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """Start a cluster on loopback and yield its address up to the database name: `postgres://user:…@host:port/`."""
    programs, account, port = _programs(), _account(), _free_port()
    password = secrets.token_urlsafe(16)
    folder = Path(tempfile.mkdtemp(prefix="newsletter-postgres-"))
    (folder / "password").write_text(password)
    who: dict[str, int] = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
    if account:
        for path in (folder, folder / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **who)  # type: ignore[call-overload]

    place = str(folder / "cluster")
    run(
        str(programs / "initdb"), "--pgdata", place, "--username=tester", "--encoding=UTF8", "--no-locale",
        "--auth=scram-sha-256", f"--pwfile={folder / 'password'}",
    )  # fmt: skip
    control = str(programs / "pg_ctl")
    # Durability is not what the tests are about, and the cluster lives for minutes; a benchmark wants it.
    hasty = "" if durable else "-c fsync=off -c full_page_writes=off"
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=60 {hasty}"
    run(control, "start", "--wait", "--pgdata", place, "--log", str(folder / "log"), "-o", options)
    try:
        yield f"postgres://tester:{quote(password)}@127.0.0.1:{port}/"
    finally:
        run(control, "stop", "--mode=immediate", "--pgdata", place)
        shutil.rmtree(folder, ignore_errors=True)
