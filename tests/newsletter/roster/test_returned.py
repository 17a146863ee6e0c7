"""A form that came back: whose row is whose, when somebody sorted, pasted or mended what we had printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from newsletter.models import RosterSheet
from newsletter.roster import files, people, returned
from newsletter.roster.questions import Choice
from newsletter.roster.returned import Returned
from subscribers.models import Subscriber
from tests.newsletter.roster.parts import city, number_of, reader

pytestmark = pytest.mark.django_db

HEADINGS = 9  # the row above the first person


def form(sheet: RosterSheet, tmp_path: Path) -> Path:
    path = tmp_path / "様式.xlsx"
    path.write_bytes(files.form_of(sheet))
    return written(path, C6="例示 花子")


def written(path: Path, **cells: Any) -> Path:
    book = load_workbook(path)
    assert book.active is not None
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    return path


def came_back(sheet: RosterSheet, path: Path) -> Returned:
    return returned.read(path, sheet)


def row_of(sheet: RosterSheet, local: str) -> int:
    return HEADINGS + number_of(sheet, local)


def test_a_row_with_the_number_of_somebody_else_is_refused_and_nobody_goes(tmp_path: Path) -> None:
    sheet = city()
    taro, jiro = row_of(sheet, "t-yamada"), row_of(sheet, "j-suzuki")
    path = form(sheet, tmp_path)
    numbers = {f"A{taro}": str(jiro - HEADINGS), f"A{jiro}": str(taro - HEADINGS)}
    back = came_back(sheet, written(path, **numbers, **{f"F{jiro}": "異動・退職のため外す"}))
    assert sorted(words.partition(":")[0] for words in back.problems) == sorted((f"{taro}行目", f"{jiro}行目"))
    assert "ではないようです" in back.problems[0]


def test_two_people_with_the_same_mask_are_told_apart_by_their_names(tmp_path: Path) -> None:
    sheet = city()
    reader("t-tanaka", "田中 三郎")
    people.fill(sheet)
    taro, tanaka = row_of(sheet, "t-yamada"), row_of(sheet, "t-tanaka")
    path = written(form(sheet, tmp_path), **{f"A{taro}": str(tanaka - HEADINGS), f"A{tanaka}": str(taro - HEADINGS)})
    assert len(came_back(sheet, path).problems) == 2


@pytest.mark.parametrize("name", ["", "山田 太朗", "山田太郎"])
def test_a_name_that_was_mended_or_emptied_in_its_place_is_still_that_person(name: str, tmp_path: Path) -> None:
    sheet = city()
    row = row_of(sheet, "t-yamada")
    told = {f"B{row}": name, f"F{row}": "変更する", f"H{row}": "総務課"}
    back = came_back(sheet, written(form(sheet, tmp_path), **told))
    assert back.problems == ()
    assert [one.number for one in back.entries if one.choice is Choice.CHANGE] == [row - HEADINGS]


def test_who_was_renamed_or_moved_here_since_the_form_went_out_is_still_that_person(tmp_path: Path) -> None:
    sheet = city()
    path = form(sheet, tmp_path)
    Subscriber.objects.filter(name="山田 太郎").update(name="見本 太郎")
    Subscriber.objects.filter(name="鈴木 次郎").update(address="new@example.jp", address_key="new@example.jp")
    assert came_back(sheet, path).problems == ()


def test_a_successor_written_over_the_name_and_the_address_is_refused_not_lost(tmp_path: Path) -> None:
    sheet = city()
    row = row_of(sheet, "t-yamada")
    path = written(form(sheet, tmp_path), **{f"B{row}": "後任 花子", f"D{row}": "h-konin@city.example.lg.jp"})
    [problem] = came_back(sheet, path).problems
    assert problem.startswith(f"{row}行目: ")
    assert "「新しい…」の欄" in problem
