"""The staff's pages and the catcher in a real browser: axe-core, no sideways scrolling, keyboard, nothing blocked."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from newsletter.catcher import Catcher
from tests.browser import NARROW_AND_WIDE, Chromium, Cookie, blocked_by_policy, check, session_of, violations

pytestmark = pytest.mark.browser

MAIL = (
    b"From: news@example.jp\r\nSubject: =?utf-8?b?6KaL5pys?=\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'<!doctype html><html lang="ja"><title>x</title><h1>Hello</h1><img alt="a" src="http://127.0.0.1:%d/a.png">'
    b"<script>document.title = 'ran'; document.querySelector('h1').textContent = 'ran'</script></html>\r\n"
)


@pytest.fixture
def session(served: str) -> Cookie:
    """Somebody who may do everything is logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser("hanako"))
    return session_of(client, served)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def look_at(chromium: Chromium, *addresses: str, cookies: Sequence[Cookie] = ()) -> None:
    for width in NARROW_AND_WIDE:
        with chromium.page(width, cookies=cookies) as page:
            for address in addresses:
                page.goto(address)
                check(page, width)


def test_axe_does_find_what_is_wrong(chromium: Chromium) -> None:
    with chromium.page(360) as page:
        page.set_content("<img src='x.png'><input>")
        assert {identifier for identifier, _ in violations(page)} >= {"image-alt", "label"}


def test_pages_for_everybody(served: str, chromium: Chromium) -> None:
    look_at(chromium, *(f"{served}{path}" for path in ("/staff/login/", "/staff/password/", "/nothing-here/")))


def test_pages_of_the_staff(served: str, session: Cookie, chromium: Chromium) -> None:
    pages = [f"{served}{path}" for path in ("/staff/", "/admin/", "/admin/newsletter/issue/")]
    look_at(chromium, *pages, cookies=[session])


def test_the_policy_blocks_nothing_that_the_admin_needs(served: str, session: Cookie, chromium: Chromium) -> None:
    with chromium.page(cookies=[session]) as page:
        complaints = blocked_by_policy(page)
        for path in ("/admin/auth/user/add/", "/admin/", "/admin/auth/user/1/change/", "/admin/newsletter/delivery/"):
            page.goto(f"{served}{path}")
        assert complaints == []


def test_the_keyboard_reaches_the_text_first_and_always_sees_where_it_is(served: str, chromium: Chromium) -> None:
    with chromium.page(360) as page:
        page.goto(f"{served}/staff/password/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "本文へ移動"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_the_catcher_shows_a_mail_and_lets_nothing_of_it_run(tmp_path: Path, chromium: Chromium) -> None:
    with contextlib.ExitStack() as stack:
        elsewhere = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        elsewhere.setblocking(False)
        catcher = stack.enter_context(Catcher(tmp_path, free_port(), free_port()))
        mail = MAIL % elsewhere.getsockname()[1]
        name = catcher.maildir.keep("a@example.jp", ["reader@a-rather-long-name.example.lg.jp"], mail)
        address = f"http://127.0.0.1:{catcher.web_port}/"
        mail_page = f"{address}mail/{name}/"
        look_at(chromium, address, mail_page, f"{mail_page}?view=headers", f"{mail_page}?view=source")
        with chromium.page() as page:
            page.goto(mail_page)
            page.wait_for_load_state("networkidle")
            assert page.frame_locator("iframe").locator("h1").text_content() == "Hello"
        with pytest.raises(BlockingIOError):  # nobody has called there
            elsewhere.accept()
