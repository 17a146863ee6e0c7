"""The sentences of the readers' pages that have to be said in English: found in the templates and in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.template import engines
from django.template.base import Node, Template, TextNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

PAGES = ("base.html", "4*.html", "500.html", "public/*.html", "forms/*.html")
ROOMS = ("newsletter", "feeds", "subscribers")
CALLS = {"_", "gettext", "gettext_lazy", "Sentence", "AddressError"}  # their first argument is a sentence
_IN_EXPRESSIONS = re.compile(r"""[:=]_\("([^"]+)"\)""")  # |default:_("e-ニュース")


def collect() -> dict[str, tuple[str, ...]]:
    """Every sentence and the files it stands in, in the order of the files."""
    found: dict[str, list[str]] = {}
    for file in (*page_files(), *_code_files()):
        place = str(file.relative_to(settings.BASE_DIR))
        for sentence in _of_page(file) if file.suffix == ".html" else of_code(file.read_text("utf-8")):
            places = found.setdefault(sentence, [])
            if place not in places:
                places.append(place)
    return {sentence: tuple(places) for sentence, places in found.items()}


def page_files() -> list[Path]:
    """The templates that are shown in both languages."""
    return sorted(file for pattern in PAGES for file in (settings.BASE_DIR / "templates" / "web").glob(pattern))


def untranslatable(file: Path) -> list[str]:
    """Japanese that stands in a template outside of every translation tag."""
    texts = [node.s for node in _nodes(_template(file).nodelist) if isinstance(node, TextNode)]
    return [piece.strip() for text in texts for piece in re.findall(r"[^\x00-\xff…“”‘’–—]+", text)]


def of_code(source: str) -> Iterator[str]:
    """The sentences in a Python module."""
    calls = sorted(
        (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)), key=lambda node: node.lineno
    )
    for call in calls:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        first = call.args[0] if call.args else None
        if name in CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _code_files() -> list[Path]:
    base: Path = settings.BASE_DIR
    return sorted(file for room in ROOMS for file in (base / room).rglob("*.py"))


def _of_page(file: Path) -> Iterator[str]:
    yield from _IN_EXPRESSIONS.findall(file.read_text("utf-8"))
    for node in _nodes(_template(file).nodelist):
        if isinstance(node, TranslateNode):
            literal = getattr(node.filter_expression.var, "literal", None)
            if isinstance(literal, str):
                yield literal
        elif isinstance(node, BlockTranslateNode):
            sentence, _ = node.render_token_list(node.singular)
            yield sentence


def _template(file: Path) -> Template:
    name = str(file.relative_to(settings.BASE_DIR / "templates" / "web"))
    template: Template = engines["django"].get_template(name).template  # type: ignore[attr-defined]
    return template


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """All of them, but for what stands inside a translated block."""
    for node in nodes:
        yield node
        for name in () if isinstance(node, BlockTranslateNode) else node.child_nodelists:
            yield from _nodes(getattr(node, name, ()))
