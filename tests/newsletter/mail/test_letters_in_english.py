"""The letters that subscribers get, for those who chose English: the same facts, the same foot, no Japanese in it."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
from lxml import html as lxml_html

from newsletter.mail.content import RenderedMail
from newsletter.mail.letters import IN_ENGLISH
from newsletter.mail.linebreak import URL, width
from newsletter.mail.render import render_letter
from tests.newsletter.mail.sample import LETTER_FACTS, PUBLISHER, TEMPLATES, letter

ABROAD = dataclasses.replace(
    PUBLISHER,
    name="Mihon Association of Local Governments",
    postal_address="1-2-3 Mihon, Mihon-ku, Tokyo",
    phone="+81-0-0000-0000",
)
KINDS = sorted(IN_ENGLISH)


def in_english(kind: str) -> RenderedMail:
    content = dataclasses.replace(letter(kind), language="en", publisher=ABROAD, title="Mihon e-News")
    return render_letter(kind, content, TEMPLATES)


MAKERS = ("_to_subscriber", "_written")  # in newsletter/letters.py, their first argument is the kind


def test_every_letter_to_subscribers_has_an_english_text() -> None:
    source = (Path(__file__).parents[3] / "newsletter" / "letters.py").read_text("utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    sent = {call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id in MAKERS}
    assert {kind.value for kind in sent if isinstance(kind, ast.Constant)} == IN_ENGLISH
    assert {folder.parent.name for folder in (TEMPLATES / "letters").glob("*/en")} == IN_ENGLISH


@pytest.mark.parametrize("kind", KINDS)
def test_no_sentence_of_it_is_japanese(kind: str) -> None:
    mail = in_english(kind)
    page = lxml_html.document_fromstring(mail.html)
    assert page.get("lang") == "en"
    for element in page.xpath("//*[@lang='ja'] | //style"):
        element.drop_tree()
    shown = "".join(f"{mail.subject}{page.text_content()}{mail.text}".split())
    for name in (PUBLISHER.legal_name, *LETTER_FACTS[kind].values()):  # a member's, too
        shown = shown.replace(str(name), "")
    assert not re.search("[ぁ-んァ-ヶ一-龯]", shown)


@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_the_same_facts_and_who_sends_it(kind: str) -> None:
    mail = in_english(kind)
    page = lxml_html.document_fromstring(mail.html)
    visible = " ".join([page.text_content(), *page.xpath("//a/@href")])
    text = " ".join(mail.text.split())
    sender = (ABROAD.name, PUBLISHER.legal_name, ABROAD.postal_address, ABROAD.phone, ABROAD.email, ABROAD.website)
    for words in (*map(str, LETTER_FACTS[kind].values()), *sender):
        assert words in visible, words
        assert words in text, words
    assert mail.subject.startswith("[Mihon e-News] ")
    assert "This email" in visible
    assert "This email" in text


@pytest.mark.parametrize("kind", KINDS)
def test_its_lines_fit_and_break_between_words(kind: str) -> None:
    lines = in_english(kind).text.splitlines()
    for line in lines:
        assert width(line) <= 68 or URL.fullmatch(line)
    words = " ".join(in_english(kind).text.split())
    assert "the newsletter" in words or "Mihon e-News" in words


def test_latin_letters_are_set_in_a_latin_face() -> None:
    html = in_english("welcome").html.replace('"', "'")
    assert "font-family:'Helvetica Neue',Arial," in html
    assert "line-height:1.6" in html
