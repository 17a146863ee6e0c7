"""The public pages in a real browser: once without JavaScript and mouse, once under axe-core, narrow and wide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page

from newsletter import links
from newsletter.web import limits, patience, public
from subscribers import signup
from subscribers.models import Subscriber
from tests.browser import Chromium, blocked_by_policy, check, follow, press, press_on
from tests.newsletter import ledger
from tests.newsletter.issue_parts import load_profile
from tests.subscribers.people import person

pytestmark = pytest.mark.browser


@pytest.fixture
def site(served: str, idle_office: None) -> str:
    """The address of a running application; links are made for it."""
    load_profile()
    cache.clear()  # nothing is rolled back here: another test may have counted for this address
    return served


def type_into(page: Page, *texts: str) -> None:
    """Text by text, from field to field with the Tab key."""
    for text in texts:
        page.keyboard.type(text)
        page.keyboard.press("Tab")


def test_somebody_subscribes_and_leaves_with_the_keyboard_alone_and_without_javascript(
    site: str, chromium: Chromium
) -> None:
    with chromium.page(scripts=False) as page:
        page.goto(f"{site}/subscribe/")
        page.focus("[name=email]")
        type_into(page, "ｔａｒｏ＠example.jp", "見本 太郎", "見本市役所", "環境局", "福岡県北九州市")
        page.keyboard.press("ArrowDown")  # from HTML to text
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site}/subscribe/sent/")
        reader = Subscriber.objects.get()
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
        follow(page, "text=これまでどおり受け取る")
        page.wait_for_url("**?back=1")
    assert Subscriber.objects.get().is_active


OFFERS: dict[str, Callable[[Subscriber], bool]] = {
    "これまでどおり受け取る": lambda reader: reader.is_active,
    "毎月の号だけ受け取る": lambda reader: reader.is_active and reader.only_monthly,
    "3か月お休みする": lambda reader: reader.paused_until is not None,
    "文字だけのメールで受け取る": lambda reader: reader.format == "text",
    "この方の配信を元に戻す": lambda reader: reader.is_active,
}


def test_every_offer_after_leaving_is_taken_with_the_keyboard_alone_and_without_javascript(
    site: str, chromium: Chromium
) -> None:
    with chromium.page(scripts=False) as page:
        for number, (words, came_true) in enumerate(OFFERS.items()):
            reader = person(f"reader{number}@example.jp")
            page.goto(links.unsubscribe_url(reader.key))
            press(page, "配信を停止する")
            page.wait_for_selector("text=配信を停止しました >> nth=0")
            press(page, words)
            page.wait_for_url("**?back=1")
            reader.refresh_from_db()
            assert came_true(reader), words


@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_of_leaving_and_pausing_can_be_used_by_everybody(site: str, width: int, chromium: Chromium) -> None:
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
    with chromium.page(width) as page:
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
def test_every_public_page_can_be_used_by_everybody(site: str, width: int, language: str, chromium: Chromium) -> None:
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
    with chromium.page(width) as page:
        complaints = blocked_by_policy(page)
        for address in pages:
            page.goto(address)
            check(page, width)
        for address in ("taro", "taro@gmial.com"):
            page.goto(f"{site}/subscribe/")
            page.fill("[name=email]", address)
            follow(page, "main button")
            page.wait_for_selector("[role=alert]")
            check(page, width)
            page.click("[role=alert] a >> nth=0")
            assert page.evaluate("document.activeElement.name") == "email"
        assert complaints == []


BUTTONS = {
    "ja": ("配信を停止する", "これまでどおり受け取る"),
    "en": ("Unsubscribe", "Keep sending it as before"),
}


@pytest.mark.parametrize("language", BUTTONS)
@pytest.mark.parametrize("width", [360, 1200])
def test_what_is_said_while_the_ledger_is_held_can_be_used_by_everybody(
    site: str, width: int, language: str, chromium: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAITS", 0.1)
    reader = person(f"{'a-very-long-local-part' * 2}@a-long-department.city.example.lg.jp", language=language)
    leave, back = BUTTONS[language]
    with chromium.page(width) as page, ledger.being_written():
        page.goto(links.unsubscribe_url(reader.key))
        press(page, leave)
        page.wait_for_selector(".notice--done")
        check(page, width)
        press(page, back)
        page.wait_for_selector(".notice--error")
        check(page, width)
        press_on(page, "main a.button")
        page.wait_for_selector(".notice--done")
    with chromium.page(width) as page, ledger.away():
        for address in (links.unsubscribe_url(reader.key), links.preferences_url(reader.key)):
            page.goto(address)
            assert page.locator("main h1").count() == 1
            assert page.locator("header").count() == 0  # its facts are in the database
            check(page, width)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [360, 1200])
def test_what_is_said_of_a_full_hour_can_be_read_by_everybody(
    site: str, width: int, language: str, chromium: Chromium
) -> None:
    for _ in range(public.REQUESTS_PER_SOURCE):
        limits.allow("subscribe-source", "127.0.0.1", public.REQUESTS_PER_SOURCE, public.HOUR)
    with chromium.page(width) as page:
        page.goto(f"{site}/subscribe/?lang={language}")
        page.fill("[name=email]", "taro@example.jp")
        follow(page, "main button")
        page.wait_for_selector(".notice--error")
        assert page.locator("main a[href^='mailto:']").count() == 1
        check(page, width)
        page.goto(f"{site}/subscribe/sent/?lang={language}")
        check(page, width)
