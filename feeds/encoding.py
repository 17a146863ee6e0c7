"""Bytes of a feed -> text: what was declared is a hint, what decodes to sensible text decides.

Servers and documents often declare wrongly (a Shift_JIS file served as UTF-8, an EUC-JP one as ISO-8859-1), so
RFC 7303's order (BOM, Content-Type, XML declaration) is followed only as far as the bytes agree.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# Labels as they are meant on the web (https://encoding.spec.whatwg.org/#names-and-labels), not as Python reads them.
_ALIASES = {
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "windows-31j", "ms932", "cp932"), "cp932"
    ),
    **dict.fromkeys(("euc-jp", "euc_jp", "eucjp", "x-euc-jp", "x-euc", "eucjp-ms", "cp51932", "ujis"), "euc_jp"),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp", "jis", "cp50220", "cp50221"), "iso2022_jp"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "gb18030"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "cp949", "windows-949"), "cp949"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5"), "big5hkscs"),
}
JIS_CODECS = frozenset({"cp932", "euc_jp", "iso2022_jp"})
_GUESSES = ("utf-8", "cp932", "euc_jp", "cp1252")
# What a document may declare, as Python names it. Not among them are UTF-16 and UTF-32, which the bytes themselves
# decide (.NET programs write "utf-16" into UTF-8 files), UTF-7, which only attacks used, and Python's codecs that are
# no charsets ("rot13", "bz2").
_DECLARABLE = re.compile(
    r"utf-8|cp932|euc_jp|iso2022_jp|gb18030|cp949|big5hkscs|iso8859-\d{1,2}|cp125\d|cp(?:437|737|775|85[02578]|86[0-9]|874)|"
    r"koi8-[rtu]|tis-620|mac-(?:roman|cyrillic|greek|turkish|latin2)|hp-roman8"
)

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# "<" and the next character without a BOM: XML 1.0 appendix F.
_WIDE_STARTS = (
    (re.compile(rb"\s*<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"(?:\s\0)*<\0[?!a-zA-Z]\0"), "utf-16-le"),
    (re.compile(rb"(?:\0\s)*\0<\0[?!a-zA-Z]"), "utf-16-be"),
)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9_.:-]{1,40})\s*[\"']", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\([DOPQ]|\([BJI])")
_SAMPLE = 200_000
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fc]")
# Half-width katakana, C1 controls and private characters are what mojibake is made of.
_ODD = re.compile("[\u0080-\u009f\ue000-\uf8ff\uff61-\uff9f]")
_LETTERS = re.compile(r"(?=[^\x00-\x7f])(?:[^\W\d_]|[\u00a0«»°§\u2013-\u2026€])")
_MULTI_BYTE = JIS_CODECS | {"utf-8", "gb18030", "cp949", "big5hkscs"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text, and the Python codec that gave it."""

    text: str
    codec: str


def decode(body: bytes, content_type: str = "") -> Decoded:
    """The text of a document; bytes that no charset explains become U+FFFD, never an error."""
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return Decoded(body[len(bom) :].decode(codec, "replace"), codec)
    for start, codec in _WIDE_STARTS:
        if start.match(body):
            return Decoded(body.decode(codec, "replace"), codec)
    if _JIS_ESCAPE.search(body) and body.isascii():
        return Decoded(_decode_iso2022jp(body), "iso2022_jp")
    try:
        # Text in another charset that happens to be well-formed UTF-8 does not exist beyond a word or two.
        return Decoded(body.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        codec = _most_sensible(body[:_SAMPLE], _declared(body, content_type))
        return Decoded(_decode_legacy(body, codec), codec)


def _declared(body: bytes, content_type: str) -> list[str]:
    """The codecs that Content-Type and XML declaration name, if there are such codecs."""
    in_header = _CHARSET.search(content_type)
    in_document = _XML_ENCODING.search(body[:1000])
    labels = [in_header[1] if in_header else "", in_document[1].decode("ascii") if in_document else ""]
    return [codec for codec in map(_codec, labels) if codec]


def _codec(label: str) -> str:
    label = label.lower()
    try:
        codec = codecs.lookup(_ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    return _ALIASES.get(label, codec) if _DECLARABLE.fullmatch(codec) else ""


def _most_sensible(sample: bytes, declared: list[str]) -> str:
    """The codec whose text looks best; the declared ones come first among equals."""
    doubts = {
        codec: _doubt(_decode_legacy(sample, codec), codec, guessed=codec not in declared)
        for codec in dict.fromkeys([*declared, *_GUESSES])
    }
    return min(doubts, key=doubts.__getitem__)


def _doubt(text: str, codec: str, *, guessed: bool) -> float:
    """How unlikely it is that somebody wrote this: 0 is sensible, 1 and more is not."""
    foreign = len(_NOT_ASCII.findall(text)) or 1
    doubt = (3 * text.count("\ufffd") + len(_ODD.findall(text))) / foreign
    if codec not in _MULTI_BYTE:
        # Every byte is a character there. A text is letters and a few marks; what was read wrongly is half symbols.
        return doubt + 1 - len(_LETTERS.findall(text)) / foreign
    if guessed and codec in JIS_CODECS and not _KANA.search(text):
        return doubt + 0.5  # "é" and a letter make a kanji in Shift_JIS, but nothing Western makes kana
    return doubt


def _decode_legacy(body: bytes, codec: str) -> str:
    return body.decode(codec, _NEC_ROWS if codec == "euc_jp" else "replace")


def _nec_rows(error: UnicodeError) -> tuple[str, int]:
    """Read what Python's EUC-JP does not know (① ㈱ 髙) as Windows' CP51932 does: the same cells in cp932."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and min(pair) >= 0xA1 and max(pair) <= 0xFE:
        return _from_jis(pair[0] - 0x80, pair[1] - 0x80), error.start + 2
    return "\ufffd", error.start + 1


_NEC_ROWS = "feeds.nec_rows"
codecs.register_error(_NEC_ROWS, _nec_rows)


def _from_jis(first: int, second: int) -> str:
    """One character of JIS X 0208 with NEC's and IBM's additions, by way of its Shift_JIS bytes."""
    lead = (first - 0x21) // 2 + (0x81 if first <= 0x5E else 0xC1)
    trail = second + 0x1F + (second > 0x5F) if first % 2 else second + 0x7E
    return bytes((lead, trail)).decode("cp932", "replace")


def _decode_iso2022jp(body: bytes) -> str:
    """ISO-2022-JP as Windows writes it (CP50221): with NEC's characters and half-width katakana."""
    pieces, position, mode = [], 0, b"\x1b(B"
    for escape in _JIS_ESCAPE.finditer(body):
        pieces.append(_jis_segment(body[position : escape.start()], mode))
        position, mode = escape.end(), escape[0]
    pieces.append(_jis_segment(body[position:], mode))
    return "".join(pieces)


def _jis_segment(segment: bytes, mode: bytes) -> str:
    if mode in (b"\x1b$B", b"\x1b$@"):
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in segment).decode("euc_jp", _NEC_ROWS)
    if mode == b"\x1b(I":
        return bytes(byte | 0x80 if byte > 0x20 else byte for byte in segment).decode("cp932", "replace")
    return segment.decode("ascii", "replace")
