"""What a list says about each of its rows, and what is to become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from subscribers.candidates import Candidate
from subscribers.models import ConsentEvent


class Verdict(StrEnum):
    """What becomes of a row. WARNED is added, updated or the same, and somebody should look at it."""

    ADDED = "added"
    UPDATED = "updated"
    SAME = "same"
    WARNED = "warned"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Verdict.ADDED: "登録",
    Verdict.UPDATED: "更新",
    Verdict.SAME: "同じ",
    Verdict.WARNED: "警告",
    Verdict.REFUSED: "拒否",
}


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why we may write to the people of this list: it goes into the ledger, for each of them."""

    basis: ConsentEvent.Basis
    proof: str  # where the consent can be seen: a folder, a form, a decision
    operator: str
    file: str  # the name of the list


class Known(NamedTuple):
    """What the database has under this address."""

    id: int
    state: str
    values: Mapping[str, Any]


class Planned(NamedTuple):
    """One candidate and what is to become of it."""

    candidate: Candidate
    action: Verdict  # never WARNED
    fingerprint: str = ""
    known: Known | None = None
    changes: Mapping[str, Any] = MappingProxyType({})
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The one word for the row."""
        is_written = self.action in (Verdict.ADDED, Verdict.UPDATED)
        return Verdict.WARNED if is_written and self.candidate.warnings else self.action

    @property
    def words(self) -> tuple[str, ...]:
        """Everything there is to say about the row, in Japanese."""
        if self.action is Verdict.REFUSED:
            return self.remarks
        return (*self.remarks, *self.candidate.warnings, *self.candidate.notes)
