"""`newsletter demo`: the whole pipeline with sample data, in an installation of its own."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from newsletter.cli.base import fail

DEFAULT_VAR = Path(__file__).resolve().parents[2] / "var" / "demo"
var_option = click.option(
    "--var",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_VAR,
    show_default="var/demo",
    help="実演用のフォルダ。",
)


@click.group()
def demo() -> None:
    """見本のデータで最初から最後まで動かします。外へは何も送りません。"""


@demo.command()
@var_option
def run(var: Path) -> None:
    """今月の号を作って、この機械の受信箱へ届けます。前回の実演は消してやり直します。"""
    from newsletter.demo.instance import DemoError
    from newsletter.demo.run import run_demo

    _end_on_sigterm()
    try:
        run_demo(var.resolve(), click.echo)
    except DemoError as error:
        fail(str(error))


@demo.command()
@var_option
def serve(var: Path) -> None:
    """実演の結果を画面で見られるようにします。Ctrl-C で終わります。"""
    from newsletter.demo.instance import DemoError
    from newsletter.demo.serve import serve_demo

    _end_on_sigterm()
    try:
        serve_demo(var.resolve(), click.echo)
    except DemoError as error:
        fail(str(error))


def _end_on_sigterm() -> None:
    """SIGTERM ends like Ctrl-C, so that the servers of the demonstration end too."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
