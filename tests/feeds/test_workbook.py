from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from feeds.errors import WorkbookError
from feeds.fields import FIELDS, heading
from feeds.workbook import FormFacts, read_form, write_form

FACTS = FormFacts(
    "見本 e-ニュース",
    "=札幌市",
    "011002",
    {"zero": "ゼロエミッションの発展", "nature": "自然に基づく発展"},
    {number: f"目標{number}" for number in range(1, 18)},
)


@pytest.fixture(scope="module")
def sheet() -> Any:
    return load_workbook(io.BytesIO(write_form(FACTS))).worksheets[0]


def labels(sheet: Any) -> dict[str, int]:
    return {str(sheet.cell(row, 1).value): row for row in range(7, sheet.max_row + 1) if sheet.cell(row, 1).value}


def test_the_form_asks_everything_that_the_other_doors_ask(sheet: Any) -> None:
    asked = set(labels(sheet))
    assert {heading(field) for field in FIELDS} - asked == {"SDGs"}
    assert {"SDGs 1", "SDGs 2", "SDGs 3"} <= asked


def test_the_member_stands_in_the_form_as_text_even_if_its_name_begins_with_a_formula_sign(sheet: Any) -> None:
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=札幌市", "s")
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("011002", "s")


def test_only_the_cells_to_write_in_are_unlocked(sheet: Any) -> None:
    assert sheet.protection.sheet
    row = labels(sheet)["見出し"]
    assert [sheet.cell(row, column).protection.locked for column in (1, 2, 3, 4, 8, 9)] == [
        True, True, True, False, False, True,
    ]  # fmt: skip


def test_every_question_has_an_input_rule_and_a_hint(sheet: Any) -> None:
    rules = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    rows = {name: row for name, row in labels(sheet).items() if not name.startswith("■")}
    assert {f"D{row}" for row in rows.values()} == set(rules)
    kinds = {name: rules[f"D{row}"].type for name, row in rows.items()}
    assert (kinds["開催日"], kinds["発展の道筋"], kinds["SDGs 2"], kinds["本文"]) == (
        "date", "list", "list", "textLength",
    )  # fmt: skip
    assert all(rule.prompt and len(rule.prompt) <= 255 and rule.error for rule in rules.values())


def test_the_drop_downs_hold_the_profiles_own_labels() -> None:
    book = load_workbook(io.BytesIO(write_form(FACTS)))
    choices = book["選択肢"]
    assert choices.sheet_state == "hidden"
    assert [cell.value for cell in choices["A"]][:2] == list(FACTS.pathways.values())
    assert [choices["B1"].value, choices["B17"].value] == ["1 目標1", "17 目標17"]


def test_an_empty_form_holds_no_submission() -> None:
    assert read_form(write_form(FACTS)).rows == ()


def test_a_formula_whose_value_excel_never_saved_is_reported_and_not_taken_as_empty() -> None:
    book = load_workbook(io.BytesIO(write_form(FACTS)))
    book.worksheets[0]["D10"] = "=A1"
    out = io.BytesIO()
    book.save(out)
    [row] = read_form(out.getvalue()).rows
    assert [(fault.field, row.cells[fault.field]) for fault in row.problems] == [("body", "D10")]


def test_a_form_whose_labels_were_removed_is_refused() -> None:
    book = load_workbook(io.BytesIO(write_form(FACTS)))
    book.worksheets[0]["A8"] = None
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(WorkbookError, match="「見出し」がありません"):
        read_form(out.getvalue())
