"""The TOML document becomes a Profile: every remark names its key, and all remarks are made at once.

No database and no clock: what is known beforehand (the national list of local governments) comes in as an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from feeds.governments import is_valid_code
from newsletter.association.facts import (
    English,
    Numbering,
    Pathway,
    Profile,
    ProfileFeed,
    ProfileMember,
    Section,
    SectionKind,
    Sender,
    Wording,
)
from newsletter.association.manners import read_manners, read_privacy
from newsletter.association.table import Remarks, Table
from newsletter.errors import ProfileError
from newsletter.mail.content import Palette, Publisher

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # BCP 47, the part that occurs
LIST_ID = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")  # RFC 2919 section 2
NAME = re.compile(r"[^\s\u3000]+")
PHONE = re.compile(r"[0-9+() -]{8,20}")
SDG_COUNT = 17
CONTRAST = 4.5  # WCAG 2 level AA for body text


def read_document(document: Mapping[str, Any], digest: str = "", national: Mapping[str, str] | None = None) -> Profile:
    """The Profile a document describes; ProfileError lists every remark, each with its key.

    `national` maps the 全国地方公共団体コード to the government's name; without it names are not compared.
    """
    remarks = Remarks()
    root = Table(dict(document), "", remarks)
    enews = root.table("enews")
    sections = _sections(root)
    profile = Profile(
        publisher=_publisher(root.table("association")),
        title=enews.text("title", longest=100),
        why=enews.text("why", longest=300),
        reprint_rule=enews.text("reprint_rule", required=False),
        approvals_needed=enews.integer("approvals_needed", 1, 9, 1),
        fresh_days=enews.integer("fresh_days", 1, 3650, 60),
        release=enews.choice("release", ["last_business_day"], "last_business_day"),
        numbering=_numbering(enews.table("numbering", required=False)),
        sender=_sender(root.table("sender")),
        wording=_wording(root.table("wording")),
        palette=_palette(root.table("palette", required=False)),
        sections=sections,
        pathways=_pathways(root),
        sdgs=_sdgs(root.table("sdgs")),
        members=_members(root, national),
        feeds=_feeds(root, sections),
        digest=digest,
        manners=read_manners(root.table("sending", required=False)),
        privacy=read_privacy(root.table("privacy", required=False)),
        english=_english(root.table("english", required=False)),
    )
    enews.close()
    root.close()
    if remarks.lines:
        raise ProfileError("\n".join(remarks.lines))
    return profile


def _publisher(table: Table) -> Publisher:
    publisher = Publisher(
        name=table.text("name", longest=100),
        legal_name=table.text("legal_name", longest=200),
        name_en=table.text("name_en", required=False, longest=200),
        slogan=table.text("slogan", required=False, longest=200),
        postal_code=table.matching("postal_code", re.compile(r"[0-9]{3}-[0-9]{4}"), "105-0003 の形で書いてください。"),
        postal_address=table.text("postal_address", longest=200),
        phone=table.matching("phone", PHONE, "半角数字とハイフンで書いてください。"),
        fax=table.matching("fax", PHONE, "半角数字とハイフンで書いてください。", required=False),
        email=table.mail_address("email"),
        website=table.web_address("website"),
    )
    table.close()
    return publisher


def _sender(table: Table) -> Sender:
    sender = Sender(
        name=table.text("name", longest=100),
        address=table.mail_address("address"),
        reply_to=table.mail_address("reply_to"),
        bounce_address=table.mail_address("bounce_address"),
        list_id=table.matching("list_id", LIST_ID, "enews.example.jp の形で書いてください。"),
        unsubscribe_address=table.mail_address("unsubscribe_address", required=False),
    )
    table.close()
    return sender


def _wording(table: Table) -> Wording:
    wording = Wording(
        version=table.text("version", longest=37),  # the column of the consent ledger has 40: room for -en
        text=table.text("text", longest=2000),
    )
    table.close()
    return wording


def _english(table: Table) -> English:
    words = "半角数字とハイフンで書いてください。"
    english = English(
        title=table.text("title", required=False, longest=100),
        slogan=table.text("slogan", required=False, longest=200),
        postal_address=table.text("postal_address", required=False, longest=200),
        phone=table.matching("phone", PHONE, words, required=False),
        fax=table.matching("fax", PHONE, words, required=False),
        website=table.web_address("website", required=False),
        wording=table.text("wording", required=False, longest=2000),
    )
    table.close()
    return english


def _numbering(table: Table) -> Numbering | None:
    if not table.values:
        return None
    month = table.matching("month", MONTH, "2026-11 の形で書いてください。")
    numbering = Numbering(
        month=date.fromisoformat(f"{month}-01") if month else date.min,
        number=table.integer("number", 1, 100_000),
    )
    table.close()
    return numbering


def _palette(table: Table) -> Palette:
    standard = Palette()
    colours = {
        name: table.matching(name, COLOUR, "#0b5d4e の形で書いてください。", required=False) or getattr(standard, name)
        for name in ("accent", "tint", "ink", "faint", "hairline")
    }
    table.close()
    for name in ("accent", "ink", "faint"):
        for ground, words in (("#ffffff", "白地"), (colours["tint"], "tint の色の地")):
            ratio = contrast(colours[name], ground)
            if ratio < CONTRAST:
                table.wrong(
                    name,
                    f"{colours[name]} は{words}に対するコントラスト比が{ratio:.1f}です。{CONTRAST}以上が必要です。",
                )
    return Palette(**colours)


def _sections(root: Table) -> tuple[Section, ...]:
    sections = []
    for table in root.tables("sections"):
        sections.append(
            Section(
                key=table.slug("key"),
                title=table.text("title", longest=60),
                kind=SectionKind(table.choice("kind", SectionKind)),
                limit=table.integer("limit", 1, 100),
                title_en=table.text("title_en", required=False, longest=60),
            )
        )
        table.close()
    if not sections:
        root.wrong("sections", "欄を1つ以上書いてください。")
    root.remarks.once("sections", [section.key for section in sections], "同じ key ")
    root.remarks.once("sections", [section.title for section in sections], "同じ title ")
    return tuple(sections)


def _pathways(root: Table) -> tuple[Pathway, ...]:
    pathways = []
    for table in root.tables("pathways"):
        pathways.append(
            Pathway(
                key=table.slug("key"),
                label_ja=table.text("label_ja", longest=60),
                label_en=table.text("label_en", longest=100),
                old_forms=table.texts("old_forms"),
            )
        )
        table.close()
    root.remarks.once("pathways", [pathway.key for pathway in pathways], "同じ key ")
    return tuple(pathways)


def _sdgs(table: Table) -> dict[int, str]:
    labels = {number: table.text(str(number), longest=60) for number in range(1, SDG_COUNT + 1)}
    table.close()
    return labels


def _members(root: Table, national: Mapping[str, str] | None) -> tuple[ProfileMember, ...]:
    members = [_member(table, national) for table in root.tables("members")]
    root.remarks.once("members", [member.key for member in members], "同じ key ")
    root.remarks.once("members", [member.code for member in members], "同じ団体コード")
    return tuple(members)


def _member(table: Table, national: Mapping[str, str] | None) -> ProfileMember:
    member = ProfileMember(
        key=table.slug("key"),
        name=table.text("name", longest=100),
        kind=table.choice("kind", ["full", "special"], "full"),
        code=table.text("code", required=False),
        kana=table.text("kana", required=False, longest=100),
        prefecture=table.text("prefecture", required=False, longest=10),
        website=table.web_address("website", required=False),
        head=table.matching(
            "head", NAME, "姓と名の間を空けずに書いてください（武内和久）。", required=False, longest=60
        ),
        head_title=table.text("head_title", required=False, longest=20),
    )
    table.close()
    if bool(member.head) != bool(member.head_title):
        table.wrong("head", "首長は head（氏名）と head_title（市長、知事など）の両方を書いてください。")
    if member.kind == "full" and not member.code:
        table.wrong("code", "正会員には全国地方公共団体コード（6桁）を書いてください。")
    elif member.code and not is_valid_code(member.code):
        table.wrong("code", f"団体コード「{member.code}」が正しくありません。検査数字つきの6桁を確かめてください。")
    elif member.code and national is not None and national.get(member.code) != member.name:
        official = national.get(member.code)
        table.wrong("name", f"「{member.name}」の団体コード {member.code} は、{_official(official)}")
    return member


def _official(name: str | None) -> str:
    return f"全国の一覧では「{name}」です。" if name else "全国の一覧にありません。"


def _feeds(root: Table, sections: Iterable[Section]) -> tuple[ProfileFeed, ...]:
    known = {section.key for section in sections}
    feeds = [_feed(table, known) for table in root.tables("feeds")]
    root.remarks.once("feeds", [feed.key for feed in feeds], "同じ key ")
    root.remarks.once("feeds", [feed.url for feed in feeds], "同じ url ")
    return tuple(feeds)


def _feed(table: Table, sections: set[str]) -> ProfileFeed:
    feed = ProfileFeed(
        key=table.slug("key"),
        name=table.text("name", longest=100),
        url=table.web_address("url", longest=1000),
        language=table.matching("language", LANGUAGE, "en や ja のように書いてください。", longest=10),
        section=table.slug("section", required=False),
        licence=table.text("licence", longest=300),
        credit=table.text("credit", longest=200),
        paused=table.boolean("paused", False),
        interval_minutes=table.integer("interval_minutes", 15, 60 * 24 * 31, 360),
    )
    table.close()
    if feed.section and feed.section not in sections:
        table.wrong("section", f"欄「{feed.section}」は sections にありません。")
    return feed


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two #rrggbb colours (WCAG 2, 1 to 21)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
