"""Submissions from files: read, name the member, check every row, then store all of them or none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from feeds import archive, members, photos, submissions
from feeds.errors import AlreadyReceivedError, MemberError, PhotoError, WorkbookError
from feeds.fields import MEMBER, MEMBER_LABEL, FieldError, error
from feeds.models import Member, Submission
from feeds.photos import RecodedPhoto
from feeds.rows import SubmittedFile, SubmittedRow
from feeds.table import read_table
from feeds.validation import SubmissionDraft, validate
from feeds.workbook import read_form

Door = Submission.Door


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row without faults, ready to be received."""

    file: str
    place: str
    door: str
    member: Member
    draft: SubmissionDraft
    photo: RecodedPhoto | None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One fault: which file, row, cell and field, what is wrong and what to do."""

    file: str
    place: str  # empty: the file as a whole
    message: str
    field: str = ""
    label: str = ""
    cell: str = ""  # for Excel

    def __str__(self) -> str:
        where = " ".join(part for part in (self.file, self.place, self.cell) if part)
        return f"{where}：{f'{self.label}：' if self.label else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What one file holds, and everything that is wrong with it."""

    rows: tuple[CheckedRow, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    unknown_headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row and the submission that now holds it; `is_new` is false when the same text was there before."""

    row: CheckedRow
    submission: Submission
    is_new: bool
    remark: str = ""


def check_file(
    path: Path, *, pathways: Mapping[str, str], member: Member | None = None, photo_folder: Path | None = None
) -> CheckedFile:
    """Read one .xlsx or CSV file and check its rows; `member` is whose they are if the file does not say."""
    try:
        door, read = _read(path)
    except WorkbookError as problem:
        return CheckedFile(problems=(RowProblem(path.name, "", str(problem)),))
    if not read.rows:
        empty = RowProblem(path.name, "", "投稿が1件も書かれていません。")
        return CheckedFile(problems=(empty,), unknown_headings=read.unknown_headings)
    folder = photo_folder or path.parent
    rows: list[CheckedRow] = []
    problems: list[RowProblem] = []
    for row in read.rows:
        checked = _check(row, path.name, door, pathways, member, folder)
        if isinstance(checked, CheckedRow):
            rows.append(checked)
        else:
            problems += checked
    return CheckedFile(tuple(rows), tuple(problems), read.unknown_headings)


@transaction.atomic
def store(rows: Iterable[CheckedRow], now: datetime) -> list[StoredRow]:
    """Receive all rows, or none if one cannot be; a text that was received before stays one submission."""
    return [_stored(row, now) for row in rows]


def foresee(rows: Iterable[CheckedRow]) -> list[tuple[CheckedRow, str]]:
    """What `store` would do, without doing it: each row with the remark for a repeated text, or an empty one."""
    seen: dict[tuple[int, str], str] = {}
    foreseen = []
    for row in rows:
        key = row.member.pk, submissions.fingerprint_of(row.draft)
        existing = submissions.earlier(row.member, row.draft)
        repeats = existing is not None and existing.state != Submission.State.WITHDRAWN
        remark = str(submissions.already(existing)) if existing is not None and repeats else seen.get(key, "")
        foreseen.append((row, remark))
        seen.setdefault(key, f"同じ内容が{row.file} {row.place}にあります。1件として受け付けます。")
    return foreseen


def _read(path: Path) -> tuple[str, SubmittedFile]:
    with path.open("rb") as file:
        content = file.read(archive.LARGEST_FILE + 1)  # one byte more than allowed is enough to be refused
    if content.startswith((b"PK", archive.OLE)):
        return Door.EXCEL, read_form(content)
    return Door.CSV, read_table(content)


def _check(
    row: SubmittedRow, file: str, door: str, pathways: Mapping[str, str], member: Member | None, folder: Path
) -> CheckedRow | list[RowProblem]:
    faults: list[FieldError] = list(row.problems)
    try:
        owner = _owner(row, member)
    except MemberError as problem:
        owner = None
        faults.append(FieldError(MEMBER, MEMBER_LABEL, str(problem)))
    photo, photo_fault = _photo(row.fields.get("photo", ""), folder)
    known = {fault.field for fault in faults}
    # A photo that cannot be used has its own remark; its description should not be called superfluous as well.
    fields = {name: text for name, text in row.fields.items() if not (photo_fault and name.startswith("photo"))}
    draft = validate(fields, photo=photo, pathways=pathways)
    faults += [fault for fault in (draft if isinstance(draft, list) else []) if fault.field not in known]
    faults += [photo_fault] if photo_fault else []
    if faults or owner is None or isinstance(draft, list):
        return [
            RowProblem(file, row.place, fault.message, fault.field, fault.label, row.cells.get(fault.field, ""))
            for fault in faults
        ]
    return CheckedRow(file, row.place, door, owner, draft, photo)


def _owner(row: SubmittedRow, given: Member | None) -> Member:
    """The member that the row names by code or name, and the command by --member: they must agree."""
    named = [members.find(text) for text in (row.member_code, row.member) if text]
    everybody = [*named, *([given] if given else [])]
    if not everybody:
        raise MemberError("どの会員の投稿か分かりません。「会員」の列に名称か団体コードを書いてください。")
    if len({member.pk for member in everybody}) > 1:
        names = "と".join(dict.fromkeys(member.name for member in everybody))
        raise MemberError(f"{names}の2つの会員が書かれています。どちらかにそろえてください。")
    return everybody[0]


def _photo(text: str, folder: Path) -> tuple[RecodedPhoto | None, FieldError | None]:
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        return None, None
    try:
        return photos.recode(_photo_file(name, folder)), None
    except PhotoError as problem:
        return None, error("photo", f"「{name}」：{problem}")


def _photo_file(name: str, folder: Path) -> bytes:
    """The content of the file of that plain name in the folder; a path that leads elsewhere is refused."""
    if any(mark in name for mark in "/\\:\0") or name.startswith("."):
        raise PhotoError("ファイル名だけを書いてください（フォルダの名前は書けません）。")
    # A Mac stores が as か and a mark; compare the composed names.
    found = [file for file in folder.iterdir() if unicodedata.normalize("NFC", file.name).lower() == name.lower()]
    if not found or found[0].is_symlink() or not found[0].is_file():
        raise PhotoError(f"写真のファイルが見つかりません。{folder} に置いてください。")
    with found[0].open("rb") as file:
        return file.read(photos.LARGEST_FILE + 1)


def _stored(row: CheckedRow, now: datetime) -> StoredRow:
    try:
        return StoredRow(row, submissions.receive(row.member, row.draft, row.door, now, row.photo), is_new=True)
    except AlreadyReceivedError as repeated:
        existing = Submission.objects.select_related("member").get(pk=repeated.submission_id)
        return StoredRow(row, existing, is_new=False, remark=str(repeated))
