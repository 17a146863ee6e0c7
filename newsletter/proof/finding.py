"""One remark of the gate: which rule, how grave, where, what was found, what is wrong, and what would be right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """An error stops approval; a warning asks for a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the manuscript: a passage by item and field, and the characters from `start` up to `end` in it."""

    item: int | None  # the printed number from 1; None: the issue itself
    field: str  # as Passage.field
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to put it right: replace the characters of the finding's place by `replacement`."""

    replacement: str
    label: str = ""  # said on the button when the replacement alone does not explain itself


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark."""

    rule: str  # the rule's id
    level: Level
    place: Place
    found: str  # the characters at the place; empty where something is missing
    message: str  # Japanese: what is wrong, why, what to do
    fixes: tuple[Fix, ...] = ()

    @property
    def key(self) -> str:
        """The finding by its words, not its position, so that 「ここは無視する」 survives edits elsewhere."""
        words = "\x1f".join((self.rule, self.place.field, self.found, self.message))
        return hashlib.sha256(words.encode()).hexdigest()[:16]


def apply(text: str, finding: Finding, fix: Fix) -> str:
    """`text`, the passage of the finding, with the fix put in; ValueError if the passage has changed since."""
    place = finding.place
    if text[place.start : place.end] != finding.found:
        raise ValueError("the passage has changed since it was proofed")
    return text[: place.start] + fix.replacement + text[place.end :]
