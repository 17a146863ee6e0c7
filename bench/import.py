"""How fast a list of a million rows is taken in and taken back, and what it needs: rows/s, processor, peak memory.

    .venv/bin/python -m bench.import [--rows 10000 100000 1000000] [--database sqlite|postgres|both]

Floor: the csv module reads the same file and does nothing. Rival: sqlite3's own `.import` of the file into a bare
table, which judges no address, looks for nobody, keeps no consent (where the sqlite3 shell is missing: the same by
Python's sqlite3, csv + executemany). Ours, as the command does it: the dry run, the import into an empty list,
the same file again (every row 同じ, and vouched for once more in the ledger), and the undo of both, the later one
first, which removes everybody. Each measurement in a process of its own.
`× floor` and `× rival` compare processor time, which other work on the machine disturbs less than the clock.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.rig import instance
from bench.rig.machine import machine

HEADINGS = ("メールアドレス", "氏名", "所属団体", "部署", "団体コード", "形式")
CITIES = 1_700
TARGET = 60.0  # seconds for a million


def write_list(path: Path, rows: int) -> None:
    """A clean list as an office keeps it; one row in a hundred is refused, one in a hundred has a full-width name."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADINGS)
        for at in range(rows):
            city = at % CITIES
            address = f"reader{at}@city{city}.example.jp" if at % 100 else f"reader{at}.city{city}.example.jp"
            name = f"見本　太郎{at}" if at % 100 == 1 else f"見本 太郎{at}"
            writer.writerow((address, name, f"見本市役所{city}", "環境局 脱炭素推進課", "401005", "HTML形式"))


# ------------------------------------------------------------ what is measured, each in a process of its own
def read_only(path: Path, _: str) -> int:
    """The floor."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def shell_import(path: Path, _: str) -> int:
    """The rival: sqlite3's own shell."""
    with tempfile.TemporaryDirectory() as folder:
        commands = f".import --csv '{path}' people\nSELECT count(*) FROM people;\n"
        shell = ["sqlite3", str(Path(folder) / "people.sqlite3")]
        return int(subprocess.run(shell, input=commands, capture_output=True, text=True, check=True).stdout)


def module_import(path: Path, _: str) -> int:
    """What the shell does, by Python's own module: read, insert, count."""
    with tempfile.TemporaryDirectory() as folder, path.open(encoding="utf-8-sig", newline="") as file:
        base, reader = sqlite3.connect(Path(folder) / "people.sqlite3"), csv.reader(file)
        columns = ", ".join(f'"{name}" TEXT' for name in next(reader))
        base.execute(f"CREATE TABLE people ({columns})")
        base.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", reader)
        base.commit()
        count = int(base.execute("SELECT count(*) FROM people").fetchone()[0])
        base.close()
        return count


def ours(path: Path, kind: str) -> int:
    """Dry run, import, the same once more, and both taken back; prints its own lines."""
    from bench.delivery import database

    with database(kind) as url, instance.installation(url):
        from django.conf import settings
        from django.utils import timezone

        from newsletter.lists.lookups import lookups
        from subscribers import importer, staging, undo
        from subscribers.models import ConsentEvent
        from subscribers.planned import Grounds
        from subscribers.table import open_table

        grounds = Grounds(ConsentEvent.Basis.MEMBER, "bench", "bench", path.name)

        def dry() -> int:
            rows = importer.read_rows(open_table(path), lookups(timezone.now()))
            return sum(len(block) for block in importer.plan_import(rows, settings.FINGERPRINT_KEY))

        def take_in() -> int:
            table, now = open_table(path), timezone.now()
            if not staging.is_huge(table):
                rows = importer.read_rows(table, lookups(now))
                return sum(importer.run_import(rows, grounds, now, settings.FINGERPRINT_KEY).values())
            staged = staging.begin(table, lookups(now), now)
            staged.read(now)
            counts = importer.run_import(
                staged.candidates(), grounds, now, settings.FINGERPRINT_KEY, on_end=staged.drop
            )
            return sum(counts.values())

        def take_back() -> int:
            now = timezone.now()
            return sum(sum(undo.undo(run, "bench", now).values()) for run in undo.open_runs(now))  # newest first

        before = peak()
        steps = (("dry run", dry), ("import", take_in), ("again: all the same", take_in), ("undo", take_back))
        for label, step in steps:
            start = time.perf_counter(), time.process_time()
            rows = step()
            facts = {"label": label, "rows": rows, "seconds": time.perf_counter() - start[0]}
            facts |= {"cpu": time.process_time() - start[1], "peak": peak(), "before": before}
            print(json.dumps(facts), flush=True)
    return 0


def peak() -> int:
    """The most memory this process ever had, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


RIVALS: dict[str, tuple[str, Callable[[Path, str], int]]] = {
    "floor": ("csv.reader alone", read_only),
    "shell": ("sqlite3 .import", shell_import),
    "module": ("sqlite3 module", module_import),
    "ours": ("", ours),
}


def measure(which: str, path: Path, kind: str) -> None:
    label, step = RIVALS[which]
    start = time.perf_counter(), processor()
    rows = step(path, kind)
    if label:
        facts = {"label": label, "rows": rows, "seconds": time.perf_counter() - start[0]}
        facts |= {"cpu": processor() - start[1], "peak": peak(), "before": 0}
        print(json.dumps(facts), flush=True)


def processor() -> float:
    """Seconds of processor time of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def report(which: str, path: Path, kind: str, beside: dict[str, float]) -> None:
    """Run one measurement and print it; `beside` holds the processor time of floor and rival."""
    command = [sys.executable, "-m", "bench.import", "--measure", which, "--file", str(path), "--database", kind]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines():
        facts = json.loads(line)
        seconds, rows, cpu = facts["seconds"], facts["rows"], facts["cpu"]
        told = f"{seconds:8.1f} s {rows / seconds:10,.0f} rows/s   processor {cpu:6.1f} s {rows / cpu:10,.0f} rows/s"
        memory = f"   peak {facts['peak'] / 1024:5.0f} MB"
        if which != "ours":
            beside["floor" if which == "floor" else "rival"] = cpu
            print(f"  {facts['label']:30} {told}{memory}", flush=True)
            continue
        memory += f" (started with {facts['before'] / 1024:.0f})"
        ratios = "".join(f"   {cpu / known:5.1f} × {name}" for name, known in beside.items() if known)
        print(f"  {f'{kind}: ' + facts['label']:30} {told}{memory}{ratios}", flush=True)
    if done.returncode:
        print(f"  {which} {kind:20} NOT MEASURED", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--measure", choices=list(RIVALS), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.file, options.database)
        return
    print(f"machine  {machine()}", flush=True)
    print(f"target   a million rows in {TARGET:.0f} s, memory flat", flush=True)
    kinds = ("sqlite", "postgres") if options.database == "both" else (options.database,)
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as folder:
            path, beside = Path(folder) / "list.csv", dict[str, float]()
            write_list(path, rows)
            print(f"{rows:,} rows, {path.stat().st_size / 1024**2:.0f} MB", flush=True)
            report("floor", path, "sqlite", beside)
            report("shell" if shutil.which("sqlite3") else "module", path, "sqlite", beside)
            for kind in kinds:
                report("ours", path, kind, beside)


if __name__ == "__main__":
    main()
