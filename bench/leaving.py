"""How long a reader waits for the one-click unsubscription (RFC 8058), and for the same click once more.

    .venv/bin/python -m bench.leaving [--readers 100000] [--clicks 400] [--at-once 4] [--database sqlite|postgres]

The application behind its own web server, real HTTP requests, a new connection for each, as mail providers make them.
Every first click is a transaction with the ledger, the suppression and a goodbye letter. The promise is a second.
"""

from __future__ import annotations

import argparse
import http.client
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from bench.rig import instance
from bench.rig.machine import machine

BODY = "List-Unsubscribe=One-Click"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--clicks", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=4, help="clicks that are under way at the same time")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    from bench.delivery import database

    with database(options.database) as url, instance.installation(url):
        instance.add_readers(options.readers)
        paths = _links(options.clicks, options.readers)
        port = _serve()
        print(f"machine              {machine()}")
        print(f"readers              {options.readers:,} on {options.database}, {options.at_once} clicks at once")
        _tell("first click", _click_all(port, paths, options.at_once))
        _tell("the same once more", _click_all(port, paths, options.at_once))
        _check(options.clicks)


def _links(clicks: int, readers: int) -> list[str]:
    """The paths of links of readers all over the list."""
    from newsletter import links, profile
    from subscribers.models import Subscriber

    profile.load(Path(profile.__file__).parent / "profiles" / "iclei-japan.toml", instance.NOW)
    step = max(1, readers // clicks)
    keys = Subscriber.objects.order_by("pk").values_list("key", flat=True)[::step][:clicks]
    return [urlsplit(links.unsubscribe_url(key, 1)).path for key in keys]


def _serve() -> int:
    """The application behind Waitress, as `newsletter serve` runs it; returns the port."""
    from huey.contrib.djhuey import HUEY

    from newsletter import urls  # noqa: F401 - as `newsletter serve` does
    from newsletter.cli.operations import web_server
    from newsletter.wsgi import application

    HUEY.storage.initialize_schema()  # letters wake the queue
    server = web_server(application, "127.0.0.1", 0, 8)
    threading.Thread(target=server.run, daemon=True).start()
    return int(server.effective_port)


def _click_all(port: int, paths: Sequence[str], at_once: int) -> list[float]:
    """Seconds from connecting to the last byte of the answer, for each click."""

    def click(path: str) -> float:
        start = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", path, BODY, HEADERS)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {answer.reason} for a one-click POST")
        return time.perf_counter() - start

    with ThreadPoolExecutor(at_once) as clicks:
        return list(clicks.map(click, paths))


def _tell(name: str, seconds: Sequence[float]) -> None:
    ordered = [value * 1000 for value in sorted(seconds)]
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{name:20} median {middle:.0f} ms, 99 % within {late:.0f} ms, slowest {ordered[-1]:.0f} ms", flush=True)


def _check(clicks: int) -> None:
    from newsletter.models import Letter
    from subscribers.models import Subscriber

    left = Subscriber.objects.filter(state=Subscriber.State.LEFT).count()
    letters = Letter.objects.filter(kind="goodbye").count()
    if (left, letters) != (clicks, clicks):
        raise SystemExit(f"{left} readers left and {letters} goodbyes were written, of {clicks}")


if __name__ == "__main__":
    main()
