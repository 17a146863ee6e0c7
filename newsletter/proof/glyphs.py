"""Glyph variants of kanji that occur in names of people and places: compared as the same, printed as registered."""

from __future__ import annotations

import re
import unicodedata

# The common form first, then the forms that stand for it in names.
_VARIANTS = (
    "高髙", "崎﨑嵜埼", "徳德", "浜濱濵", "辺邊邉", "斎齋斉齊", "沢澤", "広廣", "実實", "恵惠", "竜龍", "島嶋嶌",
    "桜櫻",
    "栄榮", "総總", "国國", "県縣", "区區", "万萬", "与與", "弥彌", "寿壽", "桧檜", "滝瀧", "渋澁", "真眞",
    "静靜", "条條", "壮壯", "館舘", "吉𠮷", "富冨", "峰峯", "群羣", "穂穗", "秋穐", "会會", "亀龜", "円圓",
    "横橫", "黒黑", "豊豐", "桑桒", "槙槇", "藤籐", "関關", "鉄鐵", "曽曾", "薮藪籔", "鶴靏", "礼禮", "凛凜",
    "尭堯", "将將", "為爲", "渕淵渊", "船舩", "寛寬", "郎郞", "青靑", "清淸", "増增", "黄黃", "芸藝", "聡聰",
    "勲勳", "彦彥", "衛衞", "野埜", "松枩柗", "晃晄", "瀬瀨", "頼賴", "鴎鷗", "顔顏", "蔵藏", "鎮鎭", "戸戶",
    "呉吳", "塩鹽", "学學", "宝寶", "検檢", "ケヶ", "姫姬", "穣穰", "巌巖", "薫薰", "恒恆", "温溫", "乗乘", "駅驛",
    "帯帶", "当當",
)  # fmt: skip

_FOLDED = {other: line[0] for line in _VARIANTS for other in line[1:]}


def folded(text: str) -> str:
    """The text with every variant as its common form; as many characters as before."""
    return "".join(map(_common, text))


def _common(character: str) -> str:
    if character in _FOLDED:
        return _FOLDED[character]
    # 神 (U+FA19) and its like: characters of their own only for the sake of old character sets.
    if "\uf900" <= character <= "\ufaff":
        plain = unicodedata.normalize("NFC", character)
        return _FOLDED.get(plain, plain) if len(plain) == 1 else character
    return character


VARIANT = re.compile("[" + "".join(_FOLDED) + "\uf900-\ufaff]")
