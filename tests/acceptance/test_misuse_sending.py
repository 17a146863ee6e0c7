"""What must not go out does not, and a relay, a disk or a template that fails loses no mail and doubles none."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from newsletter.demo import sample_submissions
from tests.acceptance import month, stages
from tests.acceptance.instance import CHECKOUT, Instance, free_port
from tests.acceptance.refusals import checked, failed, limited, with_settings
from tests.acceptance.sending import EVERYBODY, READERS, SEND, times_received, wait_for_mails
from tests.acceptance.stages import Stages
from tests.certificates import Authority
from tests.smtp_server import ReceivingServer, receiving

pytestmark = pytest.mark.acceptance


@pytest.fixture
def ready(sqlite_stages: Stages, tmp_path: Path) -> Instance:
    """An installation on SQLite with an approved issue and sixty readers."""
    instance = sqlite_stages.copy(stages.SIXTY, tmp_path / "var")
    instance.environment["NEWSLETTER_RELAY_CONNECTIONS"] = "2"
    return instance


def use_relay(instance: Instance, server: ReceivingServer) -> None:
    instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{server.port}"


# ------------------------------------------------------------ approval
def change_editions(instance: Instance) -> None:
    """Somebody changes the frozen HTML in the database, past all of our own code."""
    statement = "UPDATE newsletter_edition SET html = replace(html, 'イクレイ', 'イクレー')"
    if url := instance.environment.get("DATABASE_URL"):
        with psycopg.connect(url) as postgres:
            postgres.execute(statement)
        return
    with contextlib.closing(sqlite3.connect(instance.var / "newsletter.sqlite3")) as database, database:
        database.execute(statement)


def test_only_what_two_people_approved_and_nobody_changed_goes_out_and_only_once(
    instance: Instance, tmp_path: Path
) -> None:
    month.load_profile(instance)
    month.take_submissions(instance, tmp_path)
    month.import_readers(instance, tmp_path, 3)
    assert "号" in failed(instance, *SEND)  # no issue at all
    instance.run("issue", "open", month.MONTH)
    assert "記事がひとつもありません" in failed(instance, "issue", "approve", month.MONTH, "--by", "編集")
    instance.run("issue", "suggest", month.MONTH)
    with receiving() as server:
        use_relay(instance, server)
        assert "承認" in failed(instance, *SEND)
        instance.run("issue", "approve", month.MONTH, "--by", "編集")
        for same in ("編集", " 編集 "):
            assert "すでに承認しています" in failed(instance, "issue", "approve", month.MONTH, "--by", same)
        assert "承認" in failed(instance, *SEND)
        instance.run(
            "issue", "edit", month.MONTH, "--lead", "書き直したリード文です。"
        )  # the first yes is to another text
        instance.run("issue", "approve", month.MONTH, "--by", "事務局長")
        assert "承認" in failed(instance, *SEND)
        instance.run("issue", "approve", month.MONTH, "--by", "編集")
        assert "reopen" in failed(instance, "issue", "edit", month.MONTH, "--lead", "もう一度。")
        assert server.received == []
        instance.run(*SEND)
        assert "すでに送り終えています" in failed(instance, *SEND)
        assert "すでに終わっています" in failed(instance, "campaign", "resume", "1")
        assert len(server.received) == 3


def test_an_edition_that_was_changed_in_the_database_does_not_go_out(on_database: Stages, tmp_path: Path) -> None:
    instance = on_database.copy(stages.SUGGESTED, tmp_path / "var")
    month.import_readers(instance, tmp_path, 3)
    month.approve_issue(instance)
    instance.run("campaign", "plan", month.MONTH)
    change_editions(instance)
    with receiving() as server:
        use_relay(instance, server)
        assert "違っています" in failed(instance, *SEND)
        assert "違っています" in failed(instance, "issue", "approve", month.MONTH, "--by", "三人目")
        assert "承認された版がありません" in failed(instance, "campaign", "test", month.MONTH, "office@example.jp")
        assert server.received == []
    assert month.report(instance, "campaign", "status")["state"] == "planned"


# ------------------------------------------------------------ the relay
def test_a_relay_that_cannot_be_used_changes_nothing_and_the_next_one_gets_it_all(
    ready: Instance, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    starttls = authority.server_context("relay.example.jp")
    with (
        receiving() as plain,
        receiving(password="right") as locked,
        receiving(starttls=starttls) as other_name,
    ):
        cases = [
            (f"smtp://127.0.0.1:{free_port()}", "接続できません"),
            ("smtp+starttls://relay.invalid:587", "見つかりません"),
            ("smtp://relay.example.jp:25", "暗号化せずに接続できません"),
            (f"smtp+starttls://127.0.0.1:{plain.port}", "STARTTLS に対応していません"),
            (f"smtp://office:geheim@127.0.0.1:{locked.port}", "ログインを断りました"),
            (f"smtp+starttls://127.0.0.1:{other_name.port}", "証明書"),
        ]
        for url, words in cases:
            said = failed(ready, *SEND, settings={"NEWSLETTER_RELAY_URL": url})
            assert words in said
            assert "geheim" not in said
        said = failed(ready, *SEND, settings={
            "NEWSLETTER_RELAY_URL": f"smtp+starttls://127.0.0.1:{other_name.port}",
            "NEWSLETTER_RELAY_CA_FILE": str(authority.file),
        })  # fmt: skip
        assert "証明書" in said
        assert plain.received == locked.received == other_name.received == []
        assert month.report(ready, "issue", "show", month.MONTH)["state"] == "approved"
        use_relay(ready, plain)
        ready.run(*SEND)
        assert times_received(plain) == EVERYBODY


def test_a_relay_that_goes_away_pauses_the_campaign_and_resume_goes_on(ready: Instance) -> None:
    with receiving(delay=0.05) as server:
        use_relay(ready, server)
        sender = ready.start(*SEND)
        wait_for_mails(server, 10, sender)
    said, _ = sender.communicate(timeout=120)
    assert sender.returncode == 1
    assert "配信は途中で止まりました" in checked(said)
    assert "Traceback" not in said
    campaign = month.report(ready, "campaign", "status")
    assert campaign["state"] == "paused"
    assert "中継サーバ" in campaign["pause_reason"]
    with receiving() as second:
        use_relay(ready, second)
        ready.run("campaign", "resume", str(campaign["campaign"]))
    states = month.states(ready)
    assert states["sent"] + states.get("in_doubt", 0) == READERS
    received = times_received(server) + times_received(second)
    assert set(received.values()) == {1}
    assert READERS - len(received) <= states.get("in_doubt", 0) <= 2


def test_a_disk_too_full_to_keep_the_journal_sends_nothing_and_loses_nothing(ready: Instance) -> None:
    size = (ready.var / "newsletter.sqlite3").stat().st_size  # the journal of a worker needs two megabytes
    with receiving() as server:
        use_relay(ready, server)
        said = limited(ready, size, *SEND)
        assert "newsletter campaign resume 1" in said
        assert server.received == []
        ready.run("campaign", "resume", "1")
        received = times_received(server)
    assert set(received.values()) == {1}
    assert month.states(ready) == {"sent": READERS}
    assert month.report(ready, "campaign", "status")["state"] == "done"


# ------------------------------------------------------------ templates
@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, whose templates may be spoiled."""
    for name in ("newsletter", "feeds", "subscribers", "templates"):
        shutil.copytree(CHECKOUT / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def run_in(checkout: Path, instance: Instance, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        instance.command(*arguments), cwd=checkout, env=instance.surroundings(), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_broken_template_is_named_and_nothing_is_made_with_it(
    ready: Instance, checkout: Path, tmp_path: Path
) -> None:
    issue = checkout / "templates" / "mail" / "issue.mjml.j2"
    ready.run("issue", "reopen", month.MONTH)
    before = month.report(ready, "issue", "show", month.MONTH)["editions"]
    good = issue.read_text("utf-8")
    line = good[: good.index("{% for")].count("\n") + 1
    last = good.count("\n") + 1
    for bad, words in (
        (good.replace("{% for", "{% fro", 1), f"issue.mjml.j2の{line}行目: 書き方に誤りがあります"),
        (f"{good}{{{{ issue.nothing }}}}\n", f"issue.mjml.j2の{last}行目: 値がありません"),
        (good.replace("<mj-body", "<mj-boody"), "issue.mjml.j2: MJMLとして読めません"),
    ):
        issue.write_text(bad, "utf-8")
        for command in (("issue", "preview", month.MONTH), ("issue", "approve", month.MONTH, "--by", "編集")):
            done = run_in(checkout, ready, *command)
            assert done.returncode == 1
            assert words in checked(done.stderr)
    assert month.report(ready, "issue", "show", month.MONTH)["editions"] == before


def test_a_broken_receipt_receives_nothing(ready: Instance, checkout: Path, tmp_path: Path) -> None:
    receipt = checkout / "templates" / "mail" / "letters" / "receipt" / "body.mjml.j2"
    receipt.write_text("{% if %}", "utf-8")
    items = sample_submissions.of_door("csv", month.TODAY)
    file = tmp_path / "again.csv"
    file.write_bytes(sample_submissions.as_csv([item | {"title": f"続報 {item['title']}"} for item in items]))
    before = month.report(ready, "submissions", "list")
    done = run_in(checkout, ready, "submissions", "import", str(file))
    assert done.returncode == 1
    assert "letters/receipt/body.mjml.j2の1行目" in checked(done.stderr)
    assert month.report(ready, "submissions", "list") == before


# ------------------------------------------------------------ cut off in the middle
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>x</title><item><guid>{key}-1</guid>'
    "<title>{key}</title><link>https://example.jp/{key}</link><description>x</description></item></channel></rss>"
)


@contextlib.contextmanager
def feeds_of_which_one_is_slow() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """Yields the address, an event that says that the slow one was asked for, and one that lets it answer."""
    asked, answer = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.path.strip("/")
            if key == "slow":
                asked.set()
                answer.wait(30)
            body = RSS.format(key=key).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked, answer
    finally:
        answer.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_refresh_that_is_cut_off_can_simply_be_done_again(ready: Instance, number: signal.Signals) -> None:
    with feeds_of_which_one_is_slow() as (address, asked, answer):
        for key in ("quick", "slow"):
            ready.run("feeds", "add", f"{address}/{key}", "--key", key, "--name", key, "--language", "ja",
                      "--section", "world", "--licence", "見本", "--credit", key)  # fmt: skip
        refresh = ready.start("feeds", "refresh", "quick", "slow")
        assert asked.wait(30)
        refresh.send_signal(number)
        if number == signal.SIGINT:
            answer.set()  # Ctrl-C lets what is under way end, and begins nothing else
        said, _ = refresh.communicate(timeout=30)
        assert refresh.returncode not in (0, None)
        assert "Traceback" not in said
        answer.set()
        ready.run("feeds", "refresh", "quick", "slow")
        feeds = {feed["key"]: feed for feed in month.report(ready, "feeds", "list")}
        assert [feeds[key]["entries"] for key in ("quick", "slow")] == [1, 1]
        assert [feeds[key]["last_error"] for key in ("quick", "slow")] == ["", ""]


def test_sigterm_during_sending_stops_in_good_order(ready: Instance) -> None:
    with receiving(delay=0.05) as server:
        use_relay(ready, server)
        sender = ready.start(*SEND)
        wait_for_mails(server, 5, sender)
        sender.terminate()
        said, _ = sender.communicate(timeout=60)
        assert sender.returncode == 1
        assert "resume" in checked(said)
        with_settings(ready, {"NEWSLETTER_RELAY_CONNECTIONS": "1"}).run("campaign", "resume", "1")
        assert times_received(server) == EVERYBODY
    assert month.states(ready) == {"sent": READERS}
