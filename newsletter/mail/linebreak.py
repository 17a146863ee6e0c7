"""Where a Japanese line may end (UAX #14, 禁則, what must stay whole), and how wide it is in Japanese mail.

A line is filled as far as it goes; what may not begin the next line pulls its neighbour down with it (追い出し).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from uniseg.linebreak import line_break_boundaries

# UAX #14 leaves some of these to the house (％ after …, small kana, 々): JIS X 4051 行頭禁則.
NOT_AT_START = frozenset(
    "、。，．・：；？！‼⁇⁈⁉゛゜´｀¨＾ー―‐–〜～…‥／＼"
    "）］｝〕〉》」』】〙〗〟’”｠»›＞≫"
    "々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "％‰℃℉°′″￠"
    "!),.:;?]}%｡｣､･ﾞﾟｰｧｨｩｪｫｬｭｮｯ"
)
NOT_AT_END = frozenset("（［｛〔〈《「『【〘〖〝‘“｟«‹＜≪￥＄￡＃№〒※([{｢¥$£#")  # 行末禁則
URL = re.compile(r"https?://[^\s　-鿿、-ー＀-￯]+", re.IGNORECASE)
COUNTERS = (
    "年度|年代|年間|年|か月|カ月|ヶ月|月号|月|日間|日目|日|時間|時半|時|分|秒|週間|週|世紀|号|回目|回|番目|番|"
    "か国語|か国|カ国|ヶ国|か所目|か所|カ所|ヶ所|箇所|市町村|自治体|都道府県|都市|団体|市|町|村|区|県|人|名|件|社|校|台|"
    "本|つ|個|枚|冊|部|倍|割|位|階|棟|戸|世帯|歳|組|点|例|円|万|億|兆|千|百|％|%|℃|トン|キロ|メートル"
)
# A number with what belongs to it: 第137号, 2,500, 10.5％, 11/23, 1万2,000人, 10:30, 11月23日（月・祝）
NUMBER = re.compile(
    rf"(?:第|約|計|全|各|No\.|令和|平成|昭和)?[0-9０-９]+(?:[0-9０-９]|[,.，．:：/／\-–~〜～](?=[0-9０-９]))*"
    rf"(?:(?:{COUNTERS})[0-9０-９,.，．]*)*(?:目|前|後|半|以上|以下|未満)?(?:[（(][月火水木金土日](?:・[祝休振])?[）)])?"
)
WIDE_LATIN = re.compile(r"[Ａ-Ｚａ-ｚ０-９]{2,}")
# Characters of class ID: a line may end between any two of them.
PLAIN = "一-鿿㐀-䶿あいうえおか-ぢつ-もやゆよら-ろわ-んゔアイウエオカ-ヂツ-モヤユヨラ-ロワ-ンヴ"
_OTHER_RUN = re.compile(f"[^{PLAIN}]+")
_LETTERS, _DIGITS = re.compile(r"[A-Za-z]+"), re.compile(r"[0-9]+")


@lru_cache(maxsize=8192)
def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def width(text: str) -> int:
    """Columns on a fixed-pitch Japanese screen; UAX #11 Ambiguous (■ ━ → ①) takes two, as in Japanese mail."""
    return sum(map(_columns, text))


def breaks(text: str) -> list[int]:
    """Where a line of `text` may end: offsets after which UAX #14, 禁則 and the house allow a new line, ascending."""
    allowed = {offset for offset in _uax14(text) if _kinsoku_allows(text, offset)}
    for pattern in (NUMBER, WIDE_LATIN):
        for match in pattern.finditer(text):
            allowed.difference_update(range(match.start() + 1, match.end()))
    for match in URL.finditer(text):
        allowed.difference_update(range(match.start() + 1, match.end()))
        allowed.update(edge for edge in match.span() if 0 < edge < len(text) and _kinsoku_allows(text, edge))
    return sorted(allowed)


def wrap(text: str, columns: int = 68, *, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most `columns`; only a URL or one long Latin word may be longer. Line ends in `text` stay.

    `first` stands before the first line, `rest` before every following one (a hanging indent); both count.
    """
    lines: list[str] = []
    for paragraph in re.split(r"\r\n|[\n\r\u2028\u2029\x0b\x0c\x85]", text):
        lines += _fill(paragraph, columns, rest if lines else first, rest)
    return lines


def _fill(paragraph: str, columns: int, first: str, rest: str) -> list[str]:
    lines, line, room = [], "", columns - width(first)
    for atom in _atoms(paragraph.rstrip(), columns - max(width(first), width(rest))):
        if line.strip() and width(line) + width(atom.rstrip()) > room:
            lines.append(line.rstrip())
            line, room, atom = "", columns - width(rest), atom.lstrip(" ")
        line += atom
    lines.append(line.rstrip())
    return [(rest if number else first) + text for number, text in enumerate(lines)] if paragraph.strip() else [""]


def _atoms(paragraph: str, columns: int) -> Iterator[str]:
    """Pieces between two places where a line may end; a piece too wide for any line is cut where it hurts least."""
    start = 0
    for end in [*breaks(paragraph), len(paragraph)]:
        atom, start = paragraph[start:end], end
        if width(atom.rstrip()) <= columns:
            yield atom
        else:
            yield from _cut(atom, columns)


def _cut(atom: str, columns: int) -> Iterator[str]:
    """Give up first the numbers, then 行末 and 行頭禁則, but never a URL or a Latin word."""
    whole = [range(m.start() + 1, m.end()) for m in re.finditer(rf"{URL.pattern}|[!-~]+", atom, re.IGNORECASE)]
    places = [offset for offset in range(1, len(atom)) if not any(offset in part for part in whole)]
    places = [offset for offset in places if not unicodedata.category(atom[offset]).startswith("M")]
    start = 0
    while width(atom[start:].rstrip()) > columns:
        fitting = [o for o in places if o > start and width(atom[start:o].rstrip()) <= columns]
        good = [o for o in fitting if _kinsoku_allows(atom, o)]
        end = max(good or fitting or [next((o for o in places if o > start), len(atom))])
        yield atom[start:end]
        start = end
    if atom[start:]:
        yield atom[start:]


def _kinsoku_allows(text: str, offset: int) -> bool:
    before, after = text[offset - 1], text[offset]
    if "!" <= before <= "~" and "!" <= after <= "~":
        return False  # UAX #14 would break Latin words after a hyphen or a slash; in mail that reads badly
    tail = text[:offset].rstrip()
    return after not in NOT_AT_START and bool(tail) and tail[-1] not in NOT_AT_END


def _uax14(text: str) -> Iterator[int]:
    """UAX #14 by uniseg, asked only about what is not plain kana and kanji (it takes 0.1 ms for each character)."""
    place = 0
    for run in _OTHER_RUN.finditer(text):
        yield from range(max(place, 1), run.start())
        lead, trail = max(run.start() - 1, 0), min(run.end() + 1, len(text))
        yield from _breaks_of_run(text, lead, run.start(), run.end(), trail)
        place = run.end() + 1
    yield from range(max(place, 1), len(text))


def _breaks_of_run(text: str, lead: int, start: int, end: int, trail: int) -> Iterator[int]:
    """Breaks in text[lead:trail], which is a run between at most one plain character on each side."""
    shape, offsets = ["字"] * (start - lead), list(range(lead, start))
    position = start
    while position < end:
        match = _LETTERS.match(text, position, end) or _DIGITS.match(text, position, end)
        # A word and a number have no break inside (LB 25, 28): one letter stands for all, and the answer is remembered.
        shape.append("a" if match and _is_letter(text[position]) else "0" if match else text[position])
        offsets.append(position)
        position = match.end() if match else position + 1
    if trail > end:
        shape.append("字")
        offsets.append(end)
    yield from (offsets[place] for place in _boundaries("".join(shape)) if 0 < offsets[place] < len(text))


def _is_letter(character: str) -> bool:
    return "A" <= character <= "Z" or "a" <= character <= "z"


@lru_cache(maxsize=8192)
def _boundaries(shape: str) -> tuple[int, ...]:
    return tuple(place for place in line_break_boundaries(shape) if 0 < place < len(shape))
