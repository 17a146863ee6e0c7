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
    problems = [*filled.strays, *_unknown(filled, [line.number for line in lines])]
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


def _told(problem: Problem, filled: Filled) -> str:
    place = filled.places.get(problem.row)
    if place is None:
        return f"{problem.row}番の行がありません。行は消さずに、「異動・退職のため外す」を選んでください。"
    return f"{place}: {problem.message}"
