"""`newsletter subscribers …`: whom we may write to."""

from __future__ import annotations

import click

from newsletter.cli.subscribers_addresses import check_addresses
from newsletter.cli.subscribers_goodbyes import goodbyes
from newsletter.cli.subscribers_imports import imports, undo_import
from newsletter.cli.subscribers_keeping import dossier, tidy
from newsletter.cli.subscribers_lists import export_list, import_list
from newsletter.cli.subscribers_people import erase, find, forget_unconfirmed, lift, show, suppress
from newsletter.cli.subscribers_segments import segment, who


@click.group()
def subscribers() -> None:
    """購読者を取り込み、探し、停止し、消去します。"""


for command in (import_list, export_list, find, show, suppress, lift, erase, check_addresses, forget_unconfirmed):
    subscribers.add_command(command)
for command in (imports, undo_import, tidy, dossier, segment, who, goodbyes):
    subscribers.add_command(command)
