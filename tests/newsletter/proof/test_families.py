"""The four errors that went out, and what holds for every rule of dates, brackets, numbers and the issue."""

from __future__ import annotations

import pytest

from newsletter.proof.finding import Finding, apply
from newsletter.proof.manuscript import passages
from newsletter.proof.rules import catalogue
from tests.newsletter.proof import cases

RULES = {rule.id: rule for rule in catalogue()}
# Their fix settles the matter at once; in the others it takes a second look (a weekday of three, two brackets).
SETTLED = (
    "era-mismatch", "impossible-date", "event-past", "holiday-mark", "issue-month", "digit-grouping", "kanji-count",
    "subscript", "unit-variants", "large-number", "counter-ka", "mixed-digit-width", "weekday-mismatch",
)  # fmt: skip


def found(rule: str, text: str, **extras: object) -> list[Finding]:
    case = {"text": text, **extras}
    return list(RULES[rule].check(cases.manuscript_of(case), cases.world_of(case)))


def test_a_white_paper_of_2023_did_not_come_out_in_2022() -> None:
    (one,) = found("era-mismatch", "2022年6月9日に『令和5年版 環境白書』が公表されました。")
    assert [fix.replacement for fix in one.fixes] == ["令和4"]


def test_a_closing_bracket_that_nobody_opened_is_found() -> None:
    (one,) = found("bracket-unmatched", "国は、令和5年版環境白書』を公表しました。")
    assert (one.found, one.fixes[0].replacement) == ("』", "")


def test_a_counter_is_written_with_ka() -> None:
    (one,) = found("counter-ka", "世界の125カ国から集まりました。")
    assert (one.found, one.fixes[0].replacement) == ("カ国", "か国")


def test_a_weekday_has_two_ways_out() -> None:
    (one,) = found("weekday-mismatch", "１２月５日（日）に開きます。")
    assert [fix.replacement for fix in one.fixes] == ["１２月５日（土）", "１２月６日（日）"]
    assert "2026年とみなしました" in one.message


def test_the_nearest_day_may_be_in_the_next_month() -> None:
    (one,) = found("weekday-mismatch", "11月30日（火）に開きます。")
    assert one.fixes[1].replacement == "12月1日（火）"


def test_a_year_that_was_said_before_counts() -> None:
    assert not found("weekday-mismatch", "2025年5月10日に始まりました。6月12日（木）には、50人が集まりました。")


def test_a_day_before_the_calendar_was_changed_has_no_weekday_to_check() -> None:
    assert not found("weekday-mismatch", "明治5年12月2日（月）まで旧暦でした。")


def test_the_serial_number_follows_the_one_before() -> None:
    extras = {"manuscript": {"number": 139}, "world": {"issues_before": [["2026-10", 136], ["2026-09", 135]]}}
    (one,) = found("issue-number", "", **extras)
    assert (one.place.field, one.fixes[0].replacement) == ("number", "137")


@pytest.mark.parametrize("name", SETTLED)
def test_the_first_fix_settles_it(name: str) -> None:
    for case in cases.read(cases.CORPUS / f"{name}.jsonl"):
        manuscript = cases.manuscript_of(case)
        texts = {(one.item, one.field): one.text for one in passages(manuscript)}
        for finding in RULES[name].check(manuscript, cases.world_of(case)):
            if finding.fixes and not case["text"].count("いずれも"):
                place = finding.place
                mended = apply(texts[place.item, place.field], finding, finding.fixes[0])
                again = found(name, mended, **{key: case[key] for key in case if key not in ("text", "id")})
                assert finding.found not in [one.found for one in again], (case["id"], mended)


def test_a_message_says_what_to_do() -> None:
    for name in SETTLED:
        for case in cases.read(cases.CORPUS / f"{name}.jsonl"):
            for finding in RULES[name].check(cases.manuscript_of(case), cases.world_of(case)):
                assert finding.message.endswith("。")
