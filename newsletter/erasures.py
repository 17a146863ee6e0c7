"""Erase a person on request, everywhere: the one door for the command and the page.

`subscribers` erases what it knows of a reader. What the application alone holds goes with it here: what servers said,
what a member answered about its people. The same person may be a member's contact as well; that is no part of a
subscription, so it goes only when it is asked for, and the account says what stays and why.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q

from feeds import contacts
from feeds.contacts import Contacts
from feeds.models import Contributor, Submission
from newsletter import delivery, goodbyes, traces, wal
from newsletter.models import Letter, ProviderPace, RosterAnswer, RosterLine
from newsletter.roster import keeping
from newsletter.roster.keeping import Named
from subscribers import erasure
from subscribers.addresses import fingerprint, read_address
from subscribers.erasure import Erased, Kept
from subscribers.errors import AddressError
from subscribers.models import ImportRun, Subscriber

__all__ = ["Erased", "Held", "Kept", "empty_records", "erase", "held", "look"]

CONTRIBUTOR = "会員の担当者としての登録"
DECIDED = "採否の決まった投稿の連絡先"
UNDECIDED = "採否の決まっていない投稿の連絡先"
STAFF_LETTERS = "担当者あてに送ったメールの控え"
ANSWERS = "会員の「宛先の確認」の回答に書かれた氏名、部署、アドレス"
FORMER = "「宛先の確認」を反映する前の、担当者としての登録の控え"
FOR_MEMBERS = "購読とは別に、会員との連絡に使っているため（いっしょに消すこともできます）"
UNTIL_DECIDED = "採否が決まるまで、投稿についてお尋ねすることがあるため（決まったあとは消せます）"
FOR_A_DAY = "同じ方が載っているかもしれませんが、1日で消えるため"
REHEARSED = "同じ方あてのものがあるかもしれません。受信箱の画面の「空にする」で消せます"
TOOK_IN = "取込があったことを示すため。名簿の名前や証跡にご本人の氏名がないか、事務局で確かめてください"
TO_LOOK_AT = "同じアドレスか氏名があるため。ご本人のことかどうか、事務局で確かめてください"


@dataclass(frozen=True, slots=True)
class Held:
    """Where one address stands: as a reader, as a contact of members, in what members answered about their people."""

    reader: Subscriber | None
    contacts: Contacts
    letters: tuple[int, ...]  # to the address, but not to a reader
    named: Named

    @property
    def has_contacts(self) -> bool:
        """Whether there is something beside the subscription."""
        return not self.contacts.is_empty or bool(self.letters or self.named.former)

    @property
    def is_empty(self) -> bool:
        """There is nothing to erase."""
        return self.reader is None and not self.named.answers and not self.has_contacts


def held(mark: str) -> Held:
    """What there is of the address with this fingerprint."""
    is_theirs = owner(mark)
    letters = Letter.objects.exclude(address="").order_by("pk").values_list("pk", "address")
    reader = Subscriber.objects.filter(fingerprint=mark).first()
    return Held(
        reader,
        contacts.of(is_theirs),
        tuple(pk for pk, address in letters.iterator() if is_theirs(address)),
        keeping.of(is_theirs, lines_of(reader)),
    )


def is_elsewhere(mark: str) -> bool:
    """Whether this address stands in a record beside the subscription."""
    found = held(mark)
    return found.has_contacts or bool(found.named.answers)


def look(mark: str, now: datetime, *, with_contacts: bool = False) -> Erased:
    """What erasing this person would remove and keep; nothing is written."""
    found = held(mark)
    account = Erased(now, (), 0, ())
    if found.reader is not None:
        account = erasure.look(found.reader, now)
    elif found.named.answers:
        account = erasure.look_unregistered(mark, now)
    return _complete(account, found, mark, with_contacts)


def erase(mark: str, operator: str, now: datetime, *, with_contacts: bool = False) -> Erased:
    """Remove the reader with this fingerprint, what members said of them and, if wished, the contact of members.

    The answer is the account.
    """
    with transaction.atomic():
        found = held(mark)
        words = _words_for(found, mark)
        account = _erase(found, mark, operator, now, with_contacts)
        transaction.on_commit(wal.empty, robust=True)
    # Looked for when everything is written: on a large database it takes longer than others should wait.
    kept = tuple(Kept(f"{trace.place}の中", trace.count, TO_LOOK_AT) for trace in _traces(found, words, with_contacts))
    return replace(account, kept=(*account.kept, *kept))


def _erase(found: Held, mark: str, operator: str, now: datetime, with_contacts: bool) -> Erased:
    account = Erased(now, (), 0, ())
    is_theirs = owner(mark)
    if found.reader is not None:
        account = erasure.erase(found.reader, operator, now, empty_records)
    elif found.named.answers:  # else the next answer of the member would make them a reader
        account = erasure.erase_unregistered(mark, operator, now)
        keeping.empty(is_theirs, set(), with_former=False)
    account = _complete(account, found, mark, with_contacts)
    if with_contacts:
        keeping.empty(is_theirs, lines_of(None, found.contacts.contributors), with_former=True)
        contacts.erase(found.contacts)
        Letter.objects.filter(pk__in=found.letters).delete()
        # What the admin noted when somebody mended the entry bears the person's name.
        noted = LogEntry.objects.filter(content_type__app_label="feeds", content_type__model="contributor")
        noted.filter(object_id__in=[str(pk) for pk in found.contacts.contributors]).update(object_repr=contacts.GONE)
    return account


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
    keeping.empty(owner(reader.fingerprint), lines_of(reader), with_former=False)


# ------------------------------------------------------------ the account
def _complete(account: Erased, found: Held, mark: str, with_contacts: bool) -> Erased:
    """With what the application alone knows of."""
    contact = _occurring(
        (CONTRIBUTOR, len(found.contacts.contributors)), (DECIDED, len(found.contacts.decided)),
        (STAFF_LETTERS, len(found.letters)), (FORMER, len(found.named.former)),
    )  # fmt: skip
    removed = _occurring((ANSWERS, len(found.named.answers))) + (contact if with_contacts else [])
    kept = [] if with_contacts else [Kept(what, count, FOR_MEMBERS) for what, count in contact]
    if found.contacts.undecided:
        kept.append(Kept(UNDECIDED, len(found.contacts.undecided), UNTIL_DECIDED))
    return replace(
        account,
        removed=(*account.removed, *(f"{what} {count}件" for what, count in removed)),
        kept=(*account.kept, *kept, *_imports(mark), *_files()),
    )


def _occurring(*rows: tuple[str, int]) -> list[tuple[str, int]]:
    return [(what, count) for what, count in rows if count]


def _imports(mark: str) -> list[Kept]:
    """The lists that named the person: what a list is called, nobody reads but a human."""
    runs = ImportRun.objects.filter(events__fingerprint=mark).distinct().order_by("pk")
    return [
        Kept(
            f"取込{run.pk}の記録（名簿「{run.file}」{f'、操作者 {run.operator}' if run.operator else ''}）", 1, TOOK_IN
        )
        for run in runs
    ]


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


def _words_for(found: Held, mark: str) -> set[str]:
    """What the person is called, for looking where else it stands."""
    words = {found.reader.address, found.reader.address_key, found.reader.name} if found.reader else set()
    for name, address in Contributor.objects.filter(pk__in=found.contacts.contributors).values_list("name", "email"):
        words |= {name, address}
    submissions = Submission.objects.filter(pk__in=(*found.contacts.decided, *found.contacts.undecided))
    for name, address in submissions.values_list("contact_name", "contact_email"):
        words |= {name, address}
    is_theirs, lines = owner(mark), lines_of(found.reader)
    for answer in RosterAnswer.objects.filter(pk__in=found.named.answers):
        for entry in keeping.entries_about(answer, is_theirs, lines):
            # Of a line it may be the successor who is named: only the address says that it is they.
            words |= {entry.name, entry.address} if is_theirs(entry.address) else set()
    return words - {contacts.GONE}


def _traces(found: Held, words: set[str], with_contacts: bool) -> list[traces.Trace]:
    """Without the rows that the account names already."""
    known = {
        Contributor: found.contacts.contributors, Letter: found.letters,
        Submission: found.contacts.undecided if with_contacts else (*found.contacts.undecided, *found.contacts.decided),
    }  # fmt: skip
    return traces.find(words, known)


# ------------------------------------------------------------ who is meant
def lines_of(reader: Subscriber | None, contributors: Collection[int] = ()) -> set[tuple[int, int]]:
    """Where they stand on members' sheets: an answer names people by these numbers."""
    theirs = Q(contributor__in=contributors) | (Q(subscriber=reader) if reader else Q())
    return set(RosterLine.objects.filter(theirs).values_list("sheet", "number")) if theirs else set()


def owner(mark: str) -> Callable[[str], bool]:
    """Whether an address is the one with this fingerprint, however it is written."""

    @cache
    def is_theirs(address: str) -> bool:
        try:
            return (
                "@" in unicodedata.normalize("NFKC", address)
                and fingerprint(read_address(address).key, settings.FINGERPRINT_KEY) == mark
            )
        except AddressError:
            return False

    return is_theirs
