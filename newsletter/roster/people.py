"""Who stands on a member's sheet, and what stands there about them today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from feeds.models import Contributor, Member
from newsletter.models import RosterAnswer, RosterLine, RosterSheet
from newsletter.roster.offices import codes_of, is_office, is_private, is_within, site_of
from newsletter.roster.questions import Person
from subscribers import audience, domains
from subscribers.addresses import read_address
from subscribers.errors import AddressError
from subscribers.models import ConsentEvent, Subscriber


@dataclass(frozen=True, slots=True)
class Found:
    """One mailbox of a member: who reads the e-news there, who writes from there, or both."""

    subscriber: Subscriber | None
    contributor: Contributor | None


def find(member: Member) -> list[Found]:
    """The people a member may be asked about, shared mailboxes and contributors among them, in a steady order."""
    writers = {_key(person.email): person for person in _contributors(member)}
    readers = {person.address_key: person for person in office_readers(member, writers)}
    found = [Found(reader, writers.get(key)) for key, reader in readers.items()]
    found += [Found(None, writer) for key, writer in writers.items() if key not in readers]
    return sorted(found, key=_order)


def office_readers(member: Member, writers: Iterable[str] = ()) -> list[Subscriber]:
    """The active readers of the member's municipality whose mailbox is this member's own, or whom the member named.

    Named is who stood in an answer of this member that was applied. A list that our own office brought is no such word,
    whatever its basis: it does not prove that the town hall knows of a private mailbox. The evidence of a domain is
    the national list of local governments, the member's website, its contributors' addresses (`writers`), and, of an
    office's domain that the national list does not have, a list on the basis 会員自治体の職員.
    """
    if not member.code:
        return []
    answers = RosterAnswer.objects.filter(sheet__member=member, applied_at__isnull=False, undone_at=None)
    by_member = answers.filter(import_run=OuterRef("import_run"), import_run__undone_at=None)
    imported = ConsentEvent.objects.filter(subscriber=OuterRef("pk"), kind=ConsentEvent.Kind.IMPORTED)
    as_staff = imported.filter(basis=ConsentEvent.Basis.MEMBER, import_run__undone_at=None)
    readers = list(
        audience.readers()
        .filter(municipality=member.code)
        .annotate(was_named=Exists(imported.filter(Exists(by_member))), was_brought=Exists(as_staff))
        .order_by("pk")
    )
    brought = {_domain(person.address) for person in readers if person.was_brought}
    own = {*map(_domain, writers), *filter(is_office, brought)}
    return [person for person in readers if person.was_named or _is_own(_domain(person.address), member, own)]


def private_readers(member: Member) -> int:
    """How many readers named this municipality and stand on no sheet, because they read at home."""
    everybody = audience.readers().filter(municipality=member.code).count() if member.code else 0
    return everybody - len(office_readers(member, (person.email for person in _contributors(member))))


def fill(sheet: RosterSheet) -> None:
    """Put the member's people on the sheet, behind those who stand there: a number never changes its person.

    An Excel form that was handed out yesterday names people by their numbers.
    """
    standing = lines(sheet)
    readers = {line.subscriber_id: line for line in standing if line.subscriber_id}
    writers = {line.contributor_id: line for line in standing if line.contributor_id}
    number = max((line.number for line in standing), default=0)
    found = find(sheet.member)
    belonging = {one.subscriber.pk for one in found if one.subscriber}
    for stands in standing:
        # Moved to another municipality, or reads at home now: the number stays, and nobody stands behind it.
        if stands.subscriber and stands.subscriber.is_active and stands.subscriber_id not in belonging:
            stands.subscriber = None
            stands.save(update_fields=["subscriber"])
    for one in found:
        line = readers.get(one.subscriber.pk) if one.subscriber else None
        line = line or (writers.get(one.contributor.pk) if one.contributor else None)
        if line is None:
            number += 1
            line = RosterLine(sheet=sheet, number=number)
        line.subscriber, line.contributor = one.subscriber or line.subscriber, one.contributor or line.contributor
        line.save()


def lines(sheet: RosterSheet) -> list[RosterLine]:
    """The lines with their people."""
    return list(sheet.lines.select_related("subscriber", "contributor"))


def people(lines_: Sequence[RosterLine]) -> list[Person]:
    """The people of the lines as they are now; who is gone for good, or left by themselves, is not shown any more."""
    return [person for person in map(person_of, lines_) if person is not None]


def person_of(line: RosterLine) -> Person | None:
    """One line as it stands today; None when there is nobody to ask about any more."""
    reader = line.subscriber if line.subscriber and line.subscriber.is_active else None
    writer = line.contributor if line.contributor and line.contributor.active else None
    if reader is None and writer is None:
        return None
    address = reader.address if reader else writer.email if writer else ""
    return Person(
        number=line.number,
        name=(reader.name if reader else "") or (writer.name if writer else ""),
        department=(reader.department if reader else "") or (writer.section if writer else ""),
        address=address,
        is_shared=domains.is_role(address.rpartition("@")[0]),
        reads=reader is not None,
        writes=writer is not None,
    )


def _contributors(member: Member) -> list[Contributor]:
    return list(member.contributors.filter(active=True).order_by("pk"))


def _is_own(domain: str, member: Member, known: set[str]) -> bool:
    """Whether a domain is this member's and nobody else's; `known` are those that the office has seen in its hands."""
    if is_private(domain):
        return False
    if codes := codes_of(domain):
        # Of two places with the same name, only the office can have seen whose it is.
        return codes == {member.code} or (member.code in codes and domain in known)
    return domain in known or is_within(domain, site_of(member.website))


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _key(address: str) -> str:
    try:
        return read_address(address).key
    except AddressError:
        return address.lower()


def _order(one: Found) -> tuple[str, str, int]:
    person = one.subscriber
    if person:
        return person.department, person.name, person.pk
    writer = one.contributor
    return (writer.section, writer.name, writer.pk) if writer else ("", "", 0)
