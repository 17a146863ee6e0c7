"""In which encoding a text file is, and how it is read so that nothing changes silently. Pure."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from subscribers.errors import ImportFileError

CHUNK = 1 << 20
# Bytes that Python's cp932 makes private characters of (U+F8F0 to U+F8F3), though no Japanese text has them.
NO_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")
SAVE_AGAIN = "Excelで「CSV UTF-8」として保存し直してください。"


def find_encoding(path: Path) -> tuple[str, int]:
    """The encoding of a text file and how many lines it has. Strict: a byte that fits nothing is an error."""
    with path.open("rb") as file:
        head = file.read(4096)
    if b"\x1b$" in head:
        raise ImportFileError(f"{path.name}: JISコードのCSVは読めません。UTF-8かShift_JISで保存し直してください。")
    for encoding in _candidates(head):
        lines = _count_lines(path, encoding)
        if lines and not (encoding == "cp932" and _is_damaged_utf8(path)):
            return encoding, lines
    where = _first_wrong_line(path)
    raise ImportFileError(f"{path.name}: {where}行目の付近が文字として読めません。{SAVE_AGAIN}")


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of the file with their ends, for the csv module."""
    with path.open(encoding=encoding, newline="") as file:
        if encoding != "cp932":
            yield from file
            return
        # Python reads 0x8160 as ～ (FF5E), though it writes 〜 (301C) there: without this a round trip changes it.
        for line in file:
            yield line.replace("～", "〜")


def _candidates(head: bytes) -> tuple[str, ...]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if head.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if 0 in head:  # text has no NUL, but every Latin letter of UTF-16 has one
        return ("utf-16-le",) if head[1::2].count(0) > head[0::2].count(0) else ("utf-16-be",)
    return ("utf-8", "cp932")


def _count_lines(path: Path, encoding: str) -> int:
    """How many lines the file has; 0 when it is not in this encoding."""
    lines = 1
    try:
        with path.open(encoding=encoding, newline="") as file:
            while chunk := file.read(CHUNK):
                lines += chunk.count("\n")
                if encoding == "cp932" and not NO_CP932.isdisjoint(chunk):
                    return 0
    except UnicodeError:
        return 0
    return lines


def _is_damaged_utf8(path: Path) -> bool:
    """UTF-8 with a few broken bytes also decodes as CP932, as 譁�蟄怜喧縺� — then every name would be garbage."""
    whole = broken = 0
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        while chunk := file.read(CHUNK):
            others = sum(not sign.isascii() for sign in chunk)
            broken += chunk.count("\ufffd")
            whole += others - chunk.count("\ufffd")
    return whole > 4 * broken


def _first_wrong_line(path: Path) -> int:
    """The first line that is not UTF-8. In UTF-8 and CP932 a line break is never half of a character."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeError:
                return number
    return 1
