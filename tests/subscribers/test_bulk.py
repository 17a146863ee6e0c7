"""Rows written past the models are what the models would have written."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from subscribers import bulk
from subscribers.bulk import Bulk
from subscribers.models import ConsentEvent, Subscriber
from tests.subscribers.people import NOW, person

pytestmark = pytest.mark.django_db

COLUMNS = ("key", "address", "address_key", "fingerprint", "name")
SIGNS = ["見本\t太郎", "back\\slash", "\\N", "\\.", "line\nline", "cr\rcr", "'quote' \"double\" %s ?", "", "𠮷髙〜～"]


def row(number: int, name: str) -> tuple[str, ...]:
    return f"key{number}", f"a{number}@example.jp", f"a{number}@example.jp", f"{number:032x}", name


def test_every_sign_comes_back_as_it_was() -> None:
    rows = [(*row(number, name), bulk.moment(NOW)) for number, name in enumerate(SIGNS)]
    Bulk(Subscriber, (*COLUMNS, "created_at")).insert(rows)
    assert list(Subscriber.objects.order_by("pk").values_list("name", flat=True)) == SIGNS


def test_what_is_not_given_has_the_default_of_its_field() -> None:
    Bulk(Subscriber, (*COLUMNS, "created_at")).insert([(*row(1, "見本"), bulk.moment(NOW))])
    plain = Subscriber(**dict(zip(COLUMNS, row(1, "見本"), strict=True)), created_at=NOW)
    stored = Subscriber.objects.get()
    for field in Subscriber._meta.concrete_fields:
        if field.name not in ("id", "only_monthly"):
            assert getattr(stored, field.name) == getattr(plain, field.name), field.name
    assert stored.only_monthly is False


def test_an_empty_value_is_null_and_true_is_true() -> None:
    columns = ("subscriber_id", "fingerprint", "kind", "detail", "import_run_id", "source", "at")
    Bulk(ConsentEvent, columns).insert([(None, "f", "imported", '{"row": 2}', None, None, bulk.moment(NOW))])
    event = ConsentEvent.objects.get()
    assert (event.subscriber, event.source, event.detail, event.at) == (None, None, {"row": 2}, NOW)
    Bulk(Subscriber, (*COLUMNS, "only_monthly", "created_at")).insert([(*row(1, ""), True, bulk.moment(NOW))])
    assert Subscriber.objects.get().only_monthly is True


def test_a_reserved_number_is_nobodys_and_stays_so() -> None:
    gone = person("gone@example.jp")
    last = gone.pk
    gone.delete()
    first, second = bulk.reserve(Subscriber, 2)
    assert last < first < second
    rows: list[tuple[bulk.Value, ...]] = [(id_, *row(id_, ""), bulk.moment(NOW)) for id_ in (first, second)]
    Bulk(Subscriber, ("id", *COLUMNS, "created_at")).insert(rows)
    assert person("next@example.jp").pk > second
    assert bulk.reserve(Subscriber, 1)[0] > second


def test_a_row_that_is_there_already_is_an_integrity_error() -> None:
    rows = Bulk(Subscriber, (*COLUMNS, "created_at"))
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert([(*row(1, ""), bulk.moment(NOW))] * 2)
    assert not Subscriber.objects.exists()


def test_postgres_knows_at_once_how_many_rows_have_come_in() -> None:
    Bulk(Subscriber, (*COLUMNS, "created_at")).insert([(*row(at, ""), bulk.moment(NOW)) for at in range(50)])
    bulk.count_anew(Subscriber, ConsentEvent)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [Subscriber._meta.db_table])
            assert cursor.fetchone() == (50,)


def test_only_while_it_is_said_postgres_finds_at_once_what_points_at_nobody() -> None:
    nobody = {"subscriber_id": 1, "fingerprint": "f", "kind": "imported", "at": NOW}
    if connection.vendor == "postgresql":  # SQLite looks at the commit only
        with pytest.raises(IntegrityError), transaction.atomic(), bulk.checked_at_once():
            ConsentEvent.objects.create(**nobody)
    with bulk.checked_at_once():
        pass
    ConsentEvent.objects.create(**nobody).delete()
