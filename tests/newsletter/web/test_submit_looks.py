"""The members' door in a real browser: once without JavaScript, once under axe-core, narrow and wide."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from playwright.sync_api import Browser, Page, sync_playwright

from feeds.models import Submission
from tests.feeds.submission_parts import an_image
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.submit_parts import page as link

pytestmark = pytest.mark.browser

ANSWERS = {
    "title": "環境フェアを開催します",
    "body": "1段落目です。\n\n2段落目です。",
    "event_starts_on": "令和8年12月5日（土）",
    "photo_alt": "湖で水を調べる小学生",
    "photo_credit": "©見本市",
    "contact_name": "見本 花子",
    "contact_email": "hanako@city.example.lg.jp",
}


@pytest.fixture
def form(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[str]:
    """The address of a member's form on a running application."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.HUEY.immediate = False  # the mail itself is not what is looked at here
    load_profile()
    path = link()
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}{path}"
    server.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


def fill(page: Page, photo: Path, answers: dict[str, str]) -> None:
    for name, text in answers.items():
        page.fill(f"[name={name}]", text)
    page.check("[name=sdgs][value='13']")
    page.check("[name=photo_for_mail]")
    page.set_input_files("[name=photo]", photo)


def check(page: Page, width: int) -> None:
    found = Axe().run(page)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_member_sends_a_photo_without_javascript(form: str, tmp_path: Path) -> None:
    photo = tmp_path / "写真.jpg"
    photo.write_bytes(an_image())
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        page.goto(form)
        fill(page, photo, ANSWERS)
        page.click("button[value=check]")
        assert "まだ送信されていません" in page.inner_text("main")
        page.click("button[value=edit]")
        assert page.input_value("[name=event_starts_on]") == ANSWERS["event_starts_on"]
        page.click("button[value=check]")
        page.click("button[value=send]")
        assert urlsplit(page.url).path.endswith("/sent/")
        assert "投稿を受け付けました" in page.inner_text("main")
    submission = Submission.objects.get()
    assert (submission.title, submission.sdgs, bool(submission.photo)) == (ANSWERS["title"], [13], True)


@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_of_the_door_can_be_used_by_everybody(form: str, tmp_path: Path, width: int) -> None:
    photo = tmp_path / "写真.jpg"
    photo.write_bytes(an_image())
    with chromium() as browser:
        page = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP").new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(form)
        check(page, width)
        fill(page, photo, ANSWERS | {"event_starts_on": "12/5", "contact_email": "hanako"})
        page.click("button[value=check]")
        check(page, width)
        page.click(".notice--error a >> nth=0")  # the summary leads to the field
        assert page.evaluate("document.activeElement.name") == "event_starts_on"
        fill(page, photo, ANSWERS)
        page.click("button[value=check]")
        check(page, width)
        page.click("button[value=send]")
        check(page, width)
        page.goto(form)
        check(page, width)
        page.click("#own a.button--quiet")
        check(page, width)
        page.goto(f"{form[:-5]}/")
        check(page, width)
        assert [line for line in complaints if "Content Security Policy" in line] == []
