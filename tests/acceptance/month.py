"""A month's work through the command line, as far as a test needs it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.demo import sample_submissions
from tests.acceptance.instance import CHECKOUT, Instance

PROFILE = CHECKOUT / "newsletter" / "profiles" / "iclei-japan.toml"
TODAY = datetime.now(ZoneInfo("Asia/Tokyo")).date()
MONTH = f"{TODAY:%Y-%m}"


def reader(number: int) -> str:
    return f"reader{number:04d}@example.jp"


def report(instance: Instance, *arguments: str, status: int = 0) -> Any:
    """What a command reports with --json."""
    return json.loads(instance.run(*arguments, "--json", status=status).stdout)


def load_profile(instance: Instance) -> None:
    instance.run("profile", "load", str(PROFILE))


def take_submissions(instance: Instance, folder: Path) -> None:
    """The sample CSV, all accepted."""
    file = folder / "submissions.csv"
    file.write_bytes(sample_submissions.as_csv(sample_submissions.of_door("csv", TODAY)))
    instance.run("submissions", "import", str(file), "--no-receipt")
    numbers = [str(row["number"]) for row in report(instance, "submissions", "list")]
    instance.run("submissions", "accept", *numbers, "--by", "編集")


def import_readers(instance: Instance, folder: Path, count: int) -> None:
    """`count` readers from a CSV."""
    file = folder / "readers.csv"
    rows = "".join(f"{reader(number)},見本 {number}\r\n" for number in range(1, count + 1))
    file.write_bytes(f"メールアドレス,氏名\r\n{rows}".encode("cp932"))
    proof = ("--apply", "--basis", "written", "--proof", "見本の申込書")
    counts = report(instance, "subscribers", "import", str(file), *proof)["counts"]
    assert counts["added"] == count


def suggest_issue(instance: Instance) -> None:
    """An issue of this month, filled with what there is."""
    instance.run("issue", "open", MONTH)
    instance.run("issue", "suggest", MONTH)


def approve_issue(instance: Instance) -> None:
    """Two people's yes."""
    for person in ("編集", "事務局長"):
        instance.run("issue", "approve", MONTH, "--by", person)


def ready_to_send(instance: Instance, folder: Path, readers: int) -> None:
    """Everything up to an approved issue."""
    load_profile(instance)
    take_submissions(instance, folder)
    import_readers(instance, folder, readers)
    suggest_issue(instance)
    approve_issue(instance)


def states(instance: Instance) -> dict[str, int]:
    """How many deliveries of the latest campaign are in which state."""
    return {state: count for state, count in report(instance, "campaign", "report")["states"].items() if count}
