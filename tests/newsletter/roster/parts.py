"""A member with readers, contributors and a sheet, as small as a test of 宛先の確認 needs them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from feeds.models import Contributor, Member
from newsletter.models import RosterAnswer, RosterRound, RosterSheet
from newsletter.roster import answers, people, rounds
from newsletter.roster.questions import Typed, judge
from subscribers.models import ConsentEvent, ImportRun, Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.subscribers.people import person

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)  # 10:00 in Tokyo
DEADLINE = date(2027, 3, 26)
CITY = "city.kitakyushu.lg.jp"


def member(key: str = "kitakyushu") -> Member:
    return Member.objects.get(key=key)


def reader(local: str, name: str = "", department: str = "環境課", **fields: Any) -> Subscriber:
    """A reader at the city's own domain."""
    facts = {"name": name, "department": department, "organisation": "北九州市", "municipality": member().code}
    return person(f"{local}@{CITY}", **facts | fields)


def writer(local: str = "hanako", name: str = "例示 花子", **fields: Any) -> Contributor:
    return Contributor.objects.create(member=member(), name=name, section="環境課", email=f"{local}@{CITY}", **fields)


def sheet(deadline: date = DEADLINE, now: datetime = NOW, year: int = 2027) -> RosterSheet:
    """The member's sheet of a round that was opened now."""
    rounds.open_round(year, deadline, "例示 職員", now)
    return rounds.sheet_of(member())


def city(now: datetime = NOW) -> RosterSheet:
    """A profile, three people (one of them a contributor as well), a shared mailbox, and the sheet they stand on."""
    load_profile()
    reader("t-yamada", "山田 太郎")
    reader("j-suzuki", "鈴木 次郎", format="text", sections=["members"], language="en")
    reader("kankyo", "", "環境局")
    reader("hanako", "例示 花子")
    writer()
    return sheet(now=now)


def open_sheet() -> RosterSheet:
    """The same sheet in a round whose deadline is still to come, whatever the day is."""
    opened = city()
    RosterRound.objects.update(deadline=timezone.localdate() + timedelta(days=14))
    opened.round.refresh_from_db()
    return opened


def number_of(sheet_: RosterSheet, local: str) -> int:
    """The number of a person on the sheet."""
    return next(one.number for one in people.people(people.lines(sheet_)) if one.address == f"{local}@{CITY}")


def answered(
    sheet_: RosterSheet, told: dict[str, Typed], new: Iterable[Typed] = (), now: datetime = NOW, by: str = "例示 花子"
) -> RosterAnswer:
    """An answer: what is told about people by their local parts, everybody else stays."""
    everybody = people.people(people.lines(sheet_))
    typed = {one.number: told.get(one.address.partition("@")[0], Typed("stay")) for one in everybody}
    judged = judge(everybody, typed, {f"new-{number}": one for number, one in enumerate(new, start=1)})
    assert judged.problems == ()
    return answers.receive(sheet_, judged.entries, answers.Respondent(by, "環境課"), RosterAnswer.Door.WEB, now).answer


def imported_as_member(subscriber: Subscriber) -> None:
    """The ledger says that our office brought this person in by a list, on the basis 会員自治体の職員."""
    ConsentEvent.objects.create(
        subscriber=subscriber, fingerprint=subscriber.fingerprint, kind=ConsentEvent.Kind.IMPORTED,
        basis=ConsentEvent.Basis.MEMBER, at=NOW, import_run=ImportRun.objects.create(file="名簿.csv", basis="member"),
    )  # fmt: skip
