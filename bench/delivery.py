"""How fast the engine hands a campaign over, with full books, beside what is possible on this machine.

    .venv/bin/python -m bench.delivery [--messages 8000] [--connections 16] [--kilobytes 60] [--rounds 3]
        [--database postgres]     a PostgreSQL cluster of its own instead of SQLite; both: the two by turns
        [--workers 1 2 3]         so many processes share the campaign (PostgreSQL)
        [--delay-ms 30]           a relay that answers late, at 1, 2, 4 … connections, instead of smtp-sink
        [--memory 10000 1000000]  peak memory at two sizes of campaign

Into Postfix's smtp-sink: first Postfix's own smtp-source with the same size and sessions, then our engine without a
signature, with Ed25519, with RSA-2048 and with both, by turns; then the plain way (smtplib and an EmailMessage for each
reader, in 8 threads). Every delivery is in the ledger: claim, reply, attempt, and at the end the books are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import smtplib
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from bench.message import readers, rendered, the_plain_way
from bench.rig import engine, instance
from bench.rig.engine import Sending
from bench.rig.machine import machine
from bench.rig.postfix import PostfixMissingError, sink, source
from bench.rig.slow_relay import slow_relay
from newsletter.mail.content import RenderedMail

PLAIN_THREADS, PLAIN_MESSAGES = 8, 800
BASE64 = 4 / 3 * 78 / 76  # with line ends
# What signs, and the share of smtp-source that is to be reached.
UNSIGNED = "unsigned"
SIGNED = {
    UNSIGNED: ((), 0.8),
    "Ed25519": (("ed25519",), 0.8),
    "RSA-2048": (("rsa",), 0.5),
    "both": (("ed25519", "rsa"), 0),
}
POSTGRES_TARGET, PLAIN_TARGET = 0.8, 3


# ------------------------------------------------------------ the plain way
def plain(port: int, edition: RenderedMail, messages: int) -> float:
    """Seconds for so many messages by smtplib and EmailMessage, in threads."""
    everybody = readers(messages)
    threads = [
        threading.Thread(target=_plain_thread, args=(port, edition, everybody[number::PLAIN_THREADS]))
        for number in range(PLAIN_THREADS)
    ]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def _plain_thread(port: int, edition: RenderedMail, mine: list) -> None:  # type: ignore[type-arg]
    with smtplib.SMTP("127.0.0.1", port) as client:
        for reader in mine:
            client.sendmail("bounces@example.jp", [reader.address], the_plain_way(edition, reader))


# ------------------------------------------------------------ what is measured
def compare(options: argparse.Namespace, edition: RenderedMail, octets: int, var: Path) -> dict[str, float]:
    """smtp-source and the engine by turns, then the plain way. The medians, in messages a second."""
    keys = dict(zip(("ed25519", "rsa"), engine.make_keys(("ed25519", "rsa")), strict=True))
    rates: dict[str, list[float]] = defaultdict(list)
    peaks, month = [], 0
    with sink() as port:
        for number in range(options.rounds):
            seconds = source(port, options.messages, octets, options.connections)
            rates["smtp-source"].append(options.messages / seconds)
            for name in SIGNED if not options.unsigned else (UNSIGNED,):
                campaign, month = engine.begin(edition, month), month + 1
                how = Sending(port, options.connections, keys=tuple(keys[kind] for kind in SIGNED[name][0]))
                seconds, peak = engine.send(campaign, how, var)
                engine.check_books(campaign, options.messages)
                rates[name].append(options.messages / seconds)
                peaks += peak
            print(
                f"round {number + 1}  ",
                *(f"{name} {values[-1]:,.0f} /s  " for name, values in rates.items()),
                flush=True,
            )
        few = min(PLAIN_MESSAGES, options.messages)
        rates["plain"].append(few / plain(port, edition, few))
    print(f"peak memory          {max(peaks) / 1024:10.0f} MB for a worker")
    return {name: statistics.median(values) for name, values in rates.items()}


def show(medians: dict[str, float], options: argparse.Namespace) -> None:
    """The medians and their ratios to smtp-source."""
    rival = medians["smtp-source"]
    print(f"smtp-source          {rival:10,.0f} /s, median of {options.rounds}, {options.connections} sessions")
    for name, (_, target) in SIGNED.items():
        if name in medians:
            goal = f"(target {target})" if target else ""
            print(
                f"engine, {name:12} {medians[name]:10,.0f} /s, full ledger {medians[name] / rival:8.2f} of it   {goal}"
            )
    print(
        f"the plain way        {medians['plain']:10,.0f} /s, {PLAIN_THREADS} threads, {PLAIN_MESSAGES:,} messages,"
        " no ledger"
    )
    print(f"engine : plain       {medians[UNSIGNED] / medians['plain']:10.1f}      (target {PLAIN_TARGET})")


def two_databases(options: argparse.Namespace) -> None:
    """SQLite and PostgreSQL by turns, each round a process of its own."""
    rates: dict[str, list[float]] = defaultdict(list)
    for number in range(options.rounds):
        for kind in ("sqlite", "postgres"):
            command = [
                sys.executable, "-m", "bench.delivery", "--database", kind, "--rounds", "1", "--unsigned", "--json",
                "--messages", str(options.messages), "--connections", str(options.connections),
            ]  # fmt: skip
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rates[kind].append(json.loads(done.stdout.splitlines()[-1])[UNSIGNED])
        print(
            f"round {number + 1}  ", *(f"{kind} {values[-1]:,.0f} /s  " for kind, values in rates.items()), flush=True
        )
    ratio = statistics.median(rates["postgres"]) / statistics.median(rates["sqlite"])
    print(f"postgres : sqlite    {ratio:10.2f}      (target {POSTGRES_TARGET})")


def shared(options: argparse.Namespace, edition: RenderedMail, var: Path) -> None:
    """How throughput grows with the workers that share a campaign."""
    first = 0.0
    with sink() as port:
        for month, workers in enumerate(options.workers):
            campaign = engine.begin(edition, month)
            seconds, peaks = engine.send(campaign, Sending(port, options.connections, workers), var)
            engine.check_books(campaign, options.messages)
            rate = options.messages / seconds
            first = first or rate
            print(
                f"{workers:4} x {options.connections} connections {rate:10,.0f} /s   {rate / first:6.2f} of the first"
                f"   {max(peaks) / 1024:6.0f} MB each", flush=True,
            )  # fmt: skip


def delayed(options: argparse.Namespace, edition: RenderedMail, var: Path) -> None:
    """How throughput grows with the connections (and workers) when the relay answers late."""
    month = 0
    for workers in options.workers:
        connections = 1
        while connections <= options.connections:
            with slow_relay(options.delay_ms) as port:
                campaign, month = engine.begin(edition, month), month + 1
                seconds, _ = engine.send(campaign, Sending(port, connections, workers), var)
                engine.check_books(campaign, options.messages)
            rate, best = options.messages / seconds, 1000 / options.delay_ms * connections * workers
            print(
                f"{workers:2} x {connections:3} connections {rate:10,.0f} /s   {rate / best:6.2f} of what the delay"
                " allows",
                flush=True,
            )
            connections *= 2


def memory(options: argparse.Namespace, edition: RenderedMail, var: Path) -> None:
    """Peak memory of the worker at each size; the readers are added as the sizes grow."""
    first, known = 0, 0
    for month, size in enumerate(sorted(options.memory)):
        instance.add_readers(size - known, known + 1)
        known = size
        with sink() as port:
            campaign = engine.begin(edition, month)
            seconds, peaks = engine.send(campaign, Sending(port, options.connections), var)
        engine.check_books(campaign, size)
        first = first or peaks[0]
        print(
            f"{size:9,} readers    {peaks[0] / 1024:10.0f} MB   {peaks[0] / first:6.2f} of the first"
            f"   {size / seconds:8,.0f} /s", flush=True,
        )  # fmt: skip


# ------------------------------------------------------------ the command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=8000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--kilobytes", type=int, default=60, help="of the message on the wire")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--memory", type=int, nargs="+", default=())
    parser.add_argument("--unsigned", action="store_true", help="leave the signed runs out")
    parser.add_argument("--json", action="store_true", help="the medians as one line at the end")
    options = parser.parse_args()
    if max(options.workers) > 1 and options.database != "postgres":
        parser.error("several workers share a campaign through PostgreSQL: add --database postgres")
    with contextlib.suppress(KeyboardInterrupt):
        if options.database == "both":
            print(f"machine              {machine()}", flush=True)
            two_databases(options)
            return
        with database(options.database) as url, instance.installation(url) as var:
            measure(options, var)


def measure(options: argparse.Namespace, var: Path) -> None:
    """Print the circumstances, then the figures that were asked for."""
    edition = rendered(round((options.kilobytes - 1) / BASE64 * 3 / 4))
    octets = len(the_plain_way(edition, readers(1)[0]))
    print(f"machine              {machine()}")
    print(f"database             {options.database}, durable at every commit")
    print(f"message              {octets:,} bytes on the wire, personalised", flush=True)
    if options.memory:
        memory(options, edition, var)
        return
    print(f"readers              {options.messages:,}", flush=True)
    instance.add_readers(options.messages)
    try:
        if options.delay_ms:
            delayed(options, edition, var)
        elif max(options.workers) > 1:
            shared(options, edition, var)
        else:
            medians = compare(options, edition, octets, var)
            show(medians, options)
            if options.json:
                print(json.dumps(medians))
    except PostfixMissingError as missing:
        raise SystemExit(f"NOT MEASURED: {missing}") from missing


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of a database of its own; an empty one is SQLite in the installation's folder."""
    if kind == "sqlite":
        yield ""
        return
    from tests.postgres import cluster

    with cluster(durable=True) as address:
        yield f"{address}postgres"


if __name__ == "__main__":
    main()
