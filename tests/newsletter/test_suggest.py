"""The decision which entries an issue should carry: pure, so it needs no database."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from newsletter.association.facts import Section, SectionKind
from newsletter.suggest import Candidate, Occasion, Reason, suggest

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RELEASE = date(2026, 11, 30)
SECTIONS = (
    Section("members", "会員", SectionKind.MEMBER, 3),
    Section("events", "催し", SectionKind.EVENT, 3),
    Section("network", "ネットワーク", SectionKind.NETWORK, 2),
    Section("world", "世界", SectionKind.NETWORK, 2),
)


def occasion(**changed: Any) -> Occasion:
    facts: dict[str, Any] = {
        "sections": SECTIONS,
        "release_on": RELEASE,
        "fresh_from": NOW - timedelta(days=60),
        "placed": {},
        "told": set(),
    }
    return Occasion(**facts | changed)


def news(entry_id: int, *, member: bool = False, days_ago: int = 1, **fields: Any) -> Candidate:
    facts: dict[str, Any] = {"url": f"https://example.jp/{entry_id}", "fingerprint": f"f{entry_id}"}
    return Candidate(entry_id, member, NOW - timedelta(days=days_ago), **facts | fields)


def chosen(candidates: list[Candidate], **changed: Any) -> list[tuple[int, str]]:
    return [(choice.entry_id, choice.section) for choice in suggest(candidates, occasion(**changed))[0]]


def reasons(candidates: list[Candidate], **changed: Any) -> dict[int, Reason]:
    return {left.entry_id: left.reason for left in suggest(candidates, occasion(**changed))[1]}


def test_every_origin_has_its_section_in_the_issues_order() -> None:
    candidates = [
        news(1, section="world"),
        news(2),
        news(3, member=True, open_until=RELEASE),
        news(4, member=True),
        news(5, section="unknown", days_ago=2),
    ]
    assert chosen(candidates) == [(4, "members"), (3, "events"), (2, "network"), (5, "network"), (1, "world")]


def test_an_event_that_is_over_is_a_report() -> None:
    assert chosen([news(1, member=True, open_until=RELEASE - timedelta(days=1))]) == [(1, "members")]


def test_a_member_section_named_after_a_pathway_gets_its_news() -> None:
    sections = (*SECTIONS, Section("circular", "循環", SectionKind.MEMBER, 2))
    candidates = [news(1, member=True, pathway="circular"), news(2, member=True, pathway="zero")]
    assert chosen(candidates, sections=sections) == [(2, "members"), (1, "circular")]


def test_the_newest_come_first_and_the_limit_holds() -> None:
    candidates = [news(number, member=True, days_ago=number) for number in (5, 2, 4, 1, 3)]
    assert chosen(candidates) == [(1, "members"), (2, "members"), (3, "members")]
    assert reasons(candidates) == {4: Reason.FULL, 5: Reason.FULL}


def test_what_stands_there_already_counts_for_the_limit() -> None:
    candidates = [news(number, member=True) for number in (1, 2)]
    assert chosen(candidates, placed={"members": 2}) == [(2, "members")]


def test_one_story_is_told_once_and_the_member_tells_it() -> None:
    page = "https://city.example.lg.jp/forum"
    candidates = [
        news(1, url=page),
        news(2, member=True, url=page, days_ago=9),
        news(3, fingerprint="same"),
        news(4, fingerprint="same", section="world", days_ago=3),
    ]
    assert chosen(candidates) == [(2, "members"), (3, "network")]
    assert reasons(candidates) == {1: Reason.SAME_STORY, 4: Reason.SAME_STORY}


def test_two_news_of_a_member_may_share_one_page() -> None:
    page = "https://city.example.lg.jp/"
    assert len(chosen([news(1, member=True, url=page), news(2, member=True, url=page)])) == 2


@pytest.mark.parametrize("key", ["https://example.jp/1", "f1"])
def test_a_story_of_another_issue_is_not_told_again(key: str) -> None:
    assert reasons([news(1)], told={key}) == {1: Reason.SAME_STORY}


def test_missing_keys_do_not_make_two_entries_one_story() -> None:
    assert len(chosen([news(1, url="", fingerprint=""), news(2, url="", fingerprint="")])) == 2


def test_nothing_comes_before_its_earliest_day() -> None:
    candidates = [
        news(1, member=True, not_before=RELEASE),
        news(2, member=True, not_before=RELEASE + timedelta(days=1)),
    ]
    assert chosen(candidates) == [(1, "members")]
    assert reasons(candidates) == {2: Reason.TOO_EARLY}


def test_old_news_is_left_out_unless_asked_for_or_still_to_come() -> None:
    candidates = [
        news(1, days_ago=60),
        news(2, days_ago=61),
        news(3, member=True, days_ago=90, open_until=RELEASE),
        news(4, member=True, days_ago=90),
    ]
    assert chosen(candidates) == [(3, "events"), (1, "network")]
    assert reasons(candidates) == {2: Reason.OLD, 4: Reason.OLD}
    assert len(chosen(candidates, fresh_from=None)) == 4


def test_without_a_section_of_its_kind_an_entry_is_left_out() -> None:
    assert reasons([news(1)], sections=SECTIONS[:2]) == {1: Reason.NO_SECTION}


def test_the_order_of_the_input_does_not_matter() -> None:
    candidates = [news(n, member=n % 3 == 0, days_ago=n % 7, fingerprint=f"f{n % 20}") for n in range(40)]
    answer = suggest(candidates, occasion())
    for seed in range(5):
        shuffled = random.Random(seed).sample(candidates, len(candidates))
        assert suggest(shuffled, occasion()) == answer


def test_events_stand_in_the_order_in_which_they_take_place() -> None:
    events = [
        news(n, member=True, days_ago=n, open_until=RELEASE + timedelta(days=days)) for n, days in ((1, 9), (2, 3))
    ]
    assert chosen(events) == [(2, "events"), (1, "events")]
