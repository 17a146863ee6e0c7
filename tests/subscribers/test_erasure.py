"""Erasing a person: nothing that names them stays, and nothing brings them back unseen."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from newsletter import erasures
from newsletter.models import Attempt, Campaign, Delivery, Edition, Issue, Letter
from subscribers import signup, suppression
from subscribers.addresses import read_address
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.subscribers.people import KEY, NOW, kinds, mark

pytestmark = pytest.mark.django_db


def a_reader_with_a_past() -> Subscriber:
    fields = signup.Fields(
        read_address("taro@example.jp"), signup.Preferences(name="見本 太郎", organisation="見本市役所")
    )
    key = signup.request(fields, source="192.0.2.7", wording="2026-11", now=NOW, fingerprint_key=KEY).subscriber.key
    signup.confirm(key, "192.0.2.7", NOW)
    signup.leave(key, "192.0.2.7", NOW)
    signup.request(fields, source="192.0.2.7", wording="2026-11", now=NOW, fingerprint_key=KEY)
    reader = signup.confirm(key, "192.0.2.7", NOW)
    issue = Issue.objects.create(month=NOW.date().replace(day=1), release_on=NOW.date(), subject="11月号")
    edition = Edition.objects.create(issue=issue, subject="11月号", html="", text="", digest="0" * 64)
    campaign = Campaign.objects.create(edition=edition)
    Delivery.objects.create(campaign=campaign, subscriber=reader, state=Delivery.State.SENT)
    letter = Letter.objects.create(kind="welcome", subscriber=reader, subject="", html="", text="")
    Delivery.objects.create(letter=letter, subscriber=reader)
    return reader


def everything_stored() -> str:
    rows: list[Any] = []
    for model in apps.get_models():
        assert issubclass(model, models.Model)
        rows += list(model._default_manager.values())
    return str(rows)


def test_nothing_that_names_the_person_stays() -> None:
    reader = a_reader_with_a_past()
    assert "見本 太郎" in everything_stored()
    erased = erasures.erase(reader.fingerprint, "事務局", NOW)
    stored = everything_stored()
    for trace in ("taro", "見本 太郎", "見本市役所", "192.0.2.7", reader.key):
        assert trace not in stored, trace
    assert not Subscriber.objects.exists()
    assert not Letter.objects.exists()
    assert erased.letters == 1


def test_the_campaigns_keep_their_counts() -> None:
    erased = erasures.erase(a_reader_with_a_past().fingerprint, "事務局", NOW)
    row = Delivery.objects.get()
    assert (row.state, row.subscriber) == (Delivery.State.SENT, None)
    assert not Attempt.objects.exists()
    assert [(kept.what, kept.count) for kept in erased.kept] == [
        ("同意台帳の日付と種類、操作者", 7),
        ("配信停止の照合符号", 1),
        ("配信台帳の通数", 1),
    ]
    assert all(kept.why for kept in erased.kept)


def test_the_ledger_says_that_and_by_whom_without_saying_who() -> None:
    erasures.erase(a_reader_with_a_past().fingerprint, "事務局", NOW)
    assert kinds()[-1] == "erased"
    event = ConsentEvent.objects.get(kind="erased")
    assert (event.operator, event.subscriber, event.source, event.detail) == ("事務局", None, None, {})
    standing = suppression.standing(mark("taro@example.jp"))
    assert standing
    assert standing.reason == Suppression.Reason.ERASED


def test_an_erased_person_may_sign_up_anew() -> None:
    erasures.erase(a_reader_with_a_past().fingerprint, "事務局", NOW)
    fields = signup.Fields(read_address("taro@example.jp"))
    asked = signup.request(fields, source=None, wording="2026-11", now=NOW, fingerprint_key=KEY)
    assert asked.kind is signup.Kind.CONFIRM
    assert signup.confirm(asked.subscriber.key, None, NOW).is_active
    assert not suppression.is_suppressed(mark("taro@example.jp"))
