"""Signing up, confirming, leaving, coming back, choosing: what becomes of the person and what the ledger says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from subscribers import audience, consent, signup, suppression
from subscribers.addresses import read_address
from subscribers.errors import UnknownSubscriberError
from subscribers.models import ConsentEvent, Subscriber, Suppression
from subscribers.signup import Fields, Kind, Preferences, Signup
from tests.subscribers.people import KEY, NOW, kinds, mark, person, suppressed

pytestmark = pytest.mark.django_db

CHOSEN = Preferences(format="text", sections=("members",), name="見本 太郎", organisation="見本市役所")
DAY = timedelta(days=1)


def ask(address: str = "Taro@example.jp", preferences: Preferences = CHOSEN, now: datetime = NOW) -> Signup:
    return signup.request(
        Fields(read_address(address), preferences), source="192.0.2.7", wording="2026-11", now=now, fingerprint_key=KEY
    )


def test_who_asks_waits_for_the_confirmation() -> None:
    asked = ask()
    assert asked.kind is Kind.CONFIRM
    subscriber = Subscriber.objects.get()
    assert asked.subscriber == subscriber
    assert (subscriber.state, subscriber.address, subscriber.address_key) == (
        "pending",
        "Taro@example.jp",
        "taro@example.jp",
    )
    assert signup.preferences_of(subscriber) == CHOSEN
    event = ConsentEvent.objects.get()
    assert (event.kind, event.basis, event.wording, event.source, event.at) == (
        "requested",
        "form",
        "2026-11",
        "192.0.2.7",
        NOW,
    )
    assert not audience.recipients().exists()


def test_who_confirms_is_a_reader_and_again_changes_nothing() -> None:
    key = ask().subscriber.key
    subscriber = signup.confirm(key, "192.0.2.8", NOW + DAY)
    assert subscriber.is_active
    assert subscriber.confirmed_at == NOW + DAY
    again = signup.confirm(key, "192.0.2.9", NOW + 2 * DAY)
    assert again.confirmed_at == NOW + DAY
    assert kinds() == ["requested", "confirmed"]
    confirmed = ConsentEvent.objects.get(kind="confirmed")
    assert (confirmed.wording, confirmed.source, confirmed.basis) == ("2026-11", "192.0.2.8", "form")
    assert list(audience.recipients()) == [subscriber]


def test_a_second_request_before_the_confirmation_prolongs_the_wait_and_changes_nothing() -> None:
    first = ask()
    second = ask(preferences=replace(CHOSEN, name="見本 花子"), now=NOW + DAY)
    assert second.kind is Kind.CONFIRM
    assert second.subscriber.pk == first.subscriber.pk
    assert second.request.pk != first.request.pk
    assert Subscriber.objects.get().name == "見本 太郎"
    assert Subscriber.objects.get().created_at == NOW + DAY
    assert kinds() == ["requested", "requested"]


def test_a_stranger_cannot_change_a_reader_by_signing_them_up() -> None:
    reader = person(name="登録 済子", format="html")
    asked = ask()
    assert asked.kind is Kind.ALREADY
    reader.refresh_from_db()
    assert (reader.name, reader.format, reader.state) == ("登録 済子", "html", "active")
    assert kinds() == ["requested"]
    assert "見本" not in str(ConsentEvent.objects.get().detail)


def test_who_left_comes_back_by_confirming_a_new_request_with_the_new_wishes() -> None:
    reader = person(name="登録 済子", format="html", department="環境局")
    signup.leave(reader.key, None, NOW)
    asked = ask(now=NOW + DAY)
    assert asked.kind is Kind.CONFIRM
    reader.refresh_from_db()
    assert (reader.state, reader.name) == ("left", "登録 済子")
    signup.confirm(reader.key, None, NOW + DAY)
    reader.refresh_from_db()
    assert reader.is_active
    assert reader.left_at is None
    assert signup.preferences_of(reader) == replace(CHOSEN, department="環境局")
    assert not suppression.is_suppressed(reader.fingerprint)
    assert kinds() == ["left", "requested", "lifted", "confirmed"]


def test_an_old_confirmation_link_does_not_undo_a_goodbye() -> None:
    key = ask().subscriber.key
    signup.confirm(key, None, NOW)
    signup.leave(key, None, NOW + DAY)
    with pytest.raises(UnknownSubscriberError, match="もう一度お申し込み"):
        signup.confirm(key, None, NOW + 2 * DAY)
    assert Subscriber.objects.get().state == "left"


@pytest.mark.parametrize("reason", Suppression.Reason)
def test_new_consent_lifts_every_suppression(reason: Suppression.Reason) -> None:
    suppressed("taro@example.jp", reason)
    asked = ask(now=NOW + DAY)
    assert asked.kind is Kind.CONFIRM
    assert suppression.is_suppressed(mark("taro@example.jp"))
    signup.confirm(asked.subscriber.key, None, NOW + DAY)
    assert list(audience.recipients()) == [asked.subscriber]
    lifted = Suppression.objects.get()
    assert (lifted.lifted_at, lifted.lifted_by) == (NOW + DAY, "本人")


def test_a_reader_whose_mail_bounced_confirms_anew() -> None:
    reader = person()
    suppressed(reader.address, Suppression.Reason.BOUNCED)
    with pytest.raises(UnknownSubscriberError):
        signup.confirm(reader.key, None, NOW + DAY)
    assert ask(now=NOW + DAY).kind is Kind.CONFIRM
    signup.confirm(reader.key, None, NOW + DAY)
    assert list(audience.recipients()) == [reader]


def test_leaving_is_at_once_and_again_no_harm() -> None:
    reader = person()
    first = signup.leave(reader.key, "192.0.2.7", NOW, {"how": "one_click", "delivery": 12})
    second = signup.leave(reader.key, "192.0.2.7", NOW + DAY, {"how": "page"})
    assert (first.changed, second.changed) == (True, False)
    reader.refresh_from_db()
    assert (reader.state, reader.left_at) == ("left", NOW)
    assert Suppression.objects.get().reason == "left"
    event = ConsentEvent.objects.get()
    assert (event.kind, event.detail) == ("left", {"how": "one_click", "delivery": 12})
    assert "ワンクリック" in consent.describe(event)


def test_an_erased_person_cannot_leave_or_confirm() -> None:
    for verb in (signup.leave, signup.confirm, signup.come_back):
        with pytest.raises(UnknownSubscriberError):
            verb("nobody", None, NOW)


def test_who_left_by_mistake_comes_back_within_a_week() -> None:
    reader = person()
    signup.leave(reader.key, None, NOW)
    back = signup.come_back(reader.key, "192.0.2.7", NOW + 7 * DAY, text_only=True)
    assert back.is_active
    assert back.format == "text"
    assert back.confirmed_at == NOW + 7 * DAY
    assert list(audience.recipients()) == [reader]
    assert kinds() == ["left", "lifted", "confirmed", "preferences"]
    assert signup.come_back(reader.key, None, NOW + 9 * DAY).confirmed_at == NOW + 7 * DAY


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ({}, "解除のあとのページで元に戻した"),
        ({"why": "wrong_person"}, "ほかの方の購読を誤って解除したため、解除のあとのページで元に戻した"),
    ],
)
def test_the_page_after_a_goodbye_does_not_claim_that_the_person_consented(detail: dict[str, object], why: str) -> None:
    reader = person()
    signup.leave(reader.key, None, NOW)
    signup.come_back(reader.key, None, NOW + DAY, detail=detail)
    ended = Suppression.objects.get()
    assert (ended.lifted_by, ended.lifted_why) == ("配信メールのリンクを持つ方", why)
    assert ConsentEvent.objects.get(kind="lifted").detail == {"why": detail.get("why", "come_back")}


def test_after_a_week_only_a_new_request_brings_back() -> None:
    reader = person()
    signup.leave(reader.key, None, NOW)
    late = NOW + 7 * DAY + timedelta(seconds=1)
    assert not signup.may_come_back(Subscriber.objects.get(), late)
    with pytest.raises(UnknownSubscriberError, match="もう一度"):
        signup.come_back(reader.key, None, late)


def test_a_complaint_cannot_be_undone_by_the_link_of_a_forwarded_copy() -> None:
    reader = person()
    signup.leave(reader.key, None, NOW)
    suppressed(reader.address, Suppression.Reason.COMPLAINED)
    with pytest.raises(UnknownSubscriberError):
        signup.come_back(reader.key, None, NOW)


def test_who_never_confirmed_cannot_come_back_by_link() -> None:
    waiting = ask().subscriber
    signup.leave(waiting.key, None, NOW)
    with pytest.raises(UnknownSubscriberError):
        signup.come_back(waiting.key, None, NOW)


def test_the_ledger_names_what_changed_but_not_to_what() -> None:
    reader = person(name="見本 太郎", format="html")
    signup.change_preferences(reader.key, replace(CHOSEN, name="見本 花子"), None, NOW)
    reader.refresh_from_db()
    assert (reader.name, reader.format, reader.sections) == ("見本 花子", "text", ["members"])
    event = ConsentEvent.objects.get()
    assert event.detail == {"changed": ["format", "sections", "name", "organisation"]}
    signup.change_preferences(reader.key, replace(CHOSEN, name="見本 花子"), None, NOW)
    assert ConsentEvent.objects.count() == 1


def test_who_left_has_nothing_to_choose() -> None:
    reader = person(state=Subscriber.State.LEFT)
    with pytest.raises(UnknownSubscriberError, match="解除"):
        signup.change_preferences(reader.key, CHOSEN, None, NOW)


def test_the_unconfirmed_vanish_after_fourteen_days() -> None:
    ask("old@example.jp", now=NOW - 14 * DAY - timedelta(seconds=1))
    ask("young@example.jp", now=NOW - 14 * DAY)
    ask("again@example.jp", now=NOW - 20 * DAY)
    ask("again@example.jp", now=NOW - DAY)
    person("reader@example.jp", created_at=NOW - 400 * DAY)
    assert signup.forget_unconfirmed(NOW) == 1
    assert set(Subscriber.objects.values_list("address", flat=True)) == {
        "young@example.jp",
        "again@example.jp",
        "reader@example.jp",
    }
    event = ConsentEvent.objects.get(fingerprint=mark("old@example.jp"))
    assert (event.subscriber, event.source, event.detail) == (None, None, {})
    assert signup.forget_unconfirmed(NOW) == 0


def test_wishes_that_nobody_confirmed_are_forgotten_too() -> None:
    reader = person()
    signup.leave(reader.key, None, NOW - 30 * DAY)
    ask(now=NOW - 15 * DAY)
    assert "見本" in str(ConsentEvent.objects.get(kind="requested").detail)
    signup.forget_unconfirmed(NOW)
    assert ConsentEvent.objects.get(kind="requested").detail == {}
    assert Subscriber.objects.get().state == "left"


def test_thousands_of_unconfirmed_go_in_blocks() -> None:
    Subscriber.objects.bulk_create(
        Subscriber(
            address=f"u{n}@example.jp",
            address_key=f"u{n}@example.jp",
            fingerprint=mark(f"u{n}@example.jp"),
            created_at=NOW - 15 * DAY,
        )
        for n in range(1201)
    )
    assert signup.forget_unconfirmed(NOW) == 1201


# ------------------------------------------------------------ pausing
def test_a_pause_lasts_three_months_and_ends_by_itself() -> None:
    now = timezone.now()
    reader = person()
    signup.pause(reader.key, None, now)
    reader.refresh_from_db()
    assert reader.is_active
    assert signup.pauses(reader, now + timedelta(days=91))
    assert not signup.pauses(reader, now + timedelta(days=93))
    assert not audience.recipients().exists()
    assert list(audience.readers()) == [reader]
    assert audience.check([reader.pk]) == {reader.pk: audience.Exclusion(audience.Why.PAUSED)}
    assert audience.why_not() is not None
    Subscriber.objects.update(paused_until=now - timedelta(seconds=1))
    assert list(audience.recipients()) == [reader]
    assert kinds() == ["preferences"]


def test_a_pause_can_be_ended_early_and_twice_is_no_harm() -> None:
    now = timezone.now()
    reader = person()
    signup.pause(reader.key, None, now)
    signup.end_pause(reader.key, None, now)
    signup.end_pause(reader.key, None, now)
    assert list(audience.recipients()) == [reader]
    until = timezone.localdate(now + signup.PAUSE_FOR)
    assert [consent.describe(event) for event in ConsentEvent.objects.order_by("pk")] == [
        f"変更: お休みを始めた（{until.year}年{until.month}月{until.day}日まで）", "変更: お休みを終えた",
    ]  # fmt: skip


def test_a_pause_that_lasts_is_not_prolonged_by_a_second_click() -> None:
    now = timezone.now()
    reader = person()
    for minutes in (0, 1, 2):
        signup.pause(reader.key, None, now + timedelta(minutes=minutes))
    reader.refresh_from_db()
    assert reader.paused_until == now + signup.PAUSE_FOR
    assert kinds() == ["preferences"]


# ------------------------------------------------------------ the monthly number only
def test_who_has_just_left_comes_back_for_the_monthly_number_only_once_and_on_the_record() -> None:
    now = timezone.now()
    reader = person()
    signup.leave(reader.key, None, now)
    for _ in range(2):
        signup.come_back(reader.key, "192.0.2.9", now, only_monthly=True, detail={"delivery": 4})
    reader.refresh_from_db()
    assert (reader.is_active, reader.only_monthly, reader.format) == (True, True, "html")
    assert kinds() == ["left", "lifted", "confirmed", "preferences"]
    event = ConsentEvent.objects.get(kind="preferences")
    assert (event.detail, event.source) == ({"changed": ["only_monthly"], "delivery": 4}, "192.0.2.9")
    assert "変更: 号外の受け取り" in consent.describe(event)


def test_what_was_asked_for_at_a_new_sign_up_counts_when_it_is_confirmed() -> None:
    reader = person(state=Subscriber.State.LEFT, left_at=NOW)
    later = NOW + timedelta(days=30)
    asked = ask(reader.address, Preferences(only_monthly=True), later)
    assert not Subscriber.objects.get().only_monthly
    signup.confirm(asked.subscriber.key, None, later)
    assert Subscriber.objects.get().only_monthly
    signup.change_preferences(asked.subscriber.key, Preferences(), None, later)
    assert not Subscriber.objects.get().only_monthly


def test_who_has_just_left_may_pause_instead_and_who_left_long_ago_may_not() -> None:
    now = timezone.now()
    reader = person()
    signup.leave(reader.key, None, now)
    signup.pause(reader.key, None, now)
    reader.refresh_from_db()
    assert signup.pauses(reader, now)
    assert not suppression.is_suppressed(reader.fingerprint)
    signup.leave(reader.key, None, now)
    with pytest.raises(UnknownSubscriberError):
        signup.pause(reader.key, None, now + timedelta(days=8))
