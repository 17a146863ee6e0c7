"""Files that are no list of readers, told by what they are: PDF, pictures, web pages, our form of 宛先の確認. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from subscribers.columns import normal
from subscribers.errors import ImportFileError

FIRST_BYTES = 4096  # of the file, to look at
AS_LIST = "名簿を .xlsx か CSV で用意してください。"
_PICTURE = f"画像です。文字としては読めません。{AS_LIST}"
_PACKED = "圧縮されたファイルです。展開して、中の名簿を選んでください。"
_MAGIC = {
    b"%PDF-": f"PDFです。{AS_LIST}",
    b"\x89PNG\r\n": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"II*\x00": _PICTURE,
    b"MM\x00*": _PICTURE,
    b"\x1f\x8b": _PACKED,
    b"7z\xbc\xaf\x27\x1c": _PACKED,
    b"Rar!": _PACKED,
    b"BZh": _PACKED,
    b"\xfd7zXZ\x00": _PACKED,
    b"{\\rtf": f"ワープロの文書（RTF）です。{AS_LIST}",
    b"\xd0\xcf\x11\xe0": "古いExcel形式（.xls）か、パスワードの付いたファイルです。"
    "パスワードを外し、.xlsx か CSV で保存し直してください。",
}
# What web systems call .xls.
_MARKUP = re.compile(rb"\s*<(?:!doctype|!--|html|head|body|meta|style|table|div)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
WITH_ZEROS = "文字ではない符号（NUL）が入っています。元のデータから作り直してください。"
MASK = "***@"  # how we show an address to others: see addresses.masked

Cells = TypeVar("Cells", bound="tuple[int, tuple[str, ...]]")


def refuse_by_content(name: str, first: bytes) -> None:
    """ImportFileError when the first bytes of the file are those of something else."""
    for magic, words in _MAGIC.items():
        if first.startswith(magic):
            raise ImportFileError(f"{name}: {words}")
    # Without the marks and the zeros of UTF-16, in which web systems write such pages, too.
    plain = first.removeprefix(codecs.BOM_UTF8).removeprefix(codecs.BOM_UTF16_LE).removeprefix(codecs.BOM_UTF16_BE)
    plain = plain.replace(b"\0", b"")
    if _MARKUP.match(plain) or _XML.match(plain):
        kind = "XMLの表" if _XML.match(plain) and b"<html" not in plain.lower() else "HTMLの表"
        raise ImportFileError(f"{name}: {kind}です。Excelで開き、.xlsx形式で保存し直してください。")
    if _is_utf8_with_zeros(first):
        raise ImportFileError(f"{name}: {WITH_ZEROS}")


def _is_utf8_with_zeros(first: bytes) -> bool:
    """Whether a few zeros in UTF-8 would pass for UTF-16, in which every Latin letter has one."""
    if not 0 < first.count(0) < len(first) / 8 or first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first.replace(b"\0", b""))
    except UnicodeError:
        return False
    return True


def refuse_by_rows(name: str, rows: Sequence[tuple[int, tuple[str, ...]]], headings: Sequence[str]) -> None:
    """ImportFileError when the first rows are those of the form that members answer, or the headings are no text."""
    words = {normal(cell) for _, cells in rows for cell in cells}
    if "変わりはありますか" in words or {"照合番号", "回答者のお名前"} <= words:
        raise ImportFileError(
            f"{name}: 「宛先の確認」の様式です。名簿としては取り込めません（アドレスは伏せ字です）。"
            "事務局の画面の「宛先の確認」か newsletter roster import で受け取ってください。"
        )
    if any("\0" in heading for heading in headings):
        raise ImportFileError(f"{name}: 見出しに{WITH_ZEROS}")


def without_masks(name: str, rows: Iterable[Cells], place: int | None) -> Iterator[Cells]:
    """The rows; ImportFileError at an address (in this column) that was masked for other eyes: t***@example.jp."""
    for row in rows:
        if place is not None and len(row[1]) > place and MASK in row[1][place]:
            raise ImportFileError(
                f"{name}: {row[0]}行目のメールアドレスは伏せ字（{row[1][place].strip()[:40]}）です。"
                "伏せていない、もとのアドレスの名簿を使ってください。"
            )
        yield row
