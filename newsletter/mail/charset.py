"""機種依存文字: what old mail systems garble, and what the text edition says instead.

Only the text edition: the HTML keeps what was written. Kanji of names (髙, 﨑, 德, 𠮷) are never touched, and NFKC is
never used, because it would turn ① into 1 and ㎡ into m2.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

GETA = "〓"  # what a printer puts where a sort is missing

_WORDS = {
    "㈱": "(株)", "㈲": "(有)", "㈹": "(代)", "㈳": "(社)", "㈶": "(財)", "㈻": "(学)", "㈵": "(特)", "㍿": "株式会社",
    "㈰": "(日)", "㈪": "(月)", "㈫": "(火)", "㈬": "(水)", "㈭": "(木)", "㈮": "(金)", "㈯": "(土)", "㈷": "(祝)",
    "㊤": "(上)", "㊥": "(中)", "㊦": "(下)", "㊧": "(左)", "㊨": "(右)", "㊙": "(秘)", "㊗": "(祝)",
    "㋿": "令和", "㍻": "平成", "㍼": "昭和", "㍽": "大正", "㍾": "明治",
    "№": "No.", "℡": "TEL", "㏍": "K.K.", "☎": "TEL", "℻": "FAX", "〝": "“", "〟": "”",
    "㎜": "mm", "㎝": "cm", "㎞": "km", "㎎": "mg", "㎏": "kg", "㏄": "cc", "㎡": "m²", "㎥": "m³", "㎢": "km²",
    "㎖": "mL", "㎘": "kL", "ℓ": "L", "㎾": "kW", "㎿": "MW", "㏊": "ha", "㍱": "hPa", "㏋": "HP",
    "㍉": "ミリ", "㌔": "キロ", "㌢": "センチ", "㍍": "メートル", "㌘": "グラム", "㌧": "トン", "㌃": "アール",
    "㌶": "ヘクタール", "㍑": "リットル", "㍗": "ワット", "㌍": "カロリー", "㌦": "ドル", "㌣": "セント",
    "㌫": "パーセント", "㍊": "ミリバール", "㌻": "ページ",
}  # fmt: skip
_NUMBERED = {
    **{chr(0x2460 + n): f"({n + 1})" for n in range(20)},  # ①–⑳
    **{chr(0x2474 + n): f"({n + 1})" for n in range(20)},  # ⑴–⒇
    **{chr(0x2488 + n): f"{n + 1}." for n in range(20)},  # ⒈–⒛
    **{chr(0x3251 + n): f"({n + 21})" for n in range(15)},  # ㉑–㉟
    **{chr(0x32B1 + n): f"({n + 36})" for n in range(15)},  # ㊱–㊿
    **{chr(0x2776 + n): f"({n + 1})" for n in range(10)},  # ❶–❿
    **{chr(0x24EB + n): f"({n + 11})" for n in range(10)},  # ⓫–⓴
    "⓪": "(0)",
    **{chr(0x249C + n): f"({chr(97 + n)})" for n in range(26)},  # ⒜–⒵
    **dict(zip((chr(0x3280 + n) for n in range(10)), (f"({k})" for k in "一二三四五六七八九十"), strict=True)),
}
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
REPLACEMENTS: dict[str, str] = {
    **_WORDS,
    **_NUMBERED,
    **{chr(0x2160 + n): numeral for n, numeral in enumerate(_ROMAN)},
    **{chr(0x2170 + n): numeral.lower() for n, numeral in enumerate(_ROMAN)},
}

# Half-width katakana with its sound mark; letters with loose marks (NFD, as macOS writes file names).
_HALF_WIDTH = re.compile("[｡-ﾟ]+")
_LOOSE_MARKS = re.compile("[A-Za-zぁ-ヿ][\u0300-\u036f\u3099\u309a]+")
# Zero-width space, soft hyphen, byte-order mark, direction marks: nobody sees them, and searching trips over them.
_ZERO_WIDTH = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Joiners and variation selectors (IVS) change a glyph; only old systems print them as boxes.
_SELECTORS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LISTED = re.compile(f"[{''.join(map(re.escape, REPLACEMENTS))}]")


@dataclass(frozen=True, slots=True)
class Replacement:
    """One character (or short run) that the text edition says differently."""

    found: str
    put: str
    times: int


def without_invisible(text: str) -> str:
    """The text without zero-width and control characters; what changes the look of a kanji or an emoji stays."""
    return _CONTROL.sub("", _ZERO_WIDTH.sub("", text))


def without_machine_dependent(text: str) -> tuple[str, tuple[Replacement, ...]]:
    """The text as every mail system can show it, and what was replaced by what, in the order of first appearance."""
    seen: Counter[tuple[str, str]] = Counter()

    def replace(pattern: re.Pattern[str], by: object, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            new = by(match[0]) if callable(by) else str(by)
            seen[match[0], new] += 1
            return new

        return pattern.sub(put, text)

    for unseen in (_CONTROL, _ZERO_WIDTH, _SELECTORS):
        text = replace(unseen, "", text)
    text = replace(_LOOSE_MARKS, lambda found: unicodedata.normalize("NFC", found), text)
    # Only this block: NFKC of half-width kana is exactly the full-width kana, sound marks joined.
    text = replace(_HALF_WIDTH, lambda found: unicodedata.normalize("NFKC", found), text)
    text = replace(_LISTED, REPLACEMENTS.__getitem__, text)
    text = replace(_PRIVATE, GETA, text)
    return text, tuple(Replacement(found, put, times) for (found, put), times in seen.items())
