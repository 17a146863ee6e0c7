"""What a member is asked about each of its people, and the one judge of the answer for every door. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from subscribers.addresses import Address, NoteKind, masked, read_address
from subscribers.errors import AddressError
from subscribers.reading import LONGEST, tidy

MOST_NEW = 30  # people that one answer can add


class Choice(StrEnum):
    """What becomes of a person."""

    STAY = "stay"
    LEAVE = "leave"
    CHANGE = "change"
    ADD = "add"  # who was not on the sheet

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Choice.STAY: "変わりなし",
    Choice.LEAVE: "異動・退職のため外す",
    Choice.CHANGE: "変更する",
    Choice.ADD: "新しく加える",
}
SHARED_LEAVE = "このアドレスはもう使わない"  # instead of 外す, for a mailbox that several people read
ASKED = (Choice.STAY, Choice.LEAVE, Choice.CHANGE)

WRITTEN_ABOVE = "この回答"
NO_CONSENT = "ご本人の了解を得てから、「ご本人の了解」に印を付けてください。"


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a sheet as it stands today."""

    number: int
    name: str
    department: str
    address: str  # whole; only the office and the check of the answer see it
    is_shared: bool  # a mailbox of an office (kankyo@…), read by whoever sits there
    reads: bool  # gets the e-news
    writes: bool  # a contributor: requests and receipts go there

    @property
    def shown_address(self) -> str:
        """What the sheet shows: a person's address masked, a shared one whole, for it names nobody."""
        return self.address if self.is_shared else masked(self.address)

    @property
    def key(self) -> str:
        """The address for comparing."""
        try:
            return read_address(self.address).key
        except AddressError:  # of a contributor, stored before addresses were read as strictly
            return self.address.lower()

    @property
    def title(self) -> str:
        """How the sheet calls the person."""
        return self.name or self.department or self.shown_address

    @property
    def roles(self) -> str:
        """What the address is used for, in Japanese."""
        words = (("メールの配信", self.reads), ("投稿のご担当", self.writes))
        return "、".join(word for word, is_so in words if is_so)

    def label_of(self, choice: Choice) -> str:
        """The choice in the words that fit this mailbox."""
        return SHARED_LEAVE if choice is Choice.LEAVE and self.is_shared else choice.label


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed about one person, unjudged."""

    choice: str = ""
    name: str = ""
    department: str = ""
    address: str = ""
    consented: bool = False
    writes: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether a row for a new person was left alone."""
        return not (self.name.strip() or self.department.strip() or self.address.strip())


@dataclass(frozen=True, slots=True)
class Entry:
    """One judged line of an answer. `address` is empty where it stays as it is."""

    choice: Choice
    number: int = 0  # on the sheet; 0 for a new person
    name: str = ""
    department: str = ""
    address: str = ""
    writes: bool = False  # a new person who becomes a contributor, too


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an answer: on which row, in which field, in Japanese."""

    row: str  # 3, or new-1
    field: str  # choice, name, department, address, consented
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer after the check: its entries are complete only when there is no problem."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def judge(people: Sequence[Person], typed: Mapping[int, Typed], new: Mapping[str, Typed]) -> Judged:
    """Check an answer against the sheet; `new` is keyed by the rows' own names (new-1)."""
    written = {person.key: f"{person.number}番" for person in people}
    outcomes = [_judge_one(person, typed.get(person.number, Typed()), written) for person in people]
    outcomes += [_judge_new(row, told, written) for row, told in new.items() if not told.is_empty]
    entries = tuple(outcome for outcome in outcomes if isinstance(outcome, Entry))
    problems = tuple(outcome for outcome in outcomes if isinstance(outcome, Problem))
    if sum(entry.choice is Choice.ADD for entry in entries) > MOST_NEW:
        problems += (Problem("new-1", "address", f"一度に加えられるのは{MOST_NEW}人までです。"),)
    return Judged(entries, problems)


def _judge_one(person: Person, told: Typed, written: dict[str, str]) -> Entry | Problem:
    row = str(person.number)
    if told.choice not in ASKED:
        return Problem(row, "choice", "「変わりなし」「異動・退職のため外す」「変更する」のどれかを選んでください。")
    choice = Choice(told.choice)
    name, department = tidy(told.name) or person.name, tidy(told.department) or person.department
    differs = (name, department) != (person.name, person.department) or bool(told.address.strip())
    if choice is not Choice.CHANGE:
        if differs:
            return Problem(
                row, "choice", f"変更の内容が書かれています。直すときは「{Choice.CHANGE.label}」を選んでください。"
            )
        return Entry(choice, person.number)
    if not differs:
        return Problem(row, "choice", "どこが変わるかを、お名前・部署・メールアドレスの欄に書いてください。")
    fault = _too_long(row, name, department)
    if fault:
        return fault
    if not told.address.strip():
        return Entry(choice, person.number, name, department)
    address = _address(row, told.address, written, own=f"{person.number}番")
    if isinstance(address, Problem):
        return address
    if address.key == person.key:
        return Entry(choice, person.number, name, department)
    return Entry(choice, person.number, name, department, address.address) if told.consented else _no_consent(row)


def _judge_new(row: str, told: Typed, written: dict[str, str]) -> Entry | Problem:
    name, department = tidy(told.name), tidy(told.department)
    if not told.address.strip():
        return Problem(row, "address", "メールアドレスを書いてください。加えないときは、この行を空にしてください。")
    fault = _too_long(row, name, department)
    if fault:
        return fault
    address = _address(row, told.address, written)
    if isinstance(address, Problem):
        return address
    if not name and not department:
        return Problem(row, "name", "お名前か部署を書いてください。")
    if not told.consented:
        return _no_consent(row)
    return Entry(Choice.ADD, 0, name, department, address.address, told.writes)


def _address(row: str, text: str, written: dict[str, str], own: str = "") -> Address | Problem:
    """A new address; no other line may have it. `written`: key of an address -> where it stands."""
    try:
        address = read_address(text)
    except AddressError as error:
        return Problem(row, "address", str(error))
    if any(note.kind is NoteKind.UNWANTED for note in address.notes):  # 「（退職）」 beside it
        return Problem(row, "address", f"アドレスだけを書いてください。外す方は「{Choice.LEAVE.label}」を選びます。")
    there = written.get(address.key, "")
    if there == WRITTEN_ABOVE:
        return Problem(row, "address", "同じメールアドレスが、ほかの行にも書かれています。")
    if there and there != own:
        hint = f"使い続けるときは、{there}で「{Choice.CHANGE.label}」を選び、お名前や部署を直してください。"
        return Problem(row, "address", f"{there}にあるアドレスです。{hint}")
    if not there:
        written[address.key] = WRITTEN_ABOVE
    return address


def _too_long(row: str, name: str, department: str) -> Problem | None:
    for field, value, words in (("name", name, "お名前"), ("department", department, "部署")):
        if len(value) > LONGEST[field]:
            return Problem(row, field, f"{words}が長すぎます（{len(value)}文字）。{LONGEST[field]}文字までです。")
    return None


def _no_consent(row: str) -> Problem:
    return Problem(row, "consented", NO_CONSENT)


# ------------------------------------------------------------ as it is stored and shown
def stored(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The entries as JSON holds them, without what is empty."""
    return [{name: value for name, value in asdict(entry).items() if value} for entry in entries]


def revived(rows: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """The entries out of `stored`."""
    for row in rows:
        yield replace(Entry(**row), choice=Choice(row["choice"]))


def emptied(entry: Entry) -> Entry:
    """The entry without what it says of a person: it counts, and no more."""
    return replace(entry, name="", department="", address="")


def fingerprint(entries: Sequence[Entry], by: Sequence[str]) -> str:
    """The same for the same answer of the same person."""
    text = json.dumps([stored(entries), list(by)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def counts(entries: Sequence[Entry]) -> dict[str, int]:
    """How many of each choice."""
    return {str(choice): sum(entry.choice is choice for entry in entries) for choice in Choice}


def described(entry: Entry, person: Person | None) -> tuple[str, str]:
    """An entry in words: whom it is about, and what becomes of them."""
    title = f"{entry.number}番 {person.title if person else '（登録がなくなりました）'}" if entry.number else "新しい方"
    told = "、".join(part for part in (entry.name, entry.department, entry.address) if part)
    label = person.label_of(entry.choice) if person else entry.choice.label
    if entry.choice is Choice.ADD:
        return title, told + ("（投稿のご担当にもなる）" if entry.writes else "")
    return title, f"{label}：{told}" if told else label
