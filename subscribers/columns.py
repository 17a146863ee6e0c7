"""Which column means what: headings in Japanese and English, guessed, shown, and corrected by hand. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from subscribers.errors import ImportFileError

MOST_COLUMNS = 60
LONGEST_CELL = 10_000
LONGEST_ROW = MOST_COLUMNS * LONGEST_CELL  # characters; what is longer is no list, and need not be held in memory

# The fields a list may have, with their names for people.
FIELDS = {
    "address": "メールアドレス",
    "name": "氏名",
    "family": "姓",
    "given": "名",
    "organisation": "所属団体",
    "department": "部署",
    "municipality": "団体コード",
    "place": "自治体名",
    "format": "形式",
    "sections": "希望する欄",
    "pathways": "希望する道筋",
    "only_monthly": "号外",
    "language": "言語",
    "state": "状態",
    "consented": "確認",
}
EXTRAS = {False: "受け取る", True: "受け取らない"}  # what the column 号外 says, by Subscriber.only_monthly

_EXACT = {
    "address": """
        メールアドレス メール アドレス eメール eメールアドレス e-メール 電子メール 電子メールアドレス メアド
        配信先 送信先 連絡先メールアドレス mail email e-mail emailaddress e-mailaddress mailaddress address
    """,
    "name": """
        氏名 名前 お名前 ご氏名 担当者 担当者名 担当者氏名 ご担当者 ご担当者名 宛名 name fullname yourname contactname
    """,
    "family": "姓 苗字 名字 lastname familyname surname",
    "given": "名 firstname givenname",
    "organisation": """
        所属団体 所属 所属先 団体 団体名 組織 組織名 会社 会社名 法人名 勤務先 機関名 所属機関
        organisation organization company affiliation
    """,
    "department": """
        部署 部署名 部課 部課名 課名 課 所属部署 所属課 担当課 担当部署 部門 department division section
    """,
    "municipality": """
        団体コード 自治体コード 市町村コード 市区町村コード 全国地方公共団体コード 地方公共団体コード municipalitycode
    """,
    "place": "自治体 自治体名 市町村 市町村名 市区町村 市区町村名 municipality city",
    "format": "形式 配信形式 メール形式 メールの形式 受信形式 format emailformat emailtype",
    "sections": "希望する欄 希望欄 欄 購読する欄 sections",
    "pathways": "希望する道筋 発展の道筋 道筋 pathways",
    "only_monthly": "号外 号外の受け取り 号外の配信 臨時号",
    "language": "言語 使用言語 希望言語 ページの言語 言語設定 language lang preferredlanguage",
    "state": "状態 ステータス 購読状態 配信状態 status state",
    "consented": """
        確認 確認日 確認日時 同意日 同意日時 登録日 登録日時 申込日 購読開始日
        confirmed confirmtime optintime optin subscribedat consentdate
    """,
}
EXACT = {heading: field for field, headings in _EXACT.items() for heading in headings.split()}
# Asked in this order of headings that are no exact match.
CONTAINED = (
    ("format", ("形式", "format")),
    ("address", ("メールアドレス", "メール", "mail", "アドレス")),
    ("name", ("氏名", "名前", "担当者")),
    ("department", ("部署", "担当課", "部課")),
    ("municipality", ("団体コード", "自治体コード", "市町村コード", "市区町村コード")),
    ("place", ("自治体", "市町村", "市区町村")),
    ("organisation", ("所属", "団体", "組織", "勤務先", "会社")),
)
# Headings that look like one of the above and are not.
OTHERS = (
    "マガジン",
    "配信停止",
    "拒否の理由",
    "ふりがな",
    "フリガナ",
    "カナ",
    "かな",
    "住所",
    "ipaddress",
    "確認用",
    "件名",
    "電話",
)
LONGEST_NAMED = 60  # characters of a heading in a sentence
MOST_NAMED = 20  # headings in a sentence


@lru_cache(maxsize=4_000)  # 形式 and 状態 say the same in every row
def normal(heading: str) -> str:
    """A heading or cell for comparing: half width, lower case, without spaces, stars and notes in brackets."""
    half = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\([^)]*\)|[\s_*※:・\u200b\ufeff]|必須", "", half)


def guess_columns(headings: Sequence[str]) -> dict[str, int]:
    """Field -> index of the column whose heading says so; the first of two equal ones counts."""
    names = [normal(heading) for heading in headings]
    columns: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in EXACT:
            columns.setdefault(EXACT[name], index)
    for index, name in enumerate(names):
        if name in EXACT or "@" in name or len(name) > 30 or any(other in name for other in OTHERS):
            continue
        field = next((field for field, parts in CONTAINED if any(part in name for part in parts)), None)
        if field and not any(index == taken for taken in columns.values()):
            columns.setdefault(field, index)
    if "municipality" in columns:
        return columns
    # Alone, such a column holds codes as well as names; beside one of codes it only fills what that leaves empty.
    return {"municipality" if field == "place" else field: index for field, index in columns.items()}


def shortened(heading: str) -> str:
    """A heading for a sentence: in one line, of a length that can be read."""
    line = " ".join(heading[: 2 * LONGEST_NAMED].split())
    return line if len(line) <= LONGEST_NAMED else f"{line[:LONGEST_NAMED]}…"


def named(headings: Sequence[str]) -> str:
    """The headings for a sentence, 「、」 between them: those of a file that is no list would fill screens."""
    more = len(headings) - MOST_NAMED
    words = "、".join(map(shortened, headings[:MOST_NAMED]))
    return f"{words}、ほか{more:,}列" if more > 0 else words or "（なし）"


def correct_columns(
    columns: Mapping[str, int], headings: Sequence[str], corrections: Mapping[str, str]
) -> dict[str, int]:
    """The guessed columns with a person's corrections: field -> heading, number (from 1) or Excel letter."""
    corrected = dict(columns)
    for field, wanted in corrections.items():
        if field not in FIELDS:
            raise ImportFileError(f"列「{shortened(field)}」はありません。使えるのは {'、'.join(FIELDS)} です。")
        if not wanted:
            corrected.pop(field, None)
            continue
        index = _index(wanted, headings)
        corrected = {name: place for name, place in corrected.items() if place != index or name == field}
        corrected[field] = index
    return corrected


def _index(wanted: str, headings: Sequence[str]) -> int:
    names = [normal(heading) for heading in headings]
    if normal(wanted) in names:
        return names.index(normal(wanted))
    if wanted.isascii() and wanted.isdigit() and int(wanted) >= 1:
        return int(wanted) - 1
    if re.fullmatch(r"[A-Za-z]{1,2}", wanted):
        index = 0
        for letter in wanted.upper():
            index = index * 26 + ord(letter) - ord("A") + 1
        return index - 1
    raise ImportFileError(f"見出し「{shortened(wanted)}」の列がありません。見出しは {named(headings)} です。")
