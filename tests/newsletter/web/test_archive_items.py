"""Each item has its page; corrections show; nothing of a reader is anywhere."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from feeds.models import Submission
from newsletter import corrections, links
from newsletter.mail.linebreak import width
from newsletter.models import Edition
from subscribers.models import Subscriber
from tests.newsletter.archive_parts import EVENT, NOVEMBER, number_of, sent, sent_issue
from tests.newsletter.issue_parts import NOW, load_profile, member_entry
from tests.subscribers.people import person

pytestmark = pytest.mark.django_db
PAGES = (
    "/", "/archive/", "/archive/2026-11/", "/archive/2026-11/text/", "/archive/2026-11/1/", "/archive/2026-11/2/",
    "/archive/feed.atom", "/archive/feed.json", "/archive/members/feed.atom", "/archive/members/feed.json",
    "/archive/search/?q=ます",
)  # fmt: skip


@pytest.fixture
def edition() -> Edition:
    load_profile()
    return sent_issue()


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def meta(source: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', source))


def put_right(edition: Edition, old: str, new: str, note: str = "") -> int:
    number = number_of(edition, "環境の日")
    corrections.correct(edition.issue, number, old, new, "記録 花子", NOW + timedelta(days=9), note=note)
    return number


def test_an_item_shows_everything_that_was_printed(client: Client, edition: Edition) -> None:
    shown = page(client, f"/archive/2026-11/{number_of(edition, '環境の日')}/")
    assert "<h1>【北九州市】環境の日を開きます</h1>" in shown
    for words in (
        "水素バスが走ります。",
        "例示会館",
        "無料",
        "https://city.example.lg.jp/day",
        "（第137号）",
    ):
        assert words in shown
    story = page(client, f"/archive/2026-11/{number_of(edition, '都市が動く')}/")
    assert '<dd lang="en">Cities act 2026-11-01</dd>' in story
    assert "詳細（英語）" in story


@pytest.mark.parametrize("number", ["0", "3", "01", "99999", "-1", "x", "１"])
def test_there_is_one_address_per_item_and_no_other(client: Client, edition: Edition, number: str) -> None:
    assert client.get(f"/archive/2026-11/{number}/").status_code == 404


def test_the_items_page_stays_when_the_source_changes(client: Client, edition: Edition) -> None:
    path = f"/archive/2026-11/{number_of(edition, '環境の日')}/"
    before = page(client, path)
    edition.issue.placements.update(headline="別の見出し", text="別の本文", position=1)
    Submission.objects.update(venue="別の会場", url="https://other.example.jp/")
    assert page(client, path) == before


def test_issue_and_items_link_to_one_another(client: Client, edition: Edition) -> None:
    issue = page(client, "/archive/2026-11/")
    assert 'href="/archive/2026-11/1/"' in issue
    assert 'href="/archive/2026-11/2/"' in issue
    first = page(client, "/archive/2026-11/1/")
    assert 'href="/archive/2026-11/2/"' in first
    assert 'href="/archive/2026-11/#item-1"' in first
    assert 'name="item-1"' in issue


def test_open_graph_names_the_page_with_its_absolute_address(client: Client, edition: Edition) -> None:
    facts = meta(page(client, "/archive/2026-11/"))
    assert facts["og:title"] == edition.subject
    assert facts["og:url"] == f"{settings.BASE_URL}/archive/2026-11/"
    assert facts["og:type"] == "article"
    number = number_of(edition, "環境の日")
    facts = meta(page(client, f"/archive/2026-11/{number}/"))
    assert facts["og:title"] == "【北九州市】環境の日を開きます"
    assert facts["og:description"] == "水素バスが走ります。"
    assert facts["og:url"] == f"{settings.BASE_URL}/archive/2026-11/{number}/"
    assert facts["article:published_time"] == "2026-11-24T12:00:00+09:00"
    assert "og:image" not in facts


@pytest.mark.parametrize("for_web", [True, False])
def test_a_photo_is_shown_and_named_only_where_the_web_is_permitted(client: Client, for_web: bool) -> None:
    load_profile()
    photo: dict[str, Any] = {"photo": f"photos/{'a' * 64}.jpg", "photo_alt": "会場のようす", "photo_credit": "©例示市"}
    size = {"photo_width": 900, "photo_height": 600, "photo_for_mail": True, "photo_for_web": for_web}
    sent(NOVEMBER, (member_entry("写真", **EVENT | photo | size), "【北九州市】写真", "本文です。"))
    shown = page(client, "/archive/2026-11/1/")
    assert ("会場のようす" in shown) == for_web
    assert ("og:image" in meta(shown)) == for_web
    assert ("og:image" in meta(page(client, "/archive/2026-11/"))) == for_web


def test_a_correction_is_shown_on_every_page_with_its_day_and_its_words(client: Client, edition: Edition) -> None:
    number = put_right(edition, "水素バス", "電気バス", "車両の種類が違っていました。")
    item, issue = page(client, f"/archive/2026-11/{number}/"), page(client, "/archive/2026-11/")
    text = page(client, "/archive/2026-11/text/")
    for shown in (item, issue, text):
        for words in ("訂正", "水素バス", "電気バス", "車両の種類が違っていました。"):
            assert words in shown
        assert "2026年12月3日" in shown
        assert "記録 花子" not in shown
    assert "<p>電気バスが走ります。</p>" in item
    assert "水素バスが走ります" in issue  # as it was sent
    assert "水素バスが走ります" in text
    assert meta(item)["article:modified_time"] == "2026-12-03T12:00:00+09:00"
    assert "訂正あり" in page(client, "/archive/")
    other = page(client, f"/archive/2026-11/{number_of(edition, '都市が動く')}/")
    assert "電気バス" not in other


def test_the_text_with_corrections_stays_within_its_width(client: Client, edition: Edition) -> None:
    put_right(edition, "水素バスが走ります。", "電気で走る連節バスが、駅と会場のあいだを十五分おきに結びます。" * 6)
    notice = page(client, "/archive/2026-11/text/").split("\n\n\n")[0]
    assert notice.startswith("【訂正】")
    assert max(map(width, notice.splitlines())) <= 68


def test_words_of_a_correction_cannot_become_markup(client: Client, edition: Edition) -> None:
    number = put_right(edition, "水素バス", '<img src=x onerror="alert(1)">')
    for path in ("/archive/2026-11/", f"/archive/2026-11/{number}/"):
        source = client.get(path).content.decode()
        assert "<img src=x" not in source
        assert "&lt;img src=x" in source


def test_an_edition_from_before_there_were_items_keeps_its_pages(client: Client, edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(content=[])
    corrections.correct(edition.issue, 0, "水素バス", "電気バス", "記録 花子", NOW)
    shown = page(client, "/archive/2026-11/")
    assert "都市が動く" in shown
    assert "web-items" not in shown.partition("</style>")[2].partition("<style>")[2] or "記事ごとのページ" not in shown
    assert "この号の全体" in shown
    assert client.get("/archive/2026-11/1/").status_code == 404
    for path in ("/archive/", "/archive/2026-11/text/", "/archive/feed.json", "/archive/search/?q=水素"):
        assert client.get(path).status_code == 200


def test_no_page_holds_a_reader_a_token_or_a_contact(client: Client, edition: Edition) -> None:
    reader = person("taro.mihon@reader.example.jp", name="見本 太郎")
    put_right(edition, "水素バス", "電気バス")
    Subscriber.objects.filter(pk=reader.pk).update(organisation="秘密の所属")
    secrets = [
        reader.key,
        "taro.mihon",
        "見本 太郎",
        "秘密の所属",
        "例示 花子",
        "hanako@",
        "slot.invalid",
        "起案",
        "記録 花子",
    ]
    tokens = [links.unsubscribe_url(reader.key), links.preferences_url(reader.key), edition.digest]
    for path in PAGES:
        source = client.get(path).content.decode()
        assert [words for words in (*secrets, *tokens) if words in source] == [], path
        assert re.findall(r"/(?:u|p|c|s)/[A-Za-z0-9_-]{6,}", source) == [], path
        assert client.get(path).cookies.keys() == set(), path


def test_an_issue_page_has_no_script(client: Client, edition: Edition) -> None:
    for path in ("/archive/2026-11/", "/archive/2026-11/1/", "/archive/"):
        assert "<script" not in client.get(path).content.decode().lower()
