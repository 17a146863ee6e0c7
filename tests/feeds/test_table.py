"""Files of submissions: each sample in tests/data/submissions/files stands beside the answer it must give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import WorkbookError
from feeds.rows import MOST_ROWS, SubmittedFile, csv_headings
from feeds.table import decode, read_table
from feeds.workbook import read_form

FILES = Path(__file__).parents[1] / "data" / "submissions" / "files"
SAMPLES = sorted(path for path in FILES.iterdir() if path.suffix != ".json")


def read(path: Path) -> SubmittedFile:
    content = path.read_bytes()
    return read_form(content) if path.suffix == ".xlsx" else read_table(content)


def as_answer(file: SubmittedFile) -> dict[str, Any]:
    rows = []
    for row in file.rows:
        answer: dict[str, Any] = {"place": row.place, "fields": dict(row.fields)}
        answer |= {key: value for key in ("member", "member_code") if (value := getattr(row, key))}
        if row.problems:
            answer["problems"] = [[fault.field, row.cells[fault.field], fault.message] for fault in row.problems]
        rows.append(answer)
    return {"rows": rows, "unknown_headings": list(file.unknown_headings)}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_gives_the_answer_beside_it(path: Path) -> None:
    expected = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
    if "refused" in expected:
        with pytest.raises(WorkbookError, match=expected["refused"]):
            read(path)
        return
    answer = as_answer(read(path))
    for row, wanted in zip(answer["rows"], expected["rows"], strict=True):
        for fault, (field, cell, words) in zip(row.pop("problems", []), wanted.pop("problems", []), strict=True):
            assert fault[:2] == [field, cell]
            assert words in fault[2]
    assert answer == expected


@pytest.mark.parametrize("text", ["〜", "－", "髙", "德", "①", "㈱", "ｱ", "―"])
def test_a_character_comes_back_from_cp932_as_it_was(text: str) -> None:
    # An odd byte that is no UTF-8, so that the encoding is not in doubt.
    content = f"亜{text}".encode("cp932")
    assert decode(content) == f"亜{text}"


def test_a_file_with_more_rows_than_one_import_takes_is_refused() -> None:
    line = "催し,本文,見本,a@example.lg.jp\n"
    head = "見出し,本文,担当者名,担当者のメールアドレス\n"
    assert len(read_table((head + line * MOST_ROWS).encode()).rows) == MOST_ROWS
    with pytest.raises(WorkbookError, match="200件まで"):
        read_table((head + line * (MOST_ROWS + 1)).encode())


def test_a_file_that_is_mostly_empty_lines_is_refused() -> None:
    with pytest.raises(WorkbookError, match="行が多すぎます"):
        read_table(b"\n" * 100_000)


def test_a_huge_cell_is_refused_and_not_a_traceback() -> None:
    with pytest.raises(WorkbookError):
        read_table(b"title,body\n" + b"x" * 200_000)


def test_headings_without_end_are_named_in_part() -> None:
    head = "見出し,本文,担当者名,担当者のメールアドレス," + ",".join(f"余分{number}" for number in range(100))
    unknown = read_table(f"{head}\n".encode()).unknown_headings
    assert (len(unknown), unknown[-1]) == (21, "ほか80個")
    long = read_table(f"見出し,本文,担当者名,担当者のメールアドレス,{'長' * 50_000}\n".encode())
    assert long.unknown_headings == ("長" * 30 + "…",)
    with pytest.raises(WorkbookError, match="見出しが多すぎます"):
        read_table((head + ",x" * 300).encode())


def test_the_headings_we_publish_are_all_understood() -> None:
    content = ",".join(csv_headings()).encode()
    assert read_table(content) == SubmittedFile(rows=(), unknown_headings=())
