"""What is kept, how long, and what goes when its term is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter import erasures
from subscribers import consent, retention, signup, suppression
from subscribers.models import ConsentEvent, Subscriber
from subscribers.retention import Terms, Tidied
from tests.subscribers.people import KEY, NOW, mark, person

pytestmark = pytest.mark.django_db

MONTH = timedelta(days=31)
NOTHING = Tidied(0, 0, 0, 0, 0, 0, 0)


def gone(address: str = "gone@example.jp") -> Subscriber:
    """A person who came by the form and left at NOW."""
    reader = person(address)
    consent.record(reader, ConsentEvent.Kind.REQUESTED, NOW, basis="form", wording="1", source="192.0.2.17")
    consent.record(reader, ConsentEvent.Kind.CONFIRMED, NOW, basis="form", wording="1", source="2001:db8:1:2::3")
    signup.leave(reader.key, "192.0.2.18", NOW, {"how": "page"})
    return reader


def sources() -> list[str | None]:
    return list(ConsentEvent.objects.order_by("pk").values_list("source", flat=True))


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("192.0.2.17", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("10.1.2.0", "10.1.2.0/24"),  # an exact one, or one that was cut before it said so
        ("2001:db8:1::", "2001:db8:1::/48"),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff::/48"),
        ("nonsense", None),
    ],
)
def test_a_source_loses_its_last_part_and_says_so(source: str, left: str | None) -> None:
    assert retention.cut(source) == left


def test_sources_are_cut_once_the_mailbox_has_confirmed_and_only_once() -> None:
    gone()
    waits = person("waits@example.jp", Subscriber.State.PENDING)
    consent.record(waits, ConsentEvent.Kind.REQUESTED, NOW, source="192.0.2.99")
    assert retention.look(NOW, Terms()).sources == 3
    assert retention.tidy(NOW, Terms(), erasures.empty_records).sources == 3
    assert sources() == ["192.0.2.0/24", "2001:db8:1::/48", "192.0.2.0/24", "192.0.2.99"]
    assert ("送信元", "192.0.2.0/24") in consent.facts(ConsentEvent.objects.order_by("pk")[0])
    assert retention.tidy(NOW, Terms(), erasures.empty_records) == NOTHING


def test_what_was_cut_before_it_said_so_says_so_after_the_next_night() -> None:
    gone()
    ConsentEvent.objects.filter(source="192.0.2.17").update(source="192.0.2.0")
    assert retention.tidy(NOW, Terms(), erasures.empty_records).sources == 3
    assert sources()[0] == "192.0.2.0/24"
    assert retention.tidy(NOW, Terms(source="remove"), erasures.empty_records).sources == 3
    assert sources() == [None, None, None]


@pytest.mark.parametrize(("choice", "first"), [("keep", "192.0.2.17"), ("remove", None)])
def test_the_profile_says_what_becomes_of_the_source(choice: str, first: str | None) -> None:
    gone()
    retention.tidy(NOW, Terms(source=choice), erasures.empty_records)
    assert sources()[0] == first


def test_who_left_is_kept_for_the_term_and_not_longer() -> None:
    reader = gone()
    told: list[int] = []
    assert retention.tidy(NOW + 12 * MONTH, Terms(), lambda one: told.append(one.pk)).departed == 0
    assert retention.look(NOW + 14 * MONTH, Terms()).departed == 1
    assert Subscriber.objects.exists()
    assert retention.tidy(NOW + 14 * MONTH, Terms(), lambda one: told.append(one.pk)).departed == 1
    assert told == [reader.pk]
    assert not Subscriber.objects.exists()
    kept = ConsentEvent.objects.order_by("pk")
    assert [(event.kind, event.wording) for event in kept] == [("requested", "1"), ("confirmed", "1"), ("left", "")]
    assert all(event.source is None and event.detail == {} and event.subscriber is None for event in kept)
    assert suppression.is_suppressed(mark("gone@example.jp"))


def test_who_asks_again_or_reads_on_is_not_touched() -> None:
    from subscribers.addresses import read_address

    gone()
    person("reads@example.jp")
    fields = signup.Fields(read_address("gone@example.jp"))
    signup.request(fields, source=None, wording="2", now=NOW + 14 * MONTH, fingerprint_key=KEY)
    assert retention.tidy(NOW + 14 * MONTH, Terms(), erasures.empty_records).departed == 0
    assert Subscriber.objects.count() == 2


def test_lines_of_people_without_an_entry_become_anonymous_after_the_term() -> None:
    reader = gone()
    reader.delete()
    assert retention.tidy(NOW + 12 * MONTH, Terms(), erasures.empty_records).orphaned == 0
    assert retention.look(NOW + 14 * MONTH, Terms()).orphaned == 3
    assert retention.tidy(NOW + 14 * MONTH, Terms(), erasures.empty_records).orphaned == 3
    assert retention.look(NOW + 14 * MONTH, Terms()) == NOTHING


def test_a_dry_run_counts_and_changes_nothing() -> None:
    gone()
    waits = person("waits@example.jp", Subscriber.State.PENDING)
    person("rests@example.jp", paused_until=NOW + MONTH)
    seen = retention.look(NOW + 14 * MONTH, Terms())
    assert seen == Tidied(unconfirmed=1, departed=1, orphaned=0, sources=3, former_values=0, pauses=1, stages=0)
    assert seen.total == 6
    assert Subscriber.objects.filter(pk=waits.pk).exists()
    assert ConsentEvent.objects.filter(source="192.0.2.17").exists()
