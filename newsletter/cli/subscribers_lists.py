"""`newsletter subscribers import` and `export`: whole lists, in and out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli import streams
from newsletter.cli.base import Failure, by_option, django_command, fail, json_option, print_json
from newsletter.cli.progress import Bar, progress_bar
from newsletter.cli.subscribers_report import Report
from newsletter.cli.terminal import say
from newsletter.failures import database_words

if TYPE_CHECKING:
    from subscribers.exporter import Exported
    from subscribers.planned import Planned
    from subscribers.reading import Lookups
    from subscribers.staging import Staged
    from subscribers.table import Table

BASES = ["form", "card", "member", "written", "imported"]
MOST_PASTED = 4_000_000  # bytes; pasted.py counts the characters
ENCODINGS = {"utf-8": "utf-8-sig", "cp932": "cp932"}


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--apply", "is_applied", is_flag=True, help="取り込みます。付けなければ、試しに読んで結果を示すだけです。"
)
@click.option(
    "--basis",
    type=click.Choice(BASES),
    help="送ってよい根拠: form ウェブフォーム、card 名刺交換、member 会員自治体の職員、written 書面による申出、"
    "imported 証跡のある名簿。--apply に必要です。",
)
@click.option(
    "--proof", default="", metavar="TEXT", help="同意をどこで確かめられるか（台帳に残ります）。--apply に必要です。"
)
@click.option(
    "--column",
    "corrections",
    multiple=True,
    metavar="FIELD=見出し",
    help="列の読み方を直します。例: --column address=連絡先 （見出し、列の番号、A などの列名）",
)
@click.option(
    "--refused",
    "refused_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="拒否した行を、元と同じ形でこのファイルに書きます。",
)
@click.option("--problems", is_flag=True, help="警告と拒否の行だけを表示します。")
@by_option
@json_option
@django_command
def import_list(
    file: Path,
    is_applied: bool,
    basis: str | None,
    proof: str,
    corrections: tuple[str, ...],
    refused_file: Path | None,
    problems: bool,
    person: str,
    as_json: bool,
) -> None:
    """購読者の名簿（CSV か .xlsx）を取り込みます。

    付けなければ何も変わりません（--apply）。行ごとに 登録・更新・同じ・警告・拒否 と理由を示します。
    空欄のセルは、登録済みの内容を消しません。解除・停止・消去された方は、名簿では戻りません。

    FILE を「-」にすると、貼り付けた文字を読みます（メールの宛先の行、Excelの選択範囲、1行に1件の一覧など）。
    貼り付けたら、最後に改行して Ctrl-D を押してください。
    """
    if is_applied and not (basis and proof.strip()):
        raise click.UsageError("--apply には、同意の根拠（--basis）と証跡（--proof）が必要です。")
    from subscribers import exporter
    from subscribers.columns import correct_columns
    from subscribers.refused import RefusedRows

    if refused_file and refused_file.exists():
        fail(f"{refused_file} はすでにあります。別の名前にしてください。")
    if refused_file and not refused_file.parent.is_dir():
        fail(f"フォルダ「{refused_file.parent}」がありません。")  # before anybody is taken in
    if not is_applied and not refused_file:
        streams.end_with_the_reader()
    table = _table(file)
    table = replace(table, columns=correct_columns(table.columns or {}, table.headings, _corrections(corrections)))
    with RefusedRows() as refused:
        report = Report(table, problems=problems, as_json=as_json, refused=refused if refused_file else None)
        report.begin()
        grounds = (basis, proof, person) if basis and is_applied else None
        _run(table, grounds, report)
        is_asked = refused_file is not None and report.counts["refused"] > 0
        if refused_file and is_asked:
            exporter.write_refused(refused_file, table, lambda: refused)
    report.end(is_applied, refused_file if is_asked else None)


@click.command("export")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--encoding", type=click.Choice(list(ENCODINGS)), default="utf-8", help="CSVの文字コード。utf-8 はBOM付きです。"
)
@click.option("--all", "everybody", is_flag=True, help="確認待ち・解除済み・停止中の方も書きます。")
@click.option("--lossy", is_flag=True, help="CP932にない文字を「〓」にして書きます。")
@click.option("--force", is_flag=True, help="同じ名前のファイルがあれば置き換えます。")
@json_option
@django_command
def export_list(file: Path, encoding: str, everybody: bool, lossy: bool, force: bool, as_json: bool) -> None:
    """配信してよい購読者の名簿を、CSV か .xlsx に書き出します。

    名簿には個人情報が入ります。ファイルは本人（操作した人）だけが読める権限で作られます。
    """
    from newsletter import wishes
    from subscribers import exporter

    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise click.UsageError("ファイル名の終わりは .csv か .xlsx にしてください。")
    if file.exists() and not force:
        fail(f"{file} はすでにあります。置き換えるときは --force を付けてください。")
    exported = exporter.export(
        file, encoding=ENCODINGS[encoding], everybody=everybody, lossy=lossy,
        section_titles=wishes.section_titles(), pathway_labels=wishes.pathway_labels(),
    )  # fmt: skip
    _report_export(file, exported, as_json)
    if not exported.is_written:
        fail(
            "CP932で書けない文字があるので、書き出していません。"
            "--encoding utf-8 か .xlsx にするか、--lossy を付けてください。"
        )


# ------------------------------------------------------------ import
def _table(file: Path) -> Table:
    from subscribers.pasted import rows_from_text
    from subscribers.table import open_table

    return rows_from_text(_pasted()) if file == Path("-") else open_table(file)


def _pasted() -> str:
    """The standard input, in the encoding of the terminal or of a Japanese Windows."""
    content = sys.stdin.buffer.read(MOST_PASTED + 1)
    if len(content) > MOST_PASTED:
        fail("貼り付けた文字が多すぎます。CSVか.xlsxのファイルにして、ファイルの名前を指定してください。")
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8-sig")
    try:
        return content.decode("cp932")
    except UnicodeDecodeError:
        raise Failure("貼り付けた文字を読めません。文字コードを UTF-8 か Shift_JIS にしてください。") from None


def _corrections(written: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in written]
    if not all(sign for _, sign, _ in pairs):
        raise click.UsageError("--column は FIELD=見出し の形で書いてください。例: --column address=連絡先")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _run(table: Table, grounds: tuple[str, str, str] | None, report: Report) -> None:
    from django.db import DatabaseError

    with progress_bar() as bar:
        if grounds is None:
            _try_out(table, report, bar)
            return
        try:
            _take_in(table, grounds, report, bar)
        except DatabaseError as error:
            # The verdicts that were shown so far are void.
            fail(f"{database_words(error)}名簿は1行も取り込んでいません。")
        except KeyboardInterrupt:
            fail("中断しました。名簿は1行も取り込んでいません。もう一度実行すると、長い名簿は続きから読みます。")


def _try_out(table: Table, report: Report, bar: Bar) -> None:
    from django.conf import settings
    from django.utils import timezone

    from newsletter.lists.lookups import lookups
    from subscribers import importer

    bar.begin("読み込み中", table.about)
    candidates = importer.read_rows(table, lookups(timezone.now()), report.blank)
    for block in importer.plan_import(candidates, settings.FINGERPRINT_KEY, is_cp932=table.is_cp932):
        report.add(block)
        bar.advance(len(block))


def _take_in(table: Table, grounds: tuple[str, str, str], report: Report, bar: Bar) -> None:
    from django.conf import settings
    from django.utils import timezone

    from newsletter.lists.lookups import lookups
    from subscribers import importer, staging
    from subscribers.models import ConsentEvent
    from subscribers.planned import Grounds

    basis, proof, person = grounds
    reasons = Grounds(ConsentEvent.Basis(basis), proof.strip(), person, table.path.name)
    now = timezone.now()
    staged = _staged(table, lookups(now), bar) if staging.is_huge(table) else None
    bar.begin("取り込み中", staged.rows_read if staged else table.about)

    def on_block(block: Sequence[Planned]) -> None:
        report.add(block)
        bar.advance(len(block))

    if staged:
        report.counts["blank"] = staged.stage.blank
    importer.run_import(
        staged.candidates() if staged else importer.read_rows(table, lookups(now), report.blank), reasons, now,
        settings.FINGERPRINT_KEY, is_cp932=table.is_cp932, on_block=on_block,
        on_end=staged.drop if staged else lambda: None, on_done=report.written,
    )  # fmt: skip


def _staged(table: Table, asked: Lookups, bar: Bar) -> Staged:
    """The list, read to its end: what an import that was cut off has read is not read again."""
    from django.utils import timezone

    from subscribers import staging

    staged = staging.begin(table, asked, timezone.now())
    if staged.rows_read:
        say(f"前の取込が途中で止まっています。{staged.rows_read:,}行は読み終えているので、続きから読みます。", err=True)
    bar.begin("読み込み中", table.about, staged.rows_read)
    staged.read(timezone.now(), bar.advance)
    return staged


# ------------------------------------------------------------ export
def _report_export(file: Path, exported: Exported, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "file": str(file),
                "rows": exported.rows,
                "written": exported.is_written,
                "losses": [str(loss) for loss in exported.losses],
                "twins": [str(twin) for twin in exported.twins],
            }
        )
        return
    for loss in exported.losses:
        say(f"CP932にない文字: {loss}")
    for twin in exported.twins:
        say(f"読み戻すと見た目の同じ別の字になる文字: {twin}")
    if exported.is_written:
        say(f"{exported.rows}件を {file} に書き出しました。")
