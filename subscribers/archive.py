"""An .xlsx file is a zip archive from outside: what would unpack to no end, or hides something, is refused. Pure."""

from __future__ import annotations

import zipfile
from pathlib import Path

from subscribers.errors import ImportFileError

LARGEST_SHEET = 512 * 2**20  # of all parts together, unpacked
MOST_PARTS = 1_000
HIGHEST_RATIO = 150  # a sheet packs 10 to 50 times; a bomb 1,000 times


def refuse_hostile(path: Path) -> None:
    """Refuse a packed bomb before anything is unpacked. zipfile never gives out more than a part declares."""
    with zipfile.ZipFile(path) as parts:
        members = parts.infolist()
        total = sum(member.file_size for member in members)
        swollen = any(
            member.file_size > 2**20 and member.file_size > HIGHEST_RATIO * max(member.compress_size, 1)
            for member in members
        )
        if len(members) > MOST_PARTS or total > LARGEST_SHEET or swollen:
            raise ImportFileError(
                f"{path.name}: 中身が大きすぎるため、安全のために読みません。CSVで保存し直してください。"
            )
        if "xl/workbook.xml" not in parts.namelist():
            raise ImportFileError(f"{path.name}: Excelの .xlsx ではありません。.xlsx か CSV で保存し直してください。")
        for member in members:
            if member.filename.endswith((".xml", ".rels")):
                with parts.open(member) as part:
                    # No spreadsheet program writes one; entities are the only use it would have.
                    if b"<!DOCTYPE" in part.read(4096):
                        raise ImportFileError(f"{path.name}: 安全のために読まない内容（DOCTYPE）が入っています。")
