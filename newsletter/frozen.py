"""The printed items as an edition keeps them: plain JSON for the public archive, read back with corrections put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from newsletter.mail.content import Fact, IssueContent, Picture
from newsletter.models import Correction

LABELS = {
    "headline": "見出し",
    "paragraph": "本文",
    "url": "詳細のリンク",
    "source": "出典",
    "original_title": "原題",
    "alt": "写真の説明",
    "credit": "写真のクレジット",
    "issue": "この号の全体",
}


@dataclass(frozen=True, slots=True)
class FrozenItem:
    """One item as it was printed, with its section and, if a member wrote it, the member's name."""

    number: int
    section: str  # its title
    headline: str
    paragraphs: tuple[str, ...] = ()
    member: str = ""
    url: str = ""
    link_label: str = "詳細"
    facts: tuple[Fact, ...] = ()
    picture: Picture | None = None
    source: str = ""
    original_title: str = ""
    original_language: str = ""
    pathway: str = ""
    sdgs: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first paragraph that is left, for feeds and previews of links."""
        return next((paragraph for paragraph in self.paragraphs if paragraph), "")


def freeze(content: IssueContent, members: Mapping[int, str]) -> list[dict[str, Any]]:
    """The items as JSON; `members` says whose news each number is."""
    return [
        asdict(
            FrozenItem(
                number=item.number,
                section=section.title,
                headline=item.headline,
                paragraphs=item.paragraphs,
                member=members.get(item.number, ""),
                url=item.url,
                link_label=item.link_label,
                facts=item.facts,
                picture=item.picture,
                source=item.source,
                original_title=item.original_title,
                original_language=item.original_language,
                pathway=item.pathway,
                sdgs=item.sdgs,
            )
        )
        for section in content.sections
        for item in section.items
    ]


def thaw(rows: Iterable[Mapping[str, Any]]) -> tuple[FrozenItem, ...]:
    """The items of an edition; what a later version of this program added is left aside."""
    return tuple(_item(row) for row in rows)


def _item(row: Mapping[str, Any]) -> FrozenItem:
    known = {name: row[name] for name in FrozenItem.__dataclass_fields__ if name in row}
    picture = row.get("picture")
    return FrozenItem(
        **known
        | {
            "paragraphs": tuple(row.get("paragraphs", ())),
            "facts": tuple(Fact(fact["label"], fact["value"]) for fact in row.get("facts", ())),
            "picture": Picture(**picture) if picture else None,
            "sdgs": tuple(row.get("sdgs", ())),
        }
    )


# ------------------------------------------------------------ parts that can be put right
def parts(item: FrozenItem) -> dict[str, str]:
    """Every text of the item that a correction may name: `headline`, `paragraph-1`, `fact-2`, …"""
    texts = {"headline": item.headline}
    texts |= {f"paragraph-{number}": text for number, text in enumerate(item.paragraphs, 1)}
    texts |= {f"fact-{number}": fact.value for number, fact in enumerate(item.facts, 1)}
    texts |= {"url": item.url, "source": item.source, "original_title": item.original_title}
    if item.picture:
        texts |= {"alt": item.picture.alt, "credit": item.picture.credit}
    return texts


def label(item: FrozenItem | None, part: str) -> str:
    """What people call the part: 本文, 日時, …"""
    kind, _, number = part.partition("-")
    if kind == "fact":
        return item.facts[int(number) - 1].label if item else "開催の案内"
    return LABELS[kind]


def with_text(item: FrozenItem, part: str, text: str) -> FrozenItem:
    """The item with other words in one of its parts."""
    kind, _, number = part.partition("-")
    if kind == "paragraph":
        index = int(number) - 1
        return replace(item, paragraphs=(*item.paragraphs[:index], text, *item.paragraphs[index + 1 :]))
    if kind == "fact":
        index = int(number) - 1
        fact = replace(item.facts[index], value=text)
        return replace(item, facts=(*item.facts[:index], fact, *item.facts[index + 1 :]))
    words: dict[str, Any] = {kind: text}
    if kind in ("alt", "credit"):
        return replace(item, picture=replace(item.picture, **words)) if item.picture else item
    return replace(item, **words)


def corrected(item: FrozenItem, corrections: Iterable[Correction]) -> FrozenItem:
    """The item with its corrections put in, in their order."""
    for correction in corrections:
        if correction.item == item.number:
            text = parts(item)[correction.field].replace(correction.old, correction.new)
            item = with_text(item, correction.field, text)
    return item
