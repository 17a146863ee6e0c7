"""A disk that fills up, or cannot be written to, in the middle of a campaign: said plainly, nothing lost or twice."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance import month, stages
from tests.acceptance.instance import Instance
from tests.acceptance.refusals import checked, failed
from tests.acceptance.sending import EVERYBODY, READERS, SEND, times_received, wait_for_mails
from tests.acceptance.stages import Stages
from tests.smtp_server import ReceivingServer, receiving

pytestmark = pytest.mark.acceptance

CONNECTIONS = 2


@dataclass
class Disk:
    """A small disk of its own, mounted at `path`."""

    path: Path

    def fill(self) -> None:
        """Take all the room that is left."""
        with contextlib.suppress(OSError), (self.path / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))

    def make_room(self) -> None:
        (self.path / "filler").unlink()

    def forbid_writing(self) -> None:
        _mount("-o", "remount,ro", str(self.path))

    def allow_writing(self) -> None:
        _mount("-o", "remount,rw", str(self.path))


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk of our own can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    path = tmp_path / "disk"
    path.mkdir()
    _mount("-t", "tmpfs", "-o", "size=32m,mode=0700", "none", str(path))
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextlib.contextmanager
def sending_from(originals: Stages, var: Path) -> Iterator[tuple[Instance, ReceivingServer]]:
    """An installation in `var` and the relay that it sends to."""
    instance = originals.copy(stages.SIXTY, var)
    with receiving(delay=0.05) as server:
        instance.environment |= {
            "NEWSLETTER_RELAY_URL": f"smtp://127.0.0.1:{server.port}",
            "NEWSLETTER_RELAY_CONNECTIONS": str(CONNECTIONS),
        }
        yield instance, server


def what_it_says(sender: subprocess.Popen[str]) -> str:
    said, _ = sender.communicate(timeout=120)
    assert sender.returncode == 1, said
    assert "Traceback" not in said, said
    return checked(said)


def goes_on_and_balances(instance: Instance, server: ReceivingServer, *how: str) -> None:
    """With room again the campaign ends; everybody has the mail once, and the ledger knows it of every one of them."""
    before = len(server.received)
    assert 0 < before < READERS
    instance.run("campaign", *(how or ("resume", "1")))
    assert times_received(server) == EVERYBODY
    assert month.states(instance) == {"sent": READERS}
    assert month.report(instance, "campaign", "doubt") == []
    assert month.report(instance, "campaign", "status")["state"] == "done"


def test_a_disk_that_fills_up_in_the_middle_of_a_campaign_and_may_then_not_be_written_to(
    sqlite_stages: Stages, disk: Disk
) -> None:
    with sending_from(sqlite_stages, disk.path / "var") as (instance, server):
        sender = instance.start(*SEND)
        wait_for_mails(server, 10, sender)
        disk.fill()
        said = what_it_says(sender)
        assert "ディスクの空き容量がありません" in said
        assert "newsletter campaign resume 1" in said
        status = month.report(instance, "campaign", "status")
        assert (status["state"], status["pause_reason"][:14]) == ("sending", "ディスクの空き容量がありません"[:14])
        # Nothing goes out while nothing can be written down.
        before = len(server.received)
        assert "ディスクの空き容量がありません" in failed(instance, "campaign", "resume", "1")
        assert len(server.received) == before
        disk.make_room()
        disk.forbid_writing()
        assert "書き込" in failed(instance, "campaign", "resume", "1")
        assert len(server.received) == before
        disk.allow_writing()
        goes_on_and_balances(instance, server)


def test_a_limit_on_the_size_of_files_met_in_the_middle_of_a_campaign(sqlite_stages: Stages, tmp_path: Path) -> None:
    with sending_from(sqlite_stages, tmp_path / "var") as (instance, server):
        sender = instance.start(*SEND)
        wait_for_mails(server, 10, sender)
        resource.prlimit(sender.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        said = what_it_says(sender)
        assert "データベースのファイルを読み書きできません" in said
        goes_on_and_balances(instance, server, "continue")  # as `newsletter work` does every minute


def test_a_folder_of_journals_that_may_not_be_written_to(sqlite_stages: Stages, disk: Disk, tmp_path: Path) -> None:
    with sending_from(sqlite_stages, tmp_path / "var") as (instance, server):
        (instance.var / "workers").mkdir(exist_ok=True)
        _mount("--bind", "-o", "ro", str(disk.path), str(instance.var / "workers"))
        try:
            said = failed(instance, *SEND)
        finally:
            subprocess.run(["umount", str(instance.var / "workers")], check=True)
        assert str(instance.var / "workers") in said
        assert server.received == []
        instance.run("campaign", "resume", "1")
        assert times_received(server) == EVERYBODY
