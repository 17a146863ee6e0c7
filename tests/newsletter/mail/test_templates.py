"""Templates use what MJML knows and what mail programs can do; MRML itself accepts anything silently."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from lxml import html as lxml_html

from newsletter.mail.letters import KINDS
from newsletter.mail.render import render_issue, render_letter
from tests.newsletter.mail.sample import TEMPLATES, large_issue, letter, rich_issue

ENEWS = Path(__file__).resolve().parents[2] / "data" / "enews"
ELEMENTS: dict[str, list[str]] = json.loads((ENEWS / "mjml-elements.json").read_text())["elements"]
SUPPORT = json.loads((ENEWS / "mail-programs.json").read_text())
TEMPLATE_FILES = sorted(TEMPLATES.rglob("*.mjml.j2"))
RENDERED: dict[str, Callable[[], str]] = {
    "rich": lambda: render_issue(rich_issue(), TEMPLATES).html,
    "large": lambda: render_issue(large_issue(4), TEMPLATES).html,
    **{kind: partial(lambda k: render_letter(k, letter(k), TEMPLATES).html, kind) for kind in KINDS},
}


def tags(source: str) -> list[tuple[str, list[str]]]:
    """Opening tags of a template with the names of their attributes, Jinja2 taken out."""
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|<!--.*?-->", "", source, flags=re.DOTALL)
    source = re.sub(r"\{\{.*?\}\}", "x", source, flags=re.DOTALL)
    found = re.findall(r"<([a-z][\w:-]*)((?:\s+[\w:-]+(?:=\"[^\"]*\")?)*)\s*/?>", source)
    return [(name, re.findall(r"([\w:-]+)(?:=\"[^\"]*\")?", attributes)) for name, attributes in found]


@pytest.mark.parametrize("file", TEMPLATE_FILES, ids=lambda f: str(f.relative_to(TEMPLATES)))
def test_every_mjml_element_and_attribute_is_known(file: Path) -> None:
    for name, attributes in tags(file.read_text(encoding="utf-8")):
        if name.startswith("mj"):
            assert name in ELEMENTS, name
            assert set(attributes) <= {*ELEMENTS[name], "css-class", "mj-class"}, (name, attributes)
        else:
            assert name in SUPPORT["html"], name


def test_the_check_would_find_a_wrong_tag_or_attribute() -> None:
    assert tags('<mj-txt colour="{{ x }}">') == [("mj-txt", ["colour"])]
    assert "mj-txt" not in ELEMENTS
    assert "colour" not in ELEMENTS["mj-text"]


@pytest.mark.parametrize("name", RENDERED)
def test_elements_and_inline_styles_are_what_mail_programs_can_do(name: str) -> None:
    page = lxml_html.document_fromstring(RENDERED[name]())
    for element in (e for e in page.iter() if isinstance(e.tag, str)):
        assert element.tag in SUPPORT["html"], element.tag
        for declaration in filter(None, (element.get("style") or "").split(";")):
            assert declaration.split(":")[0].strip() in SUPPORT["css"], declaration


@pytest.mark.parametrize("name", RENDERED)
def test_nothing_that_mail_programs_refuse(name: str) -> None:
    html = RENDERED[name]()
    for pattern in SUPPORT["never"]:
        assert not re.search(pattern, html, re.IGNORECASE), pattern


@pytest.mark.parametrize("name", RENDERED)
def test_colours_in_the_elements_are_six_or_three_digits(name: str) -> None:
    for colour in re.findall(r"color:([^;\"'}!]+)", RENDERED[name]()):
        assert re.fullmatch(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})|inherit", colour), colour


def test_the_scheme_is_announced_and_dark_rules_are_there() -> None:
    html = RENDERED["rich"]()
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme:dark){" in html
    assert "font-family:'Hiragino Sans','Yu Gothic',Meiryo,sans-serif" in html.replace('"', "'")
    assert "line-break:strict" in html
    assert "font-size:16px" in html
    assert "line-height:1.75" in html
