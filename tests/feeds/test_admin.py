"""The back office of sources and members."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from feeds.models import Contributor, Entry, Feed, Member, Submission

pytestmark = pytest.mark.django_db
SECRET = "contact-person@example.lg.jp"


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def feed() -> Feed:
    return Feed.objects.create(key="news", name="ニュース", url="https://example.jp/feed", etag='"1"', failures=3)


def page(client: Client, model: type, pk: int | None = None, **query: str) -> Any:
    kind = f"admin:feeds_{model.__name__.lower()}_"
    return client.get(reverse(kind + "changelist", query=query) if pk is None else reverse(kind + "change", args=[pk]))


def fields_of(feed: Feed, **changes: str) -> dict[str, str]:
    names = ("name", "url", "language", "section", "licence", "credit", "state", "interval_minutes")
    return {name: str(getattr(feed, name)) for name in names} | changes


def test_a_new_address_forgets_what_the_old_one_gave(root: Client, feed: Feed) -> None:
    address = reverse("admin:feeds_feed_change", args=[feed.pk])
    assert root.post(address, fields_of(feed, name="別名")).status_code == 302
    feed.refresh_from_db()
    assert (feed.name, feed.etag) == ("別名", '"1"')
    assert root.post(address, fields_of(feed, url="https://example.jp/new")).status_code == 302
    feed.refresh_from_db()
    assert (feed.url, feed.etag) == ("https://example.jp/new", "")


def test_health_cannot_be_written(root: Client, feed: Feed) -> None:
    root.post(
        reverse("admin:feeds_feed_change", args=[feed.pk]), fields_of(feed, failures="0", last_error="x", key="k")
    )
    feed.refresh_from_db()
    assert (feed.failures, feed.last_error, feed.key) == (3, "", "news")


def test_feeds_are_paused_resumed_and_hurried(root: Client, feed: Feed) -> None:
    def act(action: str) -> Feed:
        chosen = {"action": action, "_selected_action": [str(feed.pk)]}
        assert root.post(reverse("admin:feeds_feed_changelist"), chosen).status_code == 302
        feed.refresh_from_db()
        return feed

    assert act("pause").state == Feed.State.PAUSED
    assert (act("resume").state, feed.failures) == (Feed.State.ACTIVE, 0)
    before = feed.next_poll_at
    assert act("poll_next").next_poll_at > before


def test_a_wrong_code_is_refused(root: Client) -> None:
    form = {"key": "city", "kind": "full", "name": "例市", "code": "131016", "active": "on"}
    form |= {"contributors-TOTAL_FORMS": "0", "contributors-INITIAL_FORMS": "0"}
    answer = root.post(reverse("admin:feeds_member_add"), form | {"code": "131017"})
    assert "検査数字" in answer.content.decode()
    assert root.post(reverse("admin:feeds_member_add"), form).status_code == 302
    assert Member.objects.get().code == "131016"


def test_contacts_stand_on_their_own_page_only(root: Client) -> None:
    member = Member.objects.create(key="city", name="例市")
    person = Contributor.objects.create(member=member, name="担当", email=SECRET)
    sent = Submission.objects.create(
        member=member, door="web", title="催し", body="x", fingerprint="1", contact_name="担当", contact_email=SECRET
    )
    for model, pk in ((Contributor, person.pk), (Submission, sent.pk)):
        assert SECRET not in page(root, model).content.decode()
        assert SECRET in page(root, model, pk).content.decode()


def test_staff_without_the_permission_see_no_contacts(client: Client) -> None:
    member = Member.objects.create(key="city", name="例市")
    person = Contributor.objects.create(member=member, name="担当", email=SECRET)
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(staff)
    assert SECRET not in page(client, Member, member.pk).content.decode()
    assert page(client, Contributor, person.pk).status_code == 403


def test_entries_are_read_with_their_origin(root: Client, feed: Feed) -> None:
    entry = Entry.objects.create(
        feed=feed, guid="1", title="題名", body="<p>本文</p><script>x</script>", fingerprint="f"
    )
    assert "ニュース" in page(root, Entry, q="題名").content.decode()
    shown = page(root, Entry, entry.pk).content.decode()
    assert "&lt;script&gt;" in shown
    assert "<script>x" not in shown
    assert 'name="title"' not in shown
