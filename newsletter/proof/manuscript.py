"""What the gate reads: the issue as it will be printed, and what is known about the world around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from newsletter.proof.dictionary import Dictionary, shipped


@dataclass(frozen=True, slots=True)
class ProofPicture:
    """What is known of an item's photo."""

    alt: str = ""
    credit: str = ""
    file_name: str = ""
    for_mail: bool = True
    for_web: bool = True


@dataclass(frozen=True, slots=True)
class ProofItem:
    """One placement as it will be printed."""

    number: int
    headline: str
    text: str
    section: str = ""  # the section's key
    kind: str = "member"  # of the section: member, network, event, office
    url: str = ""
    link_label: str = ""
    members: tuple[str, ...] = ()  # names of the members that it comes from
    from_member: bool = False
    facts: tuple[tuple[str, str], ...] = ()  # label and value as printed: 日時, 会場, 参加費, 締切
    starts_on: date | None = None
    ends_on: date | None = None
    deadline: date | None = None
    source: str = ""
    original_title: str = ""
    language: str = "ja"  # of the entry it comes from
    licence: str = ""
    credit: str = ""
    picture: ProofPicture | None = None


@dataclass(frozen=True, slots=True)
class Manuscript:
    """The issue under proof."""

    month: date  # first day of the month of the issue
    sent_on: date  # the day it goes out
    items: tuple[ProofItem, ...] = ()
    subject: str = ""
    preheader: str = ""
    lead: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class RegisteredMember:
    """A member as the registry has it."""

    name: str  # 北九州市
    prefecture: str = ""
    code: str = ""
    head: str = ""  # the mayor's or governor's name with a full-width-space-free spelling: 武内和久
    head_title: str = ""  # 市長, 知事, 区長, 町長


@dataclass(frozen=True, slots=True)
class World:
    """What the rules may know beside the manuscript."""

    members: tuple[RegisteredMember, ...] = ()
    municipalities: Mapping[str, str] = field(default_factory=dict)  # every local government: name -> prefecture
    issues_before: tuple[tuple[date, int], ...] = ()  # month and serial number of earlier issues, newest first
    publisher: Mapping[str, str] = field(default_factory=dict)  # name, legal_name, postal_address, phone, email
    glossary: Mapping[str, str] = field(default_factory=dict)  # English term -> the Japanese to use
    dead_links: Mapping[str, str] = field(default_factory=dict)  # URL -> why, from the link check
    dictionary: Dictionary | None = None  # with the files that staff keep on top; None: as it is shipped

    @property
    def words(self) -> Dictionary:
        """The dictionary in force."""
        return self.dictionary if self.dictionary is not None else shipped()


@dataclass(frozen=True, slots=True)
class Passage:
    """One run of text that rules read on its own."""

    item: int | None
    field: str  # headline, text, url, link_label, fact:締切, picture.alt, picture.credit, subject, preheader, lead
    text: str


def passages(manuscript: Manuscript) -> Iterator[Passage]:
    """Every passage of prose, in reading order (addresses and the like are not prose: see each rule)."""
    yield from (
        Passage(None, name, text)
        for name, text in (
            ("subject", manuscript.subject), ("preheader", manuscript.preheader), ("lead", manuscript.lead)
        )
        if text
    )  # fmt: skip
    for item in manuscript.items:
        yield from item_passages(item)


def item_passages(item: ProofItem) -> Iterator[Passage]:
    """The passages of one item, in reading order."""
    yield Passage(item.number, "headline", item.headline)
    yield Passage(item.number, "text", item.text)
    for label, value in item.facts:
        yield Passage(item.number, f"fact:{label}", value)
    if item.picture is not None and item.picture.alt:
        yield Passage(item.number, "picture.alt", item.picture.alt)
