"""Lists for people: a table on a terminal, plain tab-separated lines in a pipe, never cut off."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from newsletter.cli.terminal import printable, say


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print the rows under their headings."""
    texts = [[printable(" ".join(str(cell).split())) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (headings, *texts):
            say("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in texts:
        table.add_row(*map(Text, line))  # Text: what people wrote must not be read as rich's own markup
    Console().print(table)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print `label: value` lines; a value of several lines stands below its label."""
    for label, value in facts:
        text = str(value)
        say(f"{label}:\n{text}\n" if "\n" in text else f"{label}: {text}")
