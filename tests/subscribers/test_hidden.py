"""Counting hidden rows in the bytes of a sheet: what counts, also across two chunks, and what a hostile tag costs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from subscribers import hidden
from subscribers.hidden import hidden_rows


def rows_of(tmp_path: Path, sheet: bytes) -> int:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("sheet1.xml", sheet)
    return hidden_rows(path, "sheet1.xml")


SHEET = b"""<sheetData><row r="1" hidden="1"><c r="A1"/></row><x:row hidden = 'true' r="2" >
<x:c/></x:row><row r="3" hidden="0"><c/></row><row r="4" hidden="1"></row><row r="5" hidden="1"/><row r="6"><c/></row>
<row r="7"
hidden="1"><c/></row><row r="8" unhidden="1"><c/></row><rowBreaks hidden="1"><c/></rowBreaks></sheetData>"""


def test_a_row_counts_that_says_it_is_hidden_and_has_a_cell(tmp_path: Path) -> None:
    assert rows_of(tmp_path, SHEET) == 3


@pytest.mark.parametrize("size", [1, 2, 7, 33, 64, 200])
def test_it_does_not_matter_where_a_chunk_ends(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hidden, "CHUNK", size)
    assert rows_of(tmp_path, SHEET) == 3


def test_a_tag_full_of_the_word_costs_no_more_than_its_length(tmp_path: Path) -> None:
    """Ten seconds and more if it cost the square: see hidden._ROW."""
    full = b' hidden="1"' * 10_000
    assert rows_of(tmp_path, b"<row r='1' spans='" + full + b"'/>" + b"<row r='2' " + full + b"><c/></row>") == 1
