"""The Excel form of a sheet as a file: attached to its letters, offered on its page, handed out by the office."""

from __future__ import annotations

from newsletter import profile
from newsletter.mail.attachments import XLSX, Attachment
from newsletter.models import Letter, RosterSheet
from newsletter.roster import people
from newsletter.roster.workbook import FormFacts, write_form

KINDS = ("roster", "roster_reminder")


def name_of(sheet: RosterSheet) -> str:
    """roster-2027-kitakyushu.xlsx; ASCII, because mail programs and gateways garble other names."""
    return f"roster-{sheet.reference}.xlsx"


def form_of(sheet: RosterSheet) -> bytes:
    """The form with the people as they are at this moment: who was erased meanwhile is not in it."""
    facts = FormFacts(
        profile.current().title, sheet.round.year, sheet.member.name, sheet.reference, sheet.round.deadline
    )
    return write_form(facts, people.people(people.lines(sheet)))


def attached_to(letter: Letter) -> list[Attachment]:
    """What goes with a letter. Made when the letter is sent, not kept: a stored copy would outlive an erasure."""
    if letter.kind not in KINDS:
        return []
    sheets = letter.roster_sheets.select_related("round", "member").filter(link_only=False)
    return [Attachment(name_of(sheet), XLSX, form_of(sheet)) for sheet in sheets]
