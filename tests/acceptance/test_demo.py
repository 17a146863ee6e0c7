"""The demonstration from outside: what its table says is true, down to the last mail in the Maildir."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from newsletter.demo import sample_readers
from newsletter.demo.instance import DemoError, Ports
from newsletter.demo.instance import Instance as DemoInstance
from tests.acceptance import month
from tests.acceptance.instance import CHECKOUT, get, hear_ctrl_c

pytestmark = pytest.mark.acceptance

LINKS_TRIED = 30


def demo(*arguments: str, var: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "newsletter", "demo", *arguments, "--var", str(var)], cwd=CHECKOUT, text=True,
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_ctrl_c,
    )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """A finished demonstration: its folder, its numbers, and every mail of the issue that was caught."""

    var: Path
    report: dict[str, Any]
    said: str
    mails: tuple[bytes, ...]

    def books(self, query: str) -> list[Any]:
        """Asked of the database directly, past all of our own code."""
        with contextlib.closing(sqlite3.connect(self.var / "newsletter.sqlite3")) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def ports() -> Iterator[None]:
    """The demonstration's ports are the same for all processes of the tests: one demonstrates at a time."""
    with (Path(tempfile.gettempdir()) / "newsletter-demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def done(ports: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """The second demonstration in a folder; the first one was broken off in the middle and left its things there."""
    var = tmp_path_factory.mktemp("demo") / "var"
    first = demo("run", var=var)
    wait_until(lambda: (var / "newsletter.sqlite3").exists(), first)
    first.send_signal(signal.SIGINT)
    _, complaint = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "Traceback" not in complaint
    assert "中止しました" in complaint
    (var / "left-by-the-first-run").write_text("x")
    second = demo("run", var=var)
    said, complaint = second.communicate(timeout=240)
    assert second.returncode == 0, said + complaint
    report = json.loads((var / "report.json").read_text("utf-8"))
    yield Done(var, report, said, tuple(of_the_issue(var)))
    shutil.rmtree(var)


def wait_until(condition: Any, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def of_the_issue(var: Path) -> Iterator[bytes]:
    """The caught mails that stand in a list; letters to single people do not."""
    for file in sorted((var / "catcher" / "new").iterdir()):
        content = file.read_bytes()
        if message_from_bytes(content)["List-Id"]:
            yield content


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def unsubscribe_link(content: bytes) -> str:
    found = re.match(r"<(http[^>]+)>", str(parsed(content)["List-Unsubscribe"]))
    assert found
    return found[1]


def expected_readers(var: Path) -> set[str]:
    """Who must get the issue, worked out from the list by hand: the tidy rows, the mended ones, less who said no."""
    with (var / "subscribers.csv").open(encoding="cp932", newline="") as file:
        written = [row["メールアドレス"] for row in csv.DictReader(file)]
    tidy = {address for address in written if re.fullmatch(r"reader\d{4}@[a-z.]+", address)}
    assert (len(written), len(tidy)) == (1020, 1000)
    mended = {"zenkaku", "trailing.space", "from.link", "with.name", "ends.with.dot", "upper.case"}
    return (tidy | {f"{name}@example.jp" for name in mended}) - set(sample_readers.stopped_later())


def test_the_table_is_true(done: Done) -> None:
    report = done.report
    readers = expected_readers(done.var)
    assert len(readers) == 1004
    assert report["queued"] == report["sent"] == report["caught"] == len(readers) == len(done.mails)
    assert (report["refused"], report["in_doubt"]) == (0, 0)
    assert (report["subscribers_added"], report["subscribers_refused"]) == (1006, 14)
    assert done.books("SELECT state, count(*) FROM newsletter_delivery WHERE campaign_id IS NOT NULL GROUP BY 1") == [
        ("sent", len(readers))
    ]
    [(feeds, broken)] = done.books("SELECT count(*), sum(last_error <> '') FROM feeds_feed WHERE key LIKE 'demo-%'")
    assert (feeds, broken) == (report["feeds"], report["feeds_with_problems"]) == (6, 1)
    for table, name in (("feeds_entry", "entries"), ("feeds_submission", "submissions")):
        assert done.books(f"SELECT count(*) FROM {table}") == [(report[name],)]
    assert done.books("SELECT count(*) FROM newsletter_placement") == [(report["placements"],)]
    assert report["placements"] >= 20
    sections = {section["key"] for section in tomllib.loads(month.PROFILE.read_text("utf-8"))["sections"]}
    assert {key for (key,) in done.books("SELECT DISTINCT section FROM newsletter_placement")} == sections
    for label in ("フィード", "宛先", "送信済み／拒否／不明", "1004／0／0"):
        assert label in done.said


def test_every_reader_got_one_mail_and_nobody_else_got_any(done: Done) -> None:
    recipients = Counter(address.lower() for mail in done.mails for address in envelope_recipients(mail))
    assert recipients == dict.fromkeys(expected_readers(done.var), 1)
    never = (sample_readers.LEFT, sample_readers.BOUNCED, sample_readers.ERASED)
    assert not {*never, *sample_readers.PENDING, *sample_readers.stopped_later()} & set(recipients)


def envelope_recipients(mail: bytes) -> list[str]:
    head = mail.partition(b"Return-Path:")[0].decode()
    return re.findall(r"^Delivered-To: (.*?)\r?$", head, re.MULTILINE)


def test_every_mail_is_well_formed_and_its_reader_s_own(done: Done) -> None:
    links, identifiers = set(), set()
    for mail in done.mails:
        message = parsed(mail)
        parts = list(message.walk())
        assert [defect for part in parts for defect in part.defects] == []
        assert [str(message["To"]).lower()] == [address.lower() for address in envelope_recipients(mail)]
        assert (message["Cc"], message["Bcc"]) == (None, None)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        identifiers.add(message["Message-ID"])
        link = unsubscribe_link(mail)
        links.add(link)
        for part in parts:
            if part.get_content_maintype() == "text":
                assert link in part.get_content()
    assert len(links) == len(identifiers) == len(done.mails)


def test_what_the_last_lines_name_is_there(done: Done) -> None:
    for name in ("issue.html", "issue.txt", "sample.eml", "report.json"):
        assert str(done.var / name) in done.said
        assert (done.var / name).stat().st_size > 0
    assert not (done.var / "left-by-the-first-run").exists()
    html, text = ((done.var / name).read_text("utf-8") for name in ("issue.html", "issue.txt"))
    assert html.lower().startswith("<!doctype html>")
    for words in ("一般社団法人イクレイ日本", "【札幌市】"):
        assert words in html.replace("\u200b", "")
        assert words in text
    assert parsed((done.var / "sample.eml").read_bytes())["Subject"] == parsed(done.mails[0])["Subject"]


def test_the_pages_run_and_every_unsubscribe_link_works(done: Done) -> None:
    """GET changes nothing; the mail program's POST stops this one reader, and saying it twice is no error."""
    server = demo("serve", var=done.var)
    links = [unsubscribe_link(mail) for mail in done.mails[:LINKS_TRIED]]
    base = links[0].partition("/u/")[0]
    try:
        wait_until(lambda: answers(f"{base}/"), server)
        before = readers_now(done)
        for link in links:
            assert "配信を停止する" in get(link)
        assert readers_now(done) == before
        for _ in range(2):
            assert post(links[0]) == 200
            after = readers_now(done)
            assert after == before | {"active": before["active"] - 1, "left": before.get("left", 0) + 1}
        assert "停止" in get(links[0])
        assert done.report["caught"] == 1004
    finally:
        server.send_signal(signal.SIGTERM)
        said, complaint = server.communicate(timeout=40)
    assert server.returncode == 0, said + complaint
    assert "Traceback" not in said + complaint
    assert "パスワード" in said
    assert not answers(f"{base}/")


def readers_now(done: Done) -> dict[str, int]:
    return dict(done.books("SELECT state, count(*) FROM subscribers_subscriber GROUP BY 1"))


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


def post(url: str) -> int:
    request = urllib.request.Request(url, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_the_pages_need_a_finished_demonstration_and_its_ports(done: Done, tmp_path: Path) -> None:
    for var, words in ((tmp_path, "まだ実演をしていません"), (half_done(tmp_path / "half"), "途中で終わっています")):
        assert words in refused("serve", var)
    port = json.loads((done.var / ".demo").read_text())["web"]
    with socket.create_server(("127.0.0.1", port)):
        assert f"ポート {port} は" in refused("serve", done.var)


def half_done(var: Path) -> Path:
    var.mkdir()
    (var / ".demo").write_text('{"web": 1, "smtp": 2, "catcher_web": 3}')
    return var


def refused(command: str, var: Path) -> str:
    process = demo(command, var=var)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in complaint
    return complaint


def test_a_folder_with_somebody_s_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    assert "実演用でないファイルがあります" in refused("run", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_whose_servers_run_is_not_emptied(tmp_path: Path) -> None:
    var = half_done(tmp_path / "var")
    with DemoInstance(var, Ports(1, 2, 3), print).in_use():
        assert "動いている make serve" in refused("run", var)
    assert (var / ".demo").exists()


def test_a_server_of_somebody_else_is_not_mistaken_for_its_own(tmp_path: Path) -> None:
    """The port was free when it was chosen, and is taken when the server starts."""
    instance = DemoInstance.fresh(tmp_path / "var", lambda _: None)
    instance.run("migrate")
    with (
        socket.create_server(("127.0.0.1", instance.ports.web)),
        pytest.raises(DemoError, match="ほかのプログラムが使っています"),
        instance.background("serve"),
    ):
        raise AssertionError("it went on")
