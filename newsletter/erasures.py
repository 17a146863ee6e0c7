"""Erase a person on request, everywhere: the one door for the command and the page.

`subscribers` erases what it knows of a reader. What the application alone holds goes with it here: what servers said,
what a member answered about its people. The same person may be a member's contact as well; that is no part of a
subscription, so it goes only when it is asked for, and the account says what stays and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction

from feeds import contacts
from feeds.contacts import Contacts
from feeds.models import Contributor, Submission
from newsletter import delivery, goodbyes, traces
from newsletter.models import Letter, ProviderPace, RosterAnswer, RosterLine
from subscribers import erasure
from subscribers.addresses import fingerprint, read_address
from subscribers.erasure import Erased, Kept
from subscribers.errors import AddressError
from subscribers.models import Subscriber

__all__ = ["Erased", "Held", "Kept", "empty_records", "erase", "held", "look"]

CONTRIBUTOR = "会員の担当者としての登録"
DECIDED = "採否の決まった投稿の連絡先"
UNDECIDED = "採否の決まっていない投稿の連絡先"
STAFF_LETTERS = "担当者あてに送ったメールの控え"
FOR_MEMBERS = "購読とは別に、会員との連絡に使っているため（いっしょに消すこともできます）"
UNTIL_DECIDED = "採否が決まるまで、投稿についてお尋ねすることがあるため（決まったあとは消せます）"
FOR_A_DAY = "同じ方が載っているかもしれませんが、1日で消えるため"
REHEARSED = "同じ方あてのものがあるかもしれません。受信箱の画面の「空にする」で消せます"
TO_LOOK_AT = "同じアドレスか氏名があるため。ご本人のことかどうか、事務局で確かめてください"


@dataclass(frozen=True, slots=True)
class Held:
    """Where one address stands, as a reader and as a contact of members."""

    reader: Subscriber | None
    contacts: Contacts
    letters: tuple[int, ...]  # to the address, but not to a reader

    @property
    def has_contacts(self) -> bool:
        """Whether there is something beside the subscription."""
        return not self.contacts.is_empty or bool(self.letters)

    @property
    def is_empty(self) -> bool:
        """There is nothing to erase."""
        return self.reader is None and not self.has_contacts


def held(mark: str) -> Held:
    """What there is of the address with this fingerprint."""
    is_theirs = _owner(mark)
    letters = Letter.objects.exclude(address="").order_by("pk").values_list("pk", "address")
    return Held(
        Subscriber.objects.filter(fingerprint=mark).first(),
        contacts.of(is_theirs),
        tuple(pk for pk, address in letters.iterator() if is_theirs(address)),
    )


def look(mark: str, now: datetime, *, with_contacts: bool = False) -> Erased:
    """What erasing this person would remove and keep; nothing is written."""
    found = held(mark)
    account = erasure.look(found.reader, now) if found.reader else Erased(now, (), 0, ())
    return _with_contacts(account, found, with_contacts)


@transaction.atomic
def erase(mark: str, operator: str, now: datetime, *, with_contacts: bool = False) -> Erased:
    """Remove the reader with this fingerprint and, if wished, the contact of members; the answer is the account."""
    found = held(mark)
    words = _words_for(found)
    account = Erased(now, (), 0, ())
    if found.reader is not None:
        account = erasure.erase(found.reader, operator, now, empty_records)
    account = _with_contacts(account, found, with_contacts)
    if with_contacts:
        contacts.erase(found.contacts)
        Letter.objects.filter(pk__in=found.letters).delete()
        # What the admin noted when somebody mended the entry bears the person's name.
        noted = LogEntry.objects.filter(content_type__app_label="feeds", content_type__model="contributor")
        noted.filter(object_id__in=[str(pk) for pk in found.contacts.contributors]).update(object_repr=contacts.GONE)
        _empty_answers(_owner(mark), set())
    kept = tuple(Kept(f"{trace.place}の中", trace.count, TO_LOOK_AT) for trace in _traces(found, words, with_contacts))
    return replace(account, kept=(*account.kept, *kept))


def empty_records(reader: Subscriber) -> None:
    """Take out of the application's own records what names a reader whose entry is about to go."""
    delivery.forget_words(reader)
    key = reader.key

    def forget_goodbye() -> None:  # no partial: see departures.py
        goodbyes.forget(key)

    # One that cannot be removed now is tried again every minute, as that of somebody who is gone.
    transaction.on_commit(forget_goodbye, robust=True)
    domain = reader.address_key.rpartition("@")[2]
    if not Subscriber.objects.exclude(pk=reader.pk).filter(address_key__endswith=f"@{domain}").exists():
        ProviderPace.objects.filter(provider=domain).delete()  # a domain may be one person's
    lines = RosterLine.objects.filter(subscriber=reader).values_list("sheet", "number")
    _empty_answers(_owner(reader.fingerprint), set(lines))


# ------------------------------------------------------------ the account
def _with_contacts(account: Erased, found: Held, with_contacts: bool) -> Erased:
    rows = (
        (CONTRIBUTOR, len(found.contacts.contributors)), (DECIDED, len(found.contacts.decided)),
        (STAFF_LETTERS, len(found.letters)),
    )  # fmt: skip
    occurring = [(what, count) for what, count in rows if count]
    kept = [] if with_contacts else [Kept(what, count, FOR_MEMBERS) for what, count in occurring]
    if found.contacts.undecided:
        kept.append(Kept(UNDECIDED, len(found.contacts.undecided), UNTIL_DECIDED))
    removed = [f"{what} {count}件" for what, count in occurring] if with_contacts else []
    return replace(account, removed=(*account.removed, *removed), kept=(*account.kept, *kept, *_files()))


def _files() -> list[Kept]:
    """What lies on this machine beside the database, and may name anybody."""
    lists = _count(settings.UPLOADS, "*")
    mails = _count(settings.CATCHER_MAILDIR, "new/*") + _count(settings.CATCHER_MAILDIR, "cur/*")
    found = (
        Kept("事務局がお預かりしている名簿のファイル", lists, FOR_A_DAY),
        Kept("この機械の受信箱（リハーサル）のメール", mails, REHEARSED),
    )
    return [kept for kept in found if kept.count]


def _count(folder: Path, files: str) -> int:
    return sum(1 for _ in folder.glob(files))


def _words_for(found: Held) -> set[str]:
    """What the person is called, for looking where else it stands."""
    words = {found.reader.address, found.reader.address_key, found.reader.name} if found.reader else set()
    for name, address in Contributor.objects.filter(pk__in=found.contacts.contributors).values_list("name", "email"):
        words |= {name, address}
    submissions = Submission.objects.filter(pk__in=(*found.contacts.decided, *found.contacts.undecided))
    for name, address in submissions.values_list("contact_name", "contact_email"):
        words |= {name, address}
    return words - {contacts.GONE}


def _traces(found: Held, words: set[str], with_contacts: bool) -> list[traces.Trace]:
    """Without the rows that the account names already."""
    known = {
        Contributor: found.contacts.contributors, Letter: found.letters,
        Submission: found.contacts.undecided if with_contacts else (*found.contacts.undecided, *found.contacts.decided),
    }  # fmt: skip
    return traces.find(words, known)


# ------------------------------------------------------------ what members answered about their people
def _empty_answers(is_theirs: Callable[[str], bool], lines: set[tuple[int, int]]) -> None:
    for answer in RosterAnswer.objects.exclude(entries=[], former_contributors={}):
        numbers = {number for sheet, number in lines if sheet == answer.sheet_id}
        entries = [_emptied(entry, numbers) for entry in _without(answer.entries, is_theirs)]
        former = _without(answer.former_contributors, is_theirs)
        if (entries, former) != (answer.entries, answer.former_contributors):
            RosterAnswer.objects.filter(pk=answer.pk).update(entries=entries, former_contributors=former)


def _without(value: Any, is_theirs: Callable[[str], bool]) -> Any:
    """JSON without every object that holds an address which is theirs."""
    if isinstance(value, list):
        return [_without(one, is_theirs) for one in value if not _names(one, is_theirs)]
    if isinstance(value, dict):
        return {key: _without(one, is_theirs) for key, one in value.items() if not _names(one, is_theirs)}
    return value


def _names(value: Any, is_theirs: Callable[[str], bool]) -> bool:
    return isinstance(value, dict) and any(isinstance(one, str) and is_theirs(one) for one in value.values())


def _emptied(entry: dict[str, Any], numbers: set[int]) -> dict[str, Any]:
    return entry | {"name": "", "department": "", "address": ""} if entry.get("number") in numbers else entry


def _owner(mark: str) -> Callable[[str], bool]:
    """Whether an address is the one with this fingerprint, however it is written."""

    @cache
    def is_theirs(address: str) -> bool:
        try:
            return "@" in address and fingerprint(read_address(address).key, settings.FINGERPRINT_KEY) == mark
        except AddressError:
            return False

    return is_theirs
