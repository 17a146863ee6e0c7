"""An answer is applied by a person of the office: through the importer, told to everybody it is about, and undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from feeds.models import Contributor, Member
from newsletter.errors import RosterError
from newsletter.models import Letter, RosterAnswer
from newsletter.roster import applying, people
from newsletter.roster.questions import Typed
from subscribers import retention, signup, suppression, undo
from subscribers.models import ConsentEvent, ImportRun, Subscriber, Suppression
from tests.newsletter.roster.parts import CITY, NOW, answered, city, reader
from tests.subscribers.people import mark, suppressed

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
LEAVE = Typed("leave")
NEW = Typed(name="佐藤 三郎", department="環境課", address=f"s-sato@{CITY}", consented=True)
MOVED_IN = Typed("change", "高橋 四郎", "環境課", f"s-takahashi@{CITY}", consented=True)


def state_of(local: str) -> str:
    found = Subscriber.objects.filter(address=f"{local}@{CITY}").first()
    return found.state if found else "gone"


def everything() -> list[object]:
    models = (Subscriber, ConsentEvent, Suppression, Contributor, ImportRun)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_nothing_changes_before_somebody_of_the_office_says_so() -> None:
    sheet, before = city(), everything()
    answer = answered(sheet, {"t-yamada": LEAVE}, [NEW])
    applying.plan(answer, NOW)
    assert everything() == before


def test_people_go_come_and_change_in_one_import_with_a_dated_proof() -> None:
    sheet = city()
    answer = answered(
        sheet, {"t-yamada": LEAVE, "j-suzuki": MOVED_IN, "kankyo": Typed("change", "", "環境政策課")}, [NEW]
    )
    applied = applying.apply(answer, "例示 職員", LATER)
    assert (applied.added, applied.updated, applied.departed, applied.refused) == (2, 1, 2, 0)
    assert [state_of(one) for one in ("t-yamada", "j-suzuki", "s-takahashi", "s-sato")] == [
        "left", "left", "active", "active",
    ]  # fmt: skip
    new = Subscriber.objects.get(address=f"s-sato@{CITY}")
    assert (new.name, new.organisation, new.municipality) == ("佐藤 三郎", "北九州市", sheet.member.code)
    [event] = ConsentEvent.objects.filter(subscriber=new)
    assert (event.kind, event.basis, event.operator) == ("imported", "member", "例示 職員")
    assert event.detail["proof"].startswith(f"2027年度 宛先の確認 北九州市 回答{answer.pk}（2027-03-01")
    [gone] = ConsentEvent.objects.filter(subscriber__address=f"t-yamada@{CITY}")
    assert (gone.kind, gone.basis, gone.at, gone.operator) == ("left", "member", LATER, "例示 職員")
    assert Subscriber.objects.get(address=f"kankyo@{CITY}").department == "環境政策課"


def test_everybody_it_is_about_gets_a_letter_and_who_comes_in_is_shown_the_way_out() -> None:
    sheet = city()
    applying.apply(answered(sheet, {"t-yamada": LEAVE}, [NEW]), "例示 職員", LATER)
    told = {letter.kind: letter for letter in Letter.objects.filter(kind__in=("named", "moved"))}
    assert told["named"].subscriber.address == f"s-sato@{CITY}"
    assert "北九州市のご担当者から" in "".join(told["named"].text.split())
    assert "/u/" in told["named"].text
    assert told["moved"].subscriber.address == f"t-yamada@{CITY}"


def test_whom_the_member_named_stands_on_its_next_sheet_while_the_answer_is_in_force() -> None:
    sheet = city()
    home = Typed(name="佐藤 三郎", department="環境課", address="saburo@gmail.com", consented=True)
    answer = answered(sheet, {}, [home])
    applying.apply(answer, "例示 職員", LATER)
    named = Subscriber.objects.get(address="saburo@gmail.com")
    assert named in people.office_readers(sheet.member)
    elsewhere = Member.objects.exclude(pk=sheet.member_id).exclude(code="")[0]
    Subscriber.objects.filter(pk=named.pk).update(municipality=elsewhere.code)
    assert people.office_readers(elsewhere) == []  # it was another member that named them
    Subscriber.objects.filter(pk=named.pk).update(municipality=sheet.member.code)
    RosterAnswer.objects.filter(pk=answer.pk).update(undone_at=LATER)
    assert named not in people.office_readers(sheet.member)


def test_the_same_person_keeps_their_choices_at_a_new_address_and_a_successor_chooses_anew() -> None:
    sheet = city()
    moved = Typed("change", "鈴木 次郎", "環境課", f"jiro-suzuki@{CITY}", consented=True)
    applying.apply(answered(sheet, {"j-suzuki": moved, "t-yamada": MOVED_IN}), "例示 職員", LATER)
    same = Subscriber.objects.get(address=f"jiro-suzuki@{CITY}")
    assert (same.format, same.sections, same.language) == ("text", ["members"], "en")
    assert Subscriber.objects.get(address=f"s-takahashi@{CITY}").format == "html"


def test_who_left_was_erased_or_stopped_does_not_come_back_and_the_rest_is_done() -> None:
    sheet = city()
    signup.leave(reader("left").key, None, NOW)
    suppressed(f"erased@{CITY}", Suppression.Reason.ERASED)
    suppressed(f"complained@{CITY}", Suppression.Reason.COMPLAINED)
    new = [Typed(name="某", address=f"{one}@{CITY}", consented=True) for one in ("left", "erased", "complained", "ok")]
    answer = answered(sheet, {"t-yamada": LEAVE}, new)
    plan = applying.plan(answer, NOW)
    refused = [row for row in plan.rows if row.is_problem]
    assert [row.verdict for row in refused] == ["拒否"] * 3
    assert "消去" in refused[1].words[0]
    applied = applying.apply(answer, "例示 職員", LATER)
    assert (applied.added, applied.refused, applied.departed) == (1, 3, 1)
    assert (state_of("left"), state_of("erased"), state_of("ok")) == ("left", "gone", "active")


def test_the_contributor_follows_and_a_new_one_is_written_to_from_now_on() -> None:
    sheet = city()
    follows = Typed("change", "例示 五郎", "環境課", f"goro@{CITY}", consented=True)
    new = Typed(name="例示 六郎", address=f"rokuro@{CITY}", consented=True, writes=True)
    applying.apply(answered(sheet, {"hanako": follows}, [new]), "例示 職員", LATER)
    active = Contributor.objects.filter(active=True).values_list("email", "name")
    assert sorted(active) == [(f"goro@{CITY}", "例示 五郎"), (f"rokuro@{CITY}", "例示 六郎")]


def test_the_existing_undo_takes_the_whole_import_back_with_those_who_were_struck_off() -> None:
    sheet = city()
    before = {one.address: (one.state, one.name, one.department) for one in Subscriber.objects.all()}
    changed = Typed("change", "", "環境政策課")
    applied = applying.apply(
        answered(sheet, {"t-yamada": LEAVE, "j-suzuki": MOVED_IN, "kankyo": changed}, [NEW]), "例示 職員", LATER
    )
    counts = undo.undo(undo.undoable(applied.run.pk, LATER), "例示 職員", LATER)
    assert counts == {"removed": 2, "restored": 3}
    assert {one.address: (one.state, one.name, one.department) for one in Subscriber.objects.all()} == before
    assert Subscriber.objects.get(address=f"t-yamada@{CITY}").left_at is None


def test_taking_it_back_puts_the_contributors_back_as_well_and_it_can_be_applied_again() -> None:
    sheet = city()
    follows = Typed("change", "例示 五郎", "環境課", f"goro@{CITY}", consented=True)
    answer = answered(sheet, {"hanako": follows}, [NEW])
    applying.apply(answer, "例示 職員", LATER)
    answer.refresh_from_db()
    applying.take_back(answer, "例示 職員", LATER)
    assert list(Contributor.objects.values_list("email", "name", "active")) == [(f"hanako@{CITY}", "例示 花子", True)]
    answer.refresh_from_db()
    assert not applying.is_applied(answer)
    with pytest.raises(RosterError, match="もう取り消して"):
        applying.take_back(answer, "例示 職員", LATER)
    assert applying.apply(answer, "例示 職員", LATER).added == 2


def test_who_said_goodbye_themselves_after_being_struck_off_is_not_brought_back_by_the_undo() -> None:
    sheet = city()
    applied = applying.apply(answered(sheet, {"t-yamada": LEAVE}), "例示 職員", LATER)
    struck = Subscriber.objects.get(address=f"t-yamada@{CITY}")
    assert not suppression.is_suppressed(mark(struck.address))
    assert signup.leave(struck.key, None, LATER).changed
    assert undo.undo(applied.run, "例示 職員", LATER) == {"kept": 1}
    assert state_of("t-yamada") == "left"


def test_who_was_struck_off_may_come_back_by_their_own_link_within_a_week() -> None:
    sheet = city()
    applying.apply(answered(sheet, {"t-yamada": LEAVE}), "例示 職員", LATER)
    struck = Subscriber.objects.get(address=f"t-yamada@{CITY}")
    assert signup.come_back(struck.key, None, LATER + timedelta(days=1)).is_active


def test_an_answer_is_applied_once_and_only_the_newest() -> None:
    sheet = city()
    first = answered(sheet, {"t-yamada": LEAVE})
    second = answered(sheet, {"j-suzuki": LEAVE})
    with pytest.raises(RosterError, match="新しい回答"):
        applying.apply(first, "例示 職員", LATER)
    applying.apply(second, "例示 職員", LATER)
    with pytest.raises(RosterError, match="もう反映して"):
        applying.apply(second, "例示 職員", LATER)
    assert (state_of("t-yamada"), state_of("j-suzuki")) == ("active", "left")
    assert ImportRun.objects.count() == 1


def test_nothing_is_half_done_when_a_letter_cannot_be_written(settings: Any) -> None:
    sheet = city()
    answer = answered(sheet, {"t-yamada": LEAVE}, [NEW])
    before = everything()
    settings.MAIL_TEMPLATES = settings.MAIL_TEMPLATES / "nowhere"
    with pytest.raises(Exception, match="個別メール"):
        applying.apply(answer, "例示 職員", LATER)
    assert everything() == before


def test_an_answer_given_after_applying_is_applied_on_top_of_it() -> None:
    sheet = city()
    applying.apply(answered(sheet, {"t-yamada": LEAVE}, [NEW]), "例示 職員", LATER)
    again = answered(sheet, {"j-suzuki": LEAVE}, [NEW], by="例示 七子")
    plan = applying.plan(again, LATER)
    assert plan.counts == {"added": 0, "updated": 0, "departed": 1, "refused": 0}
    applying.apply(again, "例示 職員", LATER)
    assert (state_of("t-yamada"), state_of("j-suzuki"), state_of("s-sato")) == ("left", "left", "active")


def test_somebody_who_was_struck_off_last_year_is_refused_in_words_that_fit() -> None:
    sheet = city()
    applying.apply(answered(sheet, {"t-yamada": LEAVE}), "例示 職員", LATER)
    back = Typed(name="山田 太郎", address=f"t-yamada@{CITY}", consented=True)
    plan = applying.plan(answered(sheet, {}, [back]), LATER)
    assert "前に異動・退職として外した方です" in plan.rows[-1].words[0]


def test_who_was_struck_off_years_ago_may_be_named_again_and_the_plan_says_so() -> None:
    sheet = city()
    applying.apply(answered(sheet, {"t-yamada": LEAVE}), "例示 職員", LATER)
    retention.tidy(LATER + timedelta(days=410), retention.Terms(), lambda _: None)
    assert state_of("t-yamada") == "gone"
    back = Typed(name="山田 太郎", department="下水道課", address=f"t-yamada@{CITY}", consented=True)
    row = applying.plan(answered(sheet, {}, [back]), LATER).rows[-1]
    assert (row.verdict, row.is_problem) == ("登録", True)
    assert "会員の申出（異動・退職など）で配信を終えた宛先です" in row.words[0]


def test_the_plan_says_when_nobody_would_be_left_to_write_to() -> None:
    plan = applying.plan(answered(city(), {"hanako": LEAVE}), NOW)
    assert plan.remarks == ("北九州市の投稿のご担当が、1人もいなくなります。",)
