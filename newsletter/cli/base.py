"""What every command shares: booting Django, plain words for what went wrong, JSON, who is at the keyboard."""

from __future__ import annotations

import functools
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from newsletter.cli import streams
from newsletter.cli.terminal import escaped, printable
from newsletter.failures import database_words, os_error_words

P = ParamSpec("P")
R = TypeVar("R")

EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE = 0, 1, 2

json_option = click.option("--json", "as_json", is_flag=True, help="結果をJSONで出力します。")
by_option = click.option("--by", "person", default=getpass.getuser, help="操作する人の名前（記録に残ります）。")


class Failure(click.ClickException):
    """Something went wrong that the person can act on: one clear sentence, exit 1."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:
        click.echo(f"エラー: {printable(self.message)}", err=True, file=file)


def django_command(function: Callable[P, R]) -> Callable[P, R]:
    """Boot Django before `function`, and turn every expected failure into one sentence and exit 1."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        boot()
        with_words = speaking_plainly(function)
        return with_words(*args, **kwargs)

    return wrapper


def boot() -> None:
    """Load the settings and the models; a wrong setting is a sentence, not a traceback."""
    import os

    import django
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Failure(f"設定が正しくありません。{error}") from error
    except OSError as error:
        raise Failure(f"起動できません。{os_error_words(error)}") from error


def speaking_plainly(function: Callable[P, R]) -> Callable[P, R]:
    """Turn the failures that the packages expect, a database that cannot be used and a full disk into words."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        from django.db import DatabaseError

        from feeds.errors import FeedsError
        from newsletter.errors import NewsletterError
        from subscribers.errors import SubscribersError

        try:
            return function(*args, **kwargs)
        except (FeedsError, NewsletterError, SubscribersError) as error:
            raise Failure(str(error) or str(type(error).__doc__)) from error
        except DatabaseError as error:
            raise Failure(database_words(error)) from error
        except OSError as error:
            raise Failure(os_error_words(error)) from error

    return wrapper


def print_json(value: object) -> None:
    """Print one JSON document, Japanese as it is, dates in ISO 8601."""
    click.echo(json_line(value, indent=2))


def json_line(value: object, indent: int | None = None) -> str:
    """The value as JSON with nothing in it that standard output cannot say or a terminal would obey."""
    document = escaped(json.dumps(value, ensure_ascii=False, indent=indent, default=str))
    return document if streams.can_say(document) else json.dumps(value, indent=indent, default=str)


def fail(message: str) -> NoReturn:
    """Stop with one sentence and exit 1."""
    raise Failure(message)


def read_utf8(file: Path | str) -> str:
    """The text of this file, or of standard input for `-`, without a BOM."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        fail(os_error_words(error))
    except UnicodeDecodeError:
        fail(f"{file}: 文字コードがUTF-8ではありません。UTF-8で保存してください。")


def is_terminal() -> bool:
    """Whether a person is watching: a progress bar is for people only."""
    return sys.stderr.isatty()
