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
GETA = "〓"  # what printers set when a character is missing
ALL = "すべて"  # of the sections, or of the pathways
# What a list of another system calls people, and whether they may come in.
STATES = {
    "active": "購読中 配信中 有効 登録 登録済 登録済み 受信 active subscribed confirmed",
    "left": """
        解除済み 解除済 解除 退会 退会済み 配信停止 停止 停止中 無効 不要 迷惑メール報告 消去済み
        left unsubscribed inactive optout optedout cancelled
    """,
    "pending": "確認待ち 未確認 仮登録 pending unconfirmed",
    "bounced": "不達 エラー 宛先不明 cleaned bounced",
}
_STATE = {word: state for state, words in STATES.items() for word in words.split()}
STATE_REFUSALS = {
    "left": "ファイルの状態が「{}」です。解除した方は取り込みません。",
    "pending": "ファイルの状態が「{}」です。確認の済んでいない方は取り込みません。",
    "bounced": "ファイルの状態が「{}」です。届かない宛先は取り込みません。",
}
PRIVATE_USE = re.compile("[\ue000-\uf8ff]")  # 外字: what it shows depends on the machine
_LINE_BREAK = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]")
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
    state_refusal: str = ""  # stands before any other


NOTHING = Told()


def tidy(text: str) -> str:
    """A name as it should be stored: no invisible characters, no line breaks, か＋゛ as one が; nothing else changes.

    Not NFC: that would turn 神 (U+FA19) into 神. Variation selectors stay, they choose the glyph of a name.
    """
    # Nearly every cell: nothing invisible in it (the wide space is no sign of that), no voicing mark apart.
    if text.replace("\u3000", "").isprintable() and "  " not in text and not _VOICING.search(text):
        return text.strip()
    spaced = re.sub(r"[\t\r\n\x0b\x0c\x85\u2028\u2029\u00a0]+", " ", text)
    seen = "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Cn"))
    whole = re.sub("(.)([\u3099\u309a])", lambda pair: unicodedata.normalize("NFC", pair[0]), seen)
    return re.sub(" {2,}", " ", whole).strip()


class Reading:
    """Cells other than the address, read one after another."""

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups
        self.told: dict[str, Any] = {}
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def shared(self, texts: Mapping[str, str]) -> Told:
        """What may be the same in many rows: everything but OWN."""
        state_refusal = self._state(texts.get("state", ""))
        refusal = ""
        for name in ("organisation", "department"):
            refusal = refusal or self._text(name, texts.get(name, ""))
        self._municipality(texts.get("municipality", ""), texts.get("place", ""))
        self._format(texts.get("format", ""))
        self._extras(texts.get("only_monthly", ""))
        self._language(texts.get("language", ""))
        self._wishes("sections", "欄", texts.get("sections", ""), self.lookups.sections)
        self._wishes("pathways", "道筋", texts.get("pathways", ""), self.lookups.pathways)
        return Told(self.told, None, tuple(self.notes), tuple(self.warnings), refusal, state_refusal)

    def own(self, name: str, family: str, given: str) -> Told:
        """The person's name, from one cell or from two."""
        refusal = self._text("name", name)
        if not self.told.get("name") and (family or given):
            refusal = refusal or self._text("name", f"{tidy(family)} {tidy(given)}".strip())
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
        return value

    def _state(self, text: str) -> str:
        word = normal(text) if text else ""
        if not word:
            return ""
        state = _STATE.get(word)
        if state is None:
            self.warnings.append(f"状態「{text.strip()[:20]}」の意味が分からないので、読み飛ばしました")
            return ""
        return STATE_REFUSALS.get(state, "").format(text.strip())

    def _municipality(self, text: str, place: str) -> None:
        """The code of the place: from its own column, or from the name where that one is empty."""
        value, name = self._usable("municipality", text), tidy(place)
        value = value or self._usable("place", place)
        if not value:
            return
        find = self.lookups.find_municipality or _six_digits
        try:
            code = find(value)
        except ValueError as error:
            self.warnings.append(str(error).rstrip("。"))
            if (
                not self.told.get("organisation")
                and not re.fullmatch(r"[\d\s]+", value)
                and len(value) <= LONGEST["organisation"]
            ):
                self.told["organisation"] = value
                self.warnings.append(f"「{value}」は所属団体に入れました")
            return
        self.told["municipality"] = code
        if name and name != value and _found(find, name) not in ("", code):
            self.warnings.append(f"団体コード {code} と自治体名「{name[:30]}」が合いません。団体コードのほうを使います")
        if code != value:
            self.notes.append(f"団体コードを「{value[:30]}」から {code} にしました")

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


def _six_digits(text: str) -> str:
    code = unicodedata.normalize("NFKC", text)
    if not re.fullmatch(r"[0-9]{6}", code):
        raise ValueError(f"団体コード「{text[:20]}」は6桁の数字ではありません。")
    return code
