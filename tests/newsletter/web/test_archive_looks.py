"""The archive in a real browser: axe-core, narrow and wide, light and dark, without JavaScript."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter import corrections
from tests.newsletter.archive_parts import EVENT, NOVEMBER, number_of, sent
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.browser
LONG = "https://city.example.lg.jp/kankyo/" + "a-very-long-path-without-any-place-to-break" * 4
PAGES = {
    "list": "/archive/", "form": "/archive/search/", "issue": "/archive/2026-11/", "item": "/archive/2026-11/1/",
    "feed-item": "/archive/2026-11/2/", "hits": "/archive/search/?q=水", "none": "/archive/search/?q=海水浴",
}  # fmt: skip


@pytest.fixture
def site(transactional_db: None, settings: Any) -> Iterator[str]:
    """The address of a running application with an issue that was sent and corrected."""
    load_profile()
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, port=0)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    settings.BASE_URL = f"http://127.0.0.1:{server.port}"
    _write()
    yield settings.BASE_URL
    server.terminate()


def _write() -> None:
    text = f"水素バスが駅と会場を結びます。くわしくは {LONG} をご覧ください。\n\nみなさまのお越しをお待ちしています。"
    marks = {"pathway": "nature", "sdgs": [6, 13], "event_time": "10時から15時まで"}
    edition = sent(
        NOVEMBER,
        (member_entry("環境の日", **EVENT | marks), "【北九州市】水と緑の「環境の日」を開きます（12月5日）", text),
        (
            feed_entry("Cities reduce waste"),
            "世界の都市がごみと水の使用を減らす約束",
            "世界の100都市が水を大切に使います。",
        ),
    )
    number, later = number_of(edition, "環境の日"), NOW + timedelta(days=9)
    note = "車両の種類が違っていました。おわびして訂正します。"
    corrections.correct(edition.issue, number, "水素バス", "電気バス", "例示 花子", later, note=note)
    corrections.correct(edition.issue, number, LONG, "https://city.example.lg.jp/", "例示 花子", later)


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


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "light"), (375, "dark")])
def test_every_page_of_the_archive_can_be_used_by_everybody(site: str, width: int, scheme: Any) -> None:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="ja-JP", color_scheme=scheme)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        for path in PAGES.values():
            page.goto(f"{site}{path}")
            check(page, width)
        assert [line for line in complaints if "Content Security Policy" in line] == []


def test_somebody_searches_and_opens_an_item_without_javascript(site: str) -> None:
    with chromium() as browser:
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        page.goto(f"{site}/archive/")
        page.focus("[name=q]")
        page.keyboard.type("みず 減らす")
        page.keyboard.press("Enter")
        page.wait_for_url("**/archive/search/?q=*")
        assert "見つかりませんでした" in page.inner_text("main")
        page.fill("[name=q]", "水　減らす")
        page.click("main button")
        page.click("text=世界の都市がごみと水の使用を減らす約束")
        page.wait_for_url("**/archive/2026-11/*/")
        assert page.inner_text("h1") == "世界の都市がごみと水の使用を減らす約束"
