"""The public pages in a real browser: once without JavaScript and mouse, once under axe-core, narrow and wide."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from django.db import connection
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter import links
from subscribers import signup
from subscribers.models import Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.subscribers.people import person

pytestmark = pytest.mark.browser


@pytest.fixture
def site(transactional_db: None, settings: Any) -> Iterator[str]:
    """The address of a running application; links are made for it."""
    settings.HUEY.immediate = False  # the mail itself is not what is looked at here
    load_profile()
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    settings.BASE_URL = f"http://127.0.0.1:{server.port}"
    yield settings.BASE_URL
    server.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


def check(page: Page, width: int) -> None:
    found = Axe().run(page)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def the_reader() -> Subscriber:
    """Asked in a thread of its own: Playwright keeps an event loop in this one, where Django asks no database."""

    def ask() -> Subscriber:
        try:
            return Subscriber.objects.get()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()


def type_into(page: Page, *texts: str) -> None:
    """Text by text, from field to field with the Tab key."""
    for text in texts:
        page.keyboard.type(text)
        page.keyboard.press("Tab")


def test_somebody_subscribes_and_leaves_with_the_keyboard_alone_and_without_javascript(site: str) -> None:
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        page.goto(f"{site}/subscribe/")
        page.focus("[name=email]")
        type_into(page, "ｔａｒｏ＠example.jp", "見本 太郎", "見本市役所", "環境局", "福岡県北九州市")
        page.keyboard.press("ArrowDown")  # from HTML to text
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site}/subscribe/sent/")
        reader = the_reader()
        assert (reader.address, reader.municipality, reader.format) == ("taro@example.jp", "401005", "text")
        page.goto(links.confirm_url(reader.key))
        page.focus("main button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice--done")
        page.goto(links.unsubscribe_url(reader.key))
        page.focus("main button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice--done")
        assert "配信を停止しました" in page.inner_text("main")
        page.click("text=これまでどおり受け取る")
        page.wait_for_url("**?back=1")
    assert the_reader().is_active


OFFERS: dict[str, Callable[[Subscriber], bool]] = {
    "これまでどおり受け取る": lambda reader: reader.is_active,
    "毎月の号だけ受け取る": lambda reader: reader.is_active and reader.only_monthly,
    "3か月お休みする": lambda reader: reader.paused_until is not None,
    "文字だけのメールで受け取る": lambda reader: reader.format == "text",
    "この方の配信を元に戻す": lambda reader: reader.is_active,
}


def press(page: Page, words: str) -> None:
    """Go on with the Tab key to the button with these words, and press it."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"The Tab key does not reach {words!r}")


def test_every_offer_after_leaving_is_taken_with_the_keyboard_alone_and_without_javascript(site: str) -> None:
    link = links.unsubscribe_url(person().key)
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        for words, came_true in OFFERS.items():
            page.goto(link)
            press(page, "配信を停止する")
            page.wait_for_selector("text=配信を停止しました >> nth=0")
            press(page, words)
            page.wait_for_url("**?back=1")
            assert came_true(the_reader()), words


@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_of_leaving_and_pausing_can_be_used_by_everybody(site: str, width: int) -> None:
    now = timezone.now()
    name = f"{'a-very-long-local-part' * 2}@a-long-department.city.example.lg.jp"
    left, paused, monthly = person(name), person("paused@example.jp"), person("monthly@example.jp", only_monthly=True)
    signup.leave(left.key, None, now)
    signup.pause(paused.key, None, now)
    long_ago = person("long-ago@example.jp", Subscriber.State.LEFT, left_at=now - timedelta(days=30))
    pages = [
        links.unsubscribe_url(left.key),
        links.unsubscribe_url(paused.key),
        f"{links.unsubscribe_url(paused.key)}?back=1",
        links.preferences_url(paused.key),
        f"{links.unsubscribe_url(monthly.key)}?back=1",
        links.preferences_url(monthly.key),
        links.unsubscribe_url(long_ago.key),
        links.preferences_url(long_ago.key),
        links.unsubscribe_url("nobody"),
    ]
    with chromium() as browser:
        page = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP").new_page()
        for address in pages:
            page.goto(address)
            check(page, width)
        page.goto(links.preferences_url(paused.key))
        press(page, "いまから再開する")
        page.wait_for_selector("text=3か月お休みする")
        press(page, "3か月お休みする")
        page.wait_for_selector("text=お休み中です")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [360, 1200])
def test_every_public_page_can_be_used_by_everybody(site: str, width: int, language: str) -> None:
    long = f"{'a-very-long-local-part' * 2}@a-long-department.city.example.lg.jp"
    reader = person(long, name="見本 太郎", language=language)
    waiting = person("waiting@example.jp", Subscriber.State.PENDING, language=language)
    left = person("left@example.jp", language=language)
    signup.leave(left.key, None, timezone.now())
    pages = [
        f"{site}/",
        f"{site}/subscribe/",
        f"{site}/subscribe/sent/",
        f"{site}/c/wrong/",
        links.confirm_url(waiting.key),
        links.confirm_url(reader.key),
        links.unsubscribe_url(reader.key),
        f"{links.unsubscribe_url(reader.key)}?back=1",
        links.unsubscribe_url(left.key),
        links.preferences_url(reader.key),
    ]
    with chromium() as browser:
        page = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP").new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        for address in pages:
            page.goto(address)
            check(page, width)
        for address in ("taro", "taro@gmial.com"):
            page.goto(f"{site}/subscribe/")
            page.fill("[name=email]", address)
            page.click("main button")
            page.wait_for_selector("[role=alert]")
            check(page, width)
            page.click("[role=alert] a >> nth=0")
            assert page.evaluate("document.activeElement.name") == "email"
        assert [line for line in complaints if "Content Security Policy" in line] == []
