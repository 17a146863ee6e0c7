"""How fast the engine hands a campaign over, with full books, beside what is possible on this machine.

    .venv/bin/python -m bench.delivery [--messages 8000] [--connections 16] [--kilobytes 60] [--rounds 3]
        [--database postgres]     a PostgreSQL cluster of its own instead of SQLite
        [--workers 3]             so many processes share the campaign (PostgreSQL)
        [--delay-ms 30]           a relay that answers late, at 1, 2, 4 … connections, instead of smtp-sink
        [--memory 10000 1000000]  peak memory at two sizes of campaign

Into Postfix's smtp-sink: first Postfix's own smtp-source with the same size and sessions, then our engine, by turns;
then the plain way (smtplib and an EmailMessage for each reader, in 8 threads). Every delivery is in the ledger: claim,
reply, attempt, and at the end the books are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import smtplib
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.message import readers, rendered, the_plain_way
from bench.rig import instance
from bench.rig.machine import machine
from bench.rig.postfix import PostfixMissingError, sink, source
from bench.rig.slow_relay import slow_relay
from newsletter.mail.content import RenderedMail

PLAIN_THREADS, PLAIN_MESSAGES = 8, 800
BASE64 = 4 / 3 * 78 / 76  # with line ends


# ------------------------------------------------------------ the engine, in processes of its own
def send(port: int, connections: int, campaign: int, workers: int, var: Path) -> tuple[float, list[int]]:
    """Seconds from the first worker's start of work to the last one's end, and each one's peak memory in kB."""
    processes = []
    for number in range(workers):
        # Each its own folder, as on machines of their own; the keys are the same everywhere.
        own = var if workers == 1 else var / f"machine-{number}"
        own.mkdir(exist_ok=True)
        for key in ("secret.key", "fingerprint.key"):
            if own != var:
                (own / key).write_text((var / key).read_text())
                (own / key).chmod(0o600)
        environment = os.environ | {
            "NEWSLETTER_VAR": str(own), "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{port}",
            "NEWSLETTER_RELAY_CONNECTIONS": str(connections),
        }  # fmt: skip
        command = [sys.executable, "-m", "bench.delivery", "--worker", str(campaign)]
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    ends = [json.loads(process.communicate()[0]) for process in processes]
    return max(one["end"] for one in ends) - min(one["start"] for one in ends), [one["peak"] for one in ends]


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


def begin(edition: RenderedMail, month: int) -> int:
    """A campaign of a new issue, ready to be sent."""
    return int(instance.begin_campaign(instance.add_edition(edition, month)).pk)


def check_books(number: int, messages: int) -> None:
    """Every reader SENT, with one attempt each, or the figures mean nothing."""
    from newsletter.models import Attempt, Delivery

    states = Counter(Delivery.objects.filter(campaign=number).values_list("state", flat=True))
    attempts = Attempt.objects.filter(delivery__campaign=number, outcome="sent", reply_code=250).count()
    if states != {"sent": messages} or attempts != messages:
        raise SystemExit(f"the books do not balance: {dict(states)}, {attempts} attempts")


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
def compare(options: argparse.Namespace, edition: RenderedMail, octets: int, var: Path) -> None:
    """smtp-source and the engine by turns, then the plain way."""
    theirs, ours, peaks = [], [], []
    with sink() as port:
        for number in range(options.rounds):
            theirs.append(options.messages / source(port, options.messages, octets, options.connections))
            campaign = begin(edition, number)
            seconds, peak = send(port, options.connections, campaign, options.workers, var)
            check_books(campaign, options.messages)
            ours.append(options.messages / seconds)
            peaks += peak
            print(f"round {number + 1}              smtp-source {theirs[-1]:7,.0f} /s   engine {ours[-1]:7,.0f} /s")
        few = min(PLAIN_MESSAGES, options.messages)
        slow = few / plain(port, edition, few)
    rival, engine = statistics.median(theirs), statistics.median(ours)
    print(f"smtp-source          {rival:10,.0f} /s, median of {options.rounds}, {options.connections} sessions")
    print(
        f"engine               {engine:10,.0f} /s, {options.workers} x {options.connections} connections, full ledger"
    )
    print(f"engine : smtp-source {engine / rival:10.2f}      (target 0.8)")
    print(f"the plain way        {slow:10,.0f} /s, {PLAIN_THREADS} threads, {few:,} messages, no ledger")
    print(f"engine : plain       {engine / slow:10.1f}      (target 3)")
    print(f"peak memory          {max(peaks) / 1024:10.0f} MB for a worker")


def delayed(options: argparse.Namespace, edition: RenderedMail, var: Path) -> None:
    """How throughput grows with the connections when the relay answers late."""
    connections, month = 1, 0
    while connections <= options.connections:
        with slow_relay(options.delay_ms) as port:
            campaign = begin(edition, month)
            seconds, _ = send(port, connections, campaign, options.workers, var)
            check_books(campaign, options.messages)
        rate, best = options.messages / seconds, 1000 / options.delay_ms * connections * options.workers
        print(f"{connections:4} connections     {rate:10,.0f} /s   {rate / best:6.2f} of what the delay allows")
        connections, month = connections * 2, month + 1


def memory(options: argparse.Namespace, edition: RenderedMail, var: Path) -> None:
    """Peak memory of the worker at each size; the readers are added as the sizes grow."""
    first, known = 0, 0
    for month, size in enumerate(sorted(options.memory)):
        instance.add_readers(size - known, known + 1)
        known = size
        with sink() as port:
            campaign = begin(edition, month)
            seconds, peaks = send(port, options.connections, campaign, 1, var)
        check_books(campaign, size)
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
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--delay-ms", type=int, default=0)
    parser.add_argument("--memory", type=int, nargs="+", default=())
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker)
        return
    if options.workers > 1 and options.database == "sqlite":
        parser.error("several workers share a campaign through PostgreSQL: add --database postgres")
    with contextlib.suppress(KeyboardInterrupt), database(options.database) as url, instance.installation(url) as var:
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
    print(f"readers              {options.messages:,}")
    instance.add_readers(options.messages)
    if options.delay_ms:
        delayed(options, edition, var)
        return
    try:
        compare(options, edition, octets, var)
    except PostfixMissingError as missing:
        print(f"NOT MEASURED: {missing}")


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield ""
        return
    from tests.postgres import cluster

    with cluster(durable=True) as address:
        yield f"{address}postgres"


if __name__ == "__main__":
    main()
