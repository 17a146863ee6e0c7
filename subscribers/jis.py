"""EUC-JP and ISO-2022-JP as Windows writes them (CP51932, CP50221): Python has a codec for neither. Pure.

JIS X 0208 with the characters of NEC and IBM is what CP932 holds, so each pair goes that way: 〜 and － come out alike.
"""

from __future__ import annotations

import re
from functools import cache

EUC, ISO_2022 = "euc-jp", "iso-2022-jp"

# ASCII; JIS X 0208; half-width katakana behind SS2; JIS X 0212 behind SS3.
_EUC = re.compile(rb"([\x00-\x7f]+)|((?:[\xa1-\xfe]{2})+)|((?:\x8e[\xa1-\xdf])+)|((?:\x8f[\xa1-\xfe]{2})+)")
_ESCAPE = re.compile(rb"(\x1b\$\(D|\x1b\$[@B]|\x1b\([BJIH]|\x0e|\x0f)")
_TO_GRAPHIC_RIGHT = bytes(value | 0x80 for value in range(256))


def decode_line(line: bytes, encoding: str) -> str:
    """One line of a file in EUC or ISO_2022; UnicodeDecodeError where a byte fits nothing."""
    if line.isascii() and b"\x1b" not in line and b"\x0e" not in line:
        return line.decode("ascii")
    return _euc(line) if encoding == EUC else _iso_2022(line)


def _euc(line: bytes) -> str:
    pieces, at = [], 0
    while at < len(line):
        found = _EUC.match(line, at)
        if found is None:
            raise UnicodeDecodeError(EUC, line, at, at + 1, "no such character")
        ascii_, pairs, kana, more = found.groups()
        if ascii_:
            pieces.append(ascii_.decode("ascii"))
        elif pairs:
            pieces.append(_pairs(pairs))
        elif kana:
            pieces.append(kana.replace(b"\x8e", b"").decode("cp932"))
        else:
            pieces.append(_triples(more))
        at = found.end()
    return "".join(pieces)


def _iso_2022(line: bytes) -> str:
    """A line begins in ASCII (RFC 1468); kana may also stand behind SO."""
    pieces, mode = [], b"\x1b(B"
    body = line.rstrip(b"\r\n")
    for piece in _ESCAPE.split(body):
        if _ESCAPE.fullmatch(piece):
            mode = b"\x1b(I" if piece == b"\x0e" else b"\x1b(B" if piece == b"\x0f" else piece
        elif piece:
            pieces.append(_in_mode(piece, mode))
    return "".join(pieces) + line[len(body) :].decode("ascii")


def _in_mode(piece: bytes, mode: bytes) -> str:
    if mode in (b"\x1b$B", b"\x1b$@"):
        return _pairs(piece.translate(_TO_GRAPHIC_RIGHT))
    if mode == b"\x1b$(D":
        right = piece.translate(_TO_GRAPHIC_RIGHT)
        return _triples(b"".join(b"\x8f" + right[at : at + 2] for at in range(0, len(right), 2)))
    if mode == b"\x1b(I":
        return piece.translate(_TO_GRAPHIC_RIGHT).decode("cp932")
    if b"\x1b" in piece or not piece.isascii():
        raise UnicodeDecodeError(ISO_2022, piece, 0, len(piece), "no such escape sequence")
    return piece.decode("ascii")


def _pairs(pairs: bytes) -> str:
    signs = _signs()
    try:
        return "".join([signs[pairs[at : at + 2]] for at in range(0, len(pairs), 2)])
    except KeyError as error:
        raise UnicodeDecodeError(EUC, pairs, 0, len(pairs), "no such character") from error


def _triples(triples: bytes) -> str:
    """JIS X 0212, and behind its last row what only IBM has, where eucJP-ms puts it: 髙 is 8F F4FB."""
    more = _of_ibm()
    parts = [triples[at : at + 3] for at in range(0, len(triples), 3)]
    return "".join([more[part] if part in more else part.decode("euc_jp") for part in parts])


@cache
def _of_ibm() -> dict[bytes, str]:
    leads, trails = (0xFA, 0xFB, 0xFC), (*range(0x40, 0x7F), *range(0x80, 0xFD))
    signs = [bytes((lead, trail)).decode("cp932", "ignore") for lead in leads for trail in trails]
    # In the order of CP932: what neither JIS X 0208 nor 0212 has, and № again. From F3F3 to F4FE there are 106 places.
    only = [sign for sign in signs[:388] if sign == "№" or (sign not in "￢￤" and not _is_in_jis(sign))]
    places = [bytes((0x8F, row, cell)) for row in (0xF3, 0xF4) for cell in range(0xA1, 0xFF)]
    return dict(zip(places[-len(only) :], only, strict=True))


def _is_in_jis(sign: str) -> bool:
    try:
        sign.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _signs() -> dict[bytes, str]:
    """Each pair of bytes in EUC with its character: row and cell of JIS X 0208 moved to where Shift_JIS has them."""
    signs = {}
    for row in range(1, 95):
        for cell in range(1, 95):
            lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
            trail = cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell <= 63 else 0x40)
            try:
                sign = bytes((lead, trail)).decode("cp932").replace("～", "〜")
            except UnicodeDecodeError:
                continue
            signs[bytes((row + 0xA0, cell + 0xA0))] = sign
    return signs
