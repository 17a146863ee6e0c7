"""Any readers, any segment: what was shown before, what `who` says of each, and whom the campaign goes to are one."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import audiences, segments
from newsletter.models import Campaign, Delivery, Edition, Exclusion
from newsletter.segments import Segment
from subscribers import suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books

pytestmark = pytest.mark.django_db

KITAKYUSHU, FUKUOKA, SAPPORO = "401005", "401307", "011002"
PREFECTURE = {KITAKYUSHU: "福岡県", FUKUOKA: "福岡県", SAPPORO: "北海道"}
SECTIONS, PATHWAYS = ("members", "events", "world"), ("zero", "circular", "nature")
MAILBOXES = ("a@example.jp", "a+x@example.jp", "b@gmail.com", "b+x@gmail.com", "b.+y@gmail.com", "c@outlook.jp",
             "c+x@outlook.jp", "d@docomo.ne.jp", "e@example.lg.jp")  # fmt: skip


def wishes(keys: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(keys), unique=True, max_size=2)


READERS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["active", "active", "active", "pending", "left"]),
        "format": st.sampled_from(["html", "text"]),
        "municipality": st.sampled_from(["", KITAKYUSHU, FUKUOKA, SAPPORO]),
        "sections": wishes(SECTIONS),
        "pathways": wishes(PATHWAYS),
        "only_monthly": st.booleans(),
        "days": st.none() | st.integers(-3, 3),  # until the end of a pause
        "since": st.integers(0, 900),  # days ago
        "stopped": st.sampled_from(["", "", "", *Suppression.Reason.values]),
        "had": st.sampled_from(["", "", "sent", "refused", "in_doubt"]),
    }
)
SEGMENTS = st.builds(
    Segment,
    kind=st.sampled_from(["", "", *segments.KINDS]),
    municipality=st.sampled_from([(), (KITAKYUSHU,), (FUKUOKA, SAPPORO)]),
    prefecture=st.sampled_from([(), (), ("福岡県",), ("福岡県", "北海道")]),
    section=st.sampled_from([(), (), ("events",), ("members", "world")]),
    pathway=st.sampled_from([(), (), ("zero",), ("circular", "nature")]),
    format=st.sampled_from(["", "", "text"]),
    since=st.sampled_from(["", "", "2025-11-24"]),
    until=st.sampled_from(["", "", "2026-06-01"]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.dictionaries(st.sampled_from(MAILBOXES), READERS, min_size=1, max_size=len(MAILBOXES)),
    segment=SEGMENTS,
    extra=st.booleans(),
)
def test_the_count_the_explanation_and_the_frozen_audience_agree(
    people: dict[str, dict[str, Any]], segment: Segment, extra: bool
) -> None:
    with transaction.atomic():
        agree(people, segment, books.edition(extra=int(extra)))
        transaction.set_rollback(True)


def agree(people: dict[str, dict[str, Any]], segment: Segment, made: Edition) -> None:
    now = timezone.now()
    earlier = Campaign.objects.create(edition=made, state=Campaign.State.CANCELLED, expanded_at=now)
    everybody = [reader(address, facts, earlier) for address, facts in people.items()]

    shown = audiences.forecast(Campaign(edition=made, segment=segment.stored), now)
    campaign = Campaign.objects.create(edition=made, segment=segment.stored)
    assert audiences.forecast(campaign, now) == shown
    told = {person.pk: answer(audiences.explain(campaign, person, now)) for person in everybody}
    assert not campaign.deliveries.exists()
    assert not campaign.exclusions.exists()

    audiences.freeze(campaign, now)
    campaign.expanded_at = now
    frozen = {row.subscriber_id: "" for row in Delivery.objects.filter(campaign=campaign)}
    excluded = {row.subscriber_id: row.reason for row in Exclusion.objects.filter(campaign=campaign)}
    assert not frozen.keys() & excluded.keys()
    assert frozen | excluded == told
    assert (shown.recipients, dict(shown.excluded)) == (len(frozen), Counter(excluded.values()))
    assert audiences.forecast(campaign, now) == shown
    assert {person.pk: answer(audiences.explain(campaign, person, now)) for person in everybody} == told
    by_hand = {person.pk for person in everybody if belongs(people[person.address], segment)}
    assert {pk for pk, reason in told.items() if reason != "segment"} == by_hand
    assert {person.pk for person in segments.within(segment)} == by_hand


def reader(address: str, facts: dict[str, Any], earlier: Campaign) -> Subscriber:
    person = books.reader(address, state=facts["state"], format_=facts["format"])
    person.municipality, person.sections, person.pathways = facts["municipality"], facts["sections"], facts["pathways"]
    person.only_monthly = facts["only_monthly"]
    person.confirmed_at = timezone.now() - timedelta(days=facts["since"])
    person.paused_until = None if facts["days"] is None else timezone.now() + timedelta(days=facts["days"], hours=1)
    person.save()
    if facts["stopped"]:
        suppression.suppress(person.fingerprint, Suppression.Reason(facts["stopped"]), timezone.now())
    if facts["had"]:
        Delivery.objects.create(campaign=earlier, subscriber=person, state=facts["had"])
    return person


def answer(told: audiences.Answer) -> str:
    """The reason, or nothing for somebody who gets it; somebody about whom nothing is said is a mistake."""
    assert (told.delivery is None) != (told.exclusion is None)
    return told.exclusion.reason if told.exclusion else ""


def belongs(facts: dict[str, Any], segment: Segment) -> bool:
    """The conditions once more, in plain Python."""
    code = facts["municipality"]
    kinds = {KITAKYUSHU: "full", SAPPORO: "full"}  # as the profile that ships has them
    day = timezone.localdate() - timedelta(days=facts["since"])
    wanted = {
        "": True, "none": code not in kinds, "member": code in kinds,
        "full": kinds.get(code) == "full", "special": kinds.get(code) == "special",
    }  # fmt: skip
    return (
        wanted[segment.kind]
        and (not segment.municipality or code in segment.municipality)
        and (not segment.prefecture or PREFECTURE.get(code) in segment.prefecture)
        and (not segment.section or not facts["sections"] or bool({*segment.section} & {*facts["sections"]}))
        and (not segment.pathway or not facts["pathways"] or bool({*segment.pathway} & {*facts["pathways"]}))
        and segment.format in ("", facts["format"])
        and (not segment.since or day.isoformat() >= segment.since)
        and (not segment.until or day.isoformat() <= segment.until)
    )  # fmt: skip
