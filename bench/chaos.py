"""A server that misbehaves, and a sender that is killed at random: who got the mail, and what do the books say?

    .venv/bin/python -m bench.chaos [--recipients 5000] [--kills 50] [--connections 8] [--seed 1]
        [--database postgres]

The sender is `newsletter campaign resume` in a process of its own, over two relays, one in the clear and one with
STARTTLS, and every second time with 8-bit bodies. kill -9 takes it at random moments, and the next one begins with the
sweep. Deferred mail is made due at once, so that hours need not pass. At the end the server's count and the ledger are
held against each other, reader by reader.

    lost         settled as sent, and the server never took it; or in no final state at all
    duplicated   taken by the server more than once
    in doubt     listed for a person to decide. Either a kill cut it off: never more at a time than connections; or the
                 server cut the line when content had left: never without that. A cut line that was not yet in the
                 ledger when the sender died is settled by the sweep, from the journal, and is no work of the kill
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
from pathlib import Path
from typing import TYPE_CHECKING

from bench.message import rendered
from bench.rig import instance
from bench.rig.hostile import HostileServer, hostile
from bench.rig.machine import machine

if TYPE_CHECKING:
    from newsletter.models import Delivery

PATIENCE = 600  # seconds


@dataclass
class Verdict:
    """What a chaos run came to."""

    connections: int
    states: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    runs: int = 0
    lost: int = 0
    duplicated: int = 0
    cut_by_kills: int = 0
    most_by_one_kill: int = 0
    doubt_arrived: int = 0
    unexplained: int = 0  # in doubt, and neither a kill nor the server cut it off
    unlisted: int = 0  # in doubt, and no attempt says so

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing twice, nothing in doubt that was not in flight."""
        wrong = self.lost or self.duplicated or self.unexplained or self.unlisted
        return not wrong and self.most_by_one_kill <= self.connections


def start_sender(campaign: int, server: HostileServer, connections: int, *, eight_bit: bool) -> subprocess.Popen[bytes]:
    """`newsletter campaign resume`, quietly."""
    environment = os.environ | {
        "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{server.port} smtp+starttls://127.0.0.1:{server.tls_port}",
        "NEWSLETTER_RELAY_CA_FILE": str(server.authority.file),
        "NEWSLETTER_RELAY_CONNECTIONS": str(connections),
        "NEWSLETTER_RELAY_8BITMIME": str(eight_bit).lower(),
    }  # fmt: skip
    command = [sys.executable, "-m", "newsletter", "campaign", "resume", str(campaign), "--by", "chaos"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_chaos(campaign: int, server: HostileServer, kills: int, connections: int, seed: int) -> Verdict:
    """Send, kill, sweep and send again until everything is settled; then compare."""
    from newsletter.models import Delivery

    rng, verdict = random.Random(seed), Verdict(connections)
    rows = Delivery.objects.filter(campaign=campaign)
    total = rows.count()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rows.filter(state="deferred").update(retry_at="2026-01-01T00:00:00Z")
        waiting = rows.filter(state__in=("queued", "deferred", "sending")).count()
        if not waiting:
            break
        sender = start_sender(campaign, server, connections, eight_bit=verdict.runs % 2 == 1)
        verdict.runs += 1
        if verdict.kills < kills:
            # So many are to go out before this one dies that the kills are spread over the whole campaign.
            share = max(1, waiting // (kills - verdict.kills + 1))
            _kill(sender, campaign, server, rng.randint(share // 2, share + share // 2), verdict)
        else:
            sender.wait()
    return _compare(campaign, server, total, verdict)


def _kill(sender: subprocess.Popen[bytes], campaign: int, server: HostileServer, after: int, verdict: Verdict) -> None:
    """Kill the sender when the server has taken `after` more mails, and sweep up behind it."""
    from django.utils import timezone

    from newsletter import sweep

    before = sum(server.delivered.values())
    while sender.poll() is None and sum(server.delivered.values()) - before < after:
        time.sleep(0.0005)
    if sender.poll() is not None:
        return  # it was done, or paused by a relay that was too bad
    sender.kill()
    sender.wait()
    verdict.kills += 1
    known = cut_by_kills(campaign)
    sweep.sweep(timezone.now())
    by_this_one = cut_by_kills(campaign) - known
    verdict.cut_by_kills += by_this_one
    verdict.most_by_one_kill = max(verdict.most_by_one_kill, by_this_one)


def cut_by_kills(campaign: int) -> int:
    """How many are in doubt because their sender died while they were on the wire."""
    from newsletter import sweep
    from newsletter.models import Delivery

    return Delivery.objects.filter(campaign=campaign, state="in_doubt", reason=sweep.LOST_IN_FLIGHT).count()


def _compare(campaign: int, server: HostileServer, total: int, verdict: Verdict) -> Verdict:
    from newsletter.models import Delivery

    time.sleep(0.5)  # the server finishes what it has in hand
    for row in Delivery.objects.filter(campaign=campaign).select_related("subscriber"):
        address = row.subscriber.address if row.subscriber else ""
        times = server.delivered[address]
        verdict.states[row.state] += 1
        verdict.duplicated += times > 1
        settled_wrongly = (row.state == "sent" and not times) or (
            row.state == "refused" and address not in server.refused
        )
        verdict.lost += settled_wrongly or row.state in ("queued", "deferred", "sending", "cancelled")
        if row.state == "in_doubt":
            _weigh_doubt(row, server.cut[address], verdict)
            verdict.doubt_arrived += bool(times)
    verdict.lost += total - sum(verdict.states.values())
    return verdict


def _weigh_doubt(row: Delivery, cuts: int, verdict: Verdict) -> None:
    """Whether this doubt has its cause, and whether whoever decides about it can see it."""
    from newsletter import sweep

    verdict.unexplained += not cuts and row.reason != sweep.LOST_IN_FLIGHT
    verdict.unlisted += not row.attempts.filter(outcome="in_doubt").exists()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    from bench.delivery import database

    with database(options.database) as url, instance.installation(url) as var:
        sys.exit(0 if measure(options, var) else 1)


def measure(options: argparse.Namespace, folder: Path) -> bool:
    """Run it and print what came of it; False when something was lost, came twice, or is in doubt without a cause."""
    print(f"machine              {machine()}")
    print(f"recipients           {options.recipients:,} on {options.database}, {options.connections} connections")
    instance.add_readers(options.recipients)
    campaign = int(instance.begin_campaign(instance.add_edition(rendered(8))).pk)
    start = time.perf_counter()
    with hostile(options.seed, folder) as server:
        verdict = run_chaos(campaign, server, options.kills, options.connections, options.seed)
    print(f"kill -9              {verdict.kills} in {verdict.runs} runs, {time.perf_counter() - start:.0f} s")
    print(f"mishaps              {sum(n for name, n in server.happened.items() if not name.startswith('good')):,}")
    for name, count in sorted(server.happened.items()):
        print(f"    {name:36} {count:6,}")
    print(f"states               {dict(verdict.states)}")
    print(f"lost                 {verdict.lost}")
    print(f"duplicated           {verdict.duplicated}")
    in_doubt = verdict.states["in_doubt"]
    print(
        f"in doubt             {in_doubt}, of which {verdict.doubt_arrived} arrived; not listed: {verdict.unlisted}\n"
        f"    by kills         {verdict.cut_by_kills}, at most {verdict.most_by_one_kill} by one "
        f"(in flight: {options.connections}, one on each connection)\n"
        f"    by cut lines     {in_doubt - verdict.cut_by_kills} (the server cut {sum(server.cut.values())}); "
        f"without a cause: {verdict.unexplained}"
    )
    return verdict.holds


if __name__ == "__main__":
    main()
