"""Open, suggest, place, move, drop, write, reopen: the only code that changes an issue and its placements."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from feeds.models import Entry
from newsletter import calendar, headlines, profile
from newsletter.association.facts import Profile
from newsletter.errors import IssueError
from newsletter.issue_content import build_content, ordered_placements
from newsletter.issue_entries import candidate, check_entry, draft, told, unused_entries
from newsletter.issue_texts import one_line, paragraphs
from newsletter.mail.content import IssueContent
from newsletter.mail.dates import month_label
from newsletter.models import Approval, Campaign, Issue, Placement
from newsletter.suggest import LeftOut, Occasion, section_for
from newsletter.suggest import suggest as choose

MOST_EXTRAS = 99  # two digits in the address
NUMBER = re.compile(r"第?(\d{1,5})号?")


@dataclass(frozen=True, slots=True)
class Suggested:
    """What `suggest` added, and what it left out and why."""

    added: tuple[Placement, ...]
    left_out: tuple[LeftOut, ...]
    old_entries: int  # of feeds, older than the profile's fresh_days


# ------------------------------------------------------------ open and find
def open_issue(month: date, number: int | None = None, release_on: date | None = None, subject: str = "") -> Issue:
    """A new, empty issue: serial number from the profile, released on the last business day unless said otherwise."""
    facts = profile.current()
    month = month.replace(day=1)
    if number is None and facts.numbering:
        number = facts.numbering.of(month)
    with transaction.atomic():
        if Issue.objects.filter(month=month, extra=0).exists():
            raise IssueError(f"{month_label(month)}は、すでに開いています。")
        _check_number(month, number)
        return Issue.objects.create(
            month=month,
            number=number,
            release_on=release_on or calendar.last_business_day(month),
            subject=one_line(subject, "件名", headlines.LONGEST_SUBJECT)
            or headlines.default_subject(facts.title, month, number),
        )


def open_extra(month: date, release_on: date, subject: str = "") -> Issue:
    """A new, empty 号外 of the month: it has no serial number, and comes after those that the month has."""
    month = month.replace(day=1)
    with transaction.atomic():
        last = Issue.objects.filter(month=month).aggregate(Max("extra"))["extra__max"] or 0
        if last >= MOST_EXTRAS:
            raise IssueError(f"号外は、ひと月に{MOST_EXTRAS}号までです。")
        return Issue.objects.create(
            month=month,
            extra=last + 1,
            release_on=release_on,
            subject=one_line(subject, "件名", headlines.LONGEST_SUBJECT)
            or headlines.default_subject(profile.current().title, month, None, last + 1),
        )


def _check_number(month: date, number: int | None) -> None:
    """The serial numbers must grow with the months."""
    if number is None:
        return
    wrong = Issue.objects.filter(
        Q(number=number) | Q(month__lt=month, number__gt=number) | Q(month__gt=month, number__lt=number)
    )
    other = wrong.order_by("month").first()
    if other:
        reason = f"{other}が第{other.number}号です。"
        raise IssueError(f"通算号数 第{number}号は使えません。{reason}--number で正しい号数を指定してください。")


def find_issue(text: str = "") -> Issue:
    """The issue that `2026-11`, `2026-11-x1`, 第137号 or 137 names; without a name the latest that is being edited."""
    text = text.strip()
    if not text:
        issue = latest(Issue.objects.filter(state=Issue.State.OPEN))
        if issue is None:
            raise IssueError("編集中の号がありません。newsletter issue open 2026-11 のように開いてください。")
        return issue
    number = NUMBER.fullmatch(text)
    month, extra = (None, 0) if number else calendar.read_issue(text)
    wanted = Q(number=int(number[1])) if number else Q(month=month, extra=extra)
    issue = Issue.objects.filter(wanted).first()
    if issue is None:
        raise IssueError(f"「{text}」の号はありません。newsletter issue list で確かめてください。")
    return issue


def latest(choices: QuerySet[Issue]) -> Issue | None:
    """The latest of these issues; IssueError when a 号外 is among several, for then a person must say which."""
    found = list(choices.order_by("-month"))
    if len(found) > 1 and any(issue.extra for issue in found):
        names = "、".join(f"{issue.slug}（{issue}）" for issue in found)
        raise IssueError(f"号外があるので、どの号のことか決められません。次から選んで指定してください: {names}")
    return found[0] if found else None


def placements(issue: Issue) -> list[Placement]:
    """The placements in the order and with the numbers (from 1) in which they are printed."""
    return ordered_placements(issue, profile.current())


def find_placement(issue: Issue, number: int) -> Placement:
    """The placement that is printed as this number."""
    rows = placements(issue)
    if not 1 <= number <= len(rows):
        raise IssueError(f"{issue}に{number}番の記事はありません（いまは{len(rows)}件です）。")
    return rows[number - 1]


def as_content(issue: Issue) -> IssueContent:
    """The issue as the templates may see it."""
    return build_content(issue, profile.current())


# ------------------------------------------------------------ suggest
def suggest(issue: Issue, now: datetime, *, old_too: bool = False) -> Suggested:
    """Add what the issue should carry and does not yet; nothing that is there is moved or written over."""
    facts = profile.current()
    with transaction.atomic():
        _lock_editable(issue)
        fresh_from = None if old_too else now - timedelta(days=facts.fresh_days)
        fresh, old_entries = unused_entries(issue, fresh_from)
        entries = {entry.pk: entry for entry in fresh}
        chosen, left_out = choose([candidate(entry) for entry in entries.values()], _occasion(issue, facts, fresh_from))
        added = [_append(issue, entries[choice.entry_id], choice.section) for choice in chosen]
        _name_headlines(issue, facts)
    return Suggested(tuple(added), tuple(left_out), old_entries)


def _occasion(issue: Issue, facts: Profile, fresh_from: datetime | None) -> Occasion:
    return Occasion(
        sections=facts.sections,
        release_on=issue.release_on,
        fresh_from=fresh_from,
        placed=Counter(issue.placements.values_list("section", flat=True)),
        told=told(issue),
    )


def _name_headlines(issue: Issue, facts: Profile) -> None:
    """Put the first headlines into a subject that nobody has written yet, and into an empty preheader."""
    default = headlines.default_subject(facts.title, issue.month, issue.number, issue.extra)
    written = [row.headline for row in ordered_placements(issue, facts) if row.headline]
    if issue.subject == default:
        issue.subject = headlines.subject_with(default, written)
    issue.preheader = issue.preheader or headlines.preheader_with(written)
    issue.save(update_fields=["subject", "preheader"])


# ------------------------------------------------------------ place, move, drop, write
def place(
    issue: Issue,
    entry: Entry,
    section: str = "",
    position: int | None = None,
    *,
    headline: str | None = None,
    text: str | None = None,
) -> Placement:
    """Put an entry in a section (its own one unless said otherwise), with the text that can be drafted for it."""
    with transaction.atomic():
        _lock_editable(issue)
        if issue.placements.filter(entry=entry).exists():
            raise IssueError(f"記事 {entry.pk}「{entry}」は、{issue}にすでにあります。")
        check_entry(issue, entry)
        section = _known_section(section) if section else _own_section(issue, entry)
        placement = _append(issue, entry, section)
        _write(placement, headline, text)
        _put(placement, section, position)
        if issue.extra:
            _name_headlines(issue, profile.current())  # for one urgent piece of news nobody runs `suggest`
        if entry.pk in issue.dropped:
            issue.dropped = [key for key in issue.dropped if key != entry.pk]
            issue.save(update_fields=["dropped"])
    return placement


def move(placement: Placement, section: str = "", position: int | None = None) -> Placement:
    """Put a placement at another position (from 1; the end if none is said), or in another section."""
    with transaction.atomic():
        issue = placement.issue
        _lock_editable(issue)
        before, after = placement.section, _known_section(section) if section else placement.section
        _put(placement, after, position)
        if before != after:
            _renumber(issue, before)
    return placement


def drop(placement: Placement) -> None:
    """Take a placement out; `suggest` will not bring its entry back."""
    with transaction.atomic():
        issue = placement.issue
        _lock_editable(issue)
        issue.dropped = sorted({*issue.dropped, placement.entry_id})
        issue.save(update_fields=["dropped"])
        placement.delete()
        _renumber(issue, placement.section)


def write(placement: Placement, headline: str | None = None, text: str | None = None) -> Placement:
    """Write the Japanese headline or text as it will be printed; None leaves the part as it is."""
    with transaction.atomic():
        _lock_editable(placement.issue)
        _write(placement, headline, text)
    return placement


def edit(
    issue: Issue,
    *,
    subject: str | None = None,
    preheader: str | None = None,
    lead: str | None = None,
    release_on: date | None = None,
) -> Issue:
    """Change what belongs to the issue as a whole; None leaves the part as it is."""
    with transaction.atomic():
        _lock_editable(issue)
        if subject is not None:
            issue.subject = one_line(subject, "件名", headlines.LONGEST_SUBJECT)
            if not issue.subject:
                raise IssueError("件名を空にはできません。")
        if preheader is not None:
            issue.preheader = one_line(preheader, "プリヘッダー", 200)
        if lead is not None:
            issue.lead = paragraphs(lead, "リード文")
        issue.release_on = release_on or issue.release_on
        issue.save()
    return issue


def reopen(issue: Issue, now: datetime) -> int:
    """Unlock an approved issue; its approvals become void. How many were void is returned."""
    with transaction.atomic():
        _lock(issue)
        if issue.state != Issue.State.APPROVED:
            words = (
                "編集中です。そのまま直せます。"
                if issue.state == Issue.State.OPEN
                else "配信済みなので、編集に戻せません。"
            )
            raise IssueError(f"{issue}は{words}")
        running = Campaign.objects.filter(
            edition__issue=issue, rehearsal=False, state__in=("planned", "sending", "paused")
        )
        if running.exists():
            raise IssueError(
                f"{issue}は配信の予定に入っています。先に newsletter campaign cancel で取り消してください。"
            )
        issue.state = Issue.State.OPEN
        issue.save(update_fields=["state"])
        return Approval.objects.filter(edition__issue=issue, void_at__isnull=True).update(void_at=now)


# ------------------------------------------------------------ the steps
def _lock(issue: Issue) -> None:
    """Read the caller's issue anew, and keep others from changing it until the transaction ends."""
    issue.refresh_from_db(from_queryset=Issue.objects.select_for_update())


def _lock_editable(issue: Issue) -> None:
    _lock(issue)
    if issue.state == Issue.State.APPROVED:
        raise IssueError(
            f"{issue}は承認済みなので変更できません。直すときは newsletter issue reopen を実行してください"
            "（承認は取り消されます）。"
        )
    if issue.state == Issue.State.SENT:
        raise IssueError(f"{issue}は配信済みなので変更できません。")


def _own_section(issue: Issue, entry: Entry) -> str:
    sections = profile.current().sections
    section = section_for(candidate(entry), sections, issue.release_on)
    return (section or sections[0]).key


def _known_section(key: str) -> str:
    sections = profile.current().sections
    if key not in {section.key for section in sections}:
        names = "、".join(f"{section.key}（{section.title}）" for section in sections)
        raise IssueError(f"欄「{key}」はありません。次から選んでください: {names}")
    return key


def _append(issue: Issue, entry: Entry, section: str) -> Placement:
    headline, text = draft(entry)
    position = issue.placements.filter(section=section).count() + 1
    return Placement.objects.create(
        issue=issue, entry=entry, section=section, position=position, headline=headline, text=text
    )


def _put(placement: Placement, section: str, position: int | None) -> None:
    """Give the placement its section and position, and its neighbours theirs: dense, from 1."""
    rows = list(Placement.objects.filter(issue=placement.issue_id, section=section).exclude(pk=placement.pk))
    index = len(rows) if position is None else max(0, min(position - 1, len(rows)))
    rows.insert(index, placement)
    placement.section = section
    _number(rows)


def _renumber(issue: Issue, section: str) -> None:
    _number(list(Placement.objects.filter(issue=issue, section=section)))


def _number(rows: list[Placement]) -> None:
    for position, row in enumerate(rows, 1):
        row.position = position
    Placement.objects.bulk_update(rows, ["section", "position"])


def _write(placement: Placement, headline: str | None, text: str | None) -> None:
    written = []
    if headline is not None:
        placement.headline = one_line(headline, "見出し", headlines.LONGEST_HEADLINE)
        written.append("headline")
    if text is not None:
        placement.text = paragraphs(text, "本文")
        written.append("text")
    placement.save(update_fields=written)
