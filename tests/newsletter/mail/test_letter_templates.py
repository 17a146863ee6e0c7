"""Every letter: the one thing to do first, its facts in both parts, the sender at the foot."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest
from lxml import html as lxml_html

from newsletter.mail.dates import japanese_date, japanese_time
from newsletter.mail.letters import KINDS, check_facts
from newsletter.mail.linebreak import URL, width
from newsletter.mail.render import render_letter
from tests.newsletter.mail.sample import LETTER_FACTS, PUBLISHER, TEMPLATES, letter

MAIN_ADDRESS = {
    "confirmation": "confirm_url",
    "welcome": "archive_url",
    "already_subscribed": "preferences_url",
    "returned": "link",
    "submission_link": "url",
    "reminder": "url",
    "approval_request": "url",
    "report": "url",
    "roster": "url",
    "roster_reminder": "url",
    "named": "unsubscribe_url",
}


def printed(fact: object) -> list[str]:
    if isinstance(fact, datetime):
        return [japanese_time(fact)]
    if isinstance(fact, date):
        return [japanese_date(fact)] if fact.day > 1 else [f"{fact.year}年{fact.month}月号"]
    return [line for line in str(fact).splitlines() if line]


def joined(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_there_is_a_sample_for_every_kind() -> None:
    assert set(LETTER_FACTS) == set(KINDS)
    assert {folder.name for folder in (TEMPLATES / "letters").iterdir()} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_is_in_both_parts(kind: str) -> None:
    mail = render_letter(kind, letter(kind), TEMPLATES)
    page = lxml_html.document_fromstring(mail.html)
    visible = joined(page.find("body").text_content() + " ".join(page.xpath("//a/@href")))
    for fact in LETTER_FACTS[kind].values():
        for words in printed(fact):
            assert joined(words) in visible, words
            assert joined(words) in joined(mail.text), words


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_a_subject_a_heading_and_the_sender(kind: str) -> None:
    mail = render_letter(kind, letter(kind), TEMPLATES)
    page = lxml_html.document_fromstring(mail.html)
    assert mail.subject.startswith("【イクレイ日本 e-ニュース】")
    assert "\n" not in mail.subject
    assert page.findtext(".//title") == mail.subject
    assert len(page.findall(".//h1")) == 1
    assert page.get("lang") == "ja"
    for words in (PUBLISHER.legal_name, PUBLISHER.postal_address, PUBLISHER.phone, PUBLISHER.email):
        assert words in page.text_content()
        assert joined(words) in joined(mail.text)
    assert "このメールは" in page.text_content()
    assert "このメールは" in mail.text


@pytest.mark.parametrize(("kind", "fact"), MAIN_ADDRESS.items())
def test_the_one_thing_to_do_is_the_first_link_and_stands_bare_in_the_text(kind: str, fact: str) -> None:
    mail, address = render_letter(kind, letter(kind), TEMPLATES), LETTER_FACTS[kind][fact]
    page = lxml_html.document_fromstring(mail.html)
    links = page.xpath("//a[@href]")
    assert links[0].get("href") == address
    assert links[1].text_content() == address, "the address itself, for those whose program shows no button"
    assert address in mail.text.splitlines()
    assert mail.text.index(str(address)) < mail.text.index(PUBLISHER.email)


@pytest.mark.parametrize("kind", KINDS)
def test_lines_fit_and_urls_stand_alone(kind: str) -> None:
    for line in render_letter(kind, letter(kind), TEMPLATES).text.splitlines():
        assert width(line) <= 68 or URL.fullmatch(line)
        assert "http" not in line or URL.fullmatch(line)


def test_what_may_be_left_out_may_be_left_out() -> None:
    import dataclasses

    for kind, name in (("receipt", "link"), ("submission_link", "month"), ("report", "doubt")):
        facts = {key: fact for key, fact in LETTER_FACTS[kind].items() if key != name}
        assert check_facts(kind, facts) == ""
        mail = render_letter(kind, dataclasses.replace(letter(kind), facts=facts), TEMPLATES)
        assert "続けて投稿" not in mail.text
        assert kind == "report" or "月号" not in mail.text
        assert "分からないもの" not in mail.text
