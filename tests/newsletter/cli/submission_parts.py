"""What the tests of `newsletter submissions …` share: running it, and files for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from newsletter.cli import main

HEAD = (
    "会員,見出し,本文,締切日,写真のファイル名,写真の説明,写真のクレジット,メールへの掲載を許可,"
    "担当者名,担当者のメールアドレス"
)
GOOD = "札幌市,環境フェア,本文です。,,,,,,見本 花子,hanako@example.lg.jp"


def run(*arguments: str | int | Path) -> Result:
    return CliRunner().invoke(main, ["submissions", *map(str, arguments)])


def report(*arguments: str | int | Path, status: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def csv_file(folder: Path, *lines: str, name: str = "投稿.csv", encoding: str = "cp932") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join((HEAD, *lines, "")).encode(encoding))
    return path
