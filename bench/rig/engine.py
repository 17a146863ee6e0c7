"""The engine in processes of its own, for a benchmark: a campaign that has begun is sent, timed, and its books counted.

python -m bench.rig.engine CAMPAIGN    is one such process; it prints when it began and ended, and its peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.rig import instance

if TYPE_CHECKING:
    from newsletter.mail.content import RenderedMail

KEYS_OF_AN_INSTALLATION = ("secret.key", "fingerprint.key")


@dataclass(frozen=True, slots=True)
class Sending:
    """How a campaign is sent: into which port, by how many workers with how many connections, signed with what."""

    port: int
    connections: int
    workers: int = 1
    keys: tuple[str, ...] = ()  # names of DKIM key files in var/dkim


def begin(edition: RenderedMail, month: int) -> int:
    """A campaign of a new issue, ready to be sent."""
    return int(instance.begin_campaign(instance.add_edition(edition, month)).pk)


def send(campaign: int, how: Sending, var: Path) -> tuple[float, list[int]]:
    """Seconds from the first worker's start of work to the last one's end, and each one's peak memory in kB."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.rig.engine", str(campaign)],
            env=_environment(_folder(var, number, how), how), stdout=subprocess.PIPE, text=True,
        )
        for number in range(how.workers)
    ]  # fmt: skip
    ends = [json.loads(process.communicate()[0] or "{}") for process in processes]
    if not all(ends):
        raise SystemExit("a worker stopped before the campaign was over; what it said stands above")
    return max(one["end"] for one in ends) - min(one["start"] for one in ends), [one["peak"] for one in ends]


def _folder(var: Path, number: int, how: Sending) -> Path:
    """One for each worker, as on machines of their own, let in once; the keys are the same everywhere."""
    if number == 0:
        _register()
        return var
    own = var / f"machine-{number}"
    is_new = not own.exists()
    for key in (*KEYS_OF_AN_INSTALLATION, *(f"dkim/{name}" for name in how.keys)):
        (own / key).parent.mkdir(parents=True, exist_ok=True)
        (own / key).write_bytes((var / key).read_bytes())
        (own / key).chmod(0o600)
    if is_new:
        command = [sys.executable, "-m", "newsletter", "adopt", "--join", "--by", "bench"]
        subprocess.run(command, env=_environment(own, how), stdout=subprocess.DEVNULL, check=True)
    return own


def _register() -> None:
    """The first machine of an installation."""
    from newsletter import identity

    identity.require()


def _environment(folder: Path, how: Sending) -> dict[str, str]:
    return os.environ | {
        "NEWSLETTER_VAR": str(folder), "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{how.port}",
        "NEWSLETTER_RELAY_CONNECTIONS": str(how.connections), "NEWSLETTER_DKIM_KEYS": ",".join(how.keys),
    }  # fmt: skip


def make_keys(algorithms: Sequence[str]) -> tuple[str, ...]:
    """A DKIM key of each kind in var/dkim; their file names."""
    from newsletter import signing
    from newsletter.mail.dkim import Algorithm

    return tuple(signing.new_key(Algorithm(name), "example.jp", name)[1].name for name in algorithms)


def check_books(campaign: int, messages: int) -> None:
    """Every reader SENT, with one attempt each, or the figures mean nothing."""
    from newsletter.models import Attempt, Delivery

    states = Counter(Delivery.objects.filter(campaign=campaign).values_list("state", flat=True))
    attempts = Attempt.objects.filter(delivery__campaign=campaign, outcome="sent", reply_code=250).count()
    if states != {"sent": messages} or attempts != messages:
        raise SystemExit(f"the books do not balance: {dict(states)}, {attempts} attempts")


def work(number: int) -> None:
    """One worker: what `newsletter campaign resume` does, and how long it took."""
    import django

    django.setup()
    from newsletter import campaigns, sending

    campaign = campaigns.find(number)
    start = time.time()
    run = sending.send_campaign(campaign)
    facts = {"start": start, "end": time.time(), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    if run.cause is not sending.Cause.NONE:
        raise SystemExit(f"the run stopped: {run.words}")
    print(json.dumps(facts))


if __name__ == "__main__":
    work(int(sys.argv[1]))
