"""How long an edition of 40 items takes and how large it is, beside the official MJML command line on the same source.

    .venv/bin/python -m bench.edition [--node-modules FOLDER]

The official one is measured where `npm install mjml` was run (FOLDER, default ./node_modules). Nothing is installed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from newsletter.mail.render import finish_html, issue_mjml, render_issue
from tests.newsletter.mail.sample import TEMPLATES, large_issue

RUNS = 9
TARGET_SECONDS, TARGET_RATIO, TARGET_BYTES = 0.5, 5, 80_000


def median_seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median of `runs` runs, after one that warms up."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def official(node_modules: Path, source: Path) -> tuple[Callable[[], object], Path] | None:
    """The official command on `source`, and the file it writes; None where it is not installed."""
    command, output = node_modules / ".bin" / "mjml", source.with_suffix(".html")
    if not command.exists():
        return None
    return lambda: subprocess.run(
        [str(command), str(source), "-o", str(output)], check=True, capture_output=True
    ), output


def machine() -> str:
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--node-modules", type=Path, default=Path("node_modules"))
    node_modules = parser.parse_args().node_modules
    issue = large_issue(40, 150)
    mjml = issue_mjml(issue, TEMPLATES)

    whole = median_seconds(lambda: render_issue(issue, TEMPLATES))
    compiled = median_seconds(lambda: finish_html(mjml, "issue.mjml.j2"))
    mail = render_issue(issue, TEMPLATES)
    size = len(mail.html.encode())
    print(f"machine: {machine()}")
    print(f"an edition of {len(issue.items)} items, 150 characters each; median of {RUNS} runs")
    print(f"  content -> HTML and text edition      {whole * 1000:7.1f} ms   target < {TARGET_SECONDS * 1000:.0f} ms")
    print(f"  of this MJML -> finished HTML         {compiled * 1000:7.1f} ms")
    print(f"  HTML {size:,} bytes (target < {TARGET_BYTES:,}), text edition {len(mail.text.encode()):,}")
    met = whole < TARGET_SECONDS and size < TARGET_BYTES
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "issue.mjml"
        source.write_text(mjml, encoding="utf-8")
        other = official(node_modules, source)
        if other is None:
            print(f"  official MJML command line: not in {node_modules}, so not measured (npm install mjml)")
            return 0 if met else 1
        run, output = other
        theirs = median_seconds(run, 5)
        ratio = theirs / whole
        print(f"  official MJML command line            {theirs * 1000:7.1f} ms   HTML {output.stat().st_size:,} bytes")
        print(f"  ratio: the whole edition is {ratio:.1f} times as fast (target {TARGET_RATIO})")
    return 0 if met and ratio >= TARGET_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
