"""Which entries an issue should carry, and where: a pure decision over what is at hand.

Member news first, newest first, events by their day; as many per section as the profile allows, every story once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from newsletter.association.facts import Section, SectionKind


class Reason(StrEnum):
    """Why an entry was left out."""

    NO_SECTION = "no_section"
    TOO_EARLY = "too_early"
    OLD = "old"
    SAME_STORY = "same_story"
    FULL = "full"

    @property
    def label(self) -> str:
        return {
            "no_section": "載せる欄がありません",
            "too_early": "公開できる日が配信日より後です",
            "old": "古い記事です",
            "same_story": "同じ記事がすでにあります",
            "full": "欄がいっぱいです",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the decision needs to know of an entry."""

    entry_id: int
    from_member: bool
    at: datetime  # published or received
    title: str = ""
    url: str = ""  # canonical
    fingerprint: str = ""
    section: str = ""  # the feed's wish
    pathway: str = ""
    open_until: date | None = None  # last day of the event, or the deadline
    not_before: date | None = None  # earliest publication

    @property
    def tells(self) -> frozenset[str]:
        """By what others are recognised as the same story."""
        return frozenset(key for key in (self.url, self.fingerprint) if key)

    @property
    def repeats(self) -> frozenset[str]:
        """By what this one is recognised as a story told before; a member's page may carry many pieces of news."""
        return self.tells - {self.url} if self.from_member else self.tells


@dataclass(frozen=True, slots=True)
class Occasion:
    """The issue that entries are chosen for."""

    sections: Sequence[Section]
    release_on: date
    fresh_from: datetime | None  # older news is left out; None: nothing is too old
    placed: Mapping[str, int]  # placements that the sections have already
    told: Collection[str]  # canonical addresses and fingerprints in this and in other issues


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Put this entry at the end of this section."""

    entry_id: int
    section: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """This entry was not chosen, and why."""

    entry_id: int
    title: str
    reason: Reason


def suggest(candidates: Collection[Candidate], occasion: Occasion) -> tuple[list[Suggestion], list[LeftOut]]:
    """The placements to add, in the issue's order, and the entries left out; the same input gives the same answer."""
    told, placed = set(occasion.told), dict(occasion.placed)
    chosen: list[tuple[Section, Candidate]] = []
    left_out: list[LeftOut] = []
    for candidate in sorted(candidates, key=_rank):
        answer = _judge(candidate, occasion, told, placed)
        if isinstance(answer, Reason):
            left_out.append(LeftOut(candidate.entry_id, candidate.title, answer))
            continue
        told |= candidate.tells
        placed[answer.key] = placed.get(answer.key, 0) + 1
        chosen.append((answer, candidate))
    chosen.sort(key=lambda pair: (occasion.sections.index(pair[0]), _day_of_event(*pair)))
    return [Suggestion(candidate.entry_id, section.key) for section, candidate in chosen], left_out


def _day_of_event(section: Section, candidate: Candidate) -> date:
    """Readers look through events as through a calendar; elsewhere the newest stay first."""
    return candidate.open_until or date.max if section.kind == SectionKind.EVENT else date.min


def _rank(candidate: Candidate) -> tuple[bool, float, int]:
    return (not candidate.from_member, -candidate.at.timestamp(), -candidate.entry_id)


def _judge(
    candidate: Candidate, occasion: Occasion, told: Collection[str], placed: Mapping[str, int]
) -> Section | Reason:
    section = section_for(candidate, occasion.sections, occasion.release_on)
    if section is None:
        return Reason.NO_SECTION
    if candidate.not_before and candidate.not_before > occasion.release_on:
        return Reason.TOO_EARLY
    if occasion.fresh_from and candidate.at < occasion.fresh_from and not _is_open(candidate, occasion.release_on):
        return Reason.OLD
    if not candidate.repeats.isdisjoint(told):
        return Reason.SAME_STORY
    if placed.get(section.key, 0) >= section.limit:
        return Reason.FULL
    return section


def section_for(candidate: Candidate, sections: Sequence[Section], release_on: date) -> Section | None:
    """Where the entry belongs: by its origin, and by the wish of its feed or the name of its pathway."""
    if not candidate.from_member:
        wished = next((section for section in sections if section.key == candidate.section), None)
        return wished or _first(sections, SectionKind.NETWORK)
    if _is_open(candidate, release_on) and (events := _first(sections, SectionKind.EVENT)):
        return events
    named = (s for s in sections if s.kind == SectionKind.MEMBER and s.key == candidate.pathway)
    return next(named, None) or _first(sections, SectionKind.MEMBER)


def _is_open(candidate: Candidate, release_on: date) -> bool:
    return candidate.open_until is not None and candidate.open_until >= release_on


def _first(sections: Sequence[Section], kind: SectionKind) -> Section | None:
    return next((section for section in sections if section.kind == kind), None)
