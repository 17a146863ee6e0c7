"""宛先の確認 in a real browser, the member's page and the desk's: without JavaScript, by keyboard, under axe-core."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_core_python.sync_playwright import Axe
from django.conf import settings as live
from django.contrib.auth.models import User
from django.test import Client
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.models import RosterAnswer, RosterRound
from newsletter.roster import answers, files, rounds
from newsletter.roster.questions import Typed
from subscribers.models import Subscriber
from tests.newsletter.roster.parts import CITY, answered, city, number_of

pytestmark = pytest.mark.browser
DESK = ("", "send/", "remind/", "close/", "of/kitakyushu/")


@pytest.fixture
def site(transactional_db: None, settings: Any) -> Iterator[str]:
    settings.HUEY.immediate = False  # the mail itself is not what is looked at here
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("Chromium is missing: .ci/system-packages installs it")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


def opened() -> Any:
    sheet = city()
    RosterRound.objects.update(deadline=timezone.localdate() + timedelta(days=14))
    sheet.round.refresh_from_db()
    return sheet


def check(page: Page, width: int) -> None:
    found = Axe().run(page)["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_officer_answers_without_javascript_and_then_in_excel(site: str, tmp_path: Path) -> None:
    sheet = opened()
    taro, jiro = number_of(sheet, "t-yamada"), number_of(sheet, "j-suzuki")
    path, form = urlsplit(rounds.link(sheet)).path, tmp_path / "form.xlsx"
    form.write_bytes(files.form_of(sheet))
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        page.goto(f"{site}{path}")
        page.focus(f"[name=choice-{taro}][value=stay]")
        page.keyboard.press("ArrowDown")
        page.check(f"[name=choice-{jiro}][value=change]")
        page.click(f"li:has([name=choice-{jiro}]) summary")
        page.fill(f"[name=department-{jiro}]", "環境政策課")
        page.fill("[name=name-new-1]", "佐藤 三郎")
        page.fill("[name=address-new-1]", f"s-sato@{CITY}")
        page.click("button[value=more]")
        page.check("[name=consented-new-1]")
        page.fill("[name=by_name]", "例示 花子")
        page.click("button[value=check]")
        assert "まだ送信されていません" in page.inner_text("main")
        page.click("button[value=edit]")
        assert page.input_value("[name=name-new-1]") == "佐藤 三郎"
        assert page.is_checked(f"[name=choice-{taro}][value=leave]")
        page.click("button[value=check]")
        page.click("button[value=send]")
        assert "回答を受け付けました" in page.inner_text("h1")
        page.goto(f"{site}{path}")
        page.set_input_files("[name=file]", form)
        page.click("button[value=file]")
        assert "回答者のお名前" in page.inner_text("[role=alert]")
    [answer] = RosterAnswer.objects.all()
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 2件、外す 1件、変更 1件、新しい方 1件"


@pytest.mark.parametrize("width", [360, 1200])
def test_the_members_page_can_be_used_by_everybody(site: str, width: int) -> None:
    sheet = opened()
    taro, jiro = number_of(sheet, "t-yamada"), number_of(sheet, "j-suzuki")
    path = urlsplit(rounds.link(sheet)).path
    with chromium() as browser:
        page = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP").new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{site}{path}")
        check(page, width)
        page.check(f"[name=choice-{jiro}][value=change]")
        page.click(f"li:has([name=choice-{jiro}]) summary")
        page.fill(f"[name=address-{jiro}]", "jiro")
        page.fill("[name=name-new-1]", "佐藤 三郎")
        page.click("button[value=check]")
        check(page, width)
        page.click(".notice--error a >> nth=0")
        assert page.evaluate("document.activeElement.name") == f"address-{jiro}"
        page.fill(f"[name=address-{jiro}]", f"s-takahashi-with-a-rather-long-name@{CITY}")
        page.check(f"[name=consented-{jiro}]")
        page.check(f"[name=choice-{taro}][value=leave]")
        page.fill("[name=name-new-1]", "")
        page.fill("[name=by_name]", "例示 花子")
        page.click("button[value=check]")
        check(page, width)
        page.click("button[value=send]")
        check(page, width)
        page.goto(f"{site}{path}")
        check(page, width)
        page.click("button[value=file]")
        check(page, width)
        page.goto(f"{site}{path[:-4]}/")
        check(page, width)
        assert [line for line in complaints if "Content Security Policy" in line] == []


def test_the_desk_can_be_used_by_everybody(site: str) -> None:
    sheet = opened()
    rounds.send([sheet], timezone.now() - timedelta(days=2))
    new = Typed(name="佐藤 三郎", department="環境課", address="s-sato@example.jp", consented=True)
    answered(sheet, {"t-yamada": Typed("leave"), "kankyo": Typed("change", department="環境政策課")}, [new])
    cookie = Client()
    cookie.force_login(User.objects.create_superuser("hanako"))
    value = cookie.cookies[live.SESSION_COOKIE_NAME].value
    Subscriber.objects.create(
        address="x@gmail.com",
        address_key="x@gmail.com",
        fingerprint="x",
        state="active",
        municipality=sheet.member.code,
    )
    with chromium() as browser:
        for width in (360, 1200):
            context = browser.new_context(viewport={"width": width, "height": 800}, locale="ja-JP")
            context.add_cookies([{"name": live.SESSION_COOKIE_NAME, "value": value, "url": site}])
            page = context.new_page()
            for path in DESK:
                page.goto(f"{site}/staff/roster/{path}")
                check(page, width)
