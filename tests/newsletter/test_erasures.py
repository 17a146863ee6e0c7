"""Erasing a person through the one door: every table is walked through, and what stays is said with the reason."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import CharField, Field, JSONField, Model, TextField

from feeds.models import Contributor, Member, Submission
from newsletter import dossier, erasures, letters, recipients, wal
from newsletter.lists import uploads
from newsletter.models import (
    Association,
    Attempt,
    Delivery,
    Exclusion,
    Issue,
    Letter,
    ProviderPace,
    RosterAnswer,
    RosterLine,
    RosterRound,
    RosterSheet,
)
from subscribers import signup, suppression
from subscribers.addresses import read_address
from subscribers.models import (
    ConsentEvent,
    FormerValues,
    ImportRun,
    ImportStage,
    StagedBlock,
    Subscriber,
    Suppression,
)
from tests.newsletter import books
from tests.subscribers.people import KEY, NOW, mark

pytestmark = pytest.mark.django_db

# In Latin letters: found in JSON, too, however a database writes it down.
NAME, ADDRESS = "Zaphod Muster", "Zaphod.Muster@zaphod.example.jp"
MARK = mark(ADDRESS)
ONE = {"name": NAME, "address": ADDRESS, "email": ADDRESS, "note": NAME}

# Rows about one person: every text in them is filled with the name and the address, but for what the office says of
# itself or of a whole list, and what is a key or a code.
ABOUT_A_PERSON: dict[type[Model], set[str]] = {
    Subscriber: {"key", "address_key", "fingerprint", "municipality"},
    FormerValues: set(),
    StagedBlock: set(),
    ConsentEvent: {"fingerprint", "operator", "wording", "source"},
    Suppression: {"fingerprint", "operator", "lifted_by"},
    Exclusion: set(),
    Letter: {"kind"},
    Delivery: {"reason", "claimed_by"},
    ProviderPace: set(),
    Attempt: {"relay", "stage", "outcome"},
    RosterLine: set(),
    RosterAnswer: {"fingerprint", "applied_by", "undone_by", "by_name", "by_department"},  # who answered for the member
    Contributor: set(),
    Submission: {
        "reason", "fingerprint", "title", "lead", "body", "event_time", "venue", "fee", "url", "pathway", "sdgs",
        "photo", "photo_alt", "photo_credit", "decided_by",
    },
}  # fmt: skip
# About sources, issues, campaigns, whole lists, the office and its accounts.
ABOUT_SOMETHING_ELSE = set(
    """
    RosterRound RosterSheet Installation Association Issue Placement Edition Correction SearchText Approval
    ProofDecision LinkCheck Campaign Member Feed Entry ImportRun ImportStage Wording LogEntry Permission Group User
    ContentType Session
    """.split()
)


def test_of_every_table_somebody_has_decided_whether_it_is_about_a_person() -> None:
    known = {model.__name__ for model in ABOUT_A_PERSON} | ABOUT_SOMETHING_ELSE
    assert {model.__name__ for model in apps.get_models()} - known == set()


def reader() -> Subscriber:
    """Somebody who signed up, confirmed, was written to, left, came back."""
    books.association()
    fields = signup.Fields(read_address(ADDRESS), signup.Preferences(name=NAME, organisation=NAME))
    key = signup.request(fields, source="192.0.2.7", wording="2026", now=NOW, fingerprint_key=KEY).subscriber.key
    letters.send_confirmation(signup.confirm(key, "192.0.2.7", NOW))
    signup.leave(key, "192.0.2.7", NOW)
    signup.request(fields, source="192.0.2.7", wording="2026", now=NOW, fingerprint_key=KEY)
    return signup.confirm(key, "192.0.2.7", NOW)


def contributor() -> Contributor:
    member = Member.objects.order_by("pk").first()
    assert member
    return Contributor.objects.create(member=member, name=NAME, email=ADDRESS.lower())


def submission(state: str, title: str = "見出し") -> Submission:
    member = Member.objects.order_by("pk").first()
    assert member
    return Submission.objects.create(
        member=member, door="web", state=state, title=title, body="本文", fingerprint=title,
        contact_name=NAME, contact_email=ADDRESS,
    )  # fmt: skip


def somebody_everywhere() -> Subscriber:
    person = reader()
    campaign = books.running()
    Exclusion.objects.create(campaign=campaign, subscriber=person, reason="duplicate")
    Attempt.objects.create(delivery=Delivery.objects.get(campaign=campaign), outcome="sent")
    run = ImportRun.objects.create(file="名簿.csv", basis="card", proof="名刺の箱")
    FormerValues.objects.create(import_run=run, subscriber=person, before=ONE, after=ONE)
    stage = ImportStage.objects.create(digest="0" * 64, blocks=1)
    StagedBlock.objects.create(stage=stage, number=0, rows=NAME.encode())  # compressed, when it is a real one
    writes = contributor()
    received = submission("used")
    letters.send_receipt(received, ADDRESS)
    sheet = RosterSheet.objects.create(
        round=RosterRound.objects.create(year=2027, deadline=NOW.date()), member=writes.member
    )
    RosterLine.objects.create(sheet=sheet, number=1, subscriber=person, contributor=writes)
    RosterAnswer.objects.create(
        sheet=sheet, door="web", by_name="回答 花子", fingerprint="0" * 64,
        entries=[{"choice": "change", "number": 1, "name": NAME}, {"choice": "add", "name": NAME, "address": ADDRESS}],
        former_contributors={"1": ONE, "2": {"email": "else@example.jp"}},
    )  # fmt: skip
    ProviderPace.objects.create(provider="zaphod.example.jp")
    user = User.objects.create(username="staff")
    LogEntry.objects.create(
        user=user, content_type=ContentType.objects.get_for_model(Contributor), object_id=str(writes.pk),
        object_repr=str(writes), action_flag=2,
    )  # fmt: skip
    for model, untouched in ABOUT_A_PERSON.items():
        fill(model, untouched | {"provider", "entries", "former_contributors", "sections", "pathways"})
    return person


def fill(model: type[Model], untouched: set[str]) -> None:
    values = {field.name: planted(field) for field in model._meta.concrete_fields if can_hold(field, untouched)}
    if values:
        model._default_manager.update(**values)


def can_hold(field: Field[Any, Any], untouched: set[str]) -> bool:
    return isinstance(field, (CharField, TextField, JSONField)) and not field.choices and field.name not in untouched


def planted(field: Field[Any, Any]) -> object:
    if isinstance(field, JSONField):
        return ONE
    if field.name in ("address", "email", "contact_email"):
        return ADDRESS
    return f"{NAME} {ADDRESS}"[: field.max_length]


def whole_database() -> str:
    """Every row of every table, also of those that no model knows."""
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return str(rows).lower()


def test_after_an_erasure_no_table_holds_the_name_the_address_or_the_key() -> None:
    person = somebody_everywhere()
    for word in (NAME, ADDRESS, person.key):
        assert word.lower() in whole_database()
    account = erasures.erase(MARK, "花子", NOW, with_contacts=True)
    left = whole_database()
    for word in ("zaphod", "muster", person.key.lower(), "192.0.2.7"):
        assert word not in left, left[left.index(word) - 200 : left.index(word) + 100]
    assert MARK in left
    assert "else@example.jp" in left
    assert not StagedBlock.objects.exists()
    assert Delivery.objects.filter(campaign__isnull=False).count() == 1
    assert [kept for kept in account.kept if kept.why == erasures.TO_LOOK_AT] == []
    assert {"会員の担当者としての登録 1件", "採否の決まった投稿の連絡先 1件"} <= set(account.removed)


def test_without_being_asked_the_contacts_of_members_stay_and_are_named() -> None:
    reader()
    contributor()
    submission("used")
    letters.send_receipt(submission("received", "2つめ"), ADDRESS)
    before = erasures.look(MARK, NOW)
    account = erasures.erase(MARK, "花子", NOW)
    kept = {one.what: (one.count, one.why) for one in account.kept}
    assert kept[erasures.CONTRIBUTOR] == (1, erasures.FOR_MEMBERS)
    assert kept[erasures.DECIDED] == (1, erasures.FOR_MEMBERS)
    assert kept[erasures.STAFF_LETTERS] == (1, erasures.FOR_MEMBERS)
    assert kept[erasures.UNDECIDED] == (1, erasures.UNTIL_DECIDED)
    assert (before.removed, before.letters, before.kept) == (account.removed, account.letters, account.kept)
    assert not Subscriber.objects.exists()
    # A contact that stays can be written to about the member's own submissions.
    row = Delivery.objects.select_related("letter").get(letter__kind="receipt")
    assert recipients.letters_at_claim([row])[row.pk] == recipients.Addressee(ADDRESS)


def test_the_contact_of_a_submission_that_waits_for_a_decision_stays_until_then() -> None:
    books.association()
    waiting = submission("returned")
    account = erasures.erase(MARK, "花子", NOW, with_contacts=True)
    assert (account.kept[0].what, account.kept[0].why) == (erasures.UNDECIDED, erasures.UNTIL_DECIDED)
    waiting.refresh_from_db()
    assert waiting.contact_email == ADDRESS
    Submission.objects.update(state="withdrawn")
    erasures.erase(MARK, "花子", NOW, with_contacts=True)
    waiting.refresh_from_db()
    assert (waiting.contact_name, waiting.contact_email) == ("（消去済み）", "")
    assert erasures.held(MARK).is_empty


def test_where_the_name_still_stands_is_said_for_somebody_to_look_at() -> None:
    reader()
    Issue.objects.create(month=NOW.date().replace(day=1), release_on=NOW.date(), subject="x", lead=f"{NAME}さんが就任")
    ImportRun.objects.create(file="名簿.csv", basis="card", proof=f"{ADDRESS.lower()} からのメール")
    Suppression.objects.create(fingerprint="f" * 32, reason="by_hand", note="別の人")
    account = erasures.erase(MARK, "花子", NOW)
    found = [(kept.what, kept.count) for kept in account.kept if kept.why == erasures.TO_LOOK_AT]
    assert found == [("号の中", 1), ("取込の中", 1)]


@pytest.mark.parametrize(
    "written",
    [
        "空白名前子",
        "空白 名前子",
        "空白　名前子",
        "空白\n名前子",
        "空白\u00a0名前子",
        "ｸｳﾊｸ ﾅﾏｴｺﾞ",
        "クウハク　ナマエゴ",
    ],
)
def test_a_name_is_found_with_any_space_or_none_and_in_any_width(written: str) -> None:
    named = "空白 名前子" if "空白" in written else "クウハク ナマエゴ"
    person = books.reader("kuhaku@example.jp")
    Subscriber.objects.update(name=named)
    ImportRun.objects.create(file="名簿.csv", basis="card", proof=f"{written}さん（2026-11-01）からの申込書")
    ImportRun.objects.create(file="別.csv", basis="card", proof="空白の名前の子からの申込書")
    Association.objects.create(name="見本", facts={"head": written}, digest="x")
    account = erasures.erase(person.fingerprint, "花子", NOW)
    found = [(kept.what, kept.count) for kept in account.kept if kept.why == erasures.TO_LOOK_AT]
    assert sorted(found) == [("取込の中", 1), ("団体の中", 1)]


def test_the_lists_that_named_a_person_are_named_with_their_operators() -> None:
    person = reader()
    run = ImportRun.objects.create(file="ザフォードさん申込.xlsx", basis="card", proof="名刺", operator="花子")
    ImportRun.objects.create(file="ほか.csv", basis="card", operator="花子")
    ConsentEvent.objects.create(subscriber=person, fingerprint=MARK, kind="imported", import_run=run)
    foreseen = erasures.look(MARK, NOW)
    account = erasures.erase(MARK, "花子", NOW)
    named = [kept.what for kept in account.kept if kept.why == erasures.TOOK_IN]
    assert named == [f"取込{run.pk}の記録（名簿「ザフォードさん申込.xlsx」、操作者 花子）"]
    assert [kept.what for kept in foreseen.kept if kept.why == erasures.TOOK_IN] == named


def test_a_dossier_says_where_the_person_is_a_contact_of_members() -> None:
    books.association()
    contributor()
    letters.send_receipt(submission("used"), ADDRESS)
    held = dossier.collect(ADDRESS, MARK)
    text = dossier.compose(held, "見本協会", NOW)
    assert not held.is_empty
    assert f"会員の担当者: {Contributor.objects.get(email=ADDRESS.lower()).member.name}、{NAME}" in text
    assert f"の投稿「見出し」の連絡先: {NAME}、{ADDRESS}" in text
    assert "投稿を受け付けました（見出し）」" in text


def test_a_dossier_says_on_which_members_sheet_the_person_stood_and_when_it_was_sent() -> None:
    person = reader()
    assert "第三者への提供: していません" in dossier.compose(dossier.collect(ADDRESS, MARK), "見本協会", NOW)
    member = Member.objects.order_by("pk").first()
    assert member
    round_ = RosterRound.objects.create(year=2027, deadline=NOW.date())
    sheet = RosterSheet.objects.create(round=round_, member=member, sent_at=NOW)
    RosterLine.objects.create(sheet=sheet, number=3, subscriber=person)
    text = dossier.compose(dossier.collect(ADDRESS, MARK), "見本協会", NOW)
    assert "第三者への提供: していません" not in text
    assert "第三者への提供: 登録に変わりがないかを、会員の自治体に尋ねました" in text
    assert f"2027年度 宛先の確認 {member}の用紙の3番（2026-11-24 12:00 に送付）" in text


def test_files_beside_the_database_that_may_name_anybody_are_named(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS, settings.CATCHER_MAILDIR = tmp_path / "uploads", tmp_path / "catcher"
    person = reader()
    uploads.keep_text(1, f"{ADDRESS}\n", NOW)
    (tmp_path / "catcher" / "new").mkdir(parents=True)
    (tmp_path / "catcher" / "new" / "1").write_text(ADDRESS)
    kept = {one.why: one.count for one in erasures.look(person.fingerprint, NOW).kept}
    assert (kept[erasures.FOR_A_DAY], kept[erasures.REHEARSED]) == (1, 1)


def test_who_is_only_a_contact_is_no_reader_and_gets_no_stop() -> None:
    books.association()
    contributor()
    erasures.erase(MARK, "花子", NOW, with_contacts=True)
    assert not Contributor.objects.filter(email__iexact=ADDRESS).exists()
    assert not suppression.is_suppressed(MARK)


# ------------------------------------------------------------ whom a member wrote into an answer
THEY = {"choice": "add", "name": NAME, "department": "総務", "address": ADDRESS}
ELSE = {"choice": "add", "name": "別の人", "address": "else@example.jp"}


def answer_about(*entries: dict[str, Any], **facts: Any) -> RosterAnswer:
    """What the first member answered in a round that is not closed."""
    if not Member.objects.exists():
        books.association()
    member = Member.objects.order_by("pk").first()
    round_, _ = RosterRound.objects.get_or_create(year=2027, defaults={"deadline": NOW.date()})
    sheet, _ = RosterSheet.objects.get_or_create(round=round_, member=member)
    known = {"door": "web", "by_name": "回答 花子", "fingerprint": "0" * 64, "at": NOW}
    return RosterAnswer.objects.create(sheet=sheet, entries=list(entries), **known | facts)


def test_who_stands_in_an_answer_only_is_found_disclosed_erased_and_not_taken_in_later() -> None:
    answer = answer_about(THEY, ELSE)
    text = dossier.compose(dossier.collect(ADDRESS, MARK), "見本協会", NOW)
    assert f"{NAME}、総務、{ADDRESS}" in text
    assert f"宛先の確認 {answer.sheet.member}の回答{answer.pk}（新しく加える、反映していません）" in text
    assert "else@example.jp" not in text
    before = erasures.look(MARK, NOW)
    account = erasures.erase(MARK, "花子", NOW)
    assert account.removed == before.removed == (f"{erasures.ANSWERS} 1件",)
    answer.refresh_from_db()
    assert answer.entries == [{"choice": "add"}, ELSE]
    assert erasures.held(MARK).is_empty
    assert suppression.is_erased(MARK)
    assert "zaphod" not in whole_database()


def test_an_answer_is_found_by_the_address_however_it_is_written() -> None:
    answer_about(THEY | {"address": "ＺＡＰＨＯＤ.muster＠zaphod.example.jp"})
    assert len(erasures.held(MARK).named.answers) == 1


def test_who_was_erased_and_named_again_is_erased_again() -> None:
    reader()
    erasures.erase(MARK, "花子", NOW)
    answer_about(THEY, applied_at=NOW)
    assert not erasures.held(MARK).is_empty
    erasures.erase(MARK, "花子", NOW)
    assert "zaphod" not in whole_database()


def test_what_a_contributor_was_before_an_answer_stays_with_the_contributor() -> None:
    books.association()
    writes = contributor()
    former = {"before": {str(writes.pk): {"name": NAME, "email": ADDRESS}}, "created": []}
    answer = answer_about({"choice": "stay", "number": 1}, applied_at=NOW, former_contributors=former)
    kept = {one.what: one.why for one in erasures.erase(MARK, "花子", NOW).kept}
    assert kept[erasures.FORMER] == erasures.FOR_MEMBERS
    answer.refresh_from_db()
    assert answer.former_contributors == former
    erasures.erase(MARK, "花子", NOW, with_contacts=True)
    answer.refresh_from_db()
    assert answer.former_contributors == {"before": {}, "created": []}


def test_nothing_of_anybody_else_goes() -> None:
    reader()
    other = books.reader("other@zaphod.example.jp")
    ProviderPace.objects.create(provider="zaphod.example.jp")
    Contributor.objects.create(member=contributor().member, name="別の人", email="other@zaphod.example.jp")
    erasures.erase(MARK, "花子", NOW, with_contacts=True)
    assert Subscriber.objects.get() == other
    assert Contributor.objects.get(email__contains="zaphod").name == "別の人"
    assert ProviderPace.objects.exists()


# ------------------------------------------------------------ the file itself
def files_of_the_database() -> bytes:
    base = Path(str(connection.settings_dict["NAME"]))
    return b"".join(path.read_bytes() for path in (base, base.with_name(f"{base.name}-wal")) if path.exists())


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_neither_the_file_nor_its_log_holds_the_name() -> None:
    books.reader("zaphod@zaphod.example.jp")
    Subscriber.objects.update(name="Zaphod-Deleted-For-Good")
    assert b"Zaphod-Deleted-For-Good" in files_of_the_database()
    erasures.erase(mark("zaphod@zaphod.example.jp"), "花子", NOW)
    assert b"Zaphod-Deleted-For-Good" not in files_of_the_database()


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_log_while_another_reads() -> None:
    books.reader("zaphod@zaphod.example.jp")
    with closing(sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM subscribers_subscriber").fetchall()
        erasures.erase(mark("zaphod@zaphod.example.jp"), "花子", NOW)
        assert not wal.empty()
        assert connection.connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
        other.execute("COMMIT")
    assert wal.empty()
    assert connection.connection.execute("PRAGMA secure_delete").fetchone() == (1,)
