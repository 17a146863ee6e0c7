"""Turn an answer into changes, once a person of the office has said yes: through the importer, all or nothing.

plan shows, row by row, what would become of everybody; apply does it; undo takes it back with the import it made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from newsletter import letters
from newsletter.errors import RosterError
from newsletter.models import RosterAnswer, RosterLine, RosterSheet
from newsletter.roster import answers, contributors, people
from newsletter.roster.offices import is_office
from newsletter.roster.questions import Choice, Entry, Person, described, emptied, stored
from subscribers import importer, moves, suppression, undo
from subscribers.addresses import NoteKind
from subscribers.candidates import Candidate, read_candidates
from subscribers.columns import EXTRAS
from subscribers.models import ConsentEvent, ImportRun, Subscriber
from subscribers.planned import Grounds, Planned, Verdict
from subscribers.reading import Lookups

TOLD = ("address", "name", "organisation", "department", "municipality")
# What the same person keeps at a new address; a successor chooses anew.
KEPT = ("format", "sections", "pathways", "only_monthly", "language")
COLUMNS = {name: column for column, name in enumerate((*TOLD, *KEPT))}
LEAVES, STAYS, CHANGES, NOTHING = "外す", "そのまま", "更新", "対象外"
OF_CONTRIBUTOR = "（担当者）"  # behind the verdict, where nobody reads the e-news at this address
GONE = "用紙を送ったあとに、登録がなくなったか、ご本人が解除しています。そのままにします。"
ELSEWHERE = "役所のドメインではないアドレスです。"
EMPTIED = "お名前とアドレスは、もう残していません（消去したか、前に拒否したため）。"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the answer, and what becomes of it."""

    number: int  # row of the import; on the sheet, for those who stand there
    title: str
    told: str
    verdict: str  # in Japanese
    is_problem: bool = False
    words: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether anything becomes of this person."""
        return not self.verdict.startswith((Verdict.SAME.label, STAYS, NOTHING))


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer turned into rows of a list, departures and steps for contributors; nothing is written."""

    entries: Mapping[int, Entry]  # by row
    people: Mapping[int, Person]  # by row, of those on the sheet
    candidates: tuple[Candidate, ...]
    departing: Mapping[int, int]  # subscriber id -> row
    steps: tuple[contributors.Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of an answer."""

    answer: RosterAnswer
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an answer came to: its import, by which it can be taken back."""

    run: ImportRun
    added: int
    updated: int
    departed: int
    refused: int


def plan(answer: RosterAnswer, now: datetime) -> Plan:
    """What would become of each line; nothing is written."""
    draft = _draft(answer, now)
    blocks = importer.plan_import(iter(draft.candidates), settings.FINGERPRINT_KEY)
    planned = {row.candidate.line: row for block in blocks for row in block}
    rows = tuple(_row(number, draft, planned.get(number)) for number in draft.entries)
    counts = {
        "added": sum(row.action is Verdict.ADDED for row in planned.values()),
        "updated": sum(row.action is Verdict.UPDATED for row in planned.values()),
        "departed": len(draft.departing),
        "refused": sum(row.action is Verdict.REFUSED for row in planned.values()),
    }
    return Plan(answer, rows, tuple(_remarks(answer, draft)), counts)


@transaction.atomic
def apply(answer: RosterAnswer, operator: str, now: datetime) -> Applied:
    """Do it: people named by the member come in and are told, who moved on goes and is told, contributors follow.

    RosterError when a newer answer has come in, or this one is applied already.
    """
    sheet = (
        RosterSheet.objects.select_for_update(of=("self",)).select_related("round", "member").get(pk=answer.sheet_id)
    )
    _refuse_unfit(sheet, answer)
    draft = _draft(answer, now)
    written: list[Planned] = []
    runs: list[ImportRun] = []
    grounds = Grounds(ConsentEvent.Basis.MEMBER, proof(answer), operator, str(sheet))
    importer.run_import(
        iter(draft.candidates), grounds, now, settings.FINGERPRINT_KEY,
        may_be_empty=True, on_block=written.extend, on_done=runs.append,
    )  # fmt: skip
    departed = moves.depart(draft.departing, runs[0], now)
    former = contributors.take(sheet.member, draft.steps)
    refused = {row.candidate.line for row in written if row.action is Verdict.REFUSED}
    RosterAnswer.objects.filter(pk=answer.pk).update(
        applied_at=now, applied_by=operator[:150], import_run=runs[0], former_contributors=former,
        entries=_without_refused(draft, refused), undone_at=None, undone_by="",
    )  # fmt: skip
    _tell(sheet, written, departed, now)
    acted = [row.action for row in written]
    return Applied(
        runs[0], acted.count(Verdict.ADDED), acted.count(Verdict.UPDATED), len(departed), acted.count(Verdict.REFUSED)
    )


@transaction.atomic
def take_back(answer: RosterAnswer, by: str, now: datetime) -> None:
    """Undo an application: its import (see subscribers.undo), and the contributors as they were."""
    locked = (
        RosterAnswer.objects.select_for_update(of=("self",)).select_related("import_run", "sheet").get(pk=answer.pk)
    )
    run = locked.import_run
    if not locked.is_applied or run is None:
        raise RosterError("この回答は、反映していないか、もう取り消してあります。")
    if run.undone_at is None:  # else undo-import was faster
        undo.undo(undo.undoable(run.pk, now), by, now)
    contributors.put_back(locked.former_contributors)
    RosterAnswer.objects.filter(pk=locked.pk).update(undone_at=now, undone_by=by[:150], former_contributors={})


def proof(answer: RosterAnswer) -> str:
    """Where the ledger says the consent can be seen."""
    day = timezone.localtime(answer.at)
    by = "　".join(part for part in (answer.by_department, answer.by_name) if part)
    return f"{answer.sheet} 回答{answer.pk}（{day:%Y-%m-%d %H:%M} {answer.get_door_display()} {by}）"


def _refuse_unfit(sheet: RosterSheet, answer: RosterAnswer) -> None:
    last = answers.latest(sheet)
    if last is None or last.pk != answer.pk:
        raise RosterError(f"{sheet.member}から新しい回答が届いています。内容を見直してから、反映してください。")
    if is_applied(last):
        raise RosterError(f"{sheet.member}の回答は、もう反映してあります（{last.applied_by}）。")
    if not last.entries and sheet.round.closed_at is not None:
        raise RosterError(f"{sheet.round}は締めてあり、反映しなかった回答の内容は残していません。")


def is_applied(answer: RosterAnswer) -> bool:
    """Whether the answer is in force: applied, and neither taken back here nor by undo-import."""
    run = answer.import_run
    return answer.is_applied and (run is None or run.undone_at is None)


def _without_refused(draft: Draft, refused: set[int]) -> list[dict[str, Any]]:
    """The answer as it is kept: of somebody we do not write to, there is no reason to keep anything (22条)."""
    return stored([emptied(entry) if row in refused else entry for row, entry in draft.entries.items()])


# ------------------------------------------------------------ from the answer to rows of a list
def _draft(answer: RosterAnswer, now: datetime) -> Draft:
    sheet = answer.sheet
    lines = {line.number: line for line in people.lines(sheet)}
    persons = {number: person for number, line in lines.items() if (person := people.person_of(line))}
    entries = _numbered(answers.entries_of(answer), max(lines, default=0))
    lookups = Lookups(timezone.get_current_timezone(), now)
    candidates: list[Candidate] = []
    departing: dict[int, int] = {}
    for row, entry in entries.items():
        reader = lines[row].subscriber if row in persons and persons[row].reads else None
        cells = _cells(entry, persons.get(row), reader, sheet)
        if cells is not None:
            candidates += read_candidates(row, cells, COLUMNS, lookups)
        if reader is not None and (entry.choice is Choice.LEAVE or entry.address):
            departing[reader.pk] = row
    return Draft(entries, persons, tuple(candidates), departing, tuple(_steps(entries, lines, persons)))


def _numbered(entries: Sequence[Entry], last: int) -> dict[int, Entry]:
    """Each entry with its row: its number on the sheet, new people behind them."""
    new = (entry for entry in entries if not entry.number)
    return {entry.number: entry for entry in entries if entry.number} | dict(enumerate(new, start=last + 1))


def _cells(
    entry: Entry, person: Person | None, reader: Subscriber | None, sheet: RosterSheet
) -> tuple[str, ...] | None:
    """The entry as a row of a list, or None when it says nothing about a reader."""
    member = sheet.member
    if entry.choice is Choice.ADD and not entry.address:
        return None  # emptied since
    if entry.choice is Choice.ADD:
        return _row_cells(entry.address, entry.name, member.name, entry.department, member.code)
    if reader is None or person is None or entry.choice is Choice.LEAVE:
        return None
    if entry.choice is Choice.STAY:
        return _row_cells(reader.address)  # told again by the member: it says so in the ledger where that matters
    if not entry.address:
        return _row_cells(reader.address, entry.name, "", entry.department)
    kept = [_kept(reader, name) for name in KEPT] if entry.name == person.name else []
    organisation = reader.organisation or member.name
    return _row_cells(entry.address, entry.name, organisation, entry.department, member.code, *kept)


def _row_cells(*cells: str) -> tuple[str, ...]:
    return cells + ("",) * (len(COLUMNS) - len(cells))


def _kept(reader: Subscriber, name: str) -> str:
    if name == "only_monthly":
        return EXTRAS[reader.only_monthly]
    value = getattr(reader, name)
    return value if isinstance(value, str) else " ".join(value)


def _steps(
    entries: Mapping[int, Entry], lines: Mapping[int, RosterLine], persons: Mapping[int, Person]
) -> Iterator[contributors.Step]:
    for row, entry in entries.items():
        writer = lines[row].contributor if row in persons and persons[row].writes else None
        if writer is not None and entry.choice is not Choice.STAY:
            address = "" if entry.choice is Choice.LEAVE else entry.address or writer.email
            yield contributors.Step(writer.pk, entry.name, entry.department, address)
        elif entry.choice is Choice.ADD and entry.writes and entry.address:
            yield contributors.Step(None, entry.name, entry.department, entry.address)


# ------------------------------------------------------------ in words
def _row(number: int, draft: Draft, planned: Planned | None) -> Row:
    entry, person = draft.entries[number], draft.people.get(number)
    title, told = described(entry, person)
    if entry.number and person is None:
        return Row(number, title, told, NOTHING, words=(GONE,))
    if entry.choice is Choice.ADD and not entry.address:
        return Row(number, title, told, NOTHING, words=(EMPTIED,))
    words = () if planned is None else _told(planned, person)
    is_elsewhere = bool(entry.address) and not is_office(entry.address.rpartition("@")[2])
    words = (*words, ELSEWHERE) if is_elsewhere else words
    if planned is not None and planned.action is Verdict.REFUSED:
        return Row(number, title, told, Verdict.REFUSED.label, True, (*_why(planned), *words[1:]))
    if planned is None:
        verdict = {Choice.STAY: STAYS, Choice.LEAVE: LEAVES}.get(entry.choice, CHANGES)
        of = "" if person is None or person.reads else OF_CONTRIBUTOR
        return Row(number, title, told, verdict + of, words=words)
    if entry.address and entry.choice is Choice.CHANGE and number in draft.departing.values():
        words = (*words, "前のアドレスへの配信は終わります。")
    return Row(number, title, told, planned.action.label, is_elsewhere or _is_warned(planned, person), words)


def _told(planned: Planned, person: Person | None) -> tuple[str, ...]:
    """What the importer remarks; that a shared mailbox is one stands on the sheet already."""
    return tuple(words for words in planned.words if words not in _expected(planned, person))


def _is_warned(planned: Planned, person: Person | None) -> bool:
    return planned.verdict is Verdict.WARNED and bool(set(planned.candidate.warnings) - _expected(planned, person))


def _expected(planned: Planned, person: Person | None) -> set[str]:
    address = planned.candidate.address
    if person is None or not person.is_shared or address is None:
        return set()
    return {str(note) for note in address.notes if note.kind is NoteKind.ROLE}


def _why(planned: Planned) -> tuple[str, ...]:
    """Why the importer refuses; of who left it cannot know that it was for a 人事異動."""
    known = planned.known
    is_stopped = suppression.is_suppressed(planned.fingerprint)
    if known is not None and not is_stopped and moves.were_moved([known.id]):
        return (moves.STRUCK_OFF,)
    return planned.words[:1]


def _remarks(answer: RosterAnswer, draft: Draft) -> Iterator[str]:
    member = answer.sheet.member
    if draft.steps and not contributors.remaining(member, draft.steps):
        yield f"{member.name}の投稿のご担当が、1人もいなくなります。"
    unanswered = sorted(set(draft.people) - set(draft.entries))
    if unanswered:
        numbers = "、".join(f"{number}番" for number in unanswered)
        yield f"回答のときに用紙になかった方です。そのままにします：{numbers}"


def _tell(sheet: RosterSheet, written: Sequence[Planned], departed: Sequence[Subscriber], now: datetime) -> None:
    """A letter to everybody whose subscription began or ended: nobody is named or struck off in silence."""
    marks = [row.fingerprint for row in written if row.action is Verdict.ADDED]
    for person in Subscriber.objects.filter(fingerprint__in=marks).order_by("pk"):
        letters.send_named(person, sheet.member.name, now)
    for person in departed:
        person.refresh_from_db()
        letters.send_moved(person, sheet.member.name, now)
