"""A round of 宛先の確認: open it, send the sheets, remind who is silent, close it, and see how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from feeds.models import Contributor, Member
from newsletter import letters, links
from newsletter.errors import RosterError
from newsletter.models import RosterRound, RosterSheet
from newsletter.roster import files, people

YEARS = (2020, 2100)
LONGEST_ROUND = timedelta(days=180)
REMIND_AFTER = timedelta(hours=20)  # pressed twice, or by two colleagues: nobody gets two reminders a day


@dataclass(frozen=True, slots=True)
class Posted:
    """What a sending came to: whom a letter goes to, and the members that have nobody to write to."""

    contributors: tuple[Contributor, ...]
    unreachable: tuple[Member, ...]


def open_round(year: int, deadline: date, by: str, now: datetime) -> tuple[RosterRound, bool]:
    """Begin the round of a fiscal year, or give the open one a new deadline; True when it is new.

    Each active member with readers or contributors gets a sheet, also one that had nobody before. Nothing is sent yet.
    """
    _check(year, deadline, now)
    with transaction.atomic():
        standing = RosterRound.objects.select_for_update().filter(closed_at=None).first()
        if standing is not None and standing.year != year:
            raise RosterError(f"{standing}がまだ終わっていません。締めてから、新しい確認を始めてください。")
        if standing is not None:
            standing.deadline = deadline
            standing.save(update_fields=["deadline"])
            _lay_out(standing)
            return standing, False
        if RosterRound.objects.filter(year=year).exists():
            raise RosterError(f"{year}年度の確認は、もう締めてあります。")
        opened = RosterRound.objects.create(year=year, deadline=deadline, opened_at=now, opened_by=by[:150])
        _lay_out(opened)
    return opened, True


def _lay_out(round_: RosterRound) -> None:
    """A sheet for each active member that has anybody and no sheet yet."""
    for member in Member.objects.filter(active=True).exclude(roster_sheets__round=round_):
        if people.find(member):
            people.fill(RosterSheet.objects.create(round=round_, member=member))


def _check(year: int, deadline: date, now: datetime) -> None:
    today = timezone.localdate(now)
    if not YEARS[0] <= year <= YEARS[1]:
        raise RosterError("年度は、西暦4桁で書いてください。例: 2027")
    if deadline < today:
        raise RosterError("期限が過ぎた日です。きょう以降の日付にしてください。")
    if deadline > today + LONGEST_ROUND:
        raise RosterError("期限が先すぎます。半年以内の日付にしてください。")


def current() -> RosterRound:
    """The open round, else the newest; RosterError if there never was one."""
    found = RosterRound.objects.filter(closed_at=None).first() or RosterRound.objects.first()
    if found is None:
        raise RosterError("宛先の確認は、まだ始めていません。newsletter roster open で始めてください。")
    return found


def sheet_of(member: Member) -> RosterSheet:
    """The member's sheet in the current round."""
    round_ = current()
    sheet = round_.sheets.select_related("round", "member").filter(member=member).first()
    if sheet is None:
        raise RosterError(
            f"{round_}に、{member.name}の用紙はありません。購読者も担当者もいなかったためです。"
            "登録したあと、newsletter roster open をもう一度実行してください。"
        )
    return sheet


def expires_at(round_: RosterRound) -> datetime:
    """When the links end: the last second of the deadline."""
    return timezone.make_aware(datetime.combine(round_.deadline, time(23, 59, 59)))


def link(sheet: RosterSheet) -> str:
    """The member's own page; it opens to whoever has the link, until the deadline."""
    return links.roster_url(sheet.key, expires_at(sheet.round))


# ------------------------------------------------------------ sending
def unsent(round_: RosterRound) -> list[RosterSheet]:
    """The sheets that nobody has been sent."""
    return _sheets(round_, sent_at=None)


def silent(round_: RosterRound, now: datetime) -> list[RosterSheet]:
    """The sheets that were sent and not answered, and of which nobody was reminded within the last 20 hours."""
    sheets = _sheets(round_, sent_at__isnull=False, answers=None)
    return [sheet for sheet in sheets if _last_letter(sheet) <= now - REMIND_AFTER]


def _last_letter(sheet: RosterSheet) -> datetime:
    return max(moment for moment in (sheet.sent_at, sheet.reminded_at) if moment)


def send(sheets: Sequence[RosterSheet], now: datetime, *, link_only: bool = False) -> Posted:
    """Write to the contributors of these members; a sheet whose member has none stays unsent. Twice is once."""
    return _post(sheets, now, link_only=link_only, is_reminder=False)


def remind(sheets: Sequence[RosterSheet], now: datetime) -> Posted:
    """Write once more to the contributors of members that have not answered."""
    return _post(sheets, now, link_only=None, is_reminder=True)


def contributors_of(sheets: Sequence[RosterSheet]) -> Posted:
    """Whom a letter about these sheets would go to; nothing is sent."""
    found = [(sheet.member, list(sheet.member.contributors.filter(active=True).order_by("pk"))) for sheet in sheets]
    return Posted(
        tuple(person for _, persons in found for person in persons),
        tuple(member for member, persons in found if not persons),
    )


@transaction.atomic
def _post(sheets: Sequence[RosterSheet], now: datetime, *, link_only: bool | None, is_reminder: bool) -> Posted:
    wanted = [sheet.pk for sheet in sheets]
    locked = RosterSheet.objects.select_for_update(of=("self",)).filter(pk__in=wanted)
    # Asked again under the lock: a colleague may have pressed the same button a moment ago.
    due = locked.filter(sent_at__isnull=False, answers=None) if is_reminder else locked.filter(sent_at=None)
    due_sheets = list(due.select_related("round", "member").order_by("member__code", "member__key"))
    if is_reminder:
        due_sheets = [sheet for sheet in due_sheets if _last_letter(sheet) <= now - REMIND_AFTER]
    posted = contributors_of(due_sheets)
    unreachable = {member.pk for member in posted.unreachable}
    for sheet in due_sheets:
        _refuse_over(sheet.round, now)
        if sheet.member_id in unreachable:
            continue
        if not is_reminder:
            people.fill(sheet)  # who came or went since the round was opened
            sheet.sent_at, sheet.link_only = now, bool(link_only)
        else:
            sheet.reminded_at = now
        sheet.save(update_fields=["sent_at", "reminded_at", "link_only"])
        for person in sheet.member.contributors.filter(active=True):
            letter = letters.send_roster(sheet, person, link(sheet), _file(sheet), now, is_reminder=is_reminder)
            sheet.letters.add(letter)
    return posted


def _file(sheet: RosterSheet) -> str:
    return "" if sheet.link_only else files.name_of(sheet)


def _refuse_over(round_: RosterRound, now: datetime) -> None:
    if round_.is_over(timezone.localdate(now)):
        raise RosterError(
            f"{round_}は期限（{round_.deadline:%Y-%m-%d}）を過ぎています。"
            f"延ばすには newsletter roster open {round_.year} --deadline で新しい期限を決めてください。"
        )


def _sheets(round_: RosterRound, **conditions: object) -> list[RosterSheet]:
    found = round_.sheets.filter(member__active=True, **conditions).select_related("round", "member")
    return list(found.order_by("member__code", "member__key"))


# ------------------------------------------------------------ the end
@transaction.atomic
def close(round_: RosterRound, by: str, now: datetime) -> RosterRound:
    """End the round: links stop working, and answers that were not applied lose their words (個人情報保護法22条)."""
    locked = RosterRound.objects.select_for_update().get(pk=round_.pk)
    if locked.closed_at is not None:
        raise RosterError(f"{locked}は、もう締めてあります。")
    locked.closed_at, locked.closed_by = now, by[:150]
    locked.save(update_fields=["closed_at", "closed_by"])
    for sheet in locked.sheets.prefetch_related("answers"):
        for answer in sheet.answers.all():
            if not answer.is_applied:
                answer.entries = []
                answer.save(update_fields=["entries"])
    return locked
