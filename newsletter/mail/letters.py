"""The letters we send one by one, and the facts each of them needs.

A kind is a folder `templates/mail/letters/<kind>/` with subject.txt.j2, body.mjml.j2 and body.txt.j2; a letter to
subscribers has them in English too, in `letters/<kind>/en/`. The facts go into
`LetterContent.facts`; `check_facts` refuses a letter whose facts are missing or misspelt before a template sees them.
Links are complete addresses made for this one recipient; dates and times are already in the association's time zone.
"""

# No `from __future__ import annotations` here: with it, TypedDict takes every NotRequired for required.
from collections.abc import Mapping
from datetime import date, datetime
from typing import NotRequired, TypedDict


class Confirmation(TypedDict):
    """Someone asked to subscribe: is it really you?"""

    confirm_url: str
    days: int  # the link works for so many days


class Welcome(TypedDict):
    """The subscription is confirmed."""

    preferences_url: str
    unsubscribe_url: str
    archive_url: str


class Goodbye(TypedDict):
    """The subscription is over."""

    subscribe_url: str


class Resumed(TypedDict):
    """Whoever had stopped the subscription goes on, perhaps after a pause."""

    preferences_url: str
    unsubscribe_url: str
    paused_until: NotRequired[date]


class Restored(TypedDict):
    """Somebody who was not the reader had stopped the subscription, and took that back."""

    preferences_url: str
    unsubscribe_url: str


class AlreadySubscribed(TypedDict):
    """Someone asked to subscribe an address that is subscribed already."""

    preferences_url: str
    unsubscribe_url: str


class Receipt(TypedDict):
    """We received a member's submission."""

    member: str  # 神戸市
    title: str  # the submission's headline
    received_at: datetime
    link: NotRequired[str]  # where the contributor can send another, if the door was the web form


class Returned(TypedDict):
    """The office asks the member to change the submission."""

    member: str
    title: str
    reason: str  # as the editor wrote it, may have several lines
    link: str  # the form to send it again


class SubmissionLink(TypedDict):
    """The personal link to the submission form."""

    member: str
    contributor: str  # the person's name, without 様
    url: str
    until: date  # the last day on which the link works
    month: NotRequired[date]  # the issue it is for (its first day)


class Reminder(TypedDict):
    """The deadline comes near and nothing has come in yet."""

    member: str
    contributor: str
    url: str
    deadline: date


class ApprovalRequest(TypedDict):
    """Somebody asks a person to approve an edition."""

    person: str  # without 様
    requested_by: str
    issue: str  # 2026年11月号（第137号）
    release_on: date
    edition_subject: str
    contents: str  # a line for each item
    digest: str  # of the edition, shortened
    url: str  # the desk


class Report(TypedDict):
    """A campaign is over: to the person who planned it."""

    person: str
    issue: str
    number: int  # of the campaign
    total: int
    sent: int
    doubt: NotRequired[int]  # how many may or may not have arrived; a person must decide
    finished_at: datetime
    summary: str  # a line for each state and reason
    url: str  # the issue on the web


class Roster(TypedDict):
    """宛先の確認: a member is asked who of its people is still there; the reminder has the same facts."""

    member: str
    contributor: str
    year: int  # the fiscal year
    people: int  # how many are asked about
    deadline: date
    url: str
    file: NotRequired[str]  # the name of the attached Excel form


class RosterReceipt(TypedDict):
    """A member has answered: to all its contributors, so that an answer by somebody else is noticed."""

    member: str
    year: int
    respondent: str
    received_at: datetime
    summary: str
    deadline: date
    url: NotRequired[str]  # while the member can answer again


class Named(TypedDict):
    """A member named this person: they are told at once, and may leave at once."""

    member: str
    preferences_url: str
    unsubscribe_url: str
    archive_url: str


class Moved(TypedDict):
    """A member said that this person has moved on: the last mail they get."""

    member: str
    subscribe_url: str


KINDS: Mapping[str, type] = {
    "confirmation": Confirmation,
    "welcome": Welcome,
    "goodbye": Goodbye,
    "resumed": Resumed,
    "restored": Restored,
    "already_subscribed": AlreadySubscribed,
    "receipt": Receipt,
    "returned": Returned,
    "submission_link": SubmissionLink,
    "reminder": Reminder,
    "approval_request": ApprovalRequest,
    "report": Report,
    "roster": Roster,
    "roster_reminder": Roster,
    "roster_receipt": RosterReceipt,
    "named": Named,
    "moved": Moved,
}


# Those that subscribers get, who may have chosen English; the others go to staff and members.
IN_ENGLISH = frozenset({
    "confirmation", "welcome", "goodbye", "resumed", "restored", "already_subscribed", "named", "moved",
})  # fmt: skip


def check_facts(kind: str, facts: Mapping[str, object]) -> str:
    """What is wrong with the facts of a letter, in one sentence; empty if nothing is."""
    if kind not in KINDS:
        return f"手紙の種類「{kind}」はありません。使えるのは {'、'.join(KINDS)} です。"
    shape = KINDS[kind]
    required: frozenset[str] = shape.__required_keys__  # type: ignore[attr-defined]
    optional: frozenset[str] = shape.__optional_keys__  # type: ignore[attr-defined]
    missing, unknown = required - facts.keys(), facts.keys() - required - optional
    if missing:
        return f"手紙「{kind}」に必要な項目がありません：{'、'.join(sorted(missing))}"
    if unknown:
        return f"手紙「{kind}」にない項目です：{'、'.join(sorted(unknown))}"
    return ""
