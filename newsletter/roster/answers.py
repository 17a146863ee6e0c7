"""Take in what a member answered. Nothing changes by it: the office applies it later (applying.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from newsletter import letters
from newsletter.errors import RosterError
from newsletter.models import RosterAnswer, RosterSheet
from newsletter.roster import rounds
from newsletter.roster.questions import Choice, Entry, counts, fingerprint, revived, stored

COUNT_WORDS = {Choice.STAY: "変わりなし", Choice.LEAVE: "外す", Choice.CHANGE: "変更", Choice.ADD: "新しい方"}


class OvertakenError(RosterError):
    """Somebody else of the member answered while this answer was being written."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"ご入力のあいだに、{name}さんから別の回答が届きました。このまま送ると、そちらに代わってこの回答が使われます。"
            "よろしければ、もう一度「内容を確認する」から送ってください。"
        )


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who answered for the member."""

    name: str
    department: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The answer on record, and whether it is new: the same one sent twice is one."""

    answer: RosterAnswer
    is_new: bool


@transaction.atomic
def receive(
    sheet: RosterSheet,
    entries: Sequence[Entry],
    respondent: Respondent,
    door: RosterAnswer.Door,
    now: datetime,
    *,
    seen: int | None = None,
) -> Received:
    """Store a judged answer and tell the member's contributors; RosterError when the round is closed.

    A later answer takes the place of the earlier one, and both stay on record. `seen` is the number of the answer that
    the respondent knew of (0: none): OvertakenError when another has come in since.
    """
    locked = RosterSheet.objects.select_for_update(of=("self",)).select_related("round", "member").get(pk=sheet.pk)
    if locked.round.closed_at is not None:
        raise RosterError(f"{locked.round}は締めてあります。事務局へご連絡ください。")
    mark = fingerprint(entries, (respondent.name, respondent.department))
    last = latest(locked)
    if last is not None and last.fingerprint == mark:
        return Received(last, is_new=False)
    if last is not None and seen is not None and seen != last.pk:
        raise OvertakenError(last.by_name)
    answer = RosterAnswer.objects.create(
        sheet=locked, at=now, door=door, by_name=respondent.name, by_department=respondent.department,
        fingerprint=mark, entries=stored(entries),
    )  # fmt: skip
    _tell(answer, now)
    return Received(answer, is_new=True)


def latest(sheet: RosterSheet) -> RosterAnswer | None:
    """The answer that counts."""
    return sheet.answers.order_by("-pk").first()


def entries_of(answer: RosterAnswer) -> list[Entry]:
    """The answer's lines."""
    return list(revived(answer.entries))


def summary(entries: Sequence[Entry]) -> str:
    """変わりなし 9件、外す 2件、新しい方 1件"""
    number = counts(entries)
    return "、".join(f"{words} {number[choice]}件" for choice, words in COUNT_WORDS.items() if number[choice])


def _tell(answer: RosterAnswer, now: datetime) -> None:
    """A receipt to every contributor of the member, whoever answered, so that a stranger's answer is noticed."""
    sheet = answer.sheet
    is_over = sheet.round.is_over(timezone.localdate(now))
    url = "" if is_over else rounds.link(sheet)
    words = summary(entries_of(answer)) or "宛先なし"
    for person in sheet.member.contributors.filter(active=True).order_by("pk"):
        letters.send_roster_receipt(answer, words, person.email, url)
