"""A round from its opening to its end: who is asked, what is sent, who is reminded, what stays."""

from __future__ import annotations

import io
from datetime import date, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from openpyxl import load_workbook

from feeds.models import Member
from newsletter import sending
from newsletter.errors import RosterError
from newsletter.models import Letter, RosterAnswer, RosterRound
from newsletter.roster import answers, board, people, rounds
from newsletter.roster.board import Standing, standing_of
from newsletter.roster.questions import Typed
from subscribers.models import Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.roster.parts import (
    CITY,
    DEADLINE,
    NOW,
    answered,
    city,
    imported_as_member,
    member,
    reader,
    writer,
)
from tests.smtp_server import receiving
from tests.subscribers.people import person

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)


def asked(sheet_member: Member) -> list[str]:
    return [
        (one.subscriber.address if one.subscriber else one.contributor.email if one.contributor else "")
        for one in people.find(sheet_member)
    ]


# ------------------------------------------------------------ who stands on a sheet
def test_only_people_of_the_municipality_whose_mailbox_is_an_offices_stand_on_it() -> None:
    load_profile()
    code = member().code
    reader("t-yamada", "山田 太郎")
    person("citizen@gmail.com", name="市民", municipality=code)
    person("other@city.other.example.lg.jp", municipality="011002")
    imported_as_member(person("taro@gmail.com", municipality=code))
    reader("left", state="left")
    assert asked(member()) == [f"t-yamada@{CITY}"]
    assert people.private_readers(member()) == 2


@pytest.mark.parametrize(
    ("domain", "is_shown"),
    [
        ("city.kitakyushu.jp", True),
        ("kankyo.city.kitakyushu.fukuoka.jp", True),
        ("pref.fukuoka.lg.jp", False),
        ("city.kitakyushu-shi.lg.jp", False),
        ("city.sapporo.lg.jp", False),
    ],
)
def test_of_other_governments_nobody_stands_on_it_whatever_municipality_they_named(domain: str, is_shown: bool) -> None:
    load_profile()
    person(f"taro@{domain}", municipality=member().code)
    assert bool(asked(member())) is is_shown
    member().contributors.create(email="seconded@pref.fukuoka.lg.jp")  # one person, not their whole office
    shown = [address for address in asked(member()) if address.startswith("taro@")]
    assert bool(shown) is is_shown


def test_an_offices_domain_that_no_list_knows_counts_where_it_came_in_as_this_members_staff() -> None:
    load_profile()
    code = member().code
    person("taro@city.newname.lg.jp", municipality=code)
    person("jiro@works.example.jp", municipality=code)
    imported_as_member(person("hanako@works.example.jp", municipality=code))
    assert asked(member()) == []
    imported_as_member(person("hanako@city.newname.lg.jp", municipality=code))
    assert sorted(asked(member())) == ["hanako@city.newname.lg.jp", "taro@city.newname.lg.jp"]


def test_a_website_that_the_profile_names_is_the_members_domain() -> None:
    load_profile()
    person("taro@kita-city.example.jp", municipality=member().code)
    assert asked(member()) == []
    Member.objects.filter(key="kitakyushu").update(website="https://www.kita-city.example.jp/")
    assert asked(member()) == ["taro@kita-city.example.jp"]


def test_a_contributors_own_domain_counts_unless_anybody_has_a_mailbox_there() -> None:
    load_profile()
    code = member().code
    person("a@kitakyu.example.jp", municipality=code)
    person("b@gmail.com", municipality=code)
    member().contributors.create(email="desk@kitakyu.example.jp")
    member().contributors.create(email="c@gmail.com")
    assert sorted(asked(member())) == ["a@kitakyu.example.jp", "c@gmail.com", "desk@kitakyu.example.jp"]


def test_who_reads_and_writes_is_one_line_and_a_number_never_changes_its_person() -> None:
    sheet = city()
    before = {line.number: (line.subscriber_id, line.contributor_id) for line in people.lines(sheet)}
    assert len(before) == 4
    assert [one.roles for one in people.people(people.lines(sheet)) if one.writes] == ["メールの配信、投稿のご担当"]
    reader("a-first", "あ", department="あ課")
    Subscriber.objects.filter(address=f"t-yamada@{CITY}").delete()
    people.fill(sheet)
    after = {line.number: (line.subscriber_id, line.contributor_id) for line in people.lines(sheet)}
    assert len(after) == 5
    kept = {number: ids for number, ids in before.items() if after[number] == ids}
    assert len(kept) == 3  # and the fourth is empty now, not somebody else
    assert [one.address for one in people.people(people.lines(sheet))][-1] == f"a-first@{CITY}"


def test_who_belongs_elsewhere_before_it_is_sent_does_not_stand_on_it() -> None:
    sheet = city()
    Subscriber.objects.filter(name="山田 太郎").update(address="taro@gmail.com", address_key="taro@gmail.com")
    Subscriber.objects.filter(name="鈴木 次郎").update(municipality="011002")
    rounds.send([sheet], NOW)
    assert sorted(one.title for one in people.people(people.lines(sheet))) == ["例示 花子", "環境局"]
    assert people.lines(sheet)[-1].number == 4


def test_special_members_without_a_code_are_asked_about_their_contributors() -> None:
    load_profile()
    special = Member.objects.create(key="special-one", kind="special", name="特別会員")
    special.contributors.create(email="a@example.jp", name="担当")
    assert asked(special) == ["a@example.jp"]


# ------------------------------------------------------------ opening
def test_each_active_member_with_anybody_gets_a_sheet_and_nothing_is_sent() -> None:
    city()
    opened = RosterRound.objects.get()
    assert [sheet.member.key for sheet in opened.sheets.all()] == ["kitakyushu"]
    assert not Letter.objects.exists()


def test_a_member_that_had_nobody_gets_its_sheet_when_the_round_is_opened_once_more() -> None:
    sheet = city()
    other = Member.objects.get(key="sapporo")
    with pytest.raises(RosterError, match="もう一度実行"):
        rounds.sheet_of(other)
    other.contributors.create(email="a@city.other.example.lg.jp")
    rounds.open_round(2027, DEADLINE, "例示 職員", NOW)
    assert rounds.sheet_of(other).lines.count() == 1
    assert rounds.sheet_of(sheet.member) == sheet


def test_a_year_is_asked_once_and_the_open_round_may_get_another_deadline() -> None:
    city()
    again, is_new = rounds.open_round(2027, date(2027, 4, 9), "例示 職員", NOW)
    assert (is_new, RosterRound.objects.get().deadline) == (False, date(2027, 4, 9))
    with pytest.raises(RosterError, match="まだ終わっていません"):
        rounds.open_round(2028, date(2027, 4, 9), "例示 職員", NOW)
    rounds.close(again, "例示 職員", NOW)
    with pytest.raises(RosterError, match="もう締めて"):
        rounds.open_round(2027, date(2027, 4, 9), "例示 職員", NOW)


@pytest.mark.parametrize(
    ("year", "deadline", "words"),
    [(27, DEADLINE, "西暦4桁"), (2027, date(2027, 2, 28), "過ぎた日"), (2027, date(2027, 12, 1), "半年以内")],
)
def test_what_cannot_be_a_round_is_refused(year: int, deadline: date, words: str) -> None:
    with pytest.raises(RosterError, match=words):
        rounds.open_round(year, deadline, "例示 職員", NOW)


# ------------------------------------------------------------ sending
def test_the_letter_arrives_with_a_link_without_an_address_and_the_form_attached(settings: Any) -> None:
    sheet = city()
    rounds.send([sheet], NOW)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_letters()
    [received] = server.received
    mail = message_from_bytes(received.content, policy=policy.default)
    assert mail.get_content_type() == "multipart/mixed"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    [link] = [line for line in text.splitlines() if "/r/" in line]
    assert "@" not in link
    assert CITY not in link
    assert "2027年3月26日" in "".join(text.split())
    assert "事務局の職員だけが見て" in "".join(text.split())
    [form] = list(mail.iter_attachments())  # type: ignore[attr-defined]
    assert form.get_filename() == "roster-2027-kitakyushu.xlsx"
    cells = [cell.value for row in load_workbook(io.BytesIO(form.get_content())).active for cell in row if cell.value]
    assert "山田 太郎" in cells
    assert f"t-yamada@{CITY}" not in str(cells)
    assert f"t***@{CITY}" in cells


def test_who_was_erased_before_the_letter_went_out_is_not_in_its_file(settings: Any) -> None:
    sheet = city()
    rounds.send([sheet], NOW)
    Subscriber.objects.filter(name="山田 太郎").delete()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_letters()
    mail = message_from_bytes(server.received[0].content, policy=policy.default)
    [form] = list(mail.iter_attachments())  # type: ignore[attr-defined]
    values = [cell.value for row in load_workbook(io.BytesIO(form.get_content())).active for cell in row]
    assert "山田 太郎" not in values
    assert "鈴木 次郎" in values


def test_without_the_file_when_the_office_wants_the_link_only(settings: Any) -> None:
    rounds.send([city()], NOW, link_only=True)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_letters()
    mail = message_from_bytes(server.received[0].content, policy=policy.default)
    assert mail.get_content_type() == "multipart/alternative"
    assert "添付" not in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_sending_twice_is_sending_once_and_who_has_no_contributor_is_named() -> None:
    sheet = city()
    assert len(rounds.send([sheet], NOW).contributors) == 1
    assert rounds.send([sheet], NOW).contributors == ()
    assert Letter.objects.count() == 1
    RosterRound.objects.all().delete()
    sheet.member.contributors.update(active=False)
    rounds.open_round(2027, DEADLINE, "例示 職員", NOW)
    fresh = rounds.sheet_of(sheet.member)
    assert rounds.send([fresh], NOW).unreachable == (sheet.member,)
    fresh.refresh_from_db()
    assert fresh.sent_at is None


def test_only_those_who_have_not_answered_are_reminded_and_not_twice_a_day() -> None:
    sheet = city()
    assert rounds.silent(sheet.round, NOW) == []
    rounds.send([sheet], NOW)
    assert rounds.silent(sheet.round, NOW + timedelta(hours=1)) == []
    assert rounds.silent(sheet.round, LATER) == [sheet]
    rounds.remind([sheet], LATER)
    rounds.remind([sheet], LATER)
    assert list(Letter.objects.order_by("pk").values_list("kind", flat=True)) == ["roster", "roster_reminder"]
    answered(sheet, {}, now=LATER)
    assert rounds.silent(sheet.round, LATER + timedelta(days=2)) == []
    rounds.remind([sheet], LATER + timedelta(days=2))
    assert not Letter.objects.filter(kind="roster_reminder", written_at__gt=LATER).exists()


def test_after_the_deadline_nothing_is_sent_until_there_is_a_new_one() -> None:
    sheet = city()
    late = NOW + timedelta(days=40)
    with pytest.raises(RosterError, match="期限"):
        rounds.send([sheet], late)
    rounds.open_round(2027, date(2027, 4, 30), "例示 職員", late)
    assert len(rounds.send([sheet], late).contributors) == 1


# ------------------------------------------------------------ answers and the end
def test_the_same_answer_twice_is_one_and_another_takes_its_place_with_both_on_record() -> None:
    sheet = city()
    first = answered(sheet, {"t-yamada": Typed("leave")})
    assert answered(sheet, {"t-yamada": Typed("leave")}, now=LATER) == first
    second = answered(sheet, {}, now=LATER)
    third = answered(sheet, {"t-yamada": Typed("leave")}, now=LATER)
    assert RosterAnswer.objects.count() == 3
    assert answers.latest(sheet) == third != second
    assert Letter.objects.filter(kind="roster_receipt").count() == 3


def test_every_contributor_is_told_of_an_answer_whoever_gave_it() -> None:
    sheet = city()
    writer("second", "例示 第二")
    answered(sheet, {}, by="知らない人")
    told = Letter.objects.filter(kind="roster_receipt")
    assert sorted(told.values_list("address", flat=True)) == [f"hanako@{CITY}", f"second@{CITY}"]
    assert "知らない人" in told[0].text
    assert "/r/" in told[0].text


def test_closing_takes_the_words_of_answers_that_were_not_applied() -> None:
    sheet = city()
    answer = answered(sheet, {"t-yamada": Typed("leave")})
    rounds.close(sheet.round, "例示 職員", LATER)
    answer.refresh_from_db()
    assert answer.entries == []
    with pytest.raises(RosterError, match="締めてあります"):
        answered(sheet, {}, by="別の人")
    with pytest.raises(RosterError, match="もう締めて"):
        rounds.close(sheet.round, "例示 職員", LATER)


def test_there_is_no_round_before_the_first() -> None:
    with pytest.raises(RosterError, match="まだ始めていません"):
        rounds.current()


# ------------------------------------------------------------ the board
@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        ({"is_reachable": False}, Standing.UNREACHABLE),
        ({}, Standing.UNSENT),
        ({"sent_at": NOW}, Standing.SENT),
        ({"sent_at": NOW, "today": DEADLINE}, Standing.SENT),
        ({"sent_at": NOW, "today": DEADLINE + timedelta(days=1)}, Standing.OVERDUE),
        ({"sent_at": NOW, "is_answered": True, "today": DEADLINE + timedelta(days=1)}, Standing.ANSWERED),
        ({"is_answered": True, "is_applied": True}, Standing.APPLIED),
    ],
)
def test_where_a_sheet_stands(facts: dict[str, Any], standing: Standing) -> None:
    known = {"is_reachable": True, "sent_at": None, "is_answered": False, "is_applied": False}
    assert standing_of(**known | {"deadline": DEADLINE, "today": date(2027, 3, 1)} | facts) is standing


def test_the_board_counts_people_letters_and_those_that_did_not_arrive() -> None:
    sheet = city()
    writer("second", "例示 第二")
    rounds.send([sheet], NOW)
    Letter.objects.order_by("pk")[0].delivery.__class__.objects.filter(letter__address=f"second@{CITY}").update(
        state="refused"
    )
    answered(sheet, {"t-yamada": Typed("leave")})
    [row] = board.board(sheet.round, date(2027, 3, 2))
    assert (row.standing, row.people, row.letters, row.failed) == (Standing.ANSWERED, 5, 2, 1)
    assert row.summary == "変わりなし 4件、外す 1件"
    assert board.totals([row]) == [(Standing.ANSWERED, 1)]
