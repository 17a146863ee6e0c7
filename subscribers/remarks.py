"""What somebody wrote beside an address: a harmless label, something to look at, or that no mail is wanted. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Substrings: 「配信停止済」 and 「3月退職」 say it, too. 「返信不要」 is about an answer, not about the mail.
_UNWANTED = re.compile(
    r"""
    退職 | 退会 | 退任 | 退庁 | 退所 | 退社 | 離職 | 休会 | 解除 | 停止 | 中止 | 休止 | 拒否 | 辞退 | お断り
    | (?<!返信)(?<!返事)(?<!回答)不要 | いらない | 要らない | 送らない
    | (?:配信|送信|送付|希望)(?:は|を)?し(?:ない|ません)
    | (?:配信|送信|送付|受信|使用)不可 | 死亡 | 死去 | 逝去 | 他界 | 故人
    | 廃止 | 無効 | 不達 | 宛先不明 | ブラックリスト
    | ^[×✕✖✗❌\s]+$ | ^ng$
    | \b(?:un|non)-?subscribed? | \bopt(?:ed)?[ -]?out\b | \bretired\b | \bresigned\b | \bdeceased\b | \bremoved?\b
    | \bdo\ not\ (?:send|mail|contact)\b | \bno\ mail\b | \bbounced\b | \binvalid\b | \binactive\b | \bblocked\b
    """,
    re.VERBOSE,
)
_MOVED = re.compile("旧|前任|異動|転出|転職|転勤|休職|産休|育休|転籍|出向")
_HARMLESS = re.compile(
    r"""
    [^\w?]* | \d+[.)]?                                               # bullets
    | .{0,30}(?:課|係|部|局|室|班|センター|役場|役所|市|町|村|区|県|府|都)(?:あて|宛て?)?
    | .{0,30}(?:様|さま|さん|殿|氏|御中|先生|各位|宛て?|あて|行き?|まで|担当者?)
    | [ご御]?担当(?:者|課|部署)?[:：]?.{0,20} | 代表(?:者|番号)? | 株 | 有 | 株式会社.{0,30} | .{0,30}株式会社 | 事務局
    | (?:自宅|職場|会社|勤務先|個人|携帯|スマホ|スマートフォン|pc|パソコン|仕事|業務|公|私|庁内)用?
    | 直通 | 本人 | 新 | 現 | 正 | メイン | (?:e-?mail|メール(?:アドレス)?|アドレス|メアド)[:：]?
    """,
    re.VERBOSE,
)


@lru_cache(maxsize=2_000)
def is_unwanted(text: str) -> bool:
    """Whether the text says that this person left, or wants no mail."""
    return _UNWANTED.search(_form(text)) is not None


def is_moved(text: str) -> bool:
    """Whether the text says that this person works elsewhere now: the address may be somebody else's."""
    return _MOVED.search(_form(text)) is not None


def is_harmless(text: str) -> bool:
    """Whether the text only says whose address it is, or that it is one."""
    form = _form(text)
    return not is_unwanted(text) and not is_moved(text) and _HARMLESS.fullmatch(form) is not None


def _form(text: str) -> str:
    """Half width, lower case, without the brackets around and without spaces between Japanese characters."""
    half = unicodedata.normalize("NFKC", text).lower().strip(" ()[]{}<>「」『』【】《》〈〉〔〕\"'“”‘’")
    return re.sub(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])", "", half)
