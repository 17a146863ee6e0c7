"""Who gets a campaign: one question to the database for many people at once."""

from __future__ import annotations

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from subscribers import audience, moves, signup, suppression
from subscribers.audience import Exclusion, Reader, Why
from subscribers.models import ImportRun, Subscriber, Suppression
from tests.subscribers.people import NOW, mark, person, suppressed

pytestmark = pytest.mark.django_db


def test_only_active_people_without_a_suppression_are_recipients() -> None:
    reader = person("reader@example.jp", format="text")
    person("waiting@example.jp", Subscriber.State.PENDING)
    person("left@example.jp", Subscriber.State.LEFT)
    bounced = person("bounced@example.jp")
    suppressed(bounced.address, Suppression.Reason.BOUNCED)
    mended = person("mended@example.jp")
    suppressed(mended.address, Suppression.Reason.BOUNCED)
    suppression.lift(mark(mended.address), NOW, operator="事務局", why="届くことを確認済み")
    assert list(audience.recipients()) == [reader, mended]


def test_the_check_says_for_each_one_why_not() -> None:
    reader = person("reader@example.jp", format="text")
    waiting = person("waiting@example.jp", Subscriber.State.PENDING)
    left = person("left@example.jp")
    signup.leave(left.key, None, NOW)
    complained = person("complained@example.jp")
    suppressed(complained.address, Suppression.Reason.COMPLAINED)
    moved = person("moved@example.jp")
    run = ImportRun.objects.create(file="回答", basis="member", proof="回答", operator="花子")
    moves.depart({moved.pk: 1}, run, NOW)
    answers = audience.check([reader.pk, waiting.pk, left.pk, complained.pk, moved.pk, 10**9])
    assert answers == {
        reader.pk: Reader(reader.pk, reader.key, "reader@example.jp", "text"),
        waiting.pk: Exclusion(Why.PENDING),
        left.pk: Exclusion(Why.LEFT),
        complained.pk: Exclusion(Why.COMPLAINED),
        moved.pk: Exclusion(Why.MOVED),
        10**9: Exclusion(Why.GONE),
    }
    assert Why.LEFT.label == "本人が解除しました"
    why = Subscriber.objects.order_by("pk").annotate(why=audience.why_not()).values_list("why", flat=True)
    assert list(why) == [None, "pending", "left", "complained", "moved"]


def test_who_wants_the_monthly_number_only_gets_no_extra_issue() -> None:
    both, monthly = person("both@example.jp"), person("monthly@example.jp", only_monthly=True)
    assert list(audience.recipients()) == [both, monthly]
    assert list(audience.recipients(extra=True)) == [both]
    ids = [both.pk, monthly.pk]
    assert [type(answer) for answer in audience.check(ids).values()] == [Reader, Reader]
    assert audience.check(ids, extra=True)[monthly.pk] == Exclusion(Why.ONLY_MONTHLY)
    # A weightier reason comes first.
    suppressed(monthly.address, Suppression.Reason.BOUNCED)
    assert audience.check(ids, extra=True)[monthly.pk] == Exclusion(Why.BOUNCED)
    why = Subscriber.objects.annotate(why=audience.why_not(extra=True)).values_list("why", flat=True)
    assert list(why.order_by("pk")) == [None, "bounced"]


def test_five_hundred_people_are_checked_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ids = [person(f"reader{number}@example.jp").pk for number in range(500)]
    with django_assert_num_queries(1):
        answers = audience.check(ids)
    assert all(isinstance(answer, Reader) for answer in answers.values())
    assert audience.check([]) == {}
    assert len(audience.check(range(2000))) == 2000


def test_the_suppressions_are_looked_up_in_their_index() -> None:
    sql, parameters = audience.recipients().order_by().query.sql_with_params()
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # a table of a test is too small for any index
        cursor.execute(f"{explain} {sql}", parameters)
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "suppression_once" in plan
    assert "SCAN subscribers_suppression" not in plan
