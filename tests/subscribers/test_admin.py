"""The back office: looking up, mending with a record, and nothing that could lose a proof."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from subscribers import consent
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.subscribers.people import NOW, person, suppressed

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("hanako"))
    return client


def test_a_reader_is_found_and_shown_with_the_history(office: Client) -> None:
    reader = person(name="見本 太郎")
    consent.record(reader, ConsentEvent.Kind.CONFIRMED, NOW, basis="form", wording="2026-11")
    listed = office.get(reverse("admin:subscribers_subscriber_changelist"), {"q": "見本"}).content.decode()
    assert "taro@example.jp" in listed
    shown = office.get(reverse("admin:subscribers_subscriber_change", args=[reader.pk])).content.decode()
    assert "文面の版: 2026-11" in shown


def test_a_mend_is_a_line_in_the_ledger_with_the_name_of_who_did_it(office: Client) -> None:
    reader = person(name="見本 太郎")
    form = {"name": "見本 花子", "organisation": "", "department": "", "municipality": ""}
    form |= {"format": "text", "language": "ja"}
    inline = {f"consent_events-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    answer = office.post(reverse("admin:subscribers_subscriber_change", args=[reader.pk]), form | inline)
    assert answer.status_code == 302, answer.content.decode()
    reader.refresh_from_db()
    assert (reader.name, reader.format, reader.state) == ("見本 花子", "text", "active")
    event = ConsentEvent.objects.get()
    assert (event.kind, event.operator, event.detail["changed"]) == ("preferences", "hanako", ["format", "name"])


def test_who_left_cannot_be_mended_back(office: Client) -> None:
    reader = person(state=Subscriber.State.LEFT)
    office.post(reverse("admin:subscribers_subscriber_change", args=[reader.pk]), {"name": "x", "state": "active"})
    reader.refresh_from_db()
    assert (reader.name, reader.state) == ("", "left")


@pytest.mark.parametrize("name", ["subscriber", "consentevent", "suppression"])
def test_nothing_is_added_or_deleted_by_hand(name: str, office: Client) -> None:
    consent.record(person(), ConsentEvent.Kind.REQUESTED, NOW)
    suppressed("stopped@example.jp", Suppression.Reason.BY_HAND)
    rows = apps.get_model("subscribers", name)._default_manager
    first = rows.first()
    assert first
    before = rows.count()
    assert office.get(reverse(f"admin:subscribers_{name}_changelist")).status_code == 200
    assert office.get(reverse(f"admin:subscribers_{name}_change", args=[first.pk])).status_code == 200
    assert office.get(reverse(f"admin:subscribers_{name}_add")).status_code == 403
    assert office.post(reverse(f"admin:subscribers_{name}_delete", args=[first.pk]), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [first.pk], "post": "yes"}
    office.post(reverse(f"admin:subscribers_{name}_changelist"), chosen)
    assert rows.count() == before


@pytest.mark.parametrize("name", ["consentevent", "suppression"])
def test_ledger_and_suppressions_are_only_read(name: str, office: Client) -> None:
    consent.record(person(), ConsentEvent.Kind.REQUESTED, NOW)
    suppressed("stopped@example.jp", Suppression.Reason.BY_HAND)
    pk = apps.get_model("subscribers", name)._default_manager.values_list("pk", flat=True)[0]
    answer = office.post(
        reverse(f"admin:subscribers_{name}_change", args=[pk]), {"kind": "confirmed", "reason": "left"}
    )
    assert answer.status_code == 403
