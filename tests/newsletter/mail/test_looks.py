"""The mail in a real browser: contrast in both schemes, no sideways scrolling, headings and landmarks by axe-core."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from newsletter.mail.content import Fact, ItemContent, SectionContent
from newsletter.mail.render import render_issue, render_letter
from tests.browser import Chromium, Scheme, violations, width_needed
from tests.newsletter.mail.sample import TEMPLATES, letter, rich_issue

pytestmark = pytest.mark.browser

MAILS = {
    "issue": lambda: render_issue(rich_issue(), TEMPLATES).html,
    "letter": lambda: render_letter("returned", letter("returned"), TEMPLATES).html,
    "english": lambda: render_letter("named", dataclasses.replace(letter("named"), language="en"), TEMPLATES).html,
}


@contextlib.contextmanager
def opened(chromium: Chromium, html: str, width: int, scheme: Scheme = "light") -> Iterator[Page]:
    """The mail in a page that gets nothing from the network."""
    with chromium.page(width, scheme=scheme) as page:
        page.route("**/*", lambda route: route.abort())
        page.set_content(html)
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mail", MAILS)
def test_axe_finds_no_serious_violation_and_enough_contrast(chromium: Chromium, mail: str, scheme: Scheme) -> None:
    with opened(chromium, MAILS[mail](), 600, scheme) as page:
        assert violations(page) == []


@pytest.mark.parametrize("mail", MAILS)
def test_nothing_scrolls_sideways(chromium: Chromium, mail: str) -> None:
    html = MAILS[mail]()
    for width in (320, 375, 600, 1200):
        with opened(chromium, html, width) as page:
            assert width_needed(page) <= width


def test_a_long_address_in_a_text_or_a_fact_does_not_widen_the_mail(chromium: Chromium) -> None:
    address = "https://www.example.jp/" + "abcdefghij" * 12
    item = ItemContent(1, "item-1", "見出し", (f"詳しくは{address}へ。",), facts=(Fact("申込", address),))
    issue = dataclasses.replace(rich_issue(), sections=(SectionContent("events", "催し", (item,)),))
    with opened(chromium, render_issue(issue, TEMPLATES).html, 320) as page:
        assert width_needed(page) <= 320


def test_with_images_off_every_alt_text_is_shown(chromium: Chromium) -> None:
    with opened(chromium, MAILS["issue"](), 375) as page:
        heights = page.evaluate("[...document.images].map(i => [i.alt, i.getBoundingClientRect().height])")
    assert len(heights) == 3
    assert all(alt and height >= 16 for alt, height in heights)


def test_numerals_stand_above_the_headline_on_a_phone_and_beside_it_on_a_desk(chromium: Chromium) -> None:
    places = """[...document.querySelectorAll('.n, h3')].slice(0, 2)
        .map(element => element.getBoundingClientRect()).map(box => [box.left, box.top])"""
    seen = {}
    for width in (375, 600):
        with opened(chromium, MAILS["issue"](), width) as page:
            seen[width] = page.evaluate(places)
    (number, headline) = seen[375]
    assert number[0] == headline[0]
    assert headline[1] > number[1]
    (number, headline) = seen[600]
    assert headline[0] > number[0] + 50
