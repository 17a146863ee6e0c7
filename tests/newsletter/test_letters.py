"""Letters: each is rendered and queued, and its rule says who may still get it when it is claimed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from feeds.models import Contributor, Member, Submission
from newsletter import delivery, letters, links
from newsletter.delivery import State
from newsletter.errors import ProfileError
from newsletter.models import Delivery, Letter
from subscribers import suppression
from subscribers.addresses import fingerprint, read_address
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db
Reason = Suppression.Reason


@pytest.fixture
def _association() -> None:
    books.association()


def _token(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _submission() -> Submission:
    return Submission.objects.create(
        member=Member.objects.all()[0],
        door="web", fingerprint="f", title="森の教室を開きます", body="本文", reason="日付を確かめてください。",
        contact_name="担当", contact_email="staff@example.lg.jp", received_at=NOW,
    )  # fmt: skip


@pytest.mark.usefixtures("_association")
@pytest.mark.parametrize(
    ("kind", "send"),
    [
        ("confirmation", letters.send_confirmation),
        ("welcome", letters.send_welcome),
        ("goodbye", letters.send_goodbye),
        ("resumed", letters.send_resumed),
        ("restored", letters.send_restored),
        ("already_subscribed", letters.send_already_subscribed),
    ],
)
def test_a_letter_to_a_subscriber_is_queued_without_the_address(
    kind: str, send: Callable[[Subscriber, object], Letter]
) -> None:
    reader = books.reader("new@example.jp", state=Subscriber.State.PENDING)
    letter = send(reader, NOW)
    row = Delivery.objects.get(letter=letter)
    assert (letter.kind, letter.address, letter.subscriber) == (kind, "", reader)
    assert (row.state, row.subscriber, row.queued_at) == (State.QUEUED, reader, NOW)
    assert letter.subject
    assert letter.html.startswith("<!doctype html>")
    assert "new@example.jp" not in letter.subject + letter.html + letter.text


@pytest.mark.usefixtures("_association")
def test_the_confirmation_carries_the_link_that_confirms() -> None:
    reader = books.reader("new@example.jp", state=Subscriber.State.PENDING)
    letter = letters.send_confirmation(reader, NOW, request=41)
    url = links.confirm_url(reader.key, NOW, request=41)
    assert url in letter.text
    assert links.read_confirm(_token(url), NOW) == links.ConfirmLink(reader.key, NOW, 41)


@pytest.mark.usefixtures("_association")
def test_the_letters_about_a_submission_go_to_who_sent_it() -> None:
    submission = _submission()
    receipt = letters.send_receipt(submission, "other@example.lg.jp", NOW, link="https://news.example.jp/s/t/")
    assert "https://news.example.jp" not in letters.send_receipt(submission, "other@example.lg.jp", NOW).text
    returned = letters.send_returned(submission, NOW)
    assert (receipt.address, returned.address) == ("other@example.lg.jp", "staff@example.lg.jp")
    assert submission.title in receipt.text
    assert "https://news.example.jp/s/t/" in receipt.text
    assert "日付を確かめてください。" in returned.text
    assert {row.subscriber for row in Delivery.objects.all()} == {None}


@pytest.mark.usefixtures("_association")
def test_the_submission_link_works_until_its_day() -> None:
    person = Contributor.objects.create(member=Member.objects.all()[0], name="山田", email="staff@example.lg.jp")
    letter = letters.send_submission_link(person, NOW + timedelta(days=10), NOW)
    url = links.submission_url(person.member.key, NOW + timedelta(days=10))
    assert url in letter.text
    assert links.read_submission(_token(url), NOW) == person.member.key
    assert letter.address == "staff@example.lg.jp"


def test_without_a_profile_a_letter_says_what_to_do_and_leaves_nothing_behind() -> None:
    reader = books.reader("new@example.jp", state=Subscriber.State.PENDING)
    with pytest.raises(ProfileError, match="newsletter profile load"):
        letters.send_confirmation(reader, NOW)
    assert not Letter.objects.exists()


# ------------------------------------------------------------ who may still get it
def _claimed(kind: str, state: str, stopped: str = "") -> bool:
    reader = books.reader("reader@example.jp", state=state)
    if stopped:
        suppression.suppress(reader.fingerprint, Reason(stopped), NOW)
    letter = Letter.objects.create(kind=kind, subscriber=reader, subject="件名", html="<p>本文</p>", text="本文")
    delivery.queue_letter(letter, NOW)
    block = delivery.claim("w", 5, NOW)
    row = Delivery.objects.get()
    assert bool(block.claims) != bool(block.cancelled)
    assert row.state == (State.SENDING if block.claims else State.CANCELLED)
    assert bool(row.reason) == bool(block.cancelled)
    return bool(block.claims)


@pytest.mark.parametrize(
    ("kind", "state", "stopped", "goes"),
    [
        ("confirmation", "pending", "", True),
        ("confirmation", "left", "left", True),
        ("confirmation", "active", "bounced", True),
        ("confirmation", "pending", "by_hand", True),
        ("confirmation", "pending", "complained", False),
        ("confirmation", "pending", "erased", True),
        ("welcome", "active", "", True),
        ("welcome", "left", "left", False),
        ("resumed", "active", "", True),
        ("restored", "active", "", True),
        ("restored", "left", "left", False),
        ("already_subscribed", "active", "", True),
        ("already_subscribed", "active", "bounced", False),
        ("goodbye", "left", "left", True),
        ("goodbye", "active", "", False),
        ("goodbye", "left", "complained", False),
        ("unheard-of", "active", "", False),
    ],
)
def test_each_kind_of_letter_has_its_rule(kind: str, state: str, stopped: str, goes: bool) -> None:
    assert _claimed(kind, state, stopped) is goes


@pytest.mark.parametrize(("stopped", "goes"), [("", True), ("left", True), ("bounced", False), ("complained", False)])
def test_a_members_staff_gets_letters_even_after_leaving_the_e_news(stopped: str, goes: bool, settings: object) -> None:
    if stopped:
        mark = fingerprint(read_address("staff@example.lg.jp").key, settings.FINGERPRINT_KEY)  # type: ignore[attr-defined]
        suppression.suppress(mark, Reason(stopped), NOW)
    letter = Letter.objects.create(kind="receipt", address="staff@example.lg.jp", subject="件名", text="本文")
    delivery.queue_letter(letter, NOW)
    assert bool(delivery.claim("w", 5, NOW).claims) is goes


def test_an_erased_person_gets_nothing_and_nothing_of_the_letter_stays() -> None:
    reader = books.reader("reader@example.jp")
    letter = Letter.objects.create(kind="welcome", subscriber=reader, subject="件名", text="本文")
    delivery.queue_letter(letter, NOW)
    reader.delete()
    assert not Letter.objects.exists()
    assert delivery.claim("w", 5, NOW) == delivery.Block()
