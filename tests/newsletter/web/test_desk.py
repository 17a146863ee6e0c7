"""The desk's first screen."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from feeds.models import Entry, Feed, Member, Submission
from newsletter.models import Campaign, Delivery, Edition, Issue, Placement
from subscribers.models import Subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("hanako"))
    return client


def desk(client: Client) -> str:
    answer = client.get(reverse("desk"))
    assert answer.status_code == 200
    return answer.content.decode()


def feed(**facts: object) -> Feed:
    return Feed.objects.create(key="iclei", name="ICLEI", url="https://example.jp/feed", **facts)


def issue(month: int, state: str = "open") -> Issue:
    return Issue.objects.create(
        month=date(2026, month, 1), release_on=date(2026, month, 27), subject="件名", state=state
    )


def test_strangers_are_led_to_the_login(client: Client) -> None:
    answer = client.get(reverse("desk"))
    assert answer.headers["Location"] == "/staff/login/?next=/staff/"


def test_an_account_that_is_no_colleagues_any_more_sees_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("hanako"))
    assert client.get(reverse("desk")).status_code == 403


def test_it_only_reads(staff: Client) -> None:
    assert staff.post(reverse("desk")).status_code == 405


def test_an_empty_installation_has_a_desk_too(staff: Client) -> None:
    page = desk(staff)
    assert "まだ号がありません" in page
    assert "決定を待つ投稿はありません" in page


def test_the_issue_under_way_is_shown_with_what_still_waits_for_japanese(staff: Client) -> None:
    source, current = feed(), issue(11)
    for number in range(7):
        entry = Entry.objects.create(feed=source, guid=str(number), title=f"Story {number}", fingerprint=str(number))
        written = "本文" if number == 0 else ""
        Placement.objects.create(
            issue=current, entry=entry, section="network", position=number, headline=written, text=written
        )
    issue(10, "sent")
    page = desk(staff)
    assert "2026年11月号" in page
    assert "Story 0" not in page
    assert "Story 1" in page
    assert "ほか1件" in page


def test_when_everything_was_sent_the_newest_issue_stands_there(staff: Client) -> None:
    issue(9, "sent")
    issue(10, "sent")
    assert "2026年10月号" in desk(staff)


def test_an_extra_issue_that_comes_first_does_not_hide_the_monthly_number(staff: Client) -> None:
    issue(11)
    assert "ほかの号" not in desk(staff)
    Issue.objects.create(month=date(2026, 11, 1), extra=1, release_on=date(2026, 11, 20), subject="件名")
    page = desk(staff)
    assert '<a href="/staff/issues/2026-11-x1/proof/">校正する</a>' in page
    assert '<a href="/staff/issues/2026-11/proof/">2026年11月号</a>（編集中、配信日 11月27日）' in page


def test_submissions_that_wait_are_listed_without_the_contact(staff: Client) -> None:
    member = Member.objects.create(key="city", name="例市")
    for number, state in enumerate(("received", "accepted")):
        Submission.objects.create(
            member=member, door="web", state=state, title=f"催し{number}", body="x", fingerprint=str(number),
            contact_name="担当", contact_email="tanto@example.lg.jp",
        )  # fmt: skip
    page = desk(staff)
    assert "【例市】催し0" in page
    assert "催し1" not in page
    assert "tanto@" not in page


def test_feeds_with_trouble_say_what_it_is(staff: Client) -> None:
    feed(failures=3, last_error="サーバが応答しません。")
    page = desk(staff)
    assert "3回続けて失敗" in page
    assert "サーバが応答しません。" in page


def test_the_newest_campaign_is_counted_by_state(staff: Client) -> None:
    edition = Edition.objects.create(issue=issue(11), subject="件名", html="h", text="t", digest="a" * 64)
    campaign = Campaign.objects.create(edition=edition, state="paused", pause_reason="中継サーバが断りました。")
    for number, state in enumerate(("sent", "sent", "in_doubt")):
        reader = Subscriber.objects.create(
            address=f"{number}@example.jp", address_key=str(number), fingerprint=str(number)
        )
        Delivery.objects.create(campaign=campaign, subscriber=reader, state=state)
    page = desk(staff)
    assert "中継サーバが断りました。" in page
    assert '<th scope="row">送信済み</th><td class="number">2</td>' in page
    assert "届いたかどうか分からない配信が1件あります" in page
    assert "@example.jp" not in page
