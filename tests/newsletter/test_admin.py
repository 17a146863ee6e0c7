"""The back office looks things up; the books cannot be written through it."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from feeds.models import Entry, Feed, Member, Submission
from newsletter.models import (
    Campaign,
    Delivery,
    Edition,
    Exclusion,
    Installation,
    Issue,
    Letter,
    Placement,
    ProviderPace,
)
from subscribers.models import Subscriber

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model._meta.app_label in ("newsletter", "feeds", "subscribers")]


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def books() -> dict[str, int]:
    """One row of everything that is read only."""
    feed = Feed.objects.create(key="iclei", name="ICLEI", url="https://example.jp/feed")
    entry = Entry.objects.create(feed=feed, guid="1", title="Story", fingerprint="1")
    issue = Issue.objects.create(month=date(2026, 11, 1), release_on=date(2026, 11, 30), subject="件名")
    Placement.objects.create(issue=issue, entry=entry, section="network", position=1)
    edition = Edition.objects.create(issue=issue, subject="件名", html="<p>", text="本文", digest="a" * 64)
    campaign = Campaign.objects.create(edition=edition)
    reader = Subscriber.objects.create(address="a@example.jp", address_key="a@example.jp", fingerprint="a")
    delivery = Delivery.objects.create(campaign=campaign, subscriber=reader)
    letter = Letter.objects.create(
        kind="confirmation", subscriber=reader, subject="確認", html="h", text="秘密のリンク"
    )
    member = Member.objects.create(key="city", name="例市")
    submission = Submission.objects.create(
        member=member,
        door="web",
        title="催し",
        body="x",
        fingerprint="1",
        contact_name="担当",
        contact_email="a@example.jp",
    )
    exclusion = Exclusion.objects.create(campaign=campaign, subscriber=reader, reason="pending")
    pace = ProviderPace.objects.create(provider="docomo", factor=0.5)
    machine = Installation.objects.create(identity="0123456789abcdef" * 2, adopted_by="佐藤")
    rows = (
        member, submission, feed, entry, issue, edition, campaign, delivery, letter, exclusion, pace, machine,
    )  # fmt: skip
    return {row._meta.label_lower: row.pk for row in rows}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_list_can_be_opened_and_searched(root: Client, books: dict[str, int], model: type) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # type: ignore[attr-defined]
    assert root.get(address).status_code == 200
    assert root.get(address, {"q": "1"}).status_code == 200


def test_every_row_can_be_opened(root: Client, books: dict[str, int]) -> None:
    for label, key in books.items():
        assert root.get(reverse(f"admin:{label.replace('.', '_')}_change", args=[key])).status_code == 200


@pytest.mark.parametrize(
    "label",
    [
        "newsletter.edition",
        "newsletter.campaign",
        "newsletter.delivery",
        "newsletter.letter",
        "newsletter.exclusion",
        "newsletter.providerpace",
        "newsletter.installation",
        "feeds.entry",
        "feeds.submission",
    ],
)
def test_the_books_can_neither_be_changed_nor_deleted(root: Client, books: dict[str, int], label: str) -> None:
    name = f"admin:{label.replace('.', '_')}"
    assert root.post(reverse(f"{name}_change", args=[books[label]]), {"state": "sent"}).status_code == 403
    assert root.post(reverse(f"{name}_delete", args=[books[label]]), {"post": "yes"}).status_code == 403
    assert root.get(reverse(f"{name}_add")).status_code == 403


def issue_form(books: dict[str, int], headline: str) -> dict[str, object]:
    placement = Placement.objects.get()
    return {
        "release_on": "2026-11-30", "subject": "新しい件名", "preheader": "", "lead": "",
        "placements-TOTAL_FORMS": 1, "placements-INITIAL_FORMS": 1,
        "placements-0-id": placement.pk, "placements-0-issue": books["newsletter.issue"],
        "placements-0-headline": headline, "placements-0-text": "本文",
    }  # fmt: skip


def test_the_words_of_an_open_issue_can_be_mended(root: Client, books: dict[str, int]) -> None:
    address = reverse("admin:newsletter_issue_change", args=[books["newsletter.issue"]])
    assert root.post(address, issue_form(books, "見出し")).status_code == 302
    assert Issue.objects.get().subject == "新しい件名"
    assert Placement.objects.get().headline == "見出し"


def test_an_approved_issue_is_locked(root: Client, books: dict[str, int]) -> None:
    Issue.objects.update(state=Issue.State.APPROVED)
    address = reverse("admin:newsletter_issue_change", args=[books["newsletter.issue"]])
    assert root.post(address, issue_form(books, "見出し")).status_code == 403
    assert Placement.objects.get().headline == ""


def test_the_body_of_a_letter_with_its_links_is_not_shown(root: Client, books: dict[str, int]) -> None:
    page = root.get(reverse("admin:newsletter_letter_change", args=[books["newsletter.letter"]])).content.decode()
    assert "確認" in page
    assert "秘密のリンク" not in page


def test_who_gets_nothing_and_whom_we_write_to_slowly_is_said_in_japanese(root: Client, books: dict[str, int]) -> None:
    excluded = root.get(reverse("admin:newsletter_exclusion_changelist")).content.decode()
    assert "申込の確認がまだです" in excluded
    paces = root.get(reverse("admin:newsletter_providerpace_changelist")).content.decode()
    assert ("docomo" in paces, "速さの割合" in paces) == (True, True)


def test_half_of_a_machines_identity_is_not_given_away(root: Client, books: dict[str, int]) -> None:
    page = root.get(reverse("admin:newsletter_installation_change", args=[books["newsletter.installation"]]))
    assert "佐藤" in page.content.decode()
    assert "0123456789abcdef" not in page.content.decode()
