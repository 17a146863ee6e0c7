"""The search page: what it shows, and what it refuses."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from newsletter import search
from newsletter.web import archive_search
from tests.newsletter.archive_parts import sent, sent_issue
from tests.newsletter.issue_parts import feed_entry, load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


def test_what_is_found_leads_to_the_items_with_the_words_marked(client: Client) -> None:
    sent_issue()
    response = client.get("/archive/search/", {"q": "ごみ"})
    shown = response.content.decode()
    assert "1件見つかりました" in shown
    assert "<mark>ゴミ</mark>" in shown
    assert 'href="/archive/2026-11/' in shown
    assert 'value="ごみ"' in shown
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in shown
    assert "no-store" in response["Cache-Control"]


def test_nothing_found_says_what_to_do(client: Client) -> None:
    sent_issue()
    assert "ことばを短くするか" in client.get("/archive/search/", {"q": "海水浴"}).content.decode()


@pytest.mark.parametrize("query", ["", "　 ", "\x00"])
def test_without_words_there_is_only_the_form(client: Client, query: str) -> None:
    response = client.get("/archive/search/", {"q": query})
    assert response.status_code == 200
    assert "見つかり" not in response.content.decode()


def test_a_query_cannot_become_markup(client: Client) -> None:
    sent(date(2026, 11, 1), (feed_entry("x"), "都市", "式は 1<script>2 です。"))
    for query in ('"><script>alert(1)</script>', "<script>"):
        shown = client.get("/archive/search/", {"q": query}).content.decode()
        assert "<script" not in shown


def test_too_long_a_query_is_refused_before_the_database_is_asked(client: Client) -> None:
    response = client.get("/archive/search/", {"q": "水" * (search.LONGEST_QUERY + 1)})
    assert response.status_code == 400
    assert f"{search.LONGEST_QUERY}文字以内" in response.content.decode()


def test_who_asks_too_often_waits(client: Client) -> None:
    for _ in range(archive_search.SEARCHES):
        assert client.get("/archive/search/", {"q": "水"}, REMOTE_ADDR="192.0.2.1").status_code in (200, 429)
    answers = [
        client.get("/archive/search/", {"q": "水"}, REMOTE_ADDR="192.0.2.1") for _ in range(archive_search.SEARCHES)
    ]
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] == "60"
    assert client.get("/archive/search/", REMOTE_ADDR="192.0.2.1").status_code == 200  # the form itself is free
    assert client.get("/archive/search/", {"q": "水"}, REMOTE_ADDR="192.0.2.2").status_code == 200


def test_many_hits_come_in_pages(client: Client) -> None:
    rows = [(feed_entry(f"n{number}"), f"都市{number}", "水の話です。") for number in range(25)]
    sent(date(2026, 11, 1), *rows)
    first = client.get("/archive/search/", {"q": "水 話"}).content.decode()
    assert "25件見つかりました（1〜20件目）" in first
    assert 'href="?q=%E6%B0%B4+%E8%A9%B1&amp;page=2"' in first
    second = client.get("/archive/search/", {"q": "水 話", "page": "2"}).content.decode()
    assert second.count('class="hit"') == 5
    assert client.get("/archive/search/", {"q": "水", "page": "x"}).status_code == 200


def test_searching_is_reading(client: Client) -> None:
    assert client.post("/archive/search/", {"q": "水"}).status_code == 405
    assert client.get("/archive/search/", {"q": "水"}).cookies.keys() == set()
