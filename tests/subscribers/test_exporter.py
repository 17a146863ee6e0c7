"""Lists on their way out: read again they change nothing, and no spreadsheet runs them."""

from __future__ import annotations

import csv
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from subscribers import exporter, importer, signup
from subscribers.errors import ImportFileError
from subscribers.exporter import HEADINGS
from subscribers.models import Subscriber, Suppression
from subscribers.planned import Verdict
from subscribers.table import open_table, unescape
from tests.subscribers.people import NOW, person, suppressed
from tests.subscribers.test_importer import GROUNDS, LOOKUPS, plan, take_in

pytestmark = pytest.mark.django_db

TITLES = {"members": "会員自治体ニュース", "events": "イベント・募集"}
LABELS = {"zero": "ゼロエミッションの発展", "nature": "自然に基づく発展"}


def everybody() -> list[tuple[Any, ...]]:
    fields = (
        "address", "name", "organisation", "department", "municipality", "format", "only_monthly", "language",
        "sections", "pathways", "state", "paused_until",
    )  # fmt: skip
    return list(Subscriber.objects.order_by("address_key").values_list(*fields))


def people() -> None:
    person(
        "taro@example.jp",
        name="見本〜～ 髙﨑德①",
        organisation="見本市役所",
        municipality="011002",
        only_monthly=True,
        language="en",
        sections=["members"],
        pathways=["zero"],
    )
    person("Hanako@example.jp", name='見本 "花子", 一郎', department="環境局\u3000企画課", format="text")
    person("=cmd@example.jp", name="=HYPERLINK(1)", organisation="＋見本", department="'@x")
    person("-minus@example.jp", name="'-x", organisation="-1")
    person("a..b@docomo.ne.jp", name="神神 葛\U000e0100城", sections=["members", "events"], pathways=["zero", "old"])
    person("rests@example.jp", paused_until=timezone.now().replace(microsecond=0) + timedelta(days=400))


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_export_and_import_again_is_the_identity(name: str, tmp_path: Path) -> None:
    people()
    path = tmp_path / name
    written = exporter.export(path, section_titles=TITLES, pathway_labels=LABELS)
    assert (written.rows, written.is_written, written.losses) == (6, True, ())
    assert {planned.action for planned in plan(open_table(path))} == {Verdict.SAME}
    before = everybody()
    Subscriber.objects.all().delete()
    take_in(open_table(path))
    assert everybody() == before


def test_a_cp932_list_read_again_changes_nothing(tmp_path: Path) -> None:
    people()
    Subscriber.objects.get(address="a..b@docomo.ne.jp").delete()  # 神 and 葛󠄀: not in CP932
    path = tmp_path / "list.csv"
    written = exporter.export(path, encoding="cp932", section_titles=TITLES)
    assert written.is_written
    assert [str(twin) for twin in written.twins] == ["2行目 氏名「見本〜～ 髙﨑德①」: ～（U+FF5E）"]
    assert b"?" not in path.read_bytes()
    table = open_table(path)
    assert table.encoding == "cp932"
    assert {planned.action for planned in plan(table)} == {Verdict.SAME}


def test_what_cp932_cannot_hold_is_listed_and_nothing_is_written(tmp_path: Path) -> None:
    person(name="𠮷田 見本")
    path = tmp_path / "list.csv"
    written = exporter.export(path, encoding="cp932")
    assert not written.is_written
    assert [str(loss) for loss in written.losses] == ["2行目 氏名「𠮷田 見本」: 𠮷（U+20BB7）"]
    assert list(tmp_path.iterdir()) == []


def test_on_request_a_mark_stands_where_cp932_has_no_character(tmp_path: Path) -> None:
    person(name="𠮷田 見本")
    path = tmp_path / "list.csv"
    assert exporter.export(path, encoding="cp932", lossy=True).is_written
    text = path.read_bytes().decode("cp932")
    assert "〓田 見本" in text
    assert "?" not in text


def test_the_file_is_what_excel_opens(tmp_path: Path) -> None:
    people()
    path = tmp_path / "list.csv"
    exporter.export(path, section_titles=TITLES)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == 7
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        headings, *rows = csv.reader(file)
    assert headings[:4] == ["メールアドレス", "氏名", "所属団体", "部署"]
    assert rows[0][5:9] == ["HTML形式", "受け取らない", "英語", "会員自治体ニュース"]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@＝＋－＠" and cell]


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    people()
    path = tmp_path / "list.xlsx"
    exporter.export(path)
    sheet = load_workbook(path).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert sheet["B4"].value == "'=HYPERLINK(1)"
    assert sheet["E2"].value == "011002"


@given(st.text("'=+-@＝a\t", max_size=6))
def test_an_escaped_cell_comes_back_and_starts_no_formula(cell: str) -> None:
    escaped = exporter.escape(cell)
    assert unescape(escaped) == cell
    assert escaped[:1] not in tuple("=+-@＝＋－＠\t\r")


def test_by_default_only_people_who_may_be_written_to_are_listed(tmp_path: Path) -> None:
    person("reader@example.jp")
    person("waiting@example.jp", Subscriber.State.PENDING)
    signup.leave(person("left@example.jp").key, None, NOW)
    person("bounced@example.jp")
    suppressed("bounced@example.jp", Suppression.Reason.BOUNCED)
    person("complained@example.jp")
    suppressed("complained@example.jp", Suppression.Reason.COMPLAINED)
    assert exporter.export(tmp_path / "some.csv").rows == 1
    everybody_else = tmp_path / "all.csv"
    assert exporter.export(everybody_else, everybody=True).rows == 5
    before = Subscriber.objects.count()
    Subscriber.objects.all().delete()
    Suppression.objects.all().delete()
    # Even where nobody knows them, the list itself says who must not come in.
    counts = take_in(open_table(everybody_else))
    assert counts == {Verdict.ADDED: 1, Verdict.REFUSED: before - 1}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16", "utf-8-sig"])
def test_refused_rows_come_back_in_the_form_of_their_file(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    text = "メール\t氏名\t備考\r\na@example.jp\t見本 太郎\t\r\nb.example.jp\t見本〜\t'=x\r\nc@@example.jp\r\n"
    path.write_bytes(text.encode(encoding))
    table = open_table(path)
    refused = [p for p in plan(table) if p.action is Verdict.REFUSED]
    again = tmp_path / "refused.csv"
    exporter.write_refused(again, table, lambda: [(p.candidate.cells, " ".join(p.words)) for p in refused])
    read = open_table(again)
    assert (read.encoding, read.delimiter) == (table.encoding, "\t")
    assert read.headings == ("メール", "氏名", "備考", "拒否の理由")
    rows = [row.cells for row in read.rows()]
    assert rows[0] == ("b.example.jp", "見本〜", "=x", "「@」がありません。")
    assert rows[1][0] == "c@@example.jp"
    assert {p.action for p in plan(read)} == {Verdict.REFUSED}


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="フォルダ"):
        exporter.export(tmp_path / "missing" / "list.csv")


def test_an_import_in_blocks_and_an_export_in_blocks_agree(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("メール,氏名\n" + "".join(f"u{n}@example.jp,見本{n}\n" for n in range(2000)), encoding="utf-8")
    importer.run_import(importer.read_rows(open_table(path), LOOKUPS), GROUNDS, NOW, "k" * 32)
    assert exporter.export(tmp_path / "out.csv").rows == 2000


def test_a_pause_that_goes_on_is_written_until_when(tmp_path: Path) -> None:
    until = timezone.now() + timedelta(days=30)
    person("rests@example.jp", paused_until=until)
    person("is-back@example.jp", paused_until=timezone.now() - timedelta(days=1))
    exporter.export(tmp_path / "list.csv")
    [heading, *rows] = csv.reader((tmp_path / "list.csv").read_text("utf-8-sig").splitlines())
    assert heading[-1] == "お休み（いつまで）"
    assert {row[0]: row[-1] for row in rows} == {
        "rests@example.jp": f"{timezone.localtime(until):%Y-%m-%d %H:%M:%S}",
        "is-back@example.jp": "",
    }
    assert {row[HEADINGS.index("状態")] for row in rows} == {"購読中"}


def test_the_reasons_stand_behind_the_longest_row_under_their_own_heading(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("メール,氏名,,\nbad@,山田,余り,\nbad2@,佐藤\n", "utf-8")
    again = tmp_path / "refused.csv"
    refused = [(("bad@", "山田", "余り"), "理由"), (("bad2@", "佐藤"), "別")]
    exporter.write_refused(again, open_table(path), lambda: refused)
    assert again.read_text("utf-8").splitlines() == [
        "メール,氏名,,拒否の理由", "bad@,山田,余り,理由", "bad2@,佐藤,,別",
    ]  # fmt: skip


def test_a_reason_names_the_address_that_shares_its_cell() -> None:
    cells = ("a@example.jp; bad@", "山田")
    assert exporter.reason_for(cells, "bad@", "理由。") == "bad@: 理由。"
    assert exporter.reason_for(("bad@ ", "山田"), "bad@", "理由。") == "理由。"
