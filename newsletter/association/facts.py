"""What an association is, as plain values: the stages of a profile after it was read and found right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from newsletter.mail.content import Palette, Publisher
from newsletter.mail.pacing import QuietHours


class SectionKind(StrEnum):
    """Where the entries of a section come from."""

    MEMBER = "member"  # what members sent
    NETWORK = "network"  # feeds
    EVENT = "event"  # what members sent, with a day still to come
    OFFICE = "office"  # written by the office itself


@dataclass(frozen=True, slots=True)
class Sender:
    """Who stands in From:, where answers go and where bounces come back."""

    name: str
    address: str
    reply_to: str
    bounce_address: str  # the part before @ gets the delivery's signed key (VERP)
    list_id: str  # RFC 2919, without angle brackets
    unsubscribe_address: str = ""  # the mailto of List-Unsubscribe (RFC 2369); empty: only the link


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the issue, in its order."""

    key: str
    title: str
    kind: SectionKind
    limit: int  # how many placements `suggest` puts there at most
    title_en: str = ""


@dataclass(frozen=True, slots=True)
class Pathway:
    """One of the association's pathways, and old names of it that should be flagged."""

    key: str
    label_ja: str
    label_en: str
    old_forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """The text a person agrees to; its version goes into the consent ledger."""

    version: str
    text: str


@dataclass(frozen=True, slots=True)
class Numbering:
    """One month whose serial number is known; the others follow from it, one a month."""

    month: date
    number: int

    def of(self, month: date) -> int | None:
        """The serial number of `month`, or None before the first issue."""
        months = (month.year - self.month.year) * 12 + month.month - self.month.month
        number = self.number + months
        return number if number >= 1 else None


@dataclass(frozen=True, slots=True)
class ProfileMember:
    """A member as the profile names it."""

    key: str
    name: str
    kind: str  # full or special
    code: str = ""
    kana: str = ""
    prefecture: str = ""
    website: str = ""
    head: str = ""  # the mayor's or governor's name, without a space, in the glyphs that the person uses
    head_title: str = ""  # 市長, 知事, 区長, 町長


@dataclass(frozen=True, slots=True)
class ProfileFeed:
    """A source to start with."""

    key: str
    name: str
    url: str
    language: str
    section: str
    licence: str
    credit: str
    paused: bool = False
    interval_minutes: int = 360


@dataclass(frozen=True, slots=True)
class Manners:
    """How campaigns are sent: the profile's [sending] table."""

    in_doubt: str = "ask"  # a Campaign.InDoubt; a campaign may choose another
    release_by_another: bool = False  # who sends is neither who made the edition nor its only approver
    late_hours: int = 6  # a campaign that much later than its hour asks before it starts
    quiet_hours: QuietHours | None = None
    seeds: tuple[str, ...] = ()  # addresses of readers who get it first
    waves_from: int = 500  # so many recipients, and the campaign goes out in waves
    pace: str = "auto"  # per-provider pace; auto: only with a relay off this machine


@dataclass(frozen=True, slots=True)
class Privacy:
    """How long and how exactly proofs of consent are kept: the profile's [privacy] table."""

    evidence_months: int = 13  # after somebody left (特定電子メール法 3条2項: at least a month after the last sending)
    source_address: str = "cut"  # of a confirmed request: cut, keep or remove


@dataclass(frozen=True, slots=True)
class English:
    """What the English pages and letters call things: the profile's [english] table. What is empty stays Japanese."""

    title: str = ""  # of the e-news
    slogan: str = ""
    postal_address: str = ""
    phone: str = ""  # as one dials it from abroad
    fax: str = ""
    website: str = ""
    wording: str = ""  # the text a person agrees to


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything the application knows about the association it works for."""

    publisher: Publisher
    title: str  # the e-news' own name
    sender: Sender
    sections: tuple[Section, ...]
    pathways: tuple[Pathway, ...]
    sdgs: Mapping[int, str]  # 1 to 17
    palette: Palette
    why: str  # why the reader receives this; one sentence
    reprint_rule: str
    wording: Wording
    approvals_needed: int
    numbering: Numbering | None
    release: str  # the rule for the release date: last_business_day
    fresh_days: int  # `suggest` leaves older news out
    members: tuple[ProfileMember, ...]
    feeds: tuple[ProfileFeed, ...]
    digest: str = ""  # SHA-256 of the document
    manners: Manners = field(default_factory=Manners)  # how campaigns are sent
    privacy: Privacy = field(default_factory=Privacy)
    english: English = field(default_factory=English)

    def in_language(self, language: str) -> Profile:
        """The association as a reader of that language (ja, en) should be told of it; its legal name stays."""
        return _in_english(self) if language == "en" else self

    def section(self, key: str) -> Section | None:
        """The section of that key, or None."""
        return next((section for section in self.sections if section.key == key), None)

    def pathway(self, key: str) -> Pathway | None:
        """The pathway of that key, or None."""
        return next((pathway for pathway in self.pathways if pathway.key == key), None)


def _in_english(profile: Profile) -> Profile:
    said, publisher, wording = profile.english, profile.publisher, profile.wording
    return replace(
        profile,
        title=said.title or profile.title,
        publisher=replace(
            publisher,
            name=publisher.name_en or publisher.name,
            slogan=said.slogan,
            postal_address=said.postal_address or publisher.postal_address,
            phone=said.phone or publisher.phone,
            fax=said.fax or publisher.fax,
            website=said.website or publisher.website,
        ),
        # A text of its own has a name of its own in the ledger.
        wording=Wording(f"{wording.version}-en", said.wording) if said.wording else wording,
        sections=tuple(replace(section, title=section.title_en or section.title) for section in profile.sections),
    )
