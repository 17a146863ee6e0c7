"""A confirmation proves what was asked for in its own letter: nobody else's request changes that or the entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from subscribers import consent, retention, signup
from subscribers.addresses import read_address
from subscribers.errors import UnknownSubscriberError
from subscribers.models import ConsentEvent, Subscriber
from subscribers.signup import Fields, Preferences, Signup
from tests.subscribers.people import KEY, NOW, kinds, person

pytestmark = pytest.mark.django_db

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OWN = Preferences(name="見本 太郎", organisation="見本市役所", department="環境課")
STRANGERS = Preferences(name="別の 人", department="どこかの課", language="en", only_monthly=True, format="text")


def ask(preferences: Preferences, wording: str = "2026-11", after: timedelta = timedelta(0), **fields: str) -> Signup:
    address = read_address(fields.get("address", "taro@example.jp"))
    now = NOW + after
    return signup.request(Fields(address, preferences), source=None, wording=wording, now=now, fingerprint_key=KEY)


def confirmed() -> ConsentEvent:
    return ConsentEvent.objects.get(kind=ConsentEvent.Kind.CONFIRMED)


def entry() -> Preferences:
    return signup.preferences_of(Subscriber.objects.get())


def test_the_first_letter_confirms_its_own_request_whatever_was_typed_since() -> None:
    first = ask(OWN)
    ask(STRANGERS, "2026-11-en", MINUTE)
    signup.confirm(first.subscriber.key, None, NOW + DAY, request=first.request.pk)
    assert (confirmed().wording, entry()) == ("2026-11", OWN)


def test_and_the_second_its_own_of_which_nothing_is_mixed_with_the_first() -> None:
    ask(STRANGERS, "2026-11-en", address="TARO@example.jp")
    own = ask(replace(OWN, department=""), after=MINUTE)
    signup.confirm(own.subscriber.key, None, NOW + DAY, request=own.request.pk)
    assert (confirmed().wording, entry()) == ("2026-11", replace(OWN, department=""))
    assert Subscriber.objects.get().address == "taro@example.jp"


def test_who_is_a_reader_already_is_not_changed_by_the_letter_of_another_request() -> None:
    first = ask(OWN)
    second = ask(STRANGERS, "2026-11-en", MINUTE)
    for letter in (first, second, first):
        signup.confirm(letter.subscriber.key, None, NOW + DAY, request=letter.request.pk)
    assert (confirmed().wording, entry()) == ("2026-11", OWN)
    assert kinds() == ["requested", "requested", "confirmed"]


def test_a_former_readers_name_is_not_overwritten_by_a_stranger() -> None:
    reader = person(name="見本 太郎", department="環境課")
    signup.leave(reader.key, None, NOW)
    own = ask(Preferences(), after=MINUTE)
    ask(STRANGERS, "2026-11-en", 2 * MINUTE)
    signup.confirm(reader.key, None, NOW + DAY, request=own.request.pk)
    assert (confirmed().wording, entry()) == ("2026-11", Preferences(name="見本 太郎", department="環境課"))


def test_a_letter_of_before_confirms_the_last_request_that_it_can_have_been_sent_for() -> None:
    first = ask(OWN, after=timedelta(milliseconds=300))
    ask(STRANGERS, "2026-11-en", MINUTE)
    signup.confirm(first.subscriber.key, None, NOW + DAY, sent_at=NOW)  # a link is exact to the second
    assert (confirmed().wording, entry()) == ("2026-11", OWN)


def test_a_new_request_of_somebody_else_does_not_revive_the_letter_of_before_a_goodbye() -> None:
    first = ask(OWN)
    signup.confirm(first.subscriber.key, None, NOW, request=first.request.pk)
    signup.leave(first.subscriber.key, None, NOW + MINUTE)
    ask(STRANGERS, after=2 * MINUTE)
    for named in ({"request": first.request.pk}, {"sent_at": NOW}):
        with pytest.raises(UnknownSubscriberError, match="もう一度お申し込み"):
            signup.confirm(first.subscriber.key, None, NOW + DAY, **named)  # type: ignore[arg-type]
    assert Subscriber.objects.get().state == "left"


def test_a_link_confirms_no_request_of_another_address() -> None:
    own, other = ask(OWN), ask(STRANGERS, address="jiro@example.jp")
    with pytest.raises(UnknownSubscriberError):
        signup.confirm(own.subscriber.key, None, NOW, request=other.request.pk)


def test_what_was_typed_is_told_to_who_asks_and_goes_after_14_days() -> None:
    asked = ask(OWN)
    ask(replace(STRANGERS, sections=("members", "world")), after=MINUTE)
    words = [consent.describe(event) for event in ConsentEvent.objects.order_by("pk")]
    assert "申込の内容: メールアドレス taro@example.jp、氏名 見本 太郎、所属団体 見本市役所、部署 環境課" in words[0]
    assert "希望する欄 members world、号外の受け取り 受け取らない、言語 英語" in words[1]
    signup.confirm(asked.subscriber.key, None, NOW + DAY, request=asked.request.pk)
    retention.tidy(NOW + 15 * DAY, retention.Terms(), lambda _: None)
    assert "太郎" not in str([event.detail for event in ConsentEvent.objects.all()])
    assert entry() == OWN
