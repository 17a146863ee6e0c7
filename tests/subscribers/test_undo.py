"""Taking a whole import back: who goes, who returns to what they were, and whom it must not touch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from subscribers import importer, signup, suppression, undo
from subscribers.addresses import read_address
from subscribers.errors import ImportUndoError
from subscribers.fates import Fate
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, Suppression
from subscribers.planned import Grounds
from tests.subscribers.people import KEY, NOW, kinds, mark, person
from tests.subscribers.test_importer import LOOKUPS, table_of

pytestmark = pytest.mark.django_db

GROUNDS = Grounds(ConsentEvent.Basis.CARD, "名刺ファイル2026", "事務局", "list.csv")
LATER = NOW + timedelta(days=3)


def take_in(tmp_path: Path, text: str) -> ImportRun:
    runs: list[ImportRun] = []
    rows = importer.read_rows(table_of(tmp_path, text), LOOKUPS)
    importer.run_import(rows, GROUNDS, NOW, KEY, on_done=runs.append)
    return runs[0]


def fates(run: ImportRun) -> dict[str, str]:
    return {row.address: str(row.fate) for block in undo.plan_undo(run) for row in block}


def test_an_import_is_remembered_with_its_counts(tmp_path: Path) -> None:
    person("known@example.jp", name="見本")
    run = take_in(tmp_path, "メール,氏名\nnew@example.jp,\nknown@example.jp,見本\nx,\n")
    run.refresh_from_db()
    assert (run.file, run.operator, run.at) == ("list.csv", "事務局", NOW)
    assert (run.added, run.updated, run.same, run.refused) == (1, 0, 1, 1)


def test_who_came_in_goes_and_what_was_written_over_returns(tmp_path: Path) -> None:
    known = person("known@example.jp", name="見本", department="環境局", sections=["events"])
    waits = person("waits@example.jp", Subscriber.State.PENDING)
    rows = ("new@example.jp,,,,", "known@example.jp,異動,,会員自治体ニュース,受け取らない", "waits@example.jp,,,,")
    text = "\n".join(("メール,氏名,部署,希望する欄,号外", *rows))
    run = take_in(tmp_path, text)
    assert undo.undo(run, "花子", LATER) == {Fate.REMOVED: 1, Fate.RESTORED: 2}
    assert not Subscriber.objects.filter(address="new@example.jp").exists()
    known.refresh_from_db()
    waits.refresh_from_db()
    assert (known.name, known.department, known.sections) == ("見本", "環境局", ["events"])
    assert not known.only_monthly
    assert (waits.state, waits.confirmed_at) == ("pending", None)
    assert kinds("new@example.jp") == kinds("known@example.jp") == ["imported", "undone"]
    assert not FormerValues.objects.exists()
    run.refresh_from_db()
    assert (run.undone_at, run.undone_by) == (LATER, "花子")


def test_nobody_who_did_something_since_is_harmed(tmp_path: Path) -> None:
    names = ("chose", "left", "asked", "complained")
    run = take_in(tmp_path, "メール\n" + "".join(f"{name}@example.jp\n" for name in names))
    who = {name: Subscriber.objects.get(address=f"{name}@example.jp") for name in names}
    signup.change_preferences(who["chose"].key, signup.Preferences(format="text"), None, LATER)
    signup.leave(who["left"].key, None, LATER)
    fields = signup.Fields(read_address("asked@example.jp"))
    signup.request(fields, source=None, wording="1", now=LATER, fingerprint_key=KEY)
    suppression.suppress(mark("complained@example.jp"), Suppression.Reason.COMPLAINED, LATER)
    rows = [row for block in undo.plan_undo(run) for row in block]
    assert {row.fate for row in rows} == {Fate.KEPT}
    assert all("取込のあとに記録があります" in row.why for row in rows)
    undo.undo(run, "花子", LATER)
    assert Subscriber.objects.count() == 4


def test_an_address_that_bounced_goes_and_stays_stopped(tmp_path: Path) -> None:
    run = take_in(tmp_path, "メール\nbounced@example.jp\n")
    suppression.suppress(mark("bounced@example.jp"), Suppression.Reason.BOUNCED, LATER)
    assert undo.undo(run, "花子", LATER) == {Fate.REMOVED: 1}
    assert suppression.is_suppressed(mark("bounced@example.jp"))


def test_whom_a_later_list_names_as_well_stays_until_that_is_taken_back_too(tmp_path: Path) -> None:
    first = take_in(tmp_path, "メール\nboth@example.jp\none@example.jp\n")
    second = take_in(tmp_path, "メール\nboth@example.jp\n")
    assert fates(first) == {"both@example.jp": "kept", "one@example.jp": "removed"}
    assert fates(second) == {}
    undo.undo(second, "花子", LATER)
    assert fates(first) == {"both@example.jp": "removed", "one@example.jp": "removed"}


def test_the_day_of_what_happened_since_is_that_of_the_office(tmp_path: Path) -> None:
    run = take_in(tmp_path, "メール\na@example.jp\n")
    signup.leave(Subscriber.objects.get().key, None, datetime(2026, 12, 1, 16, 30, tzinfo=UTC))  # 1:30 in Japan
    assert "2026-12-02" in next(undo.plan_undo(run))[0].why


def test_lists_that_name_the_same_people_are_taken_back_in_any_order(tmp_path: Path) -> None:
    first = take_in(tmp_path, "メール\none@example.jp\nboth@example.jp\nactive@example.jp\n")
    second = take_in(tmp_path, "メール\nboth@example.jp\nactive@example.jp\nown@example.jp\n")
    active = Subscriber.objects.get(address="active@example.jp")
    signup.change_preferences(active.key, signup.Preferences(name="本人"), None, LATER)
    reasons = {row.address: row.why for block in undo.plan_undo(first) for row in block}
    assert f"取込 {second.pk}" in reasons["both@example.jp"]
    assert undo.undo(first, "花子", LATER) == {Fate.REMOVED: 1, Fate.KEPT: 2}
    assert fates(second) == {"both@example.jp": "removed", "active@example.jp": "kept", "own@example.jp": "removed"}
    assert undo.undo(second, "花子", LATER) == {Fate.REMOVED: 2, Fate.KEPT: 1}
    assert [reader.address for reader in Subscriber.objects.all()] == ["active@example.jp"]


SAID = (None, "", "甲", "乙")  # not in the list, without a name, with one of two
EVERYBODY = [
    (f"u{number}@example.jp", said, acted)
    for number, (*said, acted) in enumerate(itertools.product(SAID, SAID, SAID, (None, 0, 1, 2)))
    # Behind which list somebody did something themselves, if they were in by then.
    if acted is None or any(name is not None for name in said[: acted + 1])
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_after_three_lists_are_taken_back_only_those_are_left_who_acted(order: Sequence[int], tmp_path: Path) -> None:
    runs = []
    for number in range(3):
        rows = [(address, said[number]) for address, said, _ in EVERYBODY if said[number] is not None]
        runs.append(take_in(tmp_path, "メール,氏名\n" + "".join(f"{address},{name}\n" for address, name in rows)))
        for address in (address for address, _, acted in EVERYBODY if acted == number):
            key = Subscriber.objects.get(address=address).key
            signup.change_preferences(key, signup.Preferences(name="本人"), None, LATER)
    for number in order:
        undo.undo(runs[number], "花子", LATER)
    left = set(Subscriber.objects.values_list("address", flat=True))
    assert left == {address for address, _, acted in EVERYBODY if acted is not None}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_after_three_lists_are_taken_back_the_values_are_those_before_them(
    order: Sequence[int], tmp_path: Path
) -> None:
    known = person("known@example.jp", name="初", department="A")
    lists = ("メール,氏名,部署\nknown@example.jp,一,B\n", "メール,氏名\nknown@example.jp,二\n",
             "メール,部署,所属\nknown@example.jp,C,見本市\n")  # fmt: skip
    runs = [take_in(tmp_path, text) for text in lists]
    for number in order:
        undo.undo(runs[number], "花子", LATER)
    known.refresh_from_db()
    assert (known.name, known.department, known.organisation) == ("初", "A", "")


def test_who_came_in_by_a_list_that_was_taken_back_and_acted_since_gets_back_what_a_later_one_wrote_over(
    tmp_path: Path,
) -> None:
    first = take_in(tmp_path, "メール\na@example.jp\n")
    key = Subscriber.objects.get().key
    signup.change_preferences(key, signup.Preferences(name="本人"), None, LATER)
    second = take_in(tmp_path, "メール,氏名\na@example.jp,事務局\n")
    assert undo.undo(first, "花子", LATER) == {Fate.KEPT: 1}
    assert undo.undo(second, "花子", LATER) == {Fate.RESTORED: 1}
    assert Subscriber.objects.get().name == "本人"


def test_a_second_undo_and_one_after_30_days_are_refused(tmp_path: Path) -> None:
    run = take_in(tmp_path, "メール\nnew@example.jp\n")
    with pytest.raises(ImportUndoError, match="30日"):
        undo.undo(run, "花子", NOW + timedelta(days=31))
    undo.undo(run, "花子", LATER)
    with pytest.raises(ImportUndoError, match="もう取り消されて"):
        undo.undo(run, "花子", LATER)
    with pytest.raises(ImportUndoError, match="ありません"):
        undo.undoable(run.pk + 1, NOW)


def test_the_former_values_go_after_30_days_and_with_the_person(tmp_path: Path) -> None:
    gone = person("gone@example.jp", name="前")
    person("known@example.jp", name="前")
    take_in(tmp_path, "メール,氏名\ngone@example.jp,後\nknown@example.jp,後\n")
    gone.delete()
    assert FormerValues.objects.count() == 1
    assert undo.forget_former_values(NOW + timedelta(days=29)) == 0
    assert undo.forget_former_values(NOW + timedelta(days=31)) == 1


def test_an_undo_that_fails_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    run = take_in(tmp_path, "メール\n" + "".join(f"u{number}@example.jp\n" for number in range(1000)))
    told: list[int] = []

    def fail(block: object) -> None:
        told.append(1)
        if len(told) == 2:
            raise ImportUndoError

    with pytest.raises(ImportUndoError):
        undo.undo(run, "花子", LATER, fail)
    assert Subscriber.objects.count() == 1000
