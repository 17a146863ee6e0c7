"""The command line: `newsletter …`. One module per group, imported when it is called for.

`newsletter --help` imports neither Django nor the groups: their one-line helps stand here.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from typing import Any

import click

from newsletter.cli import japanese, streams

japanese.speak()

# name: (module, attribute, one line of help)
COMMANDS = {
    "profile": ("newsletter.cli.profile", "profile", "団体のプロファイルを読み込み、確認します。"),
    "feeds": ("newsletter.cli.feeds", "feeds", "情報源（フィード）を登録し、巡回します。"),
    "submissions": (
        "newsletter.cli.submissions",
        "submissions",
        "会員自治体の投稿を受け付け、採否を決めます。",
    ),
    "issue": ("newsletter.cli.issue", "issue", "号を組み立て、確認し、承認します。"),
    "subscribers": (
        "newsletter.cli.subscribers",
        "subscribers",
        "購読者を取り込み、探し、停止し、消去します。",
    ),
    "roster": (
        "newsletter.cli.roster",
        "roster",
        "会員に宛先の確認をお願いし（人事異動）、回答を名簿に反映します。",
    ),
    "campaign": ("newsletter.cli.campaign", "campaign", "承認した版を配信します。"),
    "dkim": ("newsletter.cli.dkim", "dkim", "DKIMの鍵を作り、DNSの登録と比べます。"),
    "letters": ("newsletter.cli.letters", "letters", "確認メールなどの個別メールを送ります。"),
    "text": ("newsletter.cli.text", "text", "文章を校正し、折り返し、HTMLを清書します。"),
    "check": ("newsletter.cli.operations", "check", "設定の誤りを調べます。"),
    "adopt": (
        "newsletter.cli.adopt",
        "adopt",
        "バックアップから戻したデータベースで、送信を再開できるようにします。",
    ),
    "migrate": ("newsletter.cli.operations", "migrate", "データベースを準備します。"),
    "serve": ("newsletter.cli.operations", "serve", "ウェブの画面を公開します。"),
    "work": ("newsletter.cli.operations", "work", "裏方の処理と定時の処理を動かします。"),
    "catch": ("newsletter.cli.operations", "catch", "この機械の中だけのメール受信箱を動かします。"),
    "demo": ("newsletter.cli.demo", "demo", "見本のデータで最初から最後まで動かします。"),
    "manage": ("newsletter.cli.operations", "manage", "Djangoの管理コマンドを実行します。"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with streams.nothing_fails():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """A reader that has seen enough (`… | head`) is no failure to speak of: click ends quietly then, exit 1."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # a full disk is found here, while it can be said
        except click.ClickException as failure:
            if streams.ends_with_the_reader(failure):
                raise streams.UnreadError(errno.EPIPE, "stdout") from None
            raise
        except OSError as error:
            if streams.ends_with_the_reader(error):
                raise
            raise _failure(error) from error
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("コマンド"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


def _failure(error: OSError) -> click.ClickException:
    from newsletter.cli.base import Failure
    from newsletter.failures import os_error_words

    return Failure(os_error_words(error))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="newsletter")
def main() -> None:
    """自治体の連合組織が出す月刊 e-ニュースを、集めて、組んで、届けます。"""
