"""The desk's screens about subscribers in a real browser: by keyboard and without JavaScript, then axe-core."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.db import connection
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from subscribers import consent, signup
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.list_parts import colleague, logged_in
from tests.subscribers.people import person, suppressed

pytestmark = pytest.mark.browser
LONG = f"{'a-very-long-local-part' * 2}@a-long-department.city.example.lg.jp"
DIRTY = f"配信先,お名前,備考\n{LONG},見本 太郎,メモ\nだれか,,\ntaro@gmial.com,見本 花子,\n"
Answer = TypeVar("Answer")


@pytest.fixture
def site(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[str]:
    """The address of a running application."""
    settings.UPLOADS = tmp_path / "uploads"
    load_profile()
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture
def cookie(transactional_db: None) -> str:
    """Somebody is logged in."""
    return logged_in(colleague()).cookies[settings.SESSION_COOKIE_NAME].value


@contextlib.contextmanager
def browser_page(site: str, cookie: str, width: int, *, java_script: bool = True) -> Iterator[Page]:
    """A page of the desk in Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, locale="ja-JP", java_script_enabled=java_script)  # type: ignore[arg-type]
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site}])
        yield context.new_page()
        browser.close()


def check(page: Page, width: int) -> None:
    found = Axe().run(page)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def asked(question: Callable[[], Answer]) -> Answer:
    """In a thread of its own: Playwright keeps an event loop in this one, where Django asks no database."""

    def ask() -> Answer:
        try:
            return question()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(ask).result()


def press_on(page: Page, selector: str) -> None:
    """Reach it with the keyboard and press it."""
    page.focus(selector)
    page.keyboard.press("Enter")


def test_a_list_is_taken_in_and_back_with_the_keyboard_alone_and_without_javascript(
    site: str, cookie: str, tmp_path: Path
) -> None:
    file = tmp_path / "名簿.csv"
    file.write_text(DIRTY, encoding="cp932")
    with browser_page(site, cookie, 360, java_script=False) as page:
        page.goto(f"{site}/staff/subscribers/import/")
        page.set_input_files("[name=file]", file)
        press_on(page, "main form.form button")
        page.wait_for_url("**/import/*/")
        page.focus("[name=column-1]")
        page.keyboard.press("Home")  # 使わない
        press_on(page, "button[value=try]")
        page.wait_for_url("**/rows/")
        page.focus("[name=basis] >> nth=0")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.type("名刺フォルダ")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice--done")
        assert asked(lambda: list(Subscriber.objects.values_list("name", flat=True))) == ["", ""]
        assert asked(lambda: ConsentEvent.objects.earliest("pk").basis) == "card"
        page.goto(f"{site}/staff/subscribers/imports/")
        press_on(page, "a:has-text('取り消す')")
        page.wait_for_url("**/undo/")
        press_on(page, "main form button")
        page.wait_for_selector(".notice--done")
    assert asked(Subscriber.objects.count) == 0


@pytest.mark.parametrize("width", [360, 1200])
def test_every_screen_can_be_used_by_everybody(site: str, cookie: str, width: int, tmp_path: Path) -> None:
    reader = person(LONG, name="見本 太郎", organisation="𠮷野町役場", municipality="401005")
    consent.record(reader, ConsentEvent.Kind.REQUESTED, timezone.now(), basis="form", wording="x", source="192.0.2.0")
    signup.leave(reader.key, None, timezone.now(), {"how": "page"})
    suppressed("gone@example.jp", Suppression.Reason.ERASED)
    person("hanako@example.jp", name="𠮷野 花子")
    file = tmp_path / "とても長い名前の会員名簿2026年11月24日現在の控え.csv"
    file.write_text(DIRTY, encoding="utf-8")
    with browser_page(site, cookie, width) as page:
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        for address in look_through(page, f"{site}/staff/subscribers/", file):
            check(page, width)
            assert address in page.url
        assert [line for line in complaints if "Content Security Policy" in line] == []


def look_through(page: Page, desk: str, file: Path) -> Iterator[str]:
    """Open one screen after the other; a part of its address."""
    page.goto(f"{desk}import/")
    page.click("main form.form button")
    yield "/import/"
    page.set_input_files("[name=file]", file)
    page.click("main form.form button")
    page.wait_for_url("**/import/*/")
    page.click("details summary")
    yield "/import/"
    page.click("button[value=try]")
    page.wait_for_url("**/rows/")
    yield "/rows/"
    page.click("form button:has-text('取り込む')")
    page.wait_for_selector("[role=alert]")
    yield "/take-in/"
    page.click("nav a:has-text('拒否')")
    page.wait_for_url("**verdict=refused**")
    page.check("[name=basis] >> nth=1")
    page.fill("[name=proof]", "名刺フォルダ")
    page.click("form button:has-text('取り込む')")
    page.wait_for_selector(".notice--done")
    yield "/rows/"
    page.goto(f"{desk}import/")
    yield "/import/"
    page.goto(f"{desk}imports/")
    yield "/imports/"
    page.click("a:has-text('取り消す')")
    yield "/undo/"
    page.goto(desk)
    page.fill("[name=text]", "example")
    page.click("form.search button")
    page.wait_for_selector("table")
    yield "/subscribers/"
    page.click(f"a:has-text('{LONG}')")
    yield "/of/"
    page.click("a:has-text('消去の内容')")
    yield "/erase/"
    page.goto(f"{desk}export/")
    page.check("[value=cp932]")
    page.click("main form.form button")
    page.wait_for_selector("[role=alert]")
    yield "/export/"
    page.goto(f"{desk}segment/")
    page.fill("[name=municipality]", "福岡県北九州市")
    page.click("main form button")
    page.wait_for_selector("[role=status]")
    yield "/segment/"
