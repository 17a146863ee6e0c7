"""Part of the readers by named conditions, who gets a campaign, and why somebody does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from feeds.models import Member
from newsletter import audiences, campaigns, segments
from newsletter.errors import SegmentError
from newsletter.models import Campaign, Delivery, Exclusion
from newsletter.segments import Segment
from subscribers.models import Subscriber
from tests.newsletter import books

pytestmark = pytest.mark.django_db

KITAKYUSHU, FUKUOKA, SAPPORO = "401005", "401307", "011002"


def reader(name: str, **fields: object) -> Subscriber:
    made = books.reader(f"{name}@example.jp")
    Subscriber.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def names(text: str) -> set[str]:
    return {one.address.partition("@")[0] for one in segments.within(segments.read(text))}


@pytest.fixture(autouse=True)
def _people() -> None:
    books.association()
    Member.objects.update(active=False)
    Member.objects.update_or_create(code=KITAKYUSHU, defaults={"key": "k", "name": "北九州市", "active": True})
    reader("k", municipality=KITAKYUSHU, sections=["events"], confirmed_at=datetime(2026, 1, 1, tzinfo=UTC))
    reader(
        "f", municipality=FUKUOKA, format="text", sections=["members"], confirmed_at=datetime(2025, 6, 1, tzinfo=UTC)
    )
    reader("s", municipality=SAPPORO, confirmed_at=datetime(2025, 12, 31, 15, tzinfo=UTC))  # 2026-01-01 in Tokyo
    reader("n", municipality="", confirmed_at=None)


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("", "kfsn"),
        ("kind=full", "k"),
        ("kind=none", "fsn"),
        ("municipality=北海道札幌市", "s"),
        ("municipality=401005,011002", "ks"),
        ("prefecture=福岡県", "kf"),
        ("prefecture=福岡県、北海道 format=text", "f"),
        ("section=events", "ksn"),
        ("since=2026-01-01", "ks"),
        ("until=2025-12-31", "f"),
        ("since=2026-01-01 until=2026-01-01 prefecture=福岡県", "k"),
    ],
)
def test_conditions_hold_at_once(text: str, who: str) -> None:
    assert names(text) == set(who)


WRONG = (
    "x|kind=|kind=foo|since=gestern|prefecture=福岡|format=text format=html|section=nothing"
    "|municipality=どこにもない市|municipality=中央区"
)


@pytest.mark.parametrize("text", WRONG.split("|"))
def test_what_is_not_understood_is_refused_in_words(text: str) -> None:
    with pytest.raises(SegmentError, match="。"):
        segments.read(text)


def test_a_segment_is_a_sentence_and_comes_back_from_the_books() -> None:
    chosen = segments.read("kind=full prefecture=福岡県 format=text since=2026-01-01")
    assert Segment.of(chosen.stored) == chosen
    said = "次のすべてに当たる方: 正会員の自治体／福岡県の自治体／テキスト形式を希望／2026年1月1日以後に登録"
    assert segments.sentence(chosen) == said
    assert segments.sentence(Segment()) == "すべての方（絞り込みなし）"


def test_places_of_the_same_name_are_told_apart_in_the_sentence() -> None:
    said = segments.sentence(segments.read("municipality=132063,342084,011002"))
    assert said == "次のすべてに当たる方: 東京都府中市、広島県府中市、札幌市"


def planned(text: str) -> Campaign:
    return campaigns.plan(books.edition(), "担当", timezone.now(), segment=segments.read(text))


def test_a_campaign_to_a_segment_reaches_it_and_says_why_the_others_get_nothing() -> None:
    reader("p", municipality=KITAKYUSHU, paused_until=timezone.now() + timedelta(days=5))
    reader("over", municipality=KITAKYUSHU, paused_until=timezone.now() - timedelta(days=5))
    campaign = planned("prefecture=福岡県")
    campaigns.start(campaign, timezone.now())
    got = set(Delivery.objects.filter(campaign=campaign).values_list("subscriber__address", flat=True))
    assert got == {"k@example.jp", "f@example.jp", "over@example.jp"}
    why = dict(Exclusion.objects.filter(campaign=campaign).values_list("subscriber__address", "reason"))
    assert why == {"s@example.jp": "segment", "n@example.jp": "segment", "p@example.jp": "paused"}


def test_before_it_begins_the_answer_is_a_forecast_that_leaves_no_trace() -> None:
    campaign = planned("prefecture=福岡県")
    people = {one.address[0]: one for one in Subscriber.objects.all()}
    inside = audiences.explain(campaign, people["k"], timezone.now())
    outside = audiences.explain(campaign, people["s"], timezone.now())
    assert inside.is_forecast
    assert inside.delivery is not None
    assert outside.exclusion is not None
    assert outside.exclusion.reason == "segment"
    assert not Delivery.objects.exists()
    assert not Exclusion.objects.exists()


def test_afterwards_the_answer_is_what_the_books_say() -> None:
    campaign = planned("prefecture=福岡県")
    campaigns.start(campaign, timezone.now())
    late = reader("late", municipality=FUKUOKA)
    answer = audiences.explain(campaign, late, timezone.now())
    assert (answer.delivery, answer.exclusion, answer.is_forecast) == (None, None, False)
