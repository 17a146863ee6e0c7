"""In which encoding a text file is, and how it is read so that nothing changes silently. Pure."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from subscribers import jis
from subscribers.columns import LONGEST_ROW
from subscribers.errors import ImportFileError

CHUNK = 1 << 20
# Bytes that Python's cp932 makes private characters of (U+F8F0 to U+F8F3), though no Japanese text has them.
NO_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")
_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_USUAL_ROWS = frozenset({0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)})  # of EUC: signs, letters, kana, common kanji
ENOUGH = 20  # different characters, of which in EUC-JP some would have a high byte
SAVE_AGAIN = "Excelで「CSV UTF-8」として保存し直してください。"


def find_encoding(path: Path) -> tuple[str, int]:
    """The encoding of a text file and how many lines it has. Strict: a byte that fits nothing is an error."""
    with path.open("rb") as file:
        head = file.read(4096)
    for encoding in _marked(head) or ((jis.ISO_2022, "utf-8") if _has_jis_escapes(path) else ("utf-8",)):
        if lines := count_lines(path, encoding):
            return encoding, lines
    found = {} if _marked(head) else {name: count_lines(path, name) for name in ("cp932", jis.EUC)}
    found = {name: lines for name, lines in found.items() if lines}
    if found and not _is_damaged_utf8(path):
        encoding = next(iter(found)) if len(found) == 1 else _cp932_or_euc(path)
        return encoding, found[encoding]
    where = _first_wrong_line(path)
    raise ImportFileError(f"{path.name}: {where}行目の付近が文字として読めません。{SAVE_AGAIN}")


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of the file with their ends, for the csv module; UnicodeError when it is not in this encoding."""
    if encoding in (jis.EUC, jis.ISO_2022):
        # In neither of the two is a line break half of a character.
        yield from (jis.decode_line(line, encoding) for line in _lines_of_bytes(path))
        return
    lines = _lines(path, encoding)
    # Python reads 0x8160 as ～ (FF5E), though it writes 〜 (301C) there: without this a round trip changes it.
    yield from (line.replace("～", "〜") for line in lines) if encoding == "cp932" else lines


def count_lines(path: Path, encoding: str) -> int:
    """How many lines the file has; 0 when it is not in this encoding."""
    try:
        if encoding in (jis.EUC, jis.ISO_2022):
            return 1 + sum(line.count("\n") for line in read_lines(path, encoding))
        return _count_lines(path, encoding)
    except UnicodeError:
        return 0


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of the file, also when they end as those of old Macs do; ImportFileError instead of one without end."""
    with path.open(encoding=encoding, newline="") as file:
        for number, line in enumerate(iter(partial(file.readline, LONGEST_ROW), ""), 1):
            if len(line) == LONGEST_ROW:
                raise ImportFileError(f"{path.name}: {number}行目が長すぎます。1行に1人ずつ書いた名簿にしてください。")
            yield line


def _lines_of_bytes(path: Path) -> Iterator[bytes]:
    return (line.encode("latin-1") for line in _lines(path, "latin-1"))


def _count_lines(path: Path, encoding: str) -> int:
    lines = 1
    with path.open(encoding=encoding, newline="") as file:
        while chunk := file.read(CHUNK):
            lines += chunk.count("\n")
            if encoding == "cp932" and not NO_CP932.isdisjoint(chunk):
                return 0
    return lines


# ------------------------------------------------------------ which of them
def _marked(head: bytes) -> tuple[str, ...]:
    """The encodings that the first bytes leave over."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if head.startswith(codecs.BOM_UTF8):
        return ("utf-8-sig",)
    if 0 in head:  # text has no NUL, but every Latin letter of UTF-16 has one
        return ("utf-16-le",) if head[1::2].count(0) > head[0::2].count(0) else ("utf-16-be",)
    return ()


def _has_jis_escapes(path: Path) -> bool:
    """Whether the file has seven bits only, and changes to Japanese by escape sequences."""
    found, last = False, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not chunk.isascii():
                return False
            found = found or any(sign in last + chunk for sign in (b"\x1b$", b"\x1b(I"))
            last = chunk[-2:]
    return found


def _cp932_or_euc(path: Path) -> str:
    """Of a file whose bytes fit both: it has neither full-width kana nor common kanji in CP932, but half-width kana.

    Their bytes end at DF, and 「､」 or 「･」 never stands before every second one. In EUC-JP a third of all kanji have
    a byte above, every kana begins with 「､」 or 「･」, and most characters are kana or common kanji.
    """
    pairs: Counter[bytes] = Counter()
    for line in _lines_of_bytes(path):
        pairs.update(_PAIR.findall(re.sub(rb"\x8e.|\x8f..", b"", line)))
    kana = sum(count for pair, count in pairs.items() if pair[0] in (0xA4, 0xA5))
    usual = sum(count for pair, count in pairs.items() if pair[0] in _USUAL_ROWS)
    is_high = any(max(pair) > 0xDF for pair in pairs)
    if pairs and (kana >= 0.4 * pairs.total() or (is_high and usual >= 0.6 * pairs.total())):
        return jis.EUC
    if not pairs or (not is_high and len(pairs) > ENOUGH):
        return "cp932"
    # Excel would read EUC-JP as Shift_JIS, and keep that.
    words = "Shift_JISかEUC-JPか決められません。文字コードを選べるエディターで開き、UTF-8で保存し直してください。"
    raise ImportFileError(f"{path.name}: {words}")


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
    number, decoder = 1, codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return number + error.object.count(b"\n", 0, error.start)
            number += chunk.count(b"\n")
    return number
