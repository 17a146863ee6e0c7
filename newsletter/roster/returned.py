"""An Excel form that came back, whoever hands it in: of this sheet, judged like the page, told row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import RosterError
from newsletter.models import RosterSheet
from newsletter.roster import people
from newsletter.roster.questions import Entry, Person, Problem, judge
from newsletter.roster.workbook import Filled, read_form
from subscribers.columns import normal

NAME_MISSING = "回答者のお名前: ご回答くださる方のお名前を書いてください。"


@dataclass(frozen=True, slots=True)
class Returned:
    """A form after the check; the entries count only when there is no problem."""

    filled: Filled
    asked: tuple[Person, ...]
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]  # each with its row in front, as Excel counts


def read(path: Path, sheet: RosterSheet) -> Returned:
    """Read and judge; ImportFileError or RosterError when it is no form of this sheet."""
    filled = read_form(path)
    if filled.reference != sheet.reference:
        raise RosterError(
            f"{path.name}: {sheet.round.year}年度の{sheet.member.name}の様式ではありません"
            f"（照合番号「{filled.reference[:60] or 'なし'}」）。お送りした様式に書いてください。"
        )
    lines = people.lines(sheet)
    asked = people.people(lines)
    judged = judge(asked, filled.typed, filled.new)
    problems = [*filled.strays, *_unknown(filled, [line.number for line in lines]), *_mixed_up(filled, asked)]
    problems += [_told(problem, filled) for problem in judged.problems]
    if not filled.by_name.strip():
        problems.append(NAME_MISSING)
    return Returned(filled, tuple(asked), judged.entries, tuple(problems))


def _unknown(filled: Filled, numbers: Sequence[int]) -> list[str]:
    return [
        f"{filled.places[str(number)]}: {number}番の方は、この用紙にいません。新しい方は「追加」の行に書いてください。"
        for number in filled.typed
        if number not in numbers
    ]


def _mixed_up(filled: Filled, asked: Sequence[Person]) -> list[str]:
    """The rows whose number is somebody else's: sorted or pasted without it, and the wrong person would go.

    A name that was mended in its place, or that changed here since the form went out, is still known by the address.
    """
    return [
        f"{filled.places[str(person.number)]}: この行の方は、{person.number}番の{person.title}さんではないようです。"
        "番号・お名前・メールアドレスは、お送りした様式のとおりに並べ、変更は「新しい…」の欄に書いてください。"
        for person in asked
        if any(filled.printed.get(person.number, ())) and _is_of_another(filled.printed[person.number], person, asked)
    ]


def _is_of_another(printed: tuple[str, str], person: Person, asked: Sequence[Person]) -> bool:
    """Whether name and masked address say nothing of this person, or more of another one."""
    own = _likeness(printed, person)
    return own == 0 or any(_likeness(printed, other) > own for other in asked)


def _likeness(printed: tuple[str, str], person: Person) -> int:
    shown = (person.name, person.shown_address)
    return sum(bool(text) and normal(text) == normal(own) for text, own in zip(printed, shown, strict=True))


def _told(problem: Problem, filled: Filled) -> str:
    place = filled.places.get(problem.row)
    if place is None:
        return f"{problem.row}番の行がありません。行は消さずに、「異動・退職のため外す」を選んでください。"
    return f"{place}: {problem.message}"
