"""The mail in a real browser: contrast in both schemes, no sideways scrolling, headings and landmarks by axe-core."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

from newsletter.mail.content import Fact, ItemContent, SectionContent
from newsletter.mail.render import render_issue, render_letter
from tests.newsletter.mail.sample import TEMPLATES, letter, rich_issue

pytestmark = pytest.mark.browser

MAILS = {
    "issue": lambda: render_issue(rich_issue(), TEMPLATES).html,
    "letter": lambda: render_letter("returned", letter("returned"), TEMPLATES).html,
    "english": lambda: render_letter("named", dataclasses.replace(letter("named"), language="en"), TEMPLATES).html,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


def opened(browser: Browser, html: str, width: int, scheme: str) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()

    def offline(route: Route) -> None:
        route.abort()

    page.route("**/*", offline)
    page.set_content(html)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mail", MAILS)
def test_axe_finds_no_serious_violation_and_enough_contrast(browser: Browser, mail: str, scheme: str) -> None:
    page = opened(browser, MAILS[mail](), 600, scheme)
    found = Axe().run(page)["violations"]
    page.context.close()
    assert [
        (v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
    ] == []


@pytest.mark.parametrize("width", [320, 375, 600, 1200])
@pytest.mark.parametrize("mail", MAILS)
def test_nothing_scrolls_sideways(browser: Browser, mail: str, width: int) -> None:
    page = opened(browser, MAILS[mail](), width, "light")
    needed = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert needed <= width


def test_a_long_address_in_a_text_or_a_fact_does_not_widen_the_mail(browser: Browser) -> None:
    address = "https://www.example.jp/" + "abcdefghij" * 12
    item = ItemContent(1, "item-1", "見出し", (f"詳しくは{address}へ。",), facts=(Fact("申込", address),))
    issue = dataclasses.replace(rich_issue(), sections=(SectionContent("events", "催し", (item,)),))
    page = opened(browser, render_issue(issue, TEMPLATES).html, 320, "light")
    needed = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert needed <= 320


def test_with_images_off_every_alt_text_is_shown(browser: Browser) -> None:
    page = opened(browser, MAILS["issue"](), 375, "light")
    heights = page.evaluate("[...document.images].map(i => [i.alt, i.getBoundingClientRect().height])")
    page.context.close()
    assert len(heights) == 3
    assert all(alt and height >= 16 for alt, height in heights)


def test_numerals_stand_above_the_headline_on_a_phone_and_beside_it_on_a_desk(browser: Browser) -> None:
    places = """[...document.querySelectorAll('.n, h3')].slice(0, 2)
        .map(element => element.getBoundingClientRect()).map(box => [box.left, box.top])"""
    seen = {}
    for width in (375, 600):
        page = opened(browser, MAILS["issue"](), width, "light")
        seen[width] = page.evaluate(places)
        page.context.close()
    (number, headline) = seen[375]
    assert number[0] == headline[0]
    assert headline[1] > number[1]
    (number, headline) = seen[600]
    assert headline[0] > number[0] + 50
