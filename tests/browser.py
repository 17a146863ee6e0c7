"""A real browser: one Chromium for every process of the tests, a page in it, and what every page must hold to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter import screenshots

AXE = Axe()
NARROW_AND_WIDE = (360, 1200)  # CSS pixels: the smallest telephone we promise, and a desk
SERIOUS = ("serious", "critical")
Scheme = Literal["light", "dark"]


class Cookie(NamedTuple):
    """What a page brings along to a server at `address`."""

    name: str
    value: str
    address: str


def program() -> str:
    """The Chromium of this machine; without one the test is skipped."""
    found = next(filter(None, map(shutil.which, screenshots.PROGRAMS)), None)
    return found or pytest.skip("Chromium is missing: .ci/system-packages installs it")


@dataclass
class Chromium:
    """The running browser. Its event loop is this thread's only while a page is open; else Django would refuse."""

    browser: Browser
    _loop: asyncio.AbstractEventLoop

    @contextlib.contextmanager
    def awake(self) -> Iterator[Browser]:
        """The browser may be spoken to while the block runs."""
        asyncio._set_running_loop(self._loop)
        try:
            yield self.browser
        finally:
            asyncio._set_running_loop(None)

    @contextlib.contextmanager
    def page(
        self,
        width: int = 1200,
        *,
        scripts: bool = True,
        scheme: Scheme = "light",
        cookies: Sequence[Cookie] = (),
    ) -> Iterator[Page]:
        """A new visitor's page, gone with its cookies when the block ends. The block may ask the database as well."""
        with self.awake() as browser, _database_allowed():
            context = browser.new_context(
                viewport={"width": width, "height": 800}, locale="ja-JP", java_script_enabled=scripts,
                color_scheme=scheme,
            )  # fmt: skip
            context.add_cookies([{"name": name, "value": value, "url": address} for name, value, address in cookies])
            try:
                yield context.new_page()
            finally:
                context.close()


@contextlib.contextmanager
def _database_allowed() -> Iterator[None]:
    """Django refuses its database wherever an event loop runs; Playwright's only waits while our code runs.

    It keeps the connections of a loop apart from the thread's own, so nobody else would close them.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        yield
    finally:
        connections.close_all()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextlib.contextmanager
def started() -> Iterator[Chromium]:
    """Chromium, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        chromium = Chromium(browser, asyncio.get_running_loop())
        asyncio._set_running_loop(None)
        yield chromium
        with chromium.awake():
            browser.close()
        asyncio._set_running_loop(chromium._loop)  # Playwright itself ends in it


# ------------------------------------------------------------ what every page must hold to
def violations(page: Page, impacts: Collection[str] = SERIOUS) -> list[tuple[str, list[str]]]:
    """What axe-core finds: the rule, and the beginning of every element that breaks it."""
    found = AXE.run(page)["violations"]
    return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found if v["impact"] in impacts]


def width_needed(page: Page) -> int:
    """How wide the page is without scrolling sideways, in CSS pixels."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def check(page: Page, width: int) -> None:
    """Nothing serious for axe-core, nothing to scroll sideways."""
    assert (page.url, violations(page)) == (page.url, [])
    assert width_needed(page) <= width, page.url


def blocked_by_policy(page: Page) -> list[str]:
    """Filled from now on with what the console says of the Content Security Policy."""
    complaints: list[str] = []

    def listen(text: str) -> None:
        if "Content Security Policy" in text:
            complaints.append(text)

    page.on("console", lambda message: listen(message.text))
    return complaints


# ------------------------------------------------------------ the mouse
def follow(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for that page; a click alone comes back on the old one."""
    with page.expect_navigation():
        page.click(selector)


# ------------------------------------------------------------ the keyboard
def tab_to(page: Page, selector: str) -> None:
    """Tab on until the element has the focus, as a person does who has no mouse."""
    for _ in range(60):
        if page.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def press(page: Page, words: str) -> None:
    """Go on with the Tab key to the button or link with these words, and press it."""
    tab_to(page, f":is(a, button):text-is('{words}')")
    page.keyboard.press("Enter")


def press_on(page: Page, selector: str) -> None:
    """Put the focus on it, and press Enter."""
    page.focus(selector)
    page.keyboard.press("Enter")


# ------------------------------------------------------------ the staff
def session_of(client: Client, address: str) -> Cookie:
    """The cookie with which a browser at `address` is logged in as this client."""
    name = settings.SESSION_COOKIE_NAME
    return Cookie(name, client.cookies[name].value, address)
