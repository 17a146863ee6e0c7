"""Whatever click says by itself is Japanese, and every sentence of the installed click is known."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter.cli import main
from newsletter.cli.japanese import MODULES, SENTENCES

# Said to programmers whose commands are declared wrongly, never to a person who types one.
FOR_PROGRAMMERS = (
    "DeprecationWarning: ", "Value must be an iterable.", "Could not determine name", "No options defined but",
    "Arguments take exactly one", "Name '{name}' defined twice", "Boolean option ", "Invalid start character",
    "Unknown color ",
)  # fmt: skip


def sentences_of_click() -> Iterator[str]:
    for module in MODULES:
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
                texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                yield from (text for text in texts if isinstance(text, str) and not text.startswith(FOR_PROGRAMMERS))


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_sentence_of_the_installed_click_is_translated() -> None:
    said = set(sentences_of_click())
    assert len(said) > 40
    assert said - set(SENTENCES) == set()


def test_a_translation_asks_for_no_value_that_click_does_not_give() -> None:
    assert [english for english, ours in SENTENCES.items() if not fields(ours) <= fields(english)] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such"], "エラー: no-such というコマンドはありません。"),
        (["--no-such"], "エラー: --no-such というオプションはありません。"),
        (["issue", "open"], "エラー: 必要な引数がありません"),
        (["issue", "approve", "2026-11"], "エラー: 必要なオプションがありません"),
        (["serve", "--port", "x"], "の値が正しくありません。「x」は数として読めません。"),
        (["serve", "--port", "0"], "「0」は 1<=x<=65535 の範囲にありません。"),
        (["subscribers", "import", "/no/such"], "「/no/such」が見つかりません。"),
        (["subscribers", "import", "/"], "「/」はファイルではなくフォルダです。"),
        (["campaign", "list", "x", "y"], "余分な引数があります（x y）。"),
    ],
)
def test_wrong_use_is_answered_in_japanese(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not {"Usage", "Error", "Try", "Invalid", "Missing"} & set(result.stderr.replace(":", " ").split())


def test_the_help_has_japanese_headings() -> None:
    shown = CliRunner().invoke(main, ["serve", "--help"]).stdout
    assert "使い方:" in shown
    assert "この説明を表示します。" in shown
    assert "Show this message" not in shown
