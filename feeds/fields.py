"""The fields of a submission: one list for web form, Excel form and CSV file, so that all doors ask alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds."""

    LINE = "line"
    TEXT = "text"  # several lines
    DATE = "date"
    CHOICE = "choice"
    NUMBERS = "numbers"  # SDGs, 1 to 17
    YES_NO = "yes_no"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Field:
    """One question of the form, as every door words it."""

    name: str
    label: str
    kind: Kind
    limit: int = 0  # characters
    required: bool = False
    hint: str = ""
    other_names: tuple[str, ...] = ()  # headings that mean the same in a CSV file


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Questions that belong together."""

    key: str
    title: str
    hint: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, and what to do about it."""

    field: str
    label: str
    message: str


DATE_HINT = "例：2026/11/23、令和8年11月23日"

GROUPS = (
    FieldGroup(
        "text",
        "お知らせの内容",
        "",
        (
            Field(
                "title", "見出し", Kind.LINE, 100, True,
                "自治体名は事務局が前に付けます。例：環境フェアを開催します", ("タイトル", "件名", "題名"),
            ),
            Field("lead", "リード", Kind.LINE, 200, False, "一文で内容が分かる短い説明です。", ("リード文", "概要")),
            Field(
                "body", "本文", Kind.TEXT, 4000, True,
                "2～5文を目安に「です・ます」で書いてください。段落は空行で分けます。", ("内容", "記事"),
            ),
            Field(
                "url", "詳細ページ", Kind.LINE, 1000, False,
                "どなたでも開けるページのアドレス。例：https://www.example.lg.jp/event/",
                ("URL", "詳細URL", "詳細ページのアドレス", "ウェブページ"),
            ),
        ),
    ),
    FieldGroup(
        "event",
        "催しや募集の日程",
        "催しや募集のお知らせのときに書いてください。",
        (
            Field("event_starts_on", "開催日", Kind.DATE, 0, False, DATE_HINT, ("開催初日", "開始日")),
            Field(
                "event_ends_on", "開催最終日", Kind.DATE, 0, False,
                "1日だけの催しなら空欄のままにしてください。", ("終了日", "開催終了日"),
            ),
            Field("event_time", "時間", Kind.LINE, 100, False, "例：10:00～16:00（受付 9:30～）", ("開催時間", "時刻")),
            Field("venue", "会場", Kind.LINE, 200, False, "例：市民ホール、オンライン", ("場所", "開催場所")),
            Field("fee", "参加費", Kind.LINE, 100, False, "例：無料、1,000円", ("費用", "料金")),
            Field("deadline", "締切日", Kind.DATE, 0, False, DATE_HINT, ("締切", "申込締切", "申込締切日", "締め切り")),
        ),
    ),
    FieldGroup(
        "theme",
        "分類",
        "",
        (
            Field("pathway", "発展の道筋", Kind.CHOICE, 0, False, "もっとも近いものを一つ選んでください。", ("道筋",)),
            Field(
                "sdgs", "SDGs", Kind.NUMBERS, 0, False,
                "関係のある目標を選んでください（いくつでも）。",
                ("SDGsの目標", "SDGs番号", "SDGs 1", "SDGs 2", "SDGs 3"),
            ),
        ),
    ),
    FieldGroup(
        "photo",
        "写真",
        "載せられる写真は1枚です。撮影場所などの情報は、受け付けのときにファイルから取り除きます。",
        (
            Field(
                "photo", "写真", Kind.FILE, 0, False,
                "JPEG・PNG・WebP、10MBまで。", ("写真のファイル名", "写真ファイル"),
            ),
            Field(
                "photo_alt", "写真の説明", Kind.LINE, 200, False,
                "写真を見られない方のために、写っているものを文で書いてください。例：湖のほとりで水質を調べる小学生たち",
                ("代替テキスト", "写真の代替テキスト"),
            ),
            Field(
                "photo_credit", "写真のクレジット", Kind.LINE, 100, False,
                "例：©○○市、(C)○○市", ("クレジット", "写真提供"),
            ),
            Field(
                "photo_for_mail", "メールへの掲載を許可", Kind.YES_NO, 0, False,
                "写っている方と撮影した方の了解を得てから選んでください。", ("メール掲載の許可", "メール掲載可"),
            ),
            Field(
                "photo_for_web", "ウェブへの掲載を許可", Kind.YES_NO, 0, False,
                "バックナンバーのページに載せてよいときに選んでください。", ("ウェブ掲載の許可", "ウェブ掲載可"),
            ),
        ),
    ),
    FieldGroup(
        "release",
        "公開の時期",
        "",
        (
            Field(
                "not_before", "公開できる日", Kind.DATE, 0, False,
                "この日より前には載せません。いつでもよいときは空欄のままにしてください。", ("公開日", "解禁日"),
            ),
        ),
    ),
    FieldGroup(
        "contact",
        "ご担当（事務局だけが使います）",
        "確認のご連絡に使います。メールにもウェブにも載りません。",
        (
            Field("contact_name", "担当者名", Kind.LINE, 100, True, "", ("氏名", "担当者")),
            Field("contact_section", "担当部署", Kind.LINE, 200, False, "例：環境局 環境政策課", ("部署", "所属")),
            Field(
                "contact_phone", "担当者の電話番号", Kind.LINE, 40, False,
                "例：00-0000-0000（内線 123）", ("電話番号", "電話", "TEL"),
            ),
            Field(
                "contact_email", "担当者のメールアドレス", Kind.LINE, 254, True,
                "受付の控えをお送りします。", ("メールアドレス", "メール", "E-mail"),
            ),
        ),
    ),
)  # fmt: skip
FIELDS = tuple(field for group in GROUPS for field in group.fields)
BY_NAME = {field.name: field for field in FIELDS}

# Columns that name the member; they are no part of the submission itself.
MEMBER, MEMBER_CODE = "member", "member_code"
MEMBER_LABEL, MEMBER_CODE_LABEL = "会員", "団体コード"
_MEMBER_HEADINGS = {
    MEMBER: (MEMBER_LABEL, "会員名", "会員自治体", "自治体名", "自治体"),
    MEMBER_CODE: (MEMBER_CODE_LABEL, "全国地方公共団体コード", "自治体コード", "会員コード"),
}


def error(name: str, message: str) -> FieldError:
    """A remark on the field `name`."""
    return FieldError(name, BY_NAME[name].label, message)


def heading(field: Field) -> str:
    """The field's heading in a file; a photo is named there, not enclosed."""
    return f"{field.label}のファイル名" if field.kind is Kind.FILE else field.label


def heading_key(text: str) -> str:
    """A heading without width, spaces, marks such as ※ and 必須, and brackets: for comparing only."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for noise in ("(必須)", "(任意)", "必須", "任意", "※", "*", ":"):
        plain = plain.replace(noise, "")
    return "".join(plain.split())


def _headings() -> Iterable[tuple[str, str]]:
    for field in FIELDS:
        for text in (field.name, field.label, *field.other_names):
            yield heading_key(text), field.name
    for name, texts in _MEMBER_HEADINGS.items():
        for text in (name, *texts):
            yield heading_key(text), name


HEADINGS = dict(_headings())


def field_of(heading: str) -> str | None:
    """The field that a heading names, or None."""
    return HEADINGS.get(heading_key(heading))
