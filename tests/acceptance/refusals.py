"""How a command that cannot do its work must fail: one Japanese sentence on standard error, no traceback."""

from __future__ import annotations

import copy
import re
import resource
import signal
import subprocess
from collections.abc import Mapping

from tests.acceptance.instance import CHECKOUT, Instance


def with_settings(instance: Instance, settings: Mapping[str, str]) -> Instance:
    """The same installation under further settings."""
    other = copy.copy(instance)
    other.environment = instance.environment | dict(settings)
    return other


def failed(instance: Instance, *arguments: str, status: int = 1, settings: Mapping[str, str] | None = None) -> str:
    """What a command that must fail says."""
    said = with_settings(instance, settings or {}).run(*arguments, status=status).stderr
    return checked(said)


def checked(said: str) -> str:
    """The sentence must be there, with kana in it."""
    assert re.search(r"^エラー: .*[ぁ-ヿ]", said, re.MULTILINE), said
    return said


def limited(instance: Instance, octets: int, *arguments: str) -> str:
    """What a command says that can write no file past `octets`, as on a disk that is nearly full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))

    done = subprocess.run(
        instance.command(*arguments), cwd=CHECKOUT, env=instance.surroundings(), preexec_fn=limit,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1, done
    return checked(done.stderr)
