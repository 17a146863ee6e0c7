"""Which column means what: headings in Japanese and English, guessed, shown, and corrected by hand. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from subscribers.errors import ImportFileError
from subscribers.states import STATE_COLUMNS

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
    "wanted": "配信の希望",
    "stopped": "配信停止",
    "consented": "確認",
    "paused": "お休み",
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
    "wanted": "メルマガ メールマガジン 配信 購読 配信可 送付可 受信可 subscribe newsletter",
    "stopped": "停止者 退会者 退職者 unsubscribe unsubscribed unsubscribedat optout optouttime",
    "consented": """
        確認 確認日 確認日時 同意日 同意日時 登録日 登録日時 申込日 購読開始日
        confirmed confirmtime optintime optin subscribedat consentdate
    """,
    "paused": "お休み お休み期限 pauseduntil",
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
_MAIL = "(?:配信|受信|送付|送信|購読|連絡|メルマガ|マガジン|メール|ニュース|案内|dm)"
# Asked before them, and of the whole heading: 「メール配信停止」 holds no addresses, 「拒否の理由」 (ours) no state.
SPOKEN = (
    ("state", re.compile(rf"{_MAIL}+の?(?:状態|状況|ステータス)|(?:登録|会員)の?(?:状態|ステータス)")),
    ("wanted", re.compile(
        rf".{{0,20}}{_MAIL}(?:を|の|に|が)*(?:可否|希望|要否|有無|同意|承諾|許可|可|ok)"
        r"(?:の?(?:可否|有無|状況|区分|フラグ)|(?:する|し)?ますか|しますか)?\??"
    )),
    ("stopped", re.compile(
        rf"(?:{_MAIL}|登録|会員|本人|サービス|を|の)*(?:停止|解除|退会|退職|拒否|中止|辞退|休止|不要)"
        r"(?:を?希望|済み?|の?有無|フラグ|区分|状況|理由|年月日|日時?|した日)*"
    )),
)  # fmt: skip
# Headings that look like one of the above and are not.
OTHERS = (
    "マガジン",
    "停止",
    "解除",
    "退会",
    "拒否",
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
# Beside another column of the same meaning, this one is not meant.
_SECOND = re.compile(
    r"旧|以前|変更前|異動前|^前(?!後)|確認用|\(確認|再入力|もう一度|控え|予備|サブ|副|カナ|かな|フリガナ|ふりがな|読み"
    r"|ローマ字|英字|住所|[都道府県]\)|kana|romaji|confirm|previous|backup|secondary"
)
LONGEST_GUESSED = 30  # characters of a heading that is no question and no remark
LONGEST_NAMED = 60  # characters of a heading in a sentence
MOST_NAMED = 20  # headings in a sentence


@lru_cache(maxsize=4_000)  # 形式 and 状態 say the same in every row
def normal(heading: str) -> str:
    """A heading or cell for comparing: half width, lower case, without spaces, stars and notes in brackets."""
    half = unicodedata.normalize("NFKC", heading).lower()
    return re.sub(r"\([^)]*\)|[\s_*※:・\u200b\ufeff]|必須", "", half)


def guess_columns(headings: Sequence[str]) -> dict[str, int]:
    """Field -> index of the column whose heading says so best; the first of two equal ones counts."""
    best: dict[str, tuple[int, int]] = {}
    for index, heading in enumerate(headings):
        field, rank = _field_of(heading)
        if field:
            best[field] = min(best.get(field, (rank, index)), (rank, index))
    columns = {field: index for field, (_, index) in sorted(best.items(), key=lambda one: one[1])}
    if "municipality" in columns:
        return columns
    # Alone, such a column holds codes as well as names; beside one of codes it only fills what that leaves empty.
    return {"municipality" if field == "place" else field: index for field, index in columns.items()}


def unread_states(headings: Sequence[str], columns: Mapping[str, int]) -> list[tuple[int, str]]:
    """Index and field of columns that speak of the subscription, beside the one that is read for it."""
    taken = set(columns.values())
    found = ((index, _field_of(heading)[0]) for index, heading in enumerate(headings) if index not in taken)
    return [(index, field) for index, field in found if field in STATE_COLUMNS and field in columns]


def _field_of(heading: str) -> tuple[str, int]:
    """What the column of this heading holds, if anything, and how well the heading says so (0 is best)."""
    name = normal(heading)
    lost = 10 if _SECOND.search(_whole(heading)) else 0
    if name in EXACT:
        return EXACT[name], lost
    if "@" in name or len(name) > LONGEST_GUESSED:
        return "", 0
    spoken = next((field for field, form in SPOKEN if form.fullmatch(name) and "形式" not in name), "")
    if spoken:
        return spoken, lost + 1
    if any(other in name for other in OTHERS):
        return "", 0
    field = next((field for field, parts in CONTAINED if any(part in name for part in parts)), "")
    # 「アドレス」 alone may be a postal one.
    is_weak = field == "address" and not re.search("メール|mail|メアド", name)
    return field, lost + (2 if is_weak else 1)


def _whole(heading: str) -> str:
    """A heading with what stands in its brackets: 「（旧）」, 「（カナ）」."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", heading).lower())


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
