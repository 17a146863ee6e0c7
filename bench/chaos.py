"""A server that misbehaves, and a sender that is killed at random: who got the mail, and what do the books say?

    .venv/bin/python -m bench.chaos [--recipients 5000] [--kills 50] [--connections 8] [--seed 1]
        [--database postgres]

The sender is `newsletter campaign resume` in a process of its own; kill -9 takes it at random moments, and the next one
begins with the sweep. Deferred mail is made due at once, so that hours need not pass. At the end the server's count
and the ledger are held against each other, reader by reader.

    lost        settled as sent, and the server never took it; or in no final state at all
    duplicated  taken by the server more than once
    in doubt    listed for a person to decide: never more per kill than the connections, plus what the server dropped
                after the final dot
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.message import rendered
from bench.rig import instance
from bench.rig.hostile import HostileServer, hostile
from bench.rig.machine import machine

AFTER_THE_DOT = ("drop after the dot, delivered", "drop after the dot, not delivered")
PATIENCE = 600  # seconds


@dataclass
class Verdict:
    """What a chaos run came to."""

    states: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    most_doubt_in_a_kill: int = 0
    doubt_arrived: int = 0
    unlisted: int = 0  # in doubt, and no attempt says so

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing twice."""
        return not (self.lost or self.duplicated or self.unlisted)


def start_sender(campaign: int, port: int, connections: int) -> subprocess.Popen[bytes]:
    """`newsletter campaign resume`, quietly."""
    environment = os.environ | {
        "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{port}", "NEWSLETTER_RELAY_CONNECTIONS": str(connections),
    }  # fmt: skip
    command = [sys.executable, "-m", "newsletter", "campaign", "resume", str(campaign), "--by", "chaos"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_chaos(campaign: int, server: HostileServer, kills: int, connections: int, seed: int) -> Verdict:
    """Send, kill, sweep and send again until everything is settled; then compare."""
    from newsletter.models import Delivery

    rng, verdict = random.Random(seed), Verdict()
    rows = Delivery.objects.filter(campaign=campaign)
    total = rows.count()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rows.filter(state="deferred").update(retry_at="2026-01-01T00:00:00Z")
        waiting = rows.filter(state__in=("queued", "deferred", "sending")).count()
        if not waiting:
            break
        if verdict.kills < kills:
            # So many are to go out before this one dies that the kills are spread over the whole campaign.
            share = max(1, waiting // (kills - verdict.kills + 1))
            _send_and_kill(campaign, server, connections, rng.randint(share // 2, share + share // 2), verdict)
        else:
            start_sender(campaign, server.port, connections).wait()
            verdict.runs += 1
    return _compare(campaign, server, total, verdict)


def _send_and_kill(campaign: int, server: HostileServer, connections: int, after: int, verdict: Verdict) -> None:
    from django.utils import timezone

    from newsletter import sweep
    from newsletter.models import Delivery

    before = sum(server.delivered.values())
    sender = start_sender(campaign, server.port, connections)
    while sender.poll() is None and sum(server.delivered.values()) - before < after:
        time.sleep(0.0005)
    verdict.runs += 1
    if sender.poll() is not None:
        return  # it was done, or paused by a relay that was too bad
    sender.kill()
    sender.wait()
    verdict.kills += 1
    doubtful = Delivery.objects.filter(campaign=campaign, state="in_doubt")
    known = doubtful.count()
    sweep.sweep(timezone.now())
    verdict.most_doubt_in_a_kill = max(verdict.most_doubt_in_a_kill, doubtful.count() - known)


def _compare(campaign: int, server: HostileServer, total: int, verdict: Verdict) -> Verdict:
    from newsletter.models import Attempt, Delivery

    time.sleep(0.5)  # the server finishes what it has in hand
    for number, state, address in Delivery.objects.filter(campaign=campaign).values_list(
        "pk", "state", "subscriber__address"
    ):
        times = server.delivered[address]
        verdict.states[state] += 1
        verdict.duplicated += times > 1
        settled_wrongly = (state == "sent" and not times) or (state == "refused" and address not in server.refused)
        verdict.lost += settled_wrongly or state in ("queued", "deferred", "sending", "cancelled")
        if state == "in_doubt":
            verdict.doubt_arrived += bool(times)
            verdict.unlisted += not Attempt.objects.filter(delivery=number, outcome="in_doubt").exists()
    verdict.lost += total - sum(verdict.states.values())
    return verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    from bench.delivery import database

    with database(options.database) as url, instance.installation(url):
        sys.exit(0 if measure(options) else 1)


def measure(options: argparse.Namespace) -> bool:
    """Run it and print what came of it; False when something was lost or came twice."""
    print(f"machine              {machine()}")
    print(f"recipients           {options.recipients:,} on {options.database}, {options.connections} connections")
    instance.add_readers(options.recipients)
    campaign = int(instance.begin_campaign(instance.add_edition(rendered(8))).pk)
    start = time.perf_counter()
    with hostile(options.seed) as server:
        verdict = run_chaos(campaign, server, options.kills, options.connections, options.seed)
    dropped = sum(server.happened[name] for name in AFTER_THE_DOT)
    print(f"kill -9              {verdict.kills} in {verdict.runs} runs, {time.perf_counter() - start:.0f} s")
    print(f"mishaps              {sum(server.happened.values()) - server.happened['good']:,}")
    for name, count in sorted(server.happened.items()):
        print(f"    {name:36} {count:6,}")
    print(f"states               {dict(verdict.states)}")
    print(f"lost                 {verdict.lost}")
    print(f"duplicated           {verdict.duplicated}")
    print(
        f"in doubt             {verdict.states['in_doubt']}, of which {verdict.doubt_arrived} arrived; "
        f"{dropped} dropped by the server after the dot; at most {verdict.most_doubt_in_a_kill} by one kill "
        f"(connections: {options.connections}); not listed: {verdict.unlisted}"
    )
    return verdict.holds


if __name__ == "__main__":
    main()
