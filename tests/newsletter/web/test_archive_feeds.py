"""Issues and the members' items as Atom and JSON Feed."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import feedparser
import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from newsletter import corrections
from newsletter.models import Edition
from tests.newsletter.archive_parts import number_of, sent_issue
from tests.newsletter.issue_parts import NOW, load_profile

pytestmark = pytest.mark.django_db
JSON_PATHS = ("/archive/feed.json", "/archive/members/feed.json")


@pytest.fixture
def edition() -> Edition:
    load_profile()
    sent_issue(date(2026, 10, 1))
    return sent_issue()


def read(client: Client, path: str) -> dict[str, Any]:
    response = client.get(path)
    assert response["Content-Type"] == "application/feed+json; charset=utf-8"
    document: dict[str, Any] = json.loads(response.content)
    return document


@pytest.mark.parametrize("path", JSON_PATHS)
def test_the_json_feed_keeps_to_version_1_1(client: Client, edition: Edition, path: str) -> None:
    feed = read(client, path)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{settings.BASE_URL}{path}"
    assert feed["home_page_url"] == f"{settings.BASE_URL}/archive/"
    assert feed["language"] == "ja"
    assert set(feed) <= {
        "version", "title", "home_page_url", "feed_url", "description", "language", "authors", "items",
    }  # fmt: skip
    for item in feed["items"]:
        assert set(item) <= {
            "id", "url", "external_url", "title", "content_text", "summary", "image", "date_published",
            "date_modified", "authors",
        }  # fmt: skip
        assert item["id"]
        assert item["content_text"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo
        assert datetime.fromisoformat(item["date_modified"]).tzinfo
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"]) == 2


def test_members_items_name_the_member_and_lead_to_their_pages(client: Client, edition: Edition) -> None:
    number = number_of(edition, "環境の日")
    item = read(client, "/archive/members/feed.json")["items"][0]
    assert item["id"] == f"tag:enews.example.jp,2026-11:item-{number}"
    assert item["url"] == f"{settings.BASE_URL}/archive/2026-11/{number}/"
    assert item["external_url"] == "https://city.example.lg.jp/day"
    assert item["authors"] == [{"name": "北九州市"}]
    assert "会場：例示会館" in item["content_text"]


@pytest.mark.parametrize("path", ["/archive/feed.atom", "/archive/members/feed.atom"])
def test_atom_and_json_tell_the_same(client: Client, edition: Edition, path: str) -> None:
    atom = feedparser.parse(client.get(path).content)
    assert not atom.bozo
    assert atom.version == "atom10"
    document = read(client, path.replace(".atom", ".json"))
    assert [entry.id for entry in atom.entries] == [item["id"] for item in document["items"]]
    assert [entry.link for entry in atom.entries] == [item["url"] for item in document["items"]]
    assert [entry.title for entry in atom.entries] == [item["title"] for item in document["items"]]


def test_a_correction_moves_updated_and_nothing_else(client: Client, edition: Edition, settings: Settings) -> None:
    before = read(client, "/archive/members/feed.json")["items"]
    later = NOW + timedelta(days=2)
    corrections.correct(edition.issue, number_of(edition, "環境の日"), "水素", "電気", "例示 花子", later)
    after = read(client, "/archive/members/feed.json")["items"]
    assert after[0]["date_modified"] == later.isoformat()
    assert "電気バス" in after[0]["content_text"]
    assert {**after[0], "date_modified": "", "content_text": "", "summary": ""} == {
        **before[0], "date_modified": "", "content_text": "", "summary": "",
    }  # fmt: skip
    assert after[1] == before[1]
    assert feedparser.parse(client.get("/archive/feed.atom").content).entries[0].updated == later.isoformat()
    settings.BASE_URL = "https://moved.example.jp"
    moved = read(client, "/archive/members/feed.json")["items"]
    assert [item["id"] for item in moved] == [item["id"] for item in before]


@pytest.mark.parametrize("path", [*JSON_PATHS, "/archive/members/feed.atom"])
def test_feeds_can_only_be_read_and_need_a_profile(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    load_profile()
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405
