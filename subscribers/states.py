"""What a list says of a subscription: the words that let somebody in, and those that keep them out. Pure.

A word that is not known keeps them out as well: it may say that this person refused mail.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from subscribers.remarks import is_unwanted

# The columns that speak of it: 状態, 配信の可否 or 希望, and 配信停止.
STATE_COLUMNS = ("state", "wanted", "stopped")
LONGEST_QUOTED = 20


class Standing(NamedTuple):
    """What the cells say. `is_stopped`: it holds for the address, wherever else in the list it stands."""

    refusal: str = ""
    is_stopped: bool = False


_STATES = {
    "active": """
        購読中 購読 購読する 購読者 配信中 配信 配信する 配信可 配信可能 配信希望 有効 登録 登録中 登録済 登録済み
        受信 受信中 受信する 受信可 受信可能 受け取る 送付可 送信可 継続 継続中 正常 可 ○ 〇 ◯ ◎ はい
        active subscribed subscriber confirmed enabled verified optin optedin yes true ok
    """,
    "left": """
        解除済み 解除済 解除 解除希望 解除者 退会 退会済み 退会済 退会者 配信停止 配信停止中 停止 停止中 停止済
        停止済み 無効 不要 不可 否 配信拒否 受信拒否 拒否 配信しない 配信不可 配信不要 送付不可 希望しない 退職 退職者
        休止 休止中 休会 なし いいえ × 0 ブラックリスト 迷惑メール報告 消去済み
        left unsubscribe unsubscribed nonsubscribed inactive optout optedout cancelled canceled archived complained
        complaint spam blacklisted blocked suppressed disabled deleted removed no n false
    """,
    "pending": "確認待ち 未確認 仮登録 pending unconfirmed",
    "bounced": "不達 エラー 宛先不明 cleaned bounced",
}
_STATE = {word: state for state, words in _STATES.items() for word in words.split()}
_WANTED = {
    *_STATES["active"].split(),
    *"希望 希望する 希望します 希望あり する します 可能 要 必要 有 有り あり".split(),
    *"同意 同意する 同意します 同意済 同意済み 許可 許可する 承諾 承諾する".split(),
    *"受け取ります 受信します 購読します y t 1 on".split(),
}
# A cell of the column 配信停止 that says: not stopped. A dash or noughts (0000-00-00) say so, too.
_NOT_STOPPED = {
    *"× いいえ なし 無し 無 否 しない 停止しない 解除しない 退会しない 希望しない 希望なし 未 未停止 該当なし".split(),
    *"購読中 配信中 購読 継続 継続中 no n false none null off active subscribed".split(),
}
_REFUSALS = {
    "left": "ファイルの状態が「{}」です。解除した方は取り込みません。",
    "pending": "ファイルの状態が「{}」です。確認の済んでいない方は取り込みません。",
    "bounced": "ファイルの状態が「{}」です。届かない宛先は取り込みません。",
}
_UNKNOWN = (
    "状態「{}」の意味が分からないので、取り込みません。送ってよい方なら「購読中」に書き直すか、空欄にしてください。"
    "購読の状態の列でなければ、その列を使わないでください。"
)
_NOT_WANTED = (
    "「配信の希望」の列が「{}」です。希望すると分かる方だけを取り込みます。"
    "送ってよい方なら「希望する」に書き直すか、空欄にしてください。希望の列でなければ、その列を使わないでください。"
)
_STOPPED = (
    "「配信停止」の列が「{}」です。止めた方は取り込みません。送ってよい方なら、空欄にしてください。"
    "停止の列でなければ、その列を使わないでください。"
)


@lru_cache(maxsize=10_000)  # the same few words in every row
def standing(state: str, wanted: str, stopped: str) -> Standing:
    """What the three cells of a row say; where they differ, the one that refuses counts."""
    found = (_of_state(state), _of_wanted(wanted), _of_stopped(stopped))
    refused = [one for one in found if one.refusal]
    return max(refused, key=lambda one: one.is_stopped, default=Standing())


def _of_state(text: str) -> Standing:
    if not text.strip():
        return Standing()
    state = _STATE.get(_form(text)) or _beside_a_note(text)
    if state == "active":
        return Standing()
    words = _REFUSALS.get(state, _UNKNOWN).format(_quoted(text))
    return Standing(words, is_stopped=state != "pending")


def _beside_a_note(text: str) -> str:
    """Of 「購読中（6月から）」 the word; of 「購読中（解除希望）」 what the note says."""
    noted = re.fullmatch(r"([^()]+)\((.*)\)", _form(text))
    if not noted:
        return ""
    return "left" if is_unwanted(noted[2]) else _STATE.get(noted[1], "")


def _of_wanted(text: str) -> Standing:
    if not text.strip() or _form(text) in _WANTED:
        return Standing()
    return Standing(_NOT_WANTED.format(_quoted(text)), is_stopped=True)


def _of_stopped(text: str) -> Standing:
    form = _form(text)
    if form in _NOT_STOPPED or re.fullmatch(r"[0/:.ー]*", form):
        return Standing()
    return Standing(_STOPPED.format(_quoted(text)), is_stopped=True)


def _form(text: str) -> str:
    """For comparing: half width, lower case, without spaces and hyphens (Opt-Out); the long vowel of エラー stays."""
    return re.sub(r"[\s_*※・\u200b\ufeff\-\u2010-\u2015\u2212]", "", unicodedata.normalize("NFKC", text).lower())


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_QUOTED else f"{words[:LONGEST_QUOTED]}…"
