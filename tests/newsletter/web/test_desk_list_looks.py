"""The desk's screens about subscribers in a real browser: by keyboard and without JavaScript, then axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from subscribers import consent, signup
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.browser import Chromium, Cookie, blocked_by_policy, check, follow, press_on, session_of
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.list_parts import colleague, logged_in
from tests.subscribers.people import mark, person, suppressed

pytestmark = pytest.mark.browser
LONG = f"{'a-very-long-local-part' * 2}@a-long-department.city.example.lg.jp"
DIRTY = f"配信先,お名前,備考\n{LONG},見本 太郎,メモ\nだれか,,\ntaro@gmial.com,見本 花子,\n"


@pytest.fixture
def site(served: str, settings: Any, tmp_path: Path) -> str:
    """The address of a running application."""
    settings.UPLOADS = tmp_path / "uploads"
    load_profile()
    return served


@pytest.fixture
def session(served: str) -> Cookie:
    """Somebody is logged in."""
    return session_of(logged_in(colleague()), served)


def test_a_list_is_taken_in_and_back_with_the_keyboard_alone_and_without_javascript(
    site: str, session: Cookie, tmp_path: Path, chromium: Chromium
) -> None:
    file = tmp_path / "名簿.csv"
    file.write_text(DIRTY, encoding="cp932")
    with chromium.page(360, scripts=False, cookies=[session]) as page:
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
        assert list(Subscriber.objects.values_list("name", flat=True)) == ["", ""]
        assert ConsentEvent.objects.earliest("pk").basis == "card"
        page.goto(f"{site}/staff/subscribers/imports/")
        press_on(page, "a:has-text('取り消す')")
        page.wait_for_url("**/undo/")
        press_on(page, "main form button")
        page.wait_for_selector(".notice--done")
    assert Subscriber.objects.count() == 0


@pytest.mark.parametrize("width", [360, 1200])
def test_every_screen_can_be_used_by_everybody(
    site: str, session: Cookie, width: int, tmp_path: Path, chromium: Chromium
) -> None:
    reader = person(LONG, name="見本 太郎", organisation="𠮷野町役場", municipality="401005")
    for version in ("x", "2026-12"):  # the text of the one was never kept
        consent.record(reader, ConsentEvent.Kind.REQUESTED, timezone.now(), wording=version, source="192.0.2.0")
    signup.leave(reader.key, None, timezone.now(), {"how": "page"})
    suppressed("gone@example.jp", Suppression.Reason.ERASED)
    person("hanako@example.jp", name="𠮷野 花子")
    file = tmp_path / "とても長い名前の会員名簿2026年11月24日現在の控え.csv"
    file.write_text(DIRTY, encoding="utf-8")
    with chromium.page(width, cookies=[session]) as page:
        complaints = blocked_by_policy(page)
        for address in look_through(page, f"{site}/staff/subscribers/", file):
            check(page, width)
            assert address in page.url
        assert complaints == []


def look_through(page: Page, desk: str, file: Path) -> Iterator[str]:
    """Open one screen after the other; a part of its address."""
    page.goto(f"{desk}import/")
    follow(page, "main form.form button")
    yield "/import/"
    page.set_input_files("[name=file]", file)
    follow(page, "main form.form button")
    page.wait_for_url("**/import/*/")
    page.click("details summary")
    yield "/import/"
    follow(page, "button[value=try]")
    page.wait_for_url("**/rows/")
    yield "/rows/"
    follow(page, "form button:has-text('取り込む')")
    page.wait_for_selector("[role=alert]")
    yield "/take-in/"
    follow(page, "nav a:has-text('拒否')")
    page.wait_for_url("**verdict=refused**")
    page.check("[name=basis] >> nth=1")
    page.fill("[name=proof]", "名刺フォルダ")
    follow(page, "form button:has-text('取り込む')")
    page.wait_for_selector(".notice--done")
    yield "/rows/"
    page.goto(f"{desk}import/")
    yield "/import/"
    page.goto(f"{desk}imports/")
    yield "/imports/"
    follow(page, "a:has-text('取り消す')")
    yield "/undo/"
    page.goto(desk)
    page.fill("[name=text]", "example")
    follow(page, "form.search button")
    page.wait_for_selector("table")
    yield "/subscribers/"
    follow(page, f"a:has-text('{LONG}')")
    page.click("summary:has-text('お示しした文面')")
    yield "/of/"
    follow(page, "a:has-text('消去の内容')")
    yield "/erase/"
    page.goto(f"{desk}of/{mark('gone@example.jp')}/")
    page.fill("[name=why]", "電話")
    follow(page, "button:has-text('停止を解除する')")
    page.wait_for_selector("[role=alert]")
    yield "/lift/"
    page.goto(f"{desk}export/")
    page.check("[value=cp932]")
    follow(page, "main form.form button")
    page.wait_for_selector("[role=alert]")
    yield "/export/"
    page.goto(f"{desk}segment/")
    page.fill("[name=municipality]", "福岡県北九州市")
    follow(page, "main form button")
    page.wait_for_selector("[role=status]")
    yield "/segment/"
