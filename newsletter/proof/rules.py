"""The catalogue: every rule with its id, level, title, explanation and source, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module

from newsletter.proof.finding import Finding, Fix, Level, Place
from newsletter.proof.manuscript import Manuscript, Passage, World

Check = Callable[[Manuscript, World], Iterable[Finding]]

# Each module registers its rules when it is imported; the order here is the order of the catalogue.
FAMILIES = (
    "dates", "eras", "events", "holidays", "brackets", "issue", "registry", "heads", "wording", "widths", "characters",
    "sentences", "shifting", "numbers", "contacts", "links", "pictures", "koyobun", "english", "law",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue."""

    id: str  # kebab-case, stable: weekday-mismatch
    level: Level
    title: str  # Japanese, a few words
    explanation: str  # Japanese: why it matters and what is right
    source: str  # Japanese: the norm, or the practice, it rests on
    check: Check
    needs_morphology: bool = False

    def finding(self, passage: Passage, start: int, end: int, message: str, *replacements: str) -> Finding:
        """A finding of this rule on the characters from `start` up to `end` of the passage."""
        place = Place(passage.item, passage.field, start, end)
        fixes = tuple(Fix(replacement) for replacement in replacements)
        return Finding(self.id, self.level, place, passage.text[start:end], message, fixes)


_catalogue: dict[str, Rule] = {}


def rule(
    name: str, level: Level, title: str, explanation: str, source: str, *, needs_morphology: bool = False
) -> Callable[[Callable[[Rule, Manuscript, World], Iterable[Finding]]], Rule]:
    """Register the decorated function `(rule, manuscript, world) -> findings` under `name`, its id."""

    def register(function: Callable[[Rule, Manuscript, World], Iterable[Finding]]) -> Rule:
        made = Rule(
            name, level, title, explanation, source,
            lambda manuscript, world: function(made, manuscript, world), needs_morphology,
        )  # fmt: skip
        if name in _catalogue:
            raise ValueError(f"two rules are called {name}")
        _catalogue[name] = made
        return made

    return register


def catalogue() -> tuple[Rule, ...]:
    """All rules, family by family."""
    for family in FAMILIES:
        import_module(f"newsletter.proof.{family}")
    return tuple(_catalogue.values())


def proof(manuscript: Manuscript, world: World, *, with_morphology: bool = False) -> Iterator[Finding]:
    """What every rule has to say, in the order of the catalogue."""
    for one in catalogue():
        if with_morphology or not one.needs_morphology:
            yield from one.check(manuscript, world)


def resting(*, with_morphology: bool) -> tuple[Rule, ...]:
    """The rules that have no say without morphology."""
    return () if with_morphology else tuple(one for one in catalogue() if one.needs_morphology)
