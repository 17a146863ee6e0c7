"""What a template may see: plain facts of an issue, without models and without addresses of readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from newsletter.mail.charset import Replacement

# What differs per reader stands in the rendering as a slot, and message.py puts the value there.
# `.invalid` (RFC 2606) is never a real host, so a slot that was forgotten leads nowhere.
UNSUBSCRIBE_SLOT = "https://slot.invalid/unsubscribe"
PREFERENCES_SLOT = "https://slot.invalid/preferences"
SLOTS = (UNSUBSCRIBE_SLOT, PREFERENCES_SLOT)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who sends: what law and good manners want shown (特定電子メール法 第4条)."""

    name: str  # イクレイ日本
    legal_name: str  # 一般社団法人イクレイ日本
    postal_code: str  # 105-0003, without 〒
    postal_address: str
    phone: str
    email: str  # where questions and complaints go
    website: str
    fax: str = ""
    name_en: str = ""
    slogan: str = ""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of the association as #rrggbb; contrast is checked when the profile is loaded."""

    accent: str = "#0b5d4e"  # links, numerals, rules; at least 4.5:1 on white
    tint: str = "#eef5f3"  # the quiet ground of contents and footer
    ink: str = "#1f2a2e"
    faint: str = "#5b686d"  # secondary text; at least 4.5:1 on white and on tint
    hairline: str = "#d5dedb"


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it will be shown."""

    url: str  # absolute
    alt: str
    credit: str = ""  # printed as （写真：©…）
    width: int = 0  # of the file, pixels
    height: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of an event's small table: 日時, 会場, 参加費, 締切."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ItemContent:
    """One placement as it is printed."""

    number: int  # counted through the whole issue, from 1, so that a reader can say 「3番の件」
    anchor: str  # ASCII, stable: `item-3`
    headline: str  # 【自治体名】見出し（日付）
    paragraphs: tuple[str, ...]  # plain text
    url: str = ""
    link_label: str = "詳細"  # or 詳細（英語）
    facts: tuple[Fact, ...] = ()
    picture: Picture | None = None
    source: str = ""  # name of the network source, for news that came by feed
    original_title: str = ""  # its title there, if it is not Japanese
    original_language: str = ""  # BCP 47, for lang="" on the original title
    pathway: str = ""  # the Japanese label, if the item names one
    sdgs: tuple[str, ...] = ()  # 13 気候変動に具体的な対策を


@dataclass(frozen=True, slots=True)
class SectionContent:
    key: str
    title: str  # 会員自治体ニュース
    items: tuple[ItemContent, ...]


@dataclass(frozen=True, slots=True)
class IssueContent:
    """Everything that is printed in one issue."""

    publisher: Publisher
    title: str  # the e-news' own name: イクレイ日本 e-ニュース
    month: date  # first day of the month
    release_on: date
    subject: str
    sections: tuple[SectionContent, ...]
    number: int | None = None  # 通算号数
    extra: int = 0  # 0: the monthly number; 1, 2 …: 号外 of that month
    preheader: str = ""
    lead: tuple[str, ...] = ()  # paragraphs
    why: str = ""  # why the reader receives this; one sentence
    reprint_rule: str = ""  # 転載について
    next_issue: str = ""  # 次号予告
    web_url: str = ""  # this issue on the web
    archive_url: str = ""  # back numbers
    subscribe_url: str = ""
    palette: Palette = field(default_factory=Palette)

    @property
    def items(self) -> tuple[ItemContent, ...]:
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, slots=True)
class LetterContent:
    """What every letter's templates may see besides their own `facts`."""

    publisher: Publisher
    title: str  # the e-news' name
    facts: Mapping[str, object]  # of the letter's kind: see letters.py
    palette: Palette = field(default_factory=Palette)
    language: str = "ja"  # or en, where the letter has an English text


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """Subject and both bodies, with slots still in them."""

    subject: str
    html: str
    text: str
    preheader: str = ""
    replacements: tuple[Replacement, ...] = ()  # 機種依存文字 that the text edition says differently
