from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from newsletter.mail.content import RenderedMail
from newsletter.mail.message import Recipient, Sender, compile_message
from newsletter.mail.render import render_issue
from newsletter.mail.views import GatewayReport, Kind, View, overview_page, views
from tests.newsletter.mail.sample import TEMPLATES, rich_issue

READER = Recipient("r@example.jp", "<1@example.jp>", "https://news.example.jp/u/x", "https://news.example.jp/p/x")
PHOTO = "https://news.example.jp/photos/shiomi.jpg"


def made(rendered: RenderedMail) -> tuple[GatewayReport, bytes]:
    date = datetime(2026, 11, 30, tzinfo=UTC)
    octets = compile_message(rendered, Sender("事務局", "e@example.jp"), date=date).join(READER)
    return GatewayReport.of(rich_issue(), octets), octets


@pytest.fixture(scope="module")
def seen() -> dict[Kind, View]:
    rendered = render_issue(rich_issue(), TEMPLATES)
    gateway, octets = made(rendered)
    return {view.kind: view for view in views(rendered, octets, gateway, {PHOTO: "file:///tmp/a&b.jpg"})}


def test_there_is_a_view_for_each_kind_of_reader(seen: dict[Kind, View]) -> None:
    assert list(seen) == list(Kind)
    for view in seen.values():
        assert view.page.lower().startswith("<!doctype html>")
        assert "<script" not in view.page
        assert view.title


def test_light_and_dark_do_not_depend_on_the_browser(seen: dict[Kind, View]) -> None:
    for view in (seen[Kind.DESKTOP], seen[Kind.DARK]):
        assert "prefers-color-scheme" not in view.page
        assert "light dark" not in view.page
    assert "@media all{body,.mail{background-color:#121819" in seen[Kind.DARK].page
    assert "@media not all{" in seen[Kind.DESKTOP].page


def test_without_images_the_alternative_texts_are_left(seen: dict[Kind, View]) -> None:
    images = lxml_html.fromstring(seen[Kind.IMAGES_OFF].page).iter("img")
    assert [(image.get("src"), bool(image.get("alt"))) for image in images] == [(None, True)] * 3


def test_photos_are_taken_from_this_machine_where_they_are_there(seen: dict[Kind, View]) -> None:
    sources = [image.get("src") for image in lxml_html.fromstring(seen[Kind.PHONE].page).iter("img")]
    assert sources[0] == "file:///tmp/a&b.jpg"
    assert PHOTO not in sources


def test_text_and_source_are_shown_as_they_are(seen: dict[Kind, View]) -> None:
    shown = lxml_html.fromstring(seen[Kind.TEXT].page).find(".//pre").text_content()
    assert "■1. 【汐見市】水素で動く連節バスの運行を開始しました（11/4）" in shown
    assert (
        "List-Unsubscribe: <https://news.example.jp/u/x>" in lxml_html.fromstring(seen[Kind.SOURCE].page).text_content()
    )


def test_the_gateway_page_lists_what_is_left_of_each_item(seen: dict[Kind, View]) -> None:
    page = lxml_html.fromstring(seen[Kind.GATEWAY].page)
    assert len(page.findall(".//tr")) == 13
    assert "すべての記事の、すべての事実が残ります。" in page.text_content()
    assert not page.find_class("lost")


def test_a_lost_fact_stands_out() -> None:
    rendered = render_issue(rich_issue(), TEMPLATES)
    gateway, octets = made(dataclasses.replace(rendered, text=rendered.text.replace("締切：2026年12月4日", "締切：")))
    assert gateway.lost == (
        "5番「【汐見市】気候変動適応シンポジウムを開催します（12/14）」: 無害化で失われる事実があります（締切）。",
    )
    page = {view.kind: view.page for view in views(rendered, octets, gateway)}[Kind.GATEWAY]
    assert '<span class="lost">× 締切</span>' in page


def test_a_text_only_copy_has_no_html_views() -> None:
    rendered = render_issue(rich_issue(), TEMPLATES)
    gateway, octets = made(rendered)
    kinds = [view.kind for view in views(dataclasses.replace(rendered, html=""), octets, gateway)]
    assert kinds == [Kind.TEXT, Kind.GATEWAY, Kind.SOURCE]


def test_the_overview_shows_all_views_in_frames_that_can_run_nothing(seen: dict[Kind, View]) -> None:
    page = lxml_html.fromstring(
        overview_page("件名 <b>", [(view, f"{kind}.html") for kind, view in seen.items()], "注")
    )
    frames = list(page.iter("iframe"))
    assert [frame.get("src") for frame in frames] == [f"{kind}.html" for kind in seen]
    assert all(frame.get("sandbox") == "" for frame in frames)
    assert page.find(".//h1").text == "件名 <b>"
