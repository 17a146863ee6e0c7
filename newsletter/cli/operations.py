"""Running the house: check, migrate, serve, work, catch, and Django's own commands."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.base import EXIT_FAILED, Failure, django_command, fail, json_option, print_json

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

UPLOAD_LIMIT = 40 * 1024 * 1024  # bytes of one request: a photo and its form
PATIENCE = 90  # seconds that running tasks get to come to an end
HEALTH_SECONDS = 10
CONNECTIONS = 800  # at once; a process may have 1,024 files open, as systems are shipped
PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--deploy", is_flag=True, help="公開前の確認（Djangoの項目）も行います。")
@click.option("--relay", "try_relay", is_flag=True, help="中継サーバに実際に接続して確かめます。メールは送りません。")
@json_option
@django_command
def check(deploy: bool, try_relay: bool, as_json: bool) -> None:
    """設定の誤りを調べます。誤りがあれば終了コードは1です。"""
    from django.core.checks import Error, run_checks

    from newsletter.checks import TAG

    found = (
        run_checks(include_deployment_checks=True)
        if deploy
        else [
            *run_checks(),
            *run_checks(tags=[TAG], include_deployment_checks=True),
        ]
    )
    found = [message for message in found if not message.is_silenced()]
    relay_facts: dict[str, Any] | None = None
    if try_relay:
        try:
            relay_facts = _relay_facts()
        except Failure as failure:
            found.append(
                Error(failure.message, hint="中継サーバの指定と状態を確認してください。", id="newsletter.E022")
            )
    errors = sum(message.level >= Error("").level for message in found)
    if as_json:
        print_json({"ok": not errors, "findings": [_finding(message) for message in found], "relay": relay_facts})
    else:
        _say_findings(found, relay_facts)
    if errors:
        raise click.exceptions.Exit(EXIT_FAILED)


def _relay_facts() -> dict[str, Any]:
    import asyncio
    from dataclasses import asdict

    from django.conf import settings

    from newsletter.errors import RelayError
    from newsletter.mail.relay import read_relays
    from newsletter.mail.smtp import check_relay

    try:
        # Each of them must answer; what the first one offers is shown.
        relays = read_relays(settings.RELAY_URL, ca_file=settings.RELAY_CA_FILE)
        offers = [asyncio.run(check_relay(relay)) for relay in relays]
        return {"host": relays[0].host, "port": relays[0].port, **asdict(offers[0])}
    except RelayError as error:
        fail(str(error))


def _finding(message: CheckMessage) -> dict[str, Any]:
    return {"id": message.id, "level": _level(message), "message": message.msg, "hint": message.hint}


def _level(message: CheckMessage) -> str:
    from django.core.checks import ERROR, WARNING

    return "error" if message.level >= ERROR else "warning" if message.level >= WARNING else "note"


def _say_findings(found: list[CheckMessage], relay: dict[str, Any] | None) -> None:
    words = {"error": "エラー", "warning": "注意", "note": "参考"}
    for message in found:
        click.echo(f"{words[_level(message)]} {message.id}: {message.msg}")
        if message.hint:
            click.echo(f"    対処: {message.hint}")
    if relay is not None:
        secured = relay["tls"] or "暗号化なし"
        click.echo(f"中継サーバ {relay['host']}:{relay['port']} に接続できました（{secured}）。")
    if not found:
        click.echo("問題は見つかりませんでした。")


@click.command()
@json_option
@django_command
def migrate(as_json: bool) -> None:
    """データベースと画面の部品を準備し、変わったことを示します。何度実行しても構いません。"""
    from django.core.management import call_command

    from newsletter.checks import pending_migrations

    applied = pending_migrations()
    call_command("migrate", interactive=False, verbosity=0)
    _prepare_queue()
    files = collect_static_files()
    if as_json:
        print_json({"applied": applied, "static_files": files})
        return
    click.echo(
        f"データベース: {len(applied)}件の変更を適用しました。" if applied else "データベース: 変更はありません。"
    )
    for name in applied:
        click.echo(f"    {name}")
    click.echo(f"画面の部品: {files}個を用意しました。" if files else "画面の部品: 変更はありません。")


def _prepare_queue() -> None:
    """The tables of the background work; on SQLite they are a file of their own, which may have been thrown away."""
    from django.db import connection
    from huey.contrib.djhuey import HUEY
    from huey.storage import BaseSqlStorage

    if isinstance(HUEY.storage, BaseSqlStorage):  # in memory it needs none
        with connection.wrap_database_errors:  # Huey's errors become Django's, which have words already
            HUEY.storage.initialize_schema()


def collect_static_files() -> int:
    """Collect the style sheets unless they are up to date; how many there are, or 0 when nothing was to do."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    sources = [
        Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list(ignore_patterns=[])
    ]
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.exists() and manifest.stat().st_mtime >= max(source.stat().st_mtime for source in sources):
        return 0
    call_command("collectstatic", interactive=False, verbosity=0)
    return len(sources)


@click.command()
@click.option("--host", help="待ち受けるアドレス（NEWSLETTER_HOST）。")
@click.option("--port", type=PORT, help="待ち受けるポート（NEWSLETTER_PORT）。")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="同時に応じる数。")
@django_command
def serve(host: str | None, port: int | None, threads: int) -> None:
    """ウェブの画面を公開します。Ctrl-C で終わります。"""
    from django.conf import settings

    _refuse_without_migrations()
    _prepare_queue()
    collect_static_files()
    from newsletter import urls  # noqa: F401 - read now, so that the first visitor does not wait for all pages to load
    from newsletter.wsgi import application

    server = web_server(application, host or settings.LISTEN_HOST, port or settings.LISTEN_PORT, threads)
    signal.signal(signal.SIGTERM, _interrupt)
    click.echo(f"画面を公開しました: {settings.BASE_URL}/ （終わるには Ctrl-C）")
    server.run()


def _refuse_without_migrations() -> None:
    from newsletter.checks import pending_migrations

    if pending_migrations():
        fail("データベースの準備ができていません。newsletter migrate を実行してください。")


def web_server(application: Any, host: str, port: int, threads: int) -> Any:
    """Waitress before the application; what it is told about the client counts only from the trusted proxy."""
    import logging

    import waitress
    from django.conf import settings

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a busy moment is no news
    proxy = {
        "trusted_proxy": settings.TRUSTED_PROXY,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }
    try:
        return waitress.create_server(
            application,
            listen=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            threads=threads,
            ident=None,
            channel_timeout=60,
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select() would know no more than 1,024 of them
            max_request_body_size=UPLOAD_LIMIT,
            clear_untrusted_proxy_headers=True,
            **(proxy if settings.TRUSTED_PROXY else {}),
        )
    except ValueError as error:  # a name that cannot be looked up
        raise Failure(f"待ち受けるアドレス「{host}」が見つかりません。NEWSLETTER_HOST を確かめてください。") from error


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@click.command()
@click.option("--workers", type=click.IntRange(1, 32), default=4, show_default=True, help="同時に進める処理の数。")
@django_command
def work(workers: int) -> None:
    """裏方の処理と定時の処理を動かします。Ctrl-C で、区切りのよいところで終わります。"""
    from huey.contrib.djhuey import HUEY

    _refuse_without_migrations()
    _prepare_queue()
    from newsletter import tasks

    consumer = HUEY.create_consumer(workers=workers, periodic=True, shutdown_timeout=PATIENCE)
    consumer.start()
    told_to_stop = _on_stop_signal()
    click.echo(f"裏方の処理を始めました（同時に{workers}件）。終わるには Ctrl-C。")
    while not told_to_stop.wait(HEALTH_SECONDS):
        consumer.check_worker_health()
    click.echo("終わりの合図を受けました。進行中の処理の区切りを待っています。")
    tasks.stopping.set()
    consumer.stop(graceful=True)
    HUEY.notify_interrupted_tasks()
    click.echo("裏方の処理を終えました。")


def _on_stop_signal() -> threading.Event:
    """An event for the first SIGINT or SIGTERM; a second one interrupts in the usual way."""
    event = threading.Event()

    def told(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, _interrupt)
        event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    return event


@click.command()
@click.option("--smtp-port", type=PORT, help="メールを受けるポート（NEWSLETTER_CATCHER_SMTP_PORT）。")
@click.option("--web-port", type=PORT, help="画面のポート（NEWSLETTER_CATCHER_WEB_PORT）。")
@click.option(
    "--maildir", type=click.Path(path_type=Path, file_okay=False), help="メールを置くフォルダ（Maildir形式）。"
)
@django_command
def catch(smtp_port: int | None, web_port: int | None, maildir: Path | None) -> None:
    """この機械の中だけのメール受信箱を動かします。届いたメールは外へ出ません。Ctrl-C で終わります。"""
    from django.conf import settings

    from newsletter.catcher import Catcher

    folder = (maildir or Path(settings.CATCHER_MAILDIR)).resolve()
    catcher = Catcher(folder, smtp_port or settings.CATCHER_SMTP_PORT, web_port or settings.CATCHER_WEB_PORT)
    told_to_stop = _on_stop_signal()
    with catcher:
        click.echo(f"メールの宛先:   smtp://{catcher.host}:{catcher.smtp_port}")
        click.echo(f"画面:           http://{catcher.host}:{catcher.web_port}/")
        click.echo(f"メールの置き場: {folder}")
        click.echo("終わるには Ctrl-C を押してください。")
        told_to_stop.wait()
    click.echo("メール受信箱を閉じました。")


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@django_command
def manage(arguments: tuple[str, ...]) -> None:
    """Djangoの管理コマンドを実行します。（例: newsletter manage createsuperuser）"""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["newsletter manage", *arguments])
