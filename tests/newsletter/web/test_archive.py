"""The back numbers as a browser and a feed reader get them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import feedparser
import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from newsletter import editions, issues
from newsletter.mail.content import SLOTS
from newsletter.models import Campaign, Edition
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


def made(month: date, headline: str = "都市が動く") -> Edition:
    issue = issues.open_issue(month)
    issues.place(issue, feed_entry(f"News of {month}"), headline=headline, text="本文です。")
    return editions.make_edition(issue, "起案", NOW)


def sent(month: date, headline: str = "都市が動く") -> Edition:
    edition = made(month, headline)
    Campaign.objects.create(edition=edition, started_at=NOW)
    return edition


def test_the_list_shows_the_issues_that_went_out_newest_first(client: Client) -> None:
    for month in (date(2026, 10, 1), date(2026, 11, 1), date(2025, 12, 1)):
        sent(month)
    page = client.get("/archive/").content.decode()
    assert re.findall(r"<h2[^>]*>(\d+)年", page) == ["2026", "2025"]
    assert re.findall(r'href="/archive/(\d{4}-\d\d)/"', page) == ["2026-11", "2026-10", "2025-12"]
    assert "2026年11月号（第137号）" in page
    assert "2026年11月24日" in page


def test_the_list_names_the_headlines_of_each_issue(client: Client) -> None:
    edition = made(date(2026, 11, 1))
    issues.edit(edition.issue, subject=f"{edition.subject}神戸市：一つ目／京都市：二つ目 ほか", preheader="三つ目")
    again = editions.make_edition(edition.issue, "起案", NOW)
    Campaign.objects.create(edition=again, started_at=NOW)
    assert "<br>神戸市：一つ目／京都市：二つ目／三つ目\n" in client.get("/archive/").content.decode()


def test_before_the_first_issue_the_list_says_so(client: Client) -> None:
    assert "まだ掲載している号はありません" in client.get("/archive/").content.decode()


def test_an_issue_is_shown_as_it_was_sent_without_a_readers_links(client: Client) -> None:
    sent(date(2026, 11, 1))
    response = client.get("/archive/2026-11/")
    page = response.content.decode()
    assert response.status_code == 200
    assert page.lower().startswith("<!doctype html>")
    assert '<html lang="ja"' in page
    assert "都市が動く" in page
    assert not any(slot in page for slot in SLOTS)
    assert f"{settings.BASE_URL}/subscribe/" in page


def test_an_issue_has_its_own_policy_styles_yes_scripts_no(client: Client) -> None:
    sent(date(2026, 11, 1))
    policy = client.get("/archive/2026-11/")["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "script-src 'self'" in client.get("/archive/")["Content-Security-Policy"]


def test_the_text_version_is_plain_text(client: Client) -> None:
    sent(date(2026, 11, 1))
    response = client.get("/archive/2026-11/text/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "都市が動く" in response.content.decode()
    assert not any(slot in response.content.decode() for slot in SLOTS)


@pytest.mark.parametrize("tail", ["", "text/"])
def test_what_has_not_gone_out_is_not_found(client: Client, tail: str) -> None:
    edition = made(date(2026, 11, 1))
    Campaign.objects.create(edition=edition)
    Campaign.objects.create(edition=edition, rehearsal=True, started_at=NOW)
    assert client.get(f"/archive/2026-11/{tail}").status_code == 404
    assert "2026-11" not in client.get("/archive/").content.decode()
    assert b"<entry>" not in client.get("/archive/feed.atom").content


@pytest.mark.parametrize("slug", ["2026-12", "2026-13", "2026-1", "202611", "latest", "2026-011"])
def test_an_unknown_or_differently_written_issue_is_not_found(client: Client, slug: str) -> None:
    sent(date(2026, 1, 1))
    sent(date(2026, 11, 1))
    assert client.get(f"/archive/{slug}/").status_code == 404


def test_after_a_corrected_edition_the_same_address_shows_that(client: Client) -> None:
    first = sent(date(2026, 11, 1))
    issues.write(issues.placements(first.issue)[0], headline="都市が動く（訂正）")
    second = editions.make_edition(first.issue, "起案", NOW)
    Campaign.objects.create(edition=second, started_at=NOW + timedelta(hours=1))
    assert "都市が動く（訂正）" in client.get("/archive/2026-11/").content.decode()
    assert client.get("/archive/").content.decode().count('href="/archive/2026-11/"') == 1


def test_the_feed_is_atom_with_ids_that_stay(client: Client, settings: Settings) -> None:
    sent(date(2026, 10, 1))
    sent(date(2026, 11, 1))
    response = client.get("/archive/feed.atom")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo
    assert parsed.version == "atom10"
    assert parsed.feed.id == "tag:enews.example.jp,2015:archive"
    assert parsed.feed.language == "ja"
    assert parsed.feed.author == "一般社団法人イクレイ日本"
    assert [entry.id for entry in parsed.entries] == [
        "tag:enews.example.jp,2026-11:issue",
        "tag:enews.example.jp,2026-10:issue",
    ]
    assert parsed.entries[0].link.endswith("/archive/2026-11/")
    assert parsed.entries[0].updated == "2026-11-24T03:00:00+00:00"
    settings.BASE_URL = "https://moved.example.jp"
    again = feedparser.parse(client.get("/archive/feed.atom").content)
    assert [entry.id for entry in again.entries] == [entry.id for entry in parsed.entries]
    assert again.entries[0].link == "https://moved.example.jp/archive/2026-11/"


@pytest.mark.parametrize("path", ["", "2026-11/", "2026-11/text/", "feed.atom"])
def test_reading_is_all_that_can_be_done(client: Client, path: str) -> None:
    sent(date(2026, 11, 1))
    assert client.post(f"/archive/{path}").status_code == 405
    assert client.head(f"/archive/{path}").status_code == 200


def test_a_page_without_an_icon_of_its_own_gets_ours(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith(".svg")
