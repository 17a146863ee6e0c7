"""Dates are found in running Japanese, with their year, weekday and what they are joined to."""

from __future__ import annotations

from datetime import date
from time import process_time

import pytest

from newsletter.proof.calendar_text import Link, written_dates

NOVEMBER = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("11月23日（月）", [date(2026, 11, 23)]),
        ("11/23(月・祝)", [date(2026, 11, 23)]),
        ("（10/14-15）", [date(2026, 10, 14), date(2026, 10, 15)]),
        ("9月5日(金)〜6日(土)", [date(2026, 9, 5), date(2026, 9, 6)]),
        ("１１月２３日", [date(2026, 11, 23)]),
        ("令和八年十一月二十三日", [date(2026, 11, 23)]),
        ("R8.11.23", [date(2026, 11, 23)]),
        ("令和元年5月1日", [date(2019, 5, 1)]),
        ("2026年12月20日〜1月10日", [date(2026, 12, 20), date(2027, 1, 10)]),
        ("10/30(金)-11/2(月)", [date(2026, 10, 30), date(2026, 11, 2)]),
        ("1月8日", [date(2027, 1, 8)]),
        ("来年の1月10日", [date(2027, 1, 10)]),
        ("12月は8日（火）", [date(2026, 12, 8)]),
    ],
)
def test_a_date_is_read_in_every_written_form(text: str, days: list[date]) -> None:
    assert [one.value for one in written_dates(text, NOVEMBER)] == days


@pytest.mark.parametrize(
    "text", ["議員の3分の2", "第1.2.3版", "192.0.2.10", "3日間", "https://example.jp/2026/02/30/", "11月3日間"]
)
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert not [one for one in written_dates(text, NOVEMBER) if one.sure]


def test_a_fraction_is_never_sure() -> None:
    assert [one.sure for one in written_dates("面積の1/3は森林です。", NOVEMBER)] == [False]


def test_exactly_six_months_away_both_years_are_possible() -> None:
    (one,) = written_dates("5月10日", NOVEMBER)
    assert one.years == (2026, 2027)


def test_joined_days_share_the_month_and_each_has_its_weekday() -> None:
    first, second = written_dates("11月21日・22日（土・日）", NOVEMBER)
    assert (first.link, second.link) == (Link.NONE, Link.LIST)
    assert [one.weekday and one.weekday[1] for one in (first, second)] == ["土", "日"]


def test_positions_are_those_of_the_text_even_behind_an_address_and_full_width_digits() -> None:
    text = "詳しくは https://example.jp/a を。１２月５日（土）です。"
    (one,) = written_dates(text, NOVEMBER)
    assert text[one.start : one.end] == "１２月５日"


@pytest.mark.parametrize(
    "text", ["3月" + "3日（火）" * 4000, "11月3日・" * 3000, "1/1・" * 5000, "十" * 20000, "10:00〜" * 3000]
)
def test_no_text_keeps_the_reader_of_dates_busy(text: str) -> None:
    start = process_time()
    written_dates(text, NOVEMBER)
    assert process_time() - start < 5  # the slowest needs a seventh of a second
