"""What an .xlsx may be before anything opens it: a small ZIP of plain XML parts (ECMA-376). Pure."""

from __future__ import annotations

import io
import zipfile
import zlib

from feeds.errors import WorkbookError

LARGEST_FILE = 5 * 1024 * 1024  # bytes
LARGEST_UNPACKED = 20 * 1024 * 1024  # bytes, all parts together
MOST_PARTS = 500
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and every .xlsx that has a password
# ECMA-376 part 2 forbids a DTD in any part; entities in one are how a small file grows without end.
_DTD = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))


def refuse_hostile(content: bytes) -> None:
    """WorkbookError when the file is no .xlsx, too large, or would unpack to more than a form can need."""
    if len(content) > LARGEST_FILE:
        raise WorkbookError("ファイルが大きすぎます（5MBまで）。貼り付けた画像があれば消してください。")
    if content.startswith(OLE):
        raise WorkbookError(
            "パスワード付きか古い形式（.xls）のファイルです。パスワードを外し、.xlsx形式で保存し直してください。"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _refuse_parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise WorkbookError("Excelのファイル（.xlsx）として開けません。Excelで開いて保存し直してください。") from error


def _refuse_parts(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    # zipfile reads no more of a part than its entry declares, so the declared sizes are what can come out.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise WorkbookError("展開すると大きすぎるファイルです。様式をもう一度取り寄せて書き直してください。")
    if "[Content_Types].xml" not in names or len(names) != len(parts):
        raise WorkbookError("Excelのファイル（.xlsx）ではありません。")
    for part in parts:
        if part.filename.endswith((".xml", ".rels", ".vml")) and _has_dtd(archive.read(part)):
            raise WorkbookError("Excelのファイルに、あってはならない宣言（DTD）が入っています。受け付けられません。")


def _has_dtd(xml: bytes) -> bool:
    return any(mark in xml for mark in _DTD)
