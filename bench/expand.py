"""How long it takes to write one delivery for each of a million readers, and what it needs, on both databases.

    .venv/bin/python -m bench.expand [--readers 1000000] [--database sqlite|postgres|both]

The start of a campaign: candidates = deliveries + exclusions, each exclusion with its reason, in set-based SQL. One
reader in twenty has left, one in fifty is suppressed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

from bench.message import rendered
from bench.rig import instance
from bench.rig.machine import machine

LEFT_ONE_IN, SUPPRESSED_ONE_IN = 20, 50


def measure(kind: str, readers: int) -> None:
    """Fill the database, start a campaign, print how long that took; in a process of its own for the memory's sake."""
    from bench.delivery import database

    with database(kind) as url, instance.installation(url):
        from django.db import connection

        from newsletter.models import Delivery

        instance.add_readers(readers)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE subscribers_subscriber SET state = 'left' WHERE id %% %s = 0", [LEFT_ONE_IN])
            cursor.execute(
                "INSERT INTO subscribers_suppression (fingerprint, reason, note, operator, at, lifted_by, lifted_why)"
                " SELECT fingerprint, 'bounced', '', '', created_at, '', '' FROM subscribers_subscriber"
                " WHERE id %% %s = 1",
                [SUPPRESSED_ONE_IN],
            )
            if kind == "postgres":
                cursor.execute("ANALYZE")
        edition = instance.add_edition(rendered(8))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        campaign = instance.begin_campaign(edition)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        states = Delivery.objects.filter(campaign=campaign).count()
        excluded = campaign.exclusions.count()
    if states + excluded != readers:
        raise SystemExit(f"{states} deliveries and {excluded} exclusions are not {readers} candidates")
    print(json.dumps({"seconds": seconds, "rows": states, "excluded": excluded, "before": before, "peak": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.readers)
        return
    print(f"machine              {machine()}")
    print(f"candidates           {options.readers:,}", flush=True)
    for kind in ("sqlite", "postgres") if options.database == "both" else (options.database,):
        command = [sys.executable, "-m", "bench.expand", "--measure", kind, "--readers", str(options.readers)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"{kind:20} NOT MEASURED")
            continue
        facts = json.loads(done.stdout)
        print(
            f"{kind:20} {facts['seconds']:8.1f} s   {facts['rows']:,} deliveries, {facts['excluded']:,} exclusions;"
            f" peak {facts['peak'] / 1024:.0f} MB ({(facts['peak'] - facts['before']) / 1024:.0f} MB more than before)",
            flush=True,
        )


if __name__ == "__main__":
    main()
