"""Many people removed by statements leave what Django's own delete would leave."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.signals import post_delete, pre_delete

from feeds.models import Member
from newsletter.models import (
    Attempt,
    Campaign,
    Delivery,
    Edition,
    Exclusion,
    Issue,
    Letter,
    RosterLine,
    RosterRound,
    RosterSheet,
)
from subscribers import removal
from subscribers.audience import BLOCK
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber
from tests.subscribers.people import NOW, person

RULES: dict[Any, bool] = {models.CASCADE: True, models.SET_NULL: False}
GO_TOO = {"newsletter_letter", "subscribers_formervalues"}
STAY = {"newsletter_delivery", "newsletter_exclusion", "newsletter_rosterline", "subscribers_consentevent"}


def emptied() -> set[removal.Table]:
    """The tables that lose rows when people go."""
    found: list[removal.Table] = [Subscriber]
    for table in found:  # grows while it is walked
        found += [other for other, _, goes in removal.pointing_at(table) if goes and other not in found]
    return set(found)


def test_every_foreign_key_to_a_person_is_treated_by_its_rule() -> None:
    declared = {
        (one.related_model, str(one.field.column), RULES[one.on_delete]) for one in Subscriber._meta.related_objects
    }
    treated = removal.pointing_at(Subscriber)
    assert set(treated) == declared
    # A new relation is treated by its rule; here somebody has thought about it, and built it into the test below.
    assert {table._meta.db_table for table, _, goes in treated if goes} == GO_TOO
    assert {table._meta.db_table for table, _, goes in treated if not goes} == STAY


def test_a_rule_that_is_not_treated_is_an_error_before_anything_goes() -> None:
    with pytest.raises(TypeError, match="CASCADE and SET_NULL only"):
        removal.pointing_at(Edition)  # campaigns protect theirs


@pytest.mark.django_db
def test_every_column_that_is_asked_for_has_an_index() -> None:
    for table in emptied():
        for other, column, _ in removal.pointing_at(table):
            with connection.cursor() as cursor:
                found = connection.introspection.get_constraints(cursor, other._meta.db_table).values()
            heads = {one["columns"][0] for one in found if one["columns"] and (one["index"] or one["unique"])}
            assert column in heads, f"{other.__name__}.{column}: each removal would read the whole table"


def test_nobody_listens_to_what_statements_do_not_tell() -> None:
    assert not [table for table in emptied() for signal in (pre_delete, post_delete) if signal.has_listeners(table)]


@pytest.mark.django_db
def test_it_leaves_what_the_models_own_delete_leaves() -> None:
    people = [person(f"reader{number}@example.jp") for number in range(6)]
    give_a_past(people)
    going = [one.pk for one in people[::2]]
    before = stored()
    with transaction.atomic():
        Subscriber.objects.filter(pk__in=going).delete()
        expected = stored()
        transaction.set_rollback(True)
    assert stored() == before
    removal.remove(going)
    assert stored() == expected
    gone = {table: len(before[table]) - len(expected[table]) for table in before}
    assert all(gone[table._meta.label] for table in emptied()), "the past has something of each kind"


@pytest.mark.django_db
def test_more_people_than_one_statement_takes_go_as_well() -> None:
    rows = [
        Subscriber(address=f"r{at}@example.jp", address_key=f"r{at}@example.jp", fingerprint=f"{at:032x}")
        for at in range(BLOCK + 2)
    ]
    ids = [one.pk for one in Subscriber.objects.bulk_create(rows)]
    removal.remove(ids[1:])
    removal.remove([])
    assert list(Subscriber.objects.values_list("pk", flat=True)) == ids[:1]


def give_a_past(people: list[Subscriber]) -> None:
    """Everything that can point at a person, for each of them."""
    issue = Issue.objects.create(month=date(2026, 11, 1), release_on=NOW.date(), subject="11月号")
    edition = Edition.objects.create(issue=issue, subject="11月号", html="", text="", digest="0" * 64)
    campaign, other = (Campaign.objects.create(edition=edition) for _ in range(2))
    member = Member.objects.create(key="mihon", name="見本市")
    sheet = RosterSheet.objects.create(
        round=RosterRound.objects.create(year=2027, deadline=date(2027, 4, 20)), member=member
    )
    run = ImportRun.objects.create(file="list.csv", basis="card", at=NOW)
    for number, one in enumerate(people):
        Attempt.objects.create(delivery=Delivery.objects.create(campaign=campaign, subscriber=one), outcome="sent")
        Exclusion.objects.create(campaign=other, subscriber=one, reason=Exclusion.Reason.PAUSED)
        letter = Letter.objects.create(kind="welcome", subscriber=one, subject="", html="", text="")
        Attempt.objects.create(delivery=Delivery.objects.create(letter=letter, subscriber=one), outcome="sent")
        sheet.letters.add(letter)
        RosterLine.objects.create(sheet=sheet, number=number, subscriber=one)
        FormerValues.objects.create(import_run=run, subscriber=one)
        ConsentEvent.objects.create(subscriber=one, fingerprint=one.fingerprint, kind="imported", import_run=run)


def stored() -> dict[str, Counter[str]]:
    """Every row of every table."""
    rows: dict[str, Counter[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        found: Any = model._default_manager.values()
        rows[model._meta.label] = Counter(str(sorted(row.items())) for row in found)
    return rows
