"""The staff's pages and the catcher in a real browser: axe-core, no sideways scrolling, keyboard, nothing blocked."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from playwright.sync_api import Page, sync_playwright

from newsletter.catcher import Catcher

pytestmark = pytest.mark.browser

WIDTHS = (360, 1200)
MAIL = (
    b"From: news@example.jp\r\nSubject: =?utf-8?b?6KaL5pys?=\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<!doctype html><html lang="ja"><title>x</title><h1>Hello</h1><img alt="a" src="http://127.0.0.1:%d/a.png">'
    b"<script>document.title = 'ran'; document.querySelector('h1').textContent = 'ran'</script></html>\r\n"
)

Look = Callable[[str, int], Page]


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    return found


@pytest.fixture
def pages(transactional_db: None) -> Iterator[str]:
    """The application with its collected static files; pytest-django's live_server knows only the uncollected ones."""
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@pytest.fixture
def session_cookie(transactional_db: None) -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("hanako"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def look(chromium: str) -> Iterator[tuple[Look, dict[str, str]]]:
    """Open a page with these cookies. Everything of the database is done before: Playwright runs an event loop here."""
    cookies: dict[str, str] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def opened(address: str, width: int) -> Page:
            context = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP")
            context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
            page = context.new_page()
            page.goto(address)
            return page

        yield opened, cookies
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serious(page: Page) -> list[object]:
    found = Axe().run(page)["violations"]
    return [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")]


def check(look: Look, address: str) -> None:
    for width in WIDTHS:
        page = look(address, width)
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_axe_does_find_what_is_wrong(look: tuple[Look, dict[str, str]]) -> None:
    page = look[0]("about:blank", 360)
    page.set_content("<img src='x.png'><input>")
    assert {identifier for identifier, _ in serious(page)} >= {"image-alt", "label"}


@pytest.mark.parametrize("path", ["/staff/login/", "/staff/password/", "/nothing-here/"])
def test_pages_for_everybody(pages: str, look: tuple[Look, dict[str, str]], path: str) -> None:
    check(look[0], f"{pages}{path}")


@pytest.mark.parametrize("path", ["/staff/", "/admin/", "/admin/newsletter/issue/"])
def test_pages_of_the_staff(pages: str, session_cookie: str, look: tuple[Look, dict[str, str]], path: str) -> None:
    look[1][settings.SESSION_COOKIE_NAME] = session_cookie
    check(look[0], f"{pages}{path}")


def test_the_policy_blocks_nothing_that_the_admin_needs(
    pages: str, session_cookie: str, look: tuple[Look, dict[str, str]]
) -> None:
    look[1][settings.SESSION_COOKIE_NAME] = session_cookie
    page = look[0](f"{pages}/admin/auth/user/add/", 1200)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in ("/admin/", "/admin/auth/user/1/change/", "/admin/newsletter/delivery/"):
        page.goto(f"{pages}{path}")
    page.context.close()
    assert [line for line in complaints if "Content Security Policy" in line] == []


def test_the_keyboard_reaches_the_text_first_and_always_sees_where_it_is(
    pages: str, look: tuple[Look, dict[str, str]]
) -> None:
    page = look[0](f"{pages}/staff/password/", 360)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "本文へ移動"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_catcher_shows_a_mail_and_lets_nothing_of_it_run(tmp_path: Path, look: tuple[Look, dict[str, str]]) -> None:
    with contextlib.ExitStack() as stack:
        elsewhere = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        elsewhere.setblocking(False)
        catcher = stack.enter_context(Catcher(tmp_path, free_port(), free_port()))
        mail = MAIL % elsewhere.getsockname()[1]
        name = catcher.maildir.keep("a@example.jp", ["reader@a-rather-long-name.example.lg.jp"], mail)
        address = f"http://127.0.0.1:{catcher.web_port}/"
        for path in ("", f"mail/{name}/", f"mail/{name}/?view=headers", f"mail/{name}/?view=source"):
            check(look[0], address + path)
        page = look[0](f"{address}mail/{name}/", 1200)
        page.wait_for_load_state("networkidle")
        assert page.frame_locator("iframe").locator("h1").text_content() == "Hello"
        page.context.close()
        with pytest.raises(BlockingIOError):  # nobody has called there
            elsewhere.accept()
