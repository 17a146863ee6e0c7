"""Show what the demonstration made: the pages, the worker and the catcher, until Ctrl-C."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from newsletter.demo.instance import DemoError, Instance

STAFF_NAME = "demo"
SERVERS = ("catch", "serve", "work")


def serve_demo(var: Path, say: Callable[[str], None]) -> None:
    """Run the three servers of the last demonstration; when one ends, all end."""
    instance = Instance.of_last_run(var, say)
    with instance.in_use():
        instance.refuse_taken_ports()
        _serve(instance, say)


def _serve(instance: Instance, say: Callable[[str], None]) -> None:
    password = (instance.var / "staff-password").read_text().strip()
    processes = [instance.start(command) for command in SERVERS]
    say(f"ウェブの画面    {instance.base_url}/")
    say(f"職員の画面      {instance.base_url}/staff/  利用者名 {STAFF_NAME}  パスワード {password}（実演専用）")
    say(f"受信箱          http://127.0.0.1:{instance.ports.catcher_web}/")
    say("終わるときは Ctrl-C を押してください。")
    try:
        while all(process.poll() is None for process in processes):
            time.sleep(0.5)
        raise DemoError("サーバの1つが終わったので、ほかも終わらせました。上に表示された理由を確かめてください。")
    except KeyboardInterrupt:
        say("")
    finally:
        _stop(processes)


def _stop(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
