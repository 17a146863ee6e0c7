"""2,000 dirty rows, each with the verdict it must get; then out and in again without a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from subscribers import exporter, importer
from subscribers.models import ConsentEvent, Subscriber
from subscribers.planned import Grounds, Planned, Verdict
from subscribers.table import open_table
from tests.subscribers import dirt
from tests.subscribers.people import KEY, NOW
from tests.subscribers.test_importer import LOOKUPS

pytestmark = pytest.mark.django_db

GROUNDS = Grounds(ConsentEvent.Basis.CARD, "名刺ファイル2026", "事務局", "dirty.csv")
ROWS = dirt.rows(2_000)


def planned(path: Path) -> list[Planned]:
    blocks = importer.plan_import(importer.read_rows(open_table(path), LOOKUPS), KEY)
    return [one for block in blocks for one in block]


def test_two_thousand_dirty_rows_come_out_one_by_one_as_expected(tmp_path: Path) -> None:
    assert len({row.kind for row in ROWS}) >= 40
    dirt.write(tmp_path / "dirty.csv", ROWS)
    answers = planned(tmp_path / "dirty.csv")
    assert len(answers) == len(ROWS)
    for row, answer in zip(ROWS, answers, strict=True):
        told = (row.kind, row.cells, answer.words)
        assert answer.candidate.line == row.line, told
        assert str(answer.verdict) == row.verdict, told
        if row.verdict == "refused":
            assert any("\u3040" < sign < "\u9fff" for sign in answer.words[0]), told
        else:
            assert answer.candidate.address is not None
            assert answer.candidate.address.address == row.read, told


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_what_came_in_goes_out_and_comes_in_again_unchanged(tmp_path: Path, name: str) -> None:
    dirt.write(tmp_path / "dirty.csv", ROWS)
    rows = importer.read_rows(open_table(tmp_path / "dirty.csv"), LOOKUPS)
    first = importer.run_import(rows, GROUNDS, NOW, KEY)
    before = list(Subscriber.objects.order_by("pk").values())
    exporter.export(tmp_path / name, section_titles=dict(LOOKUPS.sections))
    again = importer.run_import(importer.read_rows(open_table(tmp_path / name), LOOKUPS), GROUNDS, NOW, KEY)
    assert again == {Verdict.SAME: first[Verdict.ADDED]}
    assert list(Subscriber.objects.order_by("pk").values()) == before
    names = {row["name"] for row in before}
    assert {"髙橋 德①", "=HYPERLINK(1)", '見本, "太郎"'} <= names
    assert any("〜" in one and "－" in one for one in names)
