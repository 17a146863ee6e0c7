"""A huge list is kept while it is read: what was read is not read again, and nothing of it stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import erasures
from subscribers import importer, retention, staging
from subscribers.errors import ImportFileError
from subscribers.models import ConsentEvent, ImportStage, StagedBlock, Subscriber
from subscribers.pasted import rows_from_text
from subscribers.planned import Verdict
from subscribers.table import Table, open_table
from tests.subscribers import dirt
from tests.subscribers.people import KEY, NOW, person
from tests.subscribers.test_importer import GROUNDS, LOOKUPS, table_of

pytestmark = pytest.mark.django_db


def list_of(tmp_path: Path, rows: int) -> Table:
    return table_of(tmp_path, "メール\n" + "".join(f"u{number}@example.jp\n" for number in range(rows)))


def begin_and_stop(table: Table, blocks: int) -> staging.Staged:
    """Read so many blocks, then stop as a machine does that loses its power."""
    staged = staging.begin(table, LOOKUPS, NOW)
    told: list[int] = []

    def stop(rows: int) -> None:
        told.append(rows)
        if len(told) == blocks:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        staged.read(NOW, stop)
    return staged


def test_every_dirty_row_comes_out_of_the_stage_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "dirty.csv"
    dirt.write(path, dirt.rows(500))
    staged = staging.begin(open_table(path), LOOKUPS, NOW)
    staged.read(NOW)
    assert list(staged.candidates()) == list(importer.read_rows(open_table(path), LOOKUPS))


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    table = list_of(tmp_path, 2 * staging.ROWS + 10)
    begin_and_stop(table, 1)
    again = staging.begin(open_table(table.path), LOOKUPS, NOW + timedelta(minutes=1))
    assert again.rows_read == staging.ROWS
    read: list[int] = []
    again.read(NOW, read.append)
    assert read == [staging.ROWS, 10]
    counts = importer.run_import(again.candidates(), GROUNDS, NOW, KEY, on_end=again.drop)
    assert counts == {Verdict.ADDED: 2 * staging.ROWS + 10}
    assert list(ConsentEvent.objects.order_by("pk").values_list("detail__row", flat=True)[:3]) == [2, 3, 4]
    assert not ImportStage.objects.exists()
    assert not StagedBlock.objects.exists()


def test_a_column_named_afterwards_is_read_from_what_is_kept(tmp_path: Path) -> None:
    table = table_of(tmp_path, "メール,担当\n" + "a@example.jp,見本 太郎\n" * staging.ROWS)
    begin_and_stop(table, 1)
    again = staging.begin(replace(table, columns={"address": 0, "name": 1}), LOOKUPS, NOW)
    assert again.rows_read == staging.ROWS
    assert next(again.candidates()).told == {"name": "見本 太郎"}


def test_a_list_without_addresses_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="メールアドレスの列が見つかりません"):
        staging.begin(replace(list_of(tmp_path, 10), columns={}), LOOKUPS, NOW)
    assert not ImportStage.objects.exists()


def test_empty_rows_are_counted_once(tmp_path: Path) -> None:
    table = table_of(tmp_path, "メール,氏名\na@example.jp,\n,\n\nb@example.jp,\n")
    staged = staging.begin(table, LOOKUPS, NOW)
    staged.read(NOW)
    assert (staged.stage.blank, staged.rows_read) == (2, 4)
    staged.read(NOW)
    assert staged.stage.blank == 2


def test_another_file_or_another_form_of_it_begins_anew(tmp_path: Path) -> None:
    table = list_of(tmp_path, staging.ROWS)
    begin_and_stop(table, 1)
    assert staging.begin(replace(table, delimiter=";"), LOOKUPS, NOW).rows_read == 0
    assert staging.begin(replace(table, heading_line=0), LOOKUPS, NOW).rows_read == 0
    table.path.write_text(table.path.read_text() + "one-more@example.jp\n")
    assert staging.begin(open_table(table.path), LOOKUPS, NOW).rows_read == 0


def test_an_erasure_throws_away_whatever_is_kept_and_the_import_says_so(tmp_path: Path) -> None:
    staged = begin_and_stop(list_of(tmp_path, 2 * staging.ROWS), 1)
    erasures.erase(person().fingerprint, "事務局", NOW)
    assert not StagedBlock.objects.exists()
    with pytest.raises(ImportFileError, match="もう一度実行"):
        staged.drop()
    with pytest.raises(ImportFileError, match="もう一度実行"):
        list(staged.candidates())


def test_what_nobody_went_on_with_for_a_day_is_tidied_away(tmp_path: Path) -> None:
    begin_and_stop(list_of(tmp_path, staging.ROWS), 1)
    late = NOW + staging.KEEP_FOR + timedelta(seconds=1)
    assert retention.look(NOW + timedelta(hours=23), retention.Terms()).stages == 0
    assert retention.look(late, retention.Terms()).stages == 1
    assert retention.tidy(late, retention.Terms(), erasures.empty_records).stages == 1
    assert not StagedBlock.objects.exists()


def test_two_imports_of_the_same_list_at_once_take_it_in_once(tmp_path: Path) -> None:
    table = list_of(tmp_path, 50)
    first, second = (staging.begin(table, LOOKUPS, NOW) for _ in range(2))
    first.read(NOW)
    with pytest.raises(ImportFileError, match="ほかで取り込んでいます"):
        second.read(NOW)
    importer.run_import(first.candidates(), GROUNDS, NOW, KEY, on_end=first.drop)
    third = replace(first)
    with pytest.raises(ImportFileError, match="もう一度実行"):
        importer.run_import(third.candidates(), GROUNDS, NOW, KEY, on_end=third.drop)
    assert Subscriber.objects.count() == 50


def test_pasted_text_and_short_lists_are_not_kept(tmp_path: Path) -> None:
    table = list_of(tmp_path, 10)
    assert not staging.is_huge(table)
    assert staging.is_huge(replace(table, about=staging.FROM_ROWS))
    assert not staging.is_huge(replace(rows_from_text("a@example.jp"), about=staging.FROM_ROWS))
