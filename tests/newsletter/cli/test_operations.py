"""check, migrate, serve, work, catch and manage, as a person runs them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.db import connections
from pytest_django import Settings

from newsletter.cli import main
from newsletter.cli.operations import collect_static_files, web_server

CHECKOUT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def newsletter(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


# ------------------------------------------------------------ in this process
@pytest.mark.django_db
def test_check_lists_what_is_wrong_with_a_hint_and_exits_1() -> None:
    result = newsletter("check")
    assert result.exit_code == 1
    assert "エラー newsletter.E018: 団体のプロファイルがまだ読み込まれていません。" in result.stdout
    assert "    対処: newsletter profile load" in result.stdout


@pytest.mark.django_db
def test_check_as_json_names_every_finding() -> None:
    report = json.loads(newsletter("check", "--json").stdout)
    assert report["ok"] is False
    assert {"id", "level", "message", "hint"} == set(report["findings"][0])
    assert report["relay"] is None


@pytest.mark.django_db
def test_check_before_publication_asks_djangos_questions_too() -> None:
    assert "security.W012" in newsletter("check", "--deploy").stdout
    assert "security.W012" not in newsletter("check").stdout


@pytest.mark.django_db
def test_migrate_says_that_nothing_changed_the_second_time() -> None:
    collect_static_files()
    assert newsletter("migrate").stdout == "データベース: 変更はありません。\n画面の部品: 変更はありません。\n"
    assert json.loads(newsletter("migrate", "--json").stdout) == {"applied": [], "static_files": 0}


@pytest.mark.django_db
def test_manage_hands_everything_to_django() -> None:
    assert newsletter("manage", "check").exit_code == 0
    assert newsletter("manage", "no-such-command").exit_code == 1


@pytest.mark.parametrize("command", ["check", "migrate", "serve", "work", "catch"])
def test_every_command_explains_itself_in_japanese(command: str) -> None:
    result = newsletter(command, "--help")
    assert result.exit_code == 0
    assert "ます。" in result.stdout


@pytest.mark.parametrize(
    "arguments", [["catch", "--smtp-port", "0"], ["serve", "--port", "x"], ["work", "--workers", "0"]]
)
def test_a_wrong_argument_exits_2(arguments: list[str]) -> None:
    assert newsletter(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("proxy", "client", "scheme"), [("", "127.0.0.1", "http"), ("127.0.0.1", "198.51.100.1", "https")]
)
def test_only_the_trusted_proxy_can_speak_for_the_client(
    settings: Settings, proxy: str, client: str, scheme: str
) -> None:
    def echo(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        forwarded = environ.get("HTTP_X_FORWARDED_PROTO", environ["wsgi.url_scheme"])
        return [f"{environ['REMOTE_ADDR']} {forwarded}".encode()]

    settings.TRUSTED_PROXY = proxy
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1", "X-Forwarded-Proto": "https"}
    with (
        running(echo) as port,
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)) as answer,
    ):
        body = answer.read().decode()
    assert body == f"{client} {scheme}"


@contextlib.contextmanager
def running(application: Any) -> Iterator[int]:
    """Waitress as `serve` sets it up, on the port that is yielded."""
    port = free_port()
    server = web_server(application, "127.0.0.1", port, 1)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield port
    finally:
        server.trigger.pull_trigger(server.close)  # in its own loop: it may be waiting on the sockets that this closes
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.mark.parametrize("path", ["/nothing-here/", "/subscribe", "/c/wrong/", "/static/site/pages.css"])
@pytest.mark.django_db(transaction=True)
def test_head_is_answered_without_a_body_and_get_follows_on_the_same_connection(path: str) -> None:
    from newsletter.wsgi import application

    def pages(environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return application(environ, start_response)
        finally:
            connections.close_all()  # nobody else would: the thread's own end leaves them open at the server

    collect_static_files()
    with running(pages) as port, contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request("GET", path)
        got = line.getresponse()
        length = str(len(got.read()))
        line.request("HEAD", path)
        head = line.getresponse()
        assert (head.status, head.headers["Content-Length"], head.read()) == (got.status, length, b"")
        assert line.sock is not None  # it is kept: what follows is read behind the headers of HEAD
        line.request("GET", path)
        again = line.getresponse()
        assert (again.status, str(len(again.read()))) == (got.status, length)


def test_a_hundred_forms_that_never_end_keep_nobody_else_out() -> None:
    def hello(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    with running(hello) as port, contextlib.ExitStack() as slow:
        for _ in range(150):
            one = slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            one.sendall(b"POST /u/abc/ HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\na")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert answer.read() == b"hello"


# ------------------------------------------------------------ as processes
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    port = free_port()
    return os.environ | {
        "NEWSLETTER_VAR": str(tmp_path / "var"),
        "DATABASE_URL": "",
        "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_PORT": str(port),
        "NEWSLETTER_CATCHER_SMTP_PORT": str(free_port()),
        "NEWSLETTER_CATCHER_WEB_PORT": str(free_port()),
    }


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", *arguments],
            cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str], number: signal.Signals | None = None) -> tuple[int, str, str]:
    if number is not None:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"it ended without saying {words}: {process.stderr.read() if process.stderr else ''}")


def answers(port: str, path: str) -> int:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.1)
    return 0


@pytest.mark.acceptance
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_catch_says_where_it_is_and_ends_cleanly(
    start: Start, environment: dict[str, str], number: signal.Signals
) -> None:
    process = start("catch")
    wait_for(process, "終わるには Ctrl-C")
    with smtplib.SMTP("127.0.0.1", int(environment["NEWSLETTER_CATCHER_SMTP_PORT"])) as client:
        client.sendmail("a@example.jp", ["b@example.jp"], b"Subject: x\r\n\r\nx\r\n")
    assert answers(environment["NEWSLETTER_CATCHER_WEB_PORT"], "/") == 200
    assert len(list((Path(environment["NEWSLETTER_VAR"]) / "catcher" / "new").iterdir())) == 1
    second = finish(start("catch"))
    assert second[0] == 1
    assert second[2].startswith("エラー: ポート ")
    code, out, err = finish(process, number)
    assert (code, err) == (0, "")
    assert out.endswith("メール受信箱を閉じました。\n")


@pytest.mark.acceptance
def test_serve_and_work_wait_for_the_database_and_then_run(start: Start, environment: dict[str, str]) -> None:
    for command in ("serve", "work"):
        code, _, err = finish(start(command))
        assert code == 1
        assert "newsletter migrate を実行してください" in err
    code, out, _ = finish(start("migrate"))
    assert code == 0
    assert "newsletter.0001_initial" in out
    server, worker = start("serve"), start("work")
    wait_for(worker, "裏方の処理を始めました")
    wait_for(server, "画面を公開しました")
    assert answers(environment["NEWSLETTER_PORT"], "/staff/login/") == 200
    assert answers(environment["NEWSLETTER_PORT"], "/nothing-here/") == 404
    taken = finish(start("serve"))
    assert taken[0] == 1
    assert "ほかのプログラムが使っています" in taken[2]
    assert finish(server, signal.SIGTERM)[0] == 0
    code, out, err = finish(worker, signal.SIGTERM)
    assert code == 0
    assert out.endswith("裏方の処理を終えました。\n")
    assert "Traceback" not in err


@pytest.mark.acceptance
def test_check_really_connects_to_the_relay(start: Start, environment: dict[str, str]) -> None:
    finish(start("migrate"))
    report = json.loads(finish(start("check", "--relay", "--json"))[1])
    assert "newsletter.E022" in {finding["id"] for finding in report["findings"]}
    wait_for(start("catch"), "終わるには Ctrl-C")
    report = json.loads(finish(start("check", "--relay", "--json"))[1])
    assert "newsletter.E022" not in {finding["id"] for finding in report["findings"]}
    assert report["relay"]["pipelining"] is True
