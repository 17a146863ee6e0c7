"""The documents are held to the code: every setting and every command is described."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from newsletter.cli import COMMANDS, main

CHECKOUT = Path(__file__).resolve().parents[1]
RUNNING = (CHECKOUT / "docs" / "running.md").read_text("utf-8")


def variables_that_are_read() -> set[str]:
    """The first argument of every call of a reader in newsletter/environment.py."""
    tree = ast.parse((CHECKOUT / "newsletter" / "settings.py").read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    readers = (call for call in calls if ast.unparse(call.func).startswith("environment.") and call.args)
    return {call.args[0].value for call in readers if isinstance(call.args[0], ast.Constant)}


def test_every_setting_is_described_and_none_that_nothing_reads() -> None:
    described = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", RUNNING, re.MULTILINE))
    assert described == variables_that_are_read()


def test_only_the_readers_of_settings_look_at_the_environment() -> None:
    readers = {
        str(path.relative_to(CHECKOUT))
        for room in ("newsletter", "feeds", "subscribers")
        for path in (CHECKOUT / room).rglob("*.py")
        if re.search(r"os\.(environ\b(?!\.setdefault)|getenv)", path.read_text("utf-8"))
    }
    # The demonstration makes an environment of its own for the commands it runs.
    assert readers <= {"newsletter/environment.py", "newsletter/demo/instance.py"}


def leaf_commands() -> list[str]:
    context = click.Context(main)
    names = []
    for name in COMMANDS:
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            names += [f"{name} {child}" for child in command.list_commands(click.Context(command))]
        else:
            names.append(name)
    return names


@pytest.mark.parametrize("command", leaf_commands())
def test_every_command_is_described(command: str) -> None:
    assert f"newsletter {command}" in RUNNING
