"""What every command shares: booting Django, plain words for what went wrong, JSON, who is at the keyboard."""

from __future__ import annotations

import errno
import functools
import getpass
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE = 0, 1, 2

json_option = click.option("--json", "as_json", is_flag=True, help="結果をJSONで出力します。")
by_option = click.option("--by", "person", default=getpass.getuser, help="操作する人の名前（記録に残ります）。")


class Failure(click.ClickException):
    """Something went wrong that the person can act on: one clear sentence, exit 1."""

    exit_code = EXIT_FAILED

    def show(self, file: Any = None) -> None:
        click.echo(f"エラー: {self.message}", err=True, file=file)


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


def database_words(error: Exception) -> str:
    """What a database error means for the person at the keyboard."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "connection" in text.lower() or "unable to open" in text or "resolve host" in text:
        # First: "connection failed: … database "x" does not exist" is not about a missing table.
        return f"データベースに接続できません。DATABASE_URL を確認してください。（{text}）"
    if "locked" in text or "lock timeout" in text:
        return "データベースをほかの処理が使っています。終わってからもう一度実行してください。"
    if "no such table" in text or "does not exist" in text or "no such column" in text:
        return "データベースの準備ができていません。newsletter migrate を実行してください。"
    if "disk is full" in text or "No space left" in text:
        return "ディスクの空き容量がありません。空きを作ってからもう一度実行してください。"
    if "disk I/O error" in text:
        return "データベースのファイルを読み書きできません。空き容量とディスクの状態を確かめてください。"
    if "readonly database" in text:
        return "データベースのファイルに書き込む権限がありません。フォルダとファイルの所有者と権限を確かめてください。"
    if "not a database" in text or "malformed" in text:
        return f"データベースのファイルが壊れているか、データベースではありません。（{text}）"
    return f"データベースの処理に失敗しました。（{text}）"


def os_error_words(error: OSError) -> str:
    """What a file or network error of the operating system means, naming the file."""
    where = f"{error.filename}: " if error.filename else ""
    words = {
        errno.ENOENT: "ファイルが見つかりません。",
        errno.EACCES: "読み書きする権限がありません。",
        errno.EPERM: "読み書きする権限がありません。",
        errno.EROFS: "書き込みのできないディスクです。",
        errno.EISDIR: "ファイルではなくフォルダです。",
        errno.ENOTDIR: "フォルダであるべきところにファイルがあります。",
        errno.EEXIST: "同じ名前のファイルがすでにあります。",
        errno.ENAMETOOLONG: "名前が長すぎます。",
        errno.ENOSPC: "ディスクの空き容量がありません。",
        errno.EDQUOT: "この利用者が使える容量を超えています。",
        errno.EFBIG: "書き込める大きさを超えています。",
        errno.EIO: "ディスクを読み書きできません。",
        errno.EADDRNOTAVAIL: "そのアドレスはこの機械にありません。",
        errno.EADDRINUSE: "そのポートはほかのプログラムが使っています。",
        errno.ECONNREFUSED: "相手のサーバが応答しません。",
    }
    return where + words.get(error.errno or 0, error.strerror or str(error) or type(error).__name__)


def print_json(value: object) -> None:
    """Print one JSON document, Japanese as it is, dates in ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def fail(message: str) -> NoReturn:
    """Stop with one sentence and exit 1."""
    raise Failure(message)


def is_terminal() -> bool:
    """Whether a person is watching: a progress bar is for people only."""
    return sys.stderr.isatty()
