"""Every way into an import and everything that can have happened since, mixed: each meets the fate of the rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from subscribers import erasure, importer, moves, signup, suppression, undo
from subscribers.addresses import read_address
from subscribers.audience import BLOCK
from subscribers.fates import GONE, NO_VALUES, OVERWRITTEN, Fate, Undone
from subscribers.models import ConsentEvent, FormerValues, ImportRun, Subscriber, Suppression
from subscribers.planned import Grounds
from tests.subscribers.people import KEY, NOW, mark, person
from tests.subscribers.test_importer import LOOKUPS, table_of

pytestmark = pytest.mark.django_db

Row = dict[str, Any]
LATER, AT_LAST = NOW + timedelta(days=3), NOW + timedelta(days=5)
CAME_IN = ("new", "known", "waiting", "moved")
ACTS = {
    "chose": "設定変更", "left": "解除", "asked": "申込", "complained": "配信停止", "listed": "取込",
}  # fmt: skip
QUIET = ("nothing", "bounced", "listed and taken back", "mended", "values forgotten")
NOT_AFTER_MOVING = ("chose", "left", "listed", "listed and taken back")  # refused to who is no reader any more
HEADINGS = "メール,氏名,部署,希望する欄,号外\n"


def rule(came_in: str, since: str) -> tuple[Fate, str]:
    """What taking back means for a person, and the reason when they stay."""
    if since in ("erased", "deleted"):
        return Fate.KEPT, GONE
    if since in ACTS:
        return Fate.KEPT, f"取込のあとに記録があります（{ACTS[since]} 2026-11-27）"
    if came_in == "new":
        return Fate.REMOVED, ""
    if since == "values forgotten":
        return Fate.KEPT, NO_VALUES
    if since == "mended" and came_in == "known":  # of the others the import did not write the name
        return Fate.KEPT, OVERWRITTEN
    return Fate.RESTORED, ""


@pytest.mark.parametrize("seed", range(3))
def test_each_person_meets_the_fate_of_the_rules(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    stories = [
        (came_in, since)
        for came_in, since in product(CAME_IN, (*ACTS, *QUIET, "erased", "deleted"))
        if not (came_in == "moved" and since in NOT_AFTER_MOVING)
    ] + [("new", "nothing")] * BLOCK
    chance.shuffle(stories)
    told = {f"p{number}@example.jp": story for number, story in enumerate(stories)}
    for address, (came_in, _) in told.items():
        before_the_import(address, came_in, chance)
    same = person("same@example.jp", name="同じ")
    first = everybody()
    run = take_in(tmp_path, told, chance)
    written = everybody()
    after_the_import(tmp_path, told)
    last, ledger, stopped = everybody(), events(), list(Suppression.objects.order_by("pk").values())

    dry = [row for block in undo.plan_undo(run) for row in block]
    assert (everybody(), events()) == (last, ledger)
    rows: list[Undone] = []
    counts = undo.undo(run, "花子", AT_LAST, rows.extend)

    assert rows == dry
    address_of = {mark(address): address for address in told}
    fates = {address_of[row.fingerprint]: (row.fate, re.sub(r"取込 \d+", "取込", row.why)) for row in rows}
    assert len(rows) == len(told)
    assert fates == {address: rule(*story) for address, story in told.items()}
    assert {address_of[row.fingerprint]: row.line for row in rows} == lines(told) | {
        address: 0
        for address, (_, since) in told.items()
        if since == "erased"  # the ledger does not say it any more
    }
    assert all(row.address == ("" if row.why == GONE else address_of[row.fingerprint]) for row in rows)
    assert counts == {fate: sum(one is fate for one, _ in fates.values()) for fate in Fate}

    assert everybody() == expected_people(fates, first, written, last) | {same.address: first[same.address]}
    assert events() == expected_ledger(run, rows, ledger)
    assert list(Suppression.objects.order_by("pk").values()) == stopped
    assert not FormerValues.objects.filter(import_run=run).exists()
    run.refresh_from_db()
    assert (run.undone_at, run.undone_by) == (AT_LAST, "花子")


# ------------------------------------------------------------ by the rules
def expected_people(
    fates: Mapping[str, tuple[Fate, str]], first: Mapping[str, Row], written: Mapping[str, Row], last: Mapping[str, Row]
) -> dict[str, Row]:
    """Who is removed is gone, who is restored has back what the import changed, everybody else is as before."""
    people = {address: dict(row) for address, row in last.items() if fates.get(address, ("",))[0] != Fate.REMOVED}
    for address, (fate, _) in fates.items():
        if fate is Fate.RESTORED:
            was = first[address]
            people[address] |= {name: was[name] for name in was if was[name] != written[address][name]}
    return people


def expected_ledger(run: ImportRun, rows: list[Undone], ledger: list[Row]) -> list[Row]:
    """The lines of before, without the person where that is gone; then one for each who is removed or restored."""
    gone = {row.subscriber_id for row in rows if row.fate is Fate.REMOVED}
    kept = [event | ({"subscriber_id": None} if event["subscriber_id"] in gone else {}) for event in ledger]
    return kept + [
        {
            "subscriber_id": row.subscriber_id if row.fate is Fate.RESTORED else None,
            "fingerprint": row.fingerprint, "kind": "undone", "basis": "", "wording": "", "source": None,
            "operator": "花子", "detail": {"file": run.file, "row": row.line}, "import_run_id": None, "at": AT_LAST,
        }
        for row in rows
        if row.fate is not Fate.KEPT
    ]  # fmt: skip


def everybody() -> dict[str, Row]:
    return {row["address"]: dict(row) for row in Subscriber.objects.values()}


def events() -> list[Row]:
    names = [field.attname for field in ConsentEvent._meta.concrete_fields if field.name != "id"]
    return list(ConsentEvent.objects.order_by("pk").values(*names))


# ------------------------------------------------------------ what happened
def lines(told: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """The row of each: as in the list, and behind it those who moved on."""
    listed = [address for address, (came_in, _) in told.items() if came_in != "moved"]
    moved = [address for address, (came_in, _) in told.items() if came_in == "moved"]
    return {address: line for line, address in enumerate((*listed, *moved), start=2)}


def before_the_import(address: str, came_in: str, chance: Random) -> None:
    facts: Row = {"department": chance.choice(("", "環境局")), "sections": chance.choice(([], ["events"]))}
    if came_in == "known":
        person(address, name="前の氏名", only_monthly=chance.random() < 0.5, **facts)
    if came_in == "waiting":
        person(address, Subscriber.State.PENDING)
    if came_in == "moved":
        person(address, **facts)


def take_in(tmp_path: Path, told: Mapping[str, tuple[str, str]], chance: Random) -> ImportRun:
    """The import that will be taken back: a list, and people who moved on."""
    text, where = HEADINGS, lines(told)
    for address, (came_in, _) in told.items():
        change = ",".join(
            ("取込の氏名", chance.choice(("", "脱炭素課")), chance.choice(("", "会員自治体ニュース")), "受け取らない")
        )
        if came_in != "moved":
            text += f"{address},{change if came_in == 'known' else ',,,'}\n"
    run = imported(tmp_path, f"{text}same@example.jp,同じ,,,\n")
    moved = {person.pk: where[person.address] for person in who(told, lambda came_in, _: came_in == "moved")}
    moves.depart(moved, run, NOW)
    return run


def after_the_import(tmp_path: Path, told: Mapping[str, tuple[str, str]]) -> None:
    for name in ("listed", "listed and taken back"):
        named = who(told, lambda _, since, name=name: since == name)  # type: ignore[misc]
        run = imported(tmp_path, HEADINGS + "".join(f"{one.address},別の氏名,,,\n" for one in named), LATER)
        if name != "listed":
            undo.undo(run, "太郎", LATER)
    for one in who(told, lambda _, since: since != "nothing"):
        live(one, told[one.address][1])


def live(one: Subscriber, since: str) -> None:
    """What somebody did, or what was done, since the import."""
    if since == "chose":
        signup.change_preferences(one.key, signup.Preferences(format="text"), None, LATER)
    if since == "left":
        signup.leave(one.key, None, LATER)
    if since == "asked":
        fields = signup.Fields(read_address(one.address))
        signup.request(fields, source=None, wording="1", now=LATER, fingerprint_key=KEY)
    if since in ("complained", "bounced"):
        suppression.suppress(mark(one.address), Suppression.Reason(since), LATER)
    if since == "mended":
        Subscriber.objects.filter(pk=one.pk).update(name="直した氏名")
    if since == "values forgotten":
        FormerValues.objects.filter(subscriber=one).delete()
    if since == "erased":
        erasure.erase(one, "事務局", LATER, lambda _: None)
    if since == "deleted":
        one.delete()


def who(told: Mapping[str, tuple[str, str]], wanted: Callable[[str, str], bool]) -> list[Subscriber]:
    return list(Subscriber.objects.filter(address__in=[address for address, story in told.items() if wanted(*story)]))


def imported(tmp_path: Path, text: str, now: Any = NOW) -> ImportRun:
    runs: list[ImportRun] = []
    grounds = Grounds(ConsentEvent.Basis.CARD, "名刺ファイル2026", "事務局", '名簿 "2026".csv')
    importer.run_import(importer.read_rows(table_of(tmp_path, text), LOOKUPS), grounds, now, KEY, on_done=runs.append)
    return runs[0]
