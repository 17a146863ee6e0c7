"""`newsletter issue preview`: the issue as different readers will see it, before it goes to anybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.base import EXIT_FAILED, django_command, json_option, print_json
from newsletter.cli.terminal import printable, say

if TYPE_CHECKING:
    from newsletter.previews import Preview


@click.command("preview")
@click.argument("name", metavar="[号]", default="")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), metavar="フォルダ", help="書き出す場所。")
@click.option("--as", "reader", default="", metavar="アドレス", help="この購読者に届く形で表示します。")
@click.option("--text", "text_only", is_flag=True, help="ファイルに書かず、テキスト版を表示します。")
@click.option("--png", is_flag=True, help="画像も書き出します（Chromium が必要です）。")
@json_option
@django_command
def preview(name: str, to: Path | None, reader: str, text_only: bool, png: bool, as_json: bool) -> None:
    """いまの内容を、パソコン、スマートフォン、ダークモード、画像なし、テキスト、無害化後の形に書き出します。

    未完成の号でもかまいません。無害化のあとに失われる事実があれば、終了コードは1です。
    """
    from django.utils import timezone

    from newsletter import issues, previews

    made = previews.of_issue(issues.find_issue(name), timezone.now(), reader)
    if text_only:
        click.echo(printable(made.rendered.text), nl=False)
    else:
        folder = to or previews.usual_folder()
        files = previews.write(made, folder)
        pictures = previews.photograph(made, folder) if png else {}
        _answer(made, files, pictures, as_json)
    if made.gateway.lost:
        raise click.exceptions.Exit(EXIT_FAILED)


def _answer(made: Preview, files: dict[str, Path], pictures: dict[str, Path], as_json: bool) -> None:
    if as_json:
        print_json(_facts(made, files, pictures))
        return
    for key in ("html", "text", "overview"):
        if key in files:
            say(files[key])
    for picture in pictures.values():
        say(picture)
    if made.addressee.hindrance:
        say(f"{made.addressee.address} には、いまは届きません。{made.addressee.hindrance}", err=True)
    for words in made.gateway.lost:
        say(f"エラー: {words}", err=True)
    for words in made.lacking:
        say(f"承認の前に: {words}", err=True)


def _facts(made: Preview, files: dict[str, Path], pictures: dict[str, Path]) -> dict[str, object]:
    items = [
        {
            "number": one.number,
            "headline": one.headline,
            "kept": [fact.label for fact in one.facts if fact.survives],
            "lost": [fact.label for fact in one.lost],
        }
        for one in made.gateway.facts
    ]
    return {
        "issue": made.issue.slug,
        "as": made.addressee.address,
        "hindrance": made.addressee.hindrance,
        "html": str(files.get("html", "")),
        "text": str(files["text"]),
        "files": {key: str(file) for key, file in files.items()},
        "pictures": {key: str(file) for key, file in pictures.items()},
        "gateway": {"marks": made.gateway.text.marks, "lost": made.gateway.lost, "items": items},
        "lacking": made.lacking,
    }
