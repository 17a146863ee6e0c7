"""What the cells of a row tell of a person, whatever somebody wrote into them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

from subscribers.columns import FIELDS, normal
from subscribers.mending import SPREADSHEET_ERROR
from subscribers.states import STATE_COLUMNS, Standing, standing

LONGEST = {"name": 100, "organisation": 200, "department": 200}
FORMATS = {
    "html": "html",
    "html形式": "html",
    "htmlメール": "html",
    "text": "text",
    "テキスト": "text",
    "テキスト形式": "text",
    "テキストメール": "text",
    "text形式": "text",
    "plain": "text",
}
# Of the column 号外: whether the person wants the monthly number only.
ONLY_MONTHLY = {
    **dict.fromkeys("受け取る 受取る 希望する 希望 必要 要 はい yes true 1 ○ 〇".split(), False),
    **dict.fromkeys("受け取らない 受取らない 希望しない 不要 否 いいえ no false 0 ×".split(), True),
}
LANGUAGES = {
    **dict.fromkeys("日本語 和文 ja jp jpn ja-jp japanese".split(), "ja"),
    **dict.fromkeys("英語 英文 en eng en-us en-gb english".split(), "en"),
}
# What stands in the column of codes when there is none.
NO_NAME = set("なし 無し 不明 未定 未設定 未登録 該当なし その他 n/a na none null unknown".split())
GETA = "〓"  # what printers set when a character is missing
ALL = "すべて"  # of the sections, or of the pathways
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")  # 外字: what it shows depends on the machine
_LINE_BREAK = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]")
_SPACED = "\t\r\n\x0b\x0c\x85\u2028\u2029\u00a0"  # what becomes a space
INVISIBLE = ("Cc", "Cf", "Cs", "Cn")  # Unicode categories: control, zero width and direction, half a sign, none
_VOICING = re.compile("[\u3099\u309a]")
DITTO = {"〃", "同上", "々", "″"}


@dataclass(frozen=True, slots=True)
class Lookups:
    """What only the application knows: codes of municipalities, titles of sections, the office's clock."""

    zone: tzinfo
    now: datetime
    find_municipality: Callable[[str], str] | None = None  # name or code -> code; ValueError in words
    sections: Mapping[str, str] = field(default_factory=dict)  # key -> title
    pathways: Mapping[str, str] = field(default_factory=dict)  # key -> label


def geta_warning(name: str) -> str:
    """What is said of a value in which a lossy export left 〓."""
    return f"{FIELDS[name]}に「{GETA}」があります。書き出すときに失われた字です。元の字に直してください"


class Told(NamedTuple):
    """What some cells of a row tell."""

    told: Mapping[str, Any] = MappingProxyType({})
    consented_at: datetime | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    standing: Standing = Standing()  # its refusal stands before any other
    fills: tuple[str, ...] = ()  # what is told only for who has nothing there yet
    paused_until: datetime | None = None


NOTHING = Told()


def tidy(text: str) -> str:
    """A name as it should be stored: no invisible characters, no line breaks, か＋゛ as one が; nothing else changes.

    Not NFC: that would turn 神 (U+FA19) into 神. Variation selectors stay, they choose the glyph of a name.
    """
    # Nearly every cell: nothing invisible in it (the wide space is no sign of that), no voicing mark apart.
    if text.replace("\u3000", "").isprintable() and "  " not in text and not _VOICING.search(text):
        return text.strip()
    spaced = re.sub(f"[{_SPACED}]+", " ", text)
    seen = "".join(sign for sign in spaced if unicodedata.category(sign) not in INVISIBLE)
    whole = re.sub("(.)([\u3099\u309a])", lambda pair: unicodedata.normalize("NFC", pair[0]), seen)
    return re.sub(" {2,}", " ", whole).strip()


def has_invisible(text: str) -> bool:
    """Whether `tidy` takes a sign out of it that nobody sees, other than a line break or a tab."""
    signs = set(text) - set(_SPACED)
    return any(unicodedata.category(sign) in INVISIBLE for sign in signs if not sign.isprintable())


class Reading:
    """Cells other than the address, read one after another."""

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups
        self.told: dict[str, Any] = {}
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.fills: list[str] = []

    def shared(self, texts: Mapping[str, str]) -> Told:
        """What may be the same in many rows: everything but OWN."""
        state = standing(*(texts.get(name, "") for name in STATE_COLUMNS))
        refusal = ""
        for name in ("organisation", "department"):
            refusal = refusal or self._text(name, texts.get(name, ""))
        self._municipality(texts.get("municipality", ""), texts.get("place", ""))
        self._format(texts.get("format", ""))
        self._extras(texts.get("only_monthly", ""))
        self._language(texts.get("language", ""))
        self._wishes("sections", "欄", texts.get("sections", ""), self.lookups.sections)
        self._wishes("pathways", "道筋", texts.get("pathways", ""), self.lookups.pathways)
        notes, warnings = tuple(self.notes), tuple(self.warnings)
        return Told(self.told, None, notes, warnings, refusal, state, tuple(self.fills))

    def own(self, name: str, family: str, given: str) -> Told:
        """The person's name, from one cell or from two."""
        refusal = self._text("name", name)
        if not self.told.get("name") and (family or given):
            refusal = refusal or self._text("name", f"{family} {given}")
        return Told(self.told, None, tuple(self.notes), tuple(self.warnings), refusal)

    def _text(self, name: str, text: str) -> str:
        value = self._usable(name, text)
        if len(value) > LONGEST[name]:
            return f"{FIELDS[name]}が長すぎます（{len(value)}文字）。{LONGEST[name]}文字までです。"
        if value:
            self.told[name] = value
        return ""

    def _usable(self, name: str, text: str) -> str:
        value = tidy(text)
        if SPREADSHEET_ERROR.fullmatch(value):
            self.warnings.append(f"{FIELDS[name]}が「{value}」（表計算のエラー）なので、読み飛ばしました")
            return ""
        if value in DITTO:
            self.warnings.append(f"{FIELDS[name]}が「{value}」なので、読み飛ばしました。1行ずつ書いてください")
            return ""
        if PRIVATE_USE.search(value):
            self.warnings.append(f"{FIELDS[name]}に外字があります。届いた先では別の字になるか、表示されません")
        if GETA in value:
            self.warnings.append(geta_warning(name))
        if _LINE_BREAK.search(text.strip()):
            self.notes.append(f"{FIELDS[name]}の改行を空白にしました")
        if not text.isprintable() and has_invisible(text):
            self.notes.append(f"{FIELDS[name]}の見えない文字を除きました")
        return value

    def _municipality(self, text: str, place: str) -> None:
        """The code of the place: from its own column, or from the name where that one is empty."""
        value, name = _whole_number(self._usable("municipality", text)), tidy(place)
        value = value or self._usable("place", place)
        if not value:
            return
        find = self.lookups.find_municipality or _six_digits
        try:
            code = find(value)
        except ValueError as error:
            self.warnings.append(str(error).rstrip("。"))
            if not self.told.get("organisation") and _names_a_place(value) and len(value) <= LONGEST["organisation"]:
                self.told["organisation"] = value
                self.fills.append("organisation")
                self.warnings.append(f"所属団体が空欄の方には、「{value}」を所属団体に入れます")
            return
        self.told["municipality"] = code
        if name and name != value and _found(find, name) not in ("", code):
            self.warnings.append(f"団体コード {code} と自治体名「{name[:30]}」が合いません。団体コードのほうを使います")
        written = tidy(text) or value
        if code != written:
            self.notes.append(f"団体コードを「{written[:30]}」から {code} にしました")

    def _format(self, text: str) -> None:
        word = text if text in FORMATS else normal(text)
        if not word:
            return
        if word in FORMATS:
            self.told["format"] = FORMATS[word]
        else:
            self.warnings.append(f"形式「{text.strip()[:20]}」はHTMLでもテキストでもないので、読み飛ばしました")

    def _extras(self, text: str) -> None:
        word = normal(text)
        if word in ONLY_MONTHLY:
            self.told["only_monthly"] = ONLY_MONTHLY[word]
        elif word:
            self.warnings.append(
                f"号外「{text.strip()[:20]}」は「受け取る」でも「受け取らない」でもないので、読み飛ばしました"
            )

    def _language(self, text: str) -> None:
        word = normal(text)
        if word in LANGUAGES:
            self.told["language"] = LANGUAGES[word]
        elif word:
            self.warnings.append(f"言語「{text.strip()[:20]}」は日本語でも英語でもないので、読み飛ばしました")

    def _wishes(self, name: str, word_for: str, text: str, titles: Mapping[str, str]) -> None:
        """The keys that a cell names, by key or by title."""
        if not text.strip():
            return
        if normal(text) in (ALL, "全て", "all"):
            self.told[name] = []
            return
        by_title = {normal(title): key for key, title in titles.items()}
        if normal(text) in by_title:
            self.told[name] = [by_title[normal(text)]]
            return
        keys: list[str] = []
        for word in re.split(r"[、,，;；/／|\n]+|\s{1,}", text.strip()):
            key = word if word in titles else by_title.get(normal(word), "")
            if not key and re.fullmatch(r"[a-z][a-z0-9_-]*", word):
                key = word  # of a profile that is not the one loaded now
                if titles:
                    self.warnings.append(f"{word_for}「{word}」は今のプロファイルにありません")
            if key:
                keys.append(key)
            elif word:
                self.warnings.append(f"{word_for}「{word[:20]}」がないので、読み飛ばしました")
        if keys:
            self.told[name] = list(dict.fromkeys(keys))


def _found(find: Callable[[str], str], name: str) -> str:
    try:
        return find(name)
    except ValueError:
        return ""


def _whole_number(value: str) -> str:
    """What a spreadsheet made of a code, back as it was: 401005.0, or 1.1002E+04 while no digit of it is lost."""
    half = unicodedata.normalize("NFKC", value).upper()
    if re.fullmatch(r"[0-9]{5,6}\.0+", half):
        return half.partition(".")[0]
    powered = re.fullmatch(r"([0-9])\.([0-9]{4,5})E\+?0?([45])", half)
    return powered[1] + powered[2] if powered and len(powered[2]) == int(powered[3]) else value


def _names_a_place(value: str) -> bool:
    """Whether this may be the name of something: not a number in any form, and no word for nothing."""
    half = unicodedata.normalize("NFKC", value).lower()
    is_number = re.fullmatch(r"[\d\s.,:/e+\-\u2010-\u2015\u2212ー]*", half)
    return not is_number and half not in NO_NAME and len(re.findall(r"[^\W\d_]", half)) > 1


def _six_digits(text: str) -> str:
    code = unicodedata.normalize("NFKC", text)
    if not re.fullmatch(r"[0-9]{6}", code):
        raise ValueError(f"団体コード「{text[:20]}」は6桁の数字ではありません。")
    return code
