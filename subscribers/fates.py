"""What becomes of one person when an import is taken back: decided from what the ledger and the entry say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

GONE = "登録がすでにありません（消去済みか、本人の確認がなかったため）"
NO_VALUES = "取込前の値が残っていません"
OVERWRITTEN = "取込のあとに、同じ項目が変わっています"


class Fate(StrEnum):
    """What becomes of a person when the import is taken back."""

    REMOVED = "removed"
    RESTORED = "restored"
    KEPT = "kept"

    @property
    def label(self) -> str:
        return {Fate.REMOVED: "登録を取り消す", Fate.RESTORED: "前の値に戻す", Fate.KEPT: "そのまま"}[self]


class Line(NamedTuple):
    """What the ledger says of one row of the import."""

    event: int  # its own number in the ledger
    row: int
    fingerprint: str
    subscriber_id: int | None
    is_change: bool  # else the person came in by it, or
    is_same: bool = False  # was in already


class Act(NamedTuple):
    """Something that somebody did after the import."""

    kind: str  # the label of a ConsentEvent.Kind; of an import its number, too
    day: str  # 2026-11-24
    run: int | None = None  # of an import


@dataclass(frozen=True, slots=True)
class Former:
    """The changed fields of one entry, as JSON holds them: before the import, after it, and now."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    now: Mapping[str, Any]

    @property
    def is_overwritten(self) -> bool:
        return any(self.now[name] != value for name, value in self.after.items())


class Undone(NamedTuple):
    """One row of the import, and what becomes of the person behind it; `why` when they stay as they are."""

    line: int
    address: str  # empty when there is no entry any more
    fate: Fate
    why: str = ""
    subscriber_id: int | None = None
    fingerprint: str = ""
    values: Mapping[str, Any] | None = None  # to be restored
    heir: int | None = None  # the later import that stands in the way: what this one wrote over is its to restore


def decide(line: Line, address: str | None, act: Act | None, former: Former | None) -> Undone:
    """The fate of one person: `address` of the entry, the first `act` since the import, what it wrote over."""
    _, row, mark, subscriber_id, is_change, _ = line
    if address is None:
        return Undone(row, "", Fate.KEPT, GONE, None, mark)
    why = ""
    if act is not None:
        why = f"取込のあとに記録があります（{act.kind} {act.day}）"
    elif not is_change:
        return Undone(row, address, Fate.REMOVED, "", subscriber_id, mark)
    elif former is None:
        why = NO_VALUES
    elif former.is_overwritten:
        why = OVERWRITTEN
    if why or former is None:
        heir = act.run if act is not None and former is not None else None
        return Undone(row, address, Fate.KEPT, why, subscriber_id, mark, heir=heir)
    return Undone(row, address, Fate.RESTORED, "", subscriber_id, mark, former.before)


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, datetime) else value
