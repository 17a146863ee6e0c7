"""The archive in a real browser: axe-core, narrow and wide, light and dark, without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from newsletter import corrections
from tests.browser import Chromium, Scheme, blocked_by_policy, check, follow
from tests.newsletter.archive_parts import EVENT, NOVEMBER, number_of, sent
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.browser
LONG = "https://city.example.lg.jp/kankyo/" + "a-very-long-path-without-any-place-to-break" * 4
PAGES = {
    "list": "/archive/", "form": "/archive/search/", "issue": "/archive/2026-11/", "item": "/archive/2026-11/1/",
    "feed-item": "/archive/2026-11/2/", "hits": "/archive/search/?q=水", "none": "/archive/search/?q=海水浴",
}  # fmt: skip


@pytest.fixture
def site(served: str, settings: Any) -> str:
    """The address of a running application with an issue that was sent and corrected."""
    load_profile()
    _write()
    return served


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


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "light"), (375, "dark")])
def test_every_page_of_the_archive_can_be_used_by_everybody(
    site: str, width: int, scheme: Scheme, chromium: Chromium
) -> None:
    with chromium.page(width, scheme=scheme) as page:
        complaints = blocked_by_policy(page)
        for path in PAGES.values():
            page.goto(f"{site}{path}")
            check(page, width)
        assert complaints == []


def test_somebody_searches_and_opens_an_item_without_javascript(site: str, chromium: Chromium) -> None:
    with chromium.page(scripts=False) as page:
        page.goto(f"{site}/archive/")
        page.focus("[name=q]")
        page.keyboard.type("みず 減らす")
        page.keyboard.press("Enter")
        page.wait_for_url("**/archive/search/?q=*")
        assert "見つかりませんでした" in page.inner_text("main")
        page.fill("[name=q]", "水　減らす")
        follow(page, "main button")
        follow(page, "text=世界の都市がごみと水の使用を減らす約束")
        page.wait_for_url("**/archive/2026-11/*/")
        assert page.inner_text("h1") == "世界の都市がごみと水の使用を減らす約束"
