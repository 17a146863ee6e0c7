"""The dirty list, row by row; then what writing it does, and what it must not do."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from feeds import members
from feeds.errors import MemberError
from subscribers import audience, importer, signup, staging
from subscribers.errors import ImportFileError
from subscribers.models import ConsentEvent, Subscriber, Suppression
from subscribers.planned import Grounds, Planned, Verdict
from subscribers.reading import Lookups
from subscribers.table import Table, open_table
from tests.subscribers.people import KEY, NOW, kinds, mark, person, suppressed

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[1] / "data" / "subscribers"
EXPECTED: dict[str, Any] = json.loads((DATA / "dirty.json").read_text(encoding="utf-8"))
TOKYO = timezone(timedelta(hours=9))
GROUNDS = Grounds(ConsentEvent.Basis.CARD, "名刺ファイル2026", "事務局", "list.csv")


def find_code(text: str) -> str:
    try:
        return members.find_municipality(text).code
    except MemberError as error:
        raise ValueError(str(error)) from error


LOOKUPS = Lookups(
    TOKYO,
    NOW,
    find_code,
    {"members": "会員自治体ニュース", "events": "イベント・募集"},
    {"zero": "ゼロエミッションの発展"},
)


def table_of(tmp_path: Path, text: str, encoding: str = "utf-8") -> Table:
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return open_table(path)


def plan(table: Table) -> list[Planned]:
    rows = importer.read_rows(table, LOOKUPS)
    return [planned for block in importer.plan_import(rows, KEY, is_cp932=table.is_cp932) for planned in block]


def take_in(table: Table, grounds: Grounds = GROUNDS) -> Counter[Verdict]:
    rows = importer.read_rows(table, LOOKUPS)
    return importer.run_import(rows, grounds, NOW, KEY, is_cp932=table.is_cp932)


TWO_LISTS = "購読者名簿,,\nlost1@example.jp,一,環境課\nlost2＠example.jp,二\n\nメール,氏名\nkept@example.jp,三\n"


def test_people_above_the_headings_are_refused_and_not_passed_over(tmp_path: Path) -> None:
    table = table_of(tmp_path, TWO_LISTS)
    planned = plan(table)
    assert [(one.candidate.line, one.action, one.candidate.written) for one in planned] == [
        (2, "refused", "lost1@example.jp"), (3, "refused", "lost2＠example.jp"), (6, "added", "kept@example.jp"),
    ]  # fmt: skip
    assert planned[0].words == (
        "見出しより上にある行なので、読みません。取り込むときは、見出しの行より下に移してください。",
    )
    assert planned[0].candidate.cells == ("lost1@example.jp", "一", "環境課")
    staged = staging.begin(table, LOOKUPS, NOW)
    staged.read(NOW)
    assert list(staged.candidates()) == list(importer.read_rows(table, LOOKUPS))
    assert take_in(table) == {Verdict.REFUSED: 2, Verdict.ADDED: 1}


def test_cells_under_no_heading_are_not_dropped_in_silence(tmp_path: Path) -> None:
    rows = f"a@example.jp,一,x,右,{'長' * 40},6,7\nb@example.jp,二,\nc@example.jp,三,x,,,\nd@example.jp,,,,,末\n"
    planned = plan(table_of(tmp_path, f"メール,氏名,\n{rows}"))
    assert planned[0].words == (
        f"見出しのない列に値があります（3列目「x」、4列目「右」、5列目「{'長' * 20}…」、ほか2列）。取り込みません",
    )
    assert [str(one.verdict) for one in planned] == ["warned", "added", "warned", "warned"]
    assert "6列目「末」" in planned[3].words[0]
    assert planned[3].candidate.told == {}
    assert plan(table_of(tmp_path, "a@example.jp,一,x\n"))[0].words == ()
    named = replace(table_of(tmp_path, "メール\na@example.jp,一,x\n"), columns={"address": 0, "name": 1})
    assert plan(named)[0].words == ("見出しのない列に値があります（3列目「x」）。取り込みません",)


def test_the_code_of_a_place_stands_before_its_name(tmp_path: Path) -> None:
    rows = "a@example.jp,札幌市,011002\nb@example.jp,札幌市,\nc@example.jp,旭川市,011002\nd@example.jp,ない市,011002\n"
    first, empty, other, unknown = plan(table_of(tmp_path, f"メール,自治体名,団体コード\n{rows}"))
    assert [one.candidate.told for one in (first, empty, other, unknown)] == [{"municipality": "011002"}] * 4
    assert first.words == unknown.words == ()
    assert empty.words == ("団体コードを「札幌市」から 011002 にしました",)
    assert other.words == ("団体コード 011002 と自治体名「旭川市」が合いません。団体コードのほうを使います",)


def test_small_changes_of_a_value_are_notes(tmp_path: Path) -> None:
    rows = 'a@example.jp,"環境局\n総務課",11002\nb@example.jp,環境局,札幌市\nc@example.jp,,011002\n'
    planned = plan(table_of(tmp_path, f"メール,部署,団体コード\n{rows}"))
    assert [one.words for one in planned] == [
        ("部署の改行を空白にしました", "団体コードを「11002」から 011002 にしました"),
        ("団体コードを「札幌市」から 011002 にしました",), (),
    ]  # fmt: skip
    assert {one.verdict for one in planned} == {Verdict.ADDED}


def test_a_list_with_lost_characters_overwrites_none_of_ours(tmp_path: Path) -> None:
    person("a@example.jp", name="𠮷田 〜太郎", department="環境課")
    person("b@example.jp", name="𠮷田 次郎")
    lossy = "メール,氏名,部署\na@example.jp,〓田 〜太郎,総務課\nb@example.jp,〓田 次郎,\nb2@example.jp,〓田,\n"
    first, second, new = plan(table_of(tmp_path, lossy, "cp932"))
    assert (first.verdict, first.changes) == (Verdict.UPDATED, {"department": "総務課"})
    assert (second.verdict, second.words) == (
        Verdict.SAME, ("「〓」のところは、登録済みの字のままにします: 氏名",),
    )  # fmt: skip
    assert (new.verdict, "氏名に「〓」があります" in new.words[0]) == (Verdict.WARNED, True)
    other = plan(table_of(tmp_path, "メール,氏名\nb@example.jp,〓山 次郎\n"))[0]
    assert (other.verdict, other.changes) == (Verdict.WARNED, {"name": "〓山 次郎"})


def people_of_the_dirty_list() -> None:
    person("known@example.jp", name="登録 済子", organisation="見本市役所", department="環境局")
    person("moved@example.jp", name="異動 太郎", organisation="見本市役所", department="環境局")
    person("pending@example.jp", Subscriber.State.PENDING)
    signup.leave(person("left@example.jp").key, None, NOW)
    for name in ("bounced", "complained"):
        person(f"{name}@example.jp")
    suppressed("bounced@example.jp", Suppression.Reason.BOUNCED)
    suppressed("complained@example.jp", Suppression.Reason.COMPLAINED)
    suppressed("erased@example.jp", Suppression.Reason.ERASED)
    suppressed("stopped@example.jp", Suppression.Reason.BY_HAND)


def test_the_list_holds_many_kinds_of_dirt() -> None:
    assert len({row["kind"] for row in EXPECTED["rows"]}) >= 48


def test_every_dirty_row_gets_the_verdict_beside_it() -> None:
    people_of_the_dirty_list()
    found: dict[int, list[Planned]] = {}
    for planned in plan(open_table(DATA / "dirty.csv")):
        found.setdefault(planned.candidate.line, []).append(planned)
    assert sorted(found) == [row["line"] for row in EXPECTED["rows"]]
    for row in EXPECTED["rows"]:
        answers = found[row["line"]]
        assert len(answers) == row.get("people", 1), row["kind"]
        first = answers[0]
        assert first.verdict == row["verdict"], (row["kind"], first.words)
        assert first.action == row.get("action", row["verdict"]), row["kind"]
        assert row.get("says", "") in " ".join(first.words), (row["kind"], first.words)
        if "address" in row:
            assert first.candidate.address
            assert first.candidate.address.address == row["address"]
        for name, value in row.get("told", {}).items():
            assert first.candidate.told[name] == value, row["kind"]


def test_a_dry_run_writes_nothing() -> None:
    plan(open_table(DATA / "dirty.csv"))
    assert not Subscriber.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_a_second_import_of_the_dirty_list_finds_everything_the_same() -> None:
    people_of_the_dirty_list()
    table = open_table(DATA / "dirty.csv")
    first = take_in(table)
    second = take_in(table)
    assert second[Verdict.REFUSED] == first[Verdict.REFUSED]
    assert second[Verdict.SAME] == first[Verdict.ADDED] + first[Verdict.UPDATED] + first[Verdict.SAME]
    assert second[Verdict.ADDED] == second[Verdict.UPDATED] == 0


def test_who_comes_in_is_a_reader_with_a_proof(tmp_path: Path) -> None:
    counts = take_in(table_of(tmp_path, "メール,氏名\nＴａｒｏ@example.jp,見本 太郎\n"))
    assert counts == {Verdict.ADDED: 1}
    subscriber = Subscriber.objects.get()
    assert (subscriber.state, subscriber.address, subscriber.name) == ("active", "Taro@example.jp", "見本 太郎")
    assert subscriber.fingerprint == mark("taro@example.jp")
    assert subscriber.confirmed_at == NOW
    event = ConsentEvent.objects.get()
    assert (event.kind, event.basis, event.operator, event.subscriber) == ("imported", "card", "事務局", subscriber)
    assert event.detail == {"file": "list.csv", "row": 2, "proof": "名刺ファイル2026"}
    assert list(audience.recipients()) == [subscriber]


def test_without_a_proof_nothing_comes_in(tmp_path: Path) -> None:
    table = table_of(tmp_path, "メール\ntaro@example.jp\n")
    with pytest.raises(ImportFileError, match="証跡"):
        take_in(table, Grounds(ConsentEvent.Basis.CARD, " ", "事務局", "list.csv"))
    assert not Subscriber.objects.exists()


def test_an_update_changes_what_the_list_tells_and_nothing_else(tmp_path: Path) -> None:
    reader = person(
        name="異動 太郎", organisation="見本市役所", department="環境局", format="text", sections=["events"]
    )
    counts = take_in(table_of(tmp_path, "メール,氏名,部署,希望する欄\ntaro@example.jp,,総務部,会員自治体ニュース\n"))
    assert counts == {Verdict.UPDATED: 1}
    reader.refresh_from_db()
    assert (reader.name, reader.organisation, reader.department, reader.format, reader.sections) == (
        "異動 太郎",
        "見本市役所",
        "総務部",
        "text",
        ["members"],
    )
    assert reader.confirmed_at == NOW
    assert ConsentEvent.objects.get().detail["changed"] == ["department", "sections"]


def test_a_list_may_say_that_somebody_wants_no_extra_issues_and_never_undoes_it(tmp_path: Path) -> None:
    text = "メール,号外\na@example.jp,受け取らない\nb@example.jp,受け取る\nc@example.jp,\nd@example.jp,たまに\n"
    planned = plan(table_of(tmp_path, text))
    assert "読み飛ばしました" in planned[3].words[0]
    take_in(table_of(tmp_path, text))
    chosen = Subscriber.objects.order_by("address").values_list("only_monthly", flat=True)
    assert list(chosen) == [True, False, False, False]
    again = plan(table_of(tmp_path, "メール,号外\na@example.jp,○\nb@example.jp,×\n"))
    assert [(row.action, row.words) for row in again] == [
        (Verdict.SAME, ("号外を受け取らないことにしている方なので、号外は変えません",)),
        (Verdict.UPDATED, ("変わる項目: 号外",)),
    ]


def test_a_list_may_say_in_which_language_somebody_is_written_to(tmp_path: Path) -> None:
    text = "メール,言語\na@example.jp,English\nb@example.jp,日本語\nc@example.jp,\nd@example.jp,フランス語\n"
    planned = plan(table_of(tmp_path, text))
    assert planned[3].words == ("言語「フランス語」は日本語でも英語でもないので、読み飛ばしました",)
    take_in(table_of(tmp_path, text))
    chosen = Subscriber.objects.order_by("address").values_list("language", flat=True)
    assert list(chosen) == ["en", "ja", "ja", "ja"]
    again = plan(table_of(tmp_path, "メール,lang\na@example.jp,en\nb@example.jp,en\nc@example.jp,\n"))
    assert [(row.action, row.words) for row in again] == [
        (Verdict.SAME, ()), (Verdict.UPDATED, ("変わる項目: 言語",)), (Verdict.SAME, ()),
    ]  # fmt: skip


def test_who_comes_in_may_pause_and_who_is_in_is_asked_by_nobody(tmp_path: Path) -> None:
    person("stays@example.jp", name="活動 続ける")
    text = (
        "メール,氏名,お休み（いつまで）\nrests@example.jp,休み 中,2027-02-28 10:00:00\n"
        "day@example.jp,休み 日,令和9年2月28日\n"
        "back@example.jp,休み 明け,2026-01-31\nodd@example.jp,休み 謎,ずっと\nstays@example.jp,活動 続ける,2027-02-28\n"
    )
    told = {planned.candidate.written: planned for planned in plan(table_of(tmp_path, text))}
    assert told["odd@example.jp"].words == ("お休みの日付「ずっと」が読めないので、読み飛ばしました",)
    assert told["odd@example.jp"].verdict == Verdict.WARNED
    assert told["stays@example.jp"].words == ("登録済みの方のお休みは変えません",)
    take_in(table_of(tmp_path, text))
    until = {one.address: one.paused_until for one in Subscriber.objects.all()}
    assert until.pop("rests@example.jp") == datetime(2027, 2, 28, 10, tzinfo=TOKYO)
    assert until.pop("day@example.jp") == datetime(2027, 3, 1, tzinfo=TOKYO)
    assert set(until.values()) == {None}


def test_who_waits_becomes_a_reader_by_a_list_with_a_proof(tmp_path: Path) -> None:
    person(state=Subscriber.State.PENDING)
    take_in(table_of(tmp_path, "メール\ntaro@example.jp\n"))
    subscriber = Subscriber.objects.get()
    assert subscriber.is_active
    assert subscriber.confirmed_at == NOW


@pytest.mark.parametrize("reason", Suppression.Reason)
def test_nobody_who_is_suppressed_comes_back_by_a_list(reason: Suppression.Reason, tmp_path: Path) -> None:
    suppressed("taro@example.jp", reason)
    assert take_in(table_of(tmp_path, "メール\ntaro@example.jp\n")) == {Verdict.REFUSED: 1}
    assert not Subscriber.objects.exists()
    assert kinds() == ["suppressed"]


def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    rows = "".join(f"u{number}@example.jp\n" for number in range(2000))
    table = table_of(tmp_path, f'メール,氏名\n{rows}x@example.jp,"開いたまま\n')
    with pytest.raises(ImportFileError, match="CSV"):
        take_in(table)
    assert not Subscriber.objects.exists()
    assert not ConsentEvent.objects.exists()


def test_the_same_address_twice_counts_once_also_across_blocks(tmp_path: Path) -> None:
    rows = "".join(f"u{number}@example.jp\n" for number in range(1000))
    counts = take_in(table_of(tmp_path, f"メール\n{rows}U0@EXAMPLE.JP\n"))
    assert counts == {Verdict.ADDED: 1000, Verdict.REFUSED: 1}


def test_a_block_is_planned_with_two_questions_and_a_list_with_three_more(
    tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    table = table_of(tmp_path, "メール\n" + "".join(f"u{number}@example.jp\n" for number in range(1800)))
    person("known@example.jp")
    with django_assert_num_queries(3 + 2 * 2):  # whether anybody is known, who was struck off, who was let go
        assert len(plan(table)) == 1800


def test_a_list_of_another_system_brings_its_dates_and_leaves_its_dead(tmp_path: Path) -> None:
    text = (
        "Email Address,First Name,Last Name,Status,OPTIN_TIME\n"
        "a@example.jp,Taro,Yamada,subscribed,2019-05-01 10:00:00\n"
        "b@example.jp,,,unsubscribed,\n"
        "c@example.jp,,,cleaned,\n"
        "d@example.jp,,,subscribed,令和元年5月1日\n"
        "e@example.jp,,,subscribed,2999-01-01\n"
    )
    assert take_in(table_of(tmp_path, text)) == {Verdict.ADDED: 3, Verdict.REFUSED: 2}
    first = Subscriber.objects.get(address="a@example.jp")
    assert first.name == "Yamada Taro"
    assert first.confirmed_at
    assert first.confirmed_at.astimezone(TOKYO).isoformat() == "2019-05-01T10:00:00+09:00"
    assert ConsentEvent.objects.get(subscriber=first).detail["consented_at"] == "2019-05-01T10:00:00+09:00"
    fourth = Subscriber.objects.get(address="d@example.jp").confirmed_at
    assert fourth
    assert fourth.astimezone(TOKYO).date().isoformat() == "2019-05-01"
    assert Subscriber.objects.get(address="e@example.jp").confirmed_at == NOW


def test_a_cp932_list_never_turns_a_wave_dash_into_a_tilde_or_back(tmp_path: Path) -> None:
    person(name="見本～見本")
    table = table_of(tmp_path, "メール,氏名\ntaro@example.jp,見本〜見本\n", "cp932")
    assert [planned.action for planned in plan(table)] == [Verdict.SAME]


def test_a_file_without_addresses_says_what_its_headings_are(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="見出しは 氏名、電話 です"):
        plan(table_of(tmp_path, "氏名,電話\n見本 太郎,00-0000-0000\n"))
