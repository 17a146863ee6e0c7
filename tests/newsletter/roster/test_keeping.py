"""What answers hold about people goes when it is not needed any more; that and how much was answered stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from newsletter import tidying
from newsletter.models import RosterAnswer, RosterLine, RosterRound
from newsletter.roster import answers, applying, rounds
from newsletter.roster.questions import Choice, Typed
from subscribers import undo
from subscribers.models import Subscriber, Suppression
from tests.newsletter.roster.parts import CITY, NOW, answered, city
from tests.subscribers.people import suppressed

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NEW = Typed(name="佐藤 三郎", department="環境課", address=f"s-sato@{CITY}", consented=True)
AGAIN = Typed(name="再掲 四郎", department="再掲課", address=f"erased@{CITY}", consented=True, writes=True)
WORDS = ("佐藤", "s-sato", "高橋", "s-takahashi")
FOLLOWS = Typed("change", "高橋 四郎", "環境課", f"s-takahashi@{CITY}", consented=True)


def test_of_whom_the_office_refuses_nothing_is_kept() -> None:
    sheet = city()
    suppressed(f"erased@{CITY}", Suppression.Reason.ERASED)
    answer = answered(sheet, {}, [NEW, AGAIN])
    assert applying.apply(answer, "例示 職員", NOW).refused == 1
    answer.refresh_from_db()
    assert not any(word in str(answer.entries) for word in ("再掲", "erased"))
    assert "佐藤 三郎" in str(answer.entries)
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 4件、新しい方 2件"


def test_an_answer_without_the_one_who_was_refused_can_be_applied_once_more() -> None:
    sheet = city()
    suppressed(f"erased@{CITY}", Suppression.Reason.ERASED)
    answer = answered(sheet, {}, [AGAIN, NEW])
    applying.apply(answer, "例示 職員", NOW)
    answer.refresh_from_db()
    applying.take_back(answer, "例示 職員", NOW)
    answer.refresh_from_db()
    sheet.member.contributors.filter(email=f"erased@{CITY}").delete()
    plan = applying.plan(answer, NOW)
    assert [row.verdict for row in plan.rows][-2:] == [applying.NOTHING, "登録"]
    assert applying.apply(answer, "例示 職員", NOW).added == 1
    assert not sheet.member.contributors.filter(email__in=("", f"erased@{CITY}")).exists()


def test_an_applied_answer_keeps_its_counts_only_30_days_after_the_round_was_closed() -> None:
    sheet = city()
    answer = answered(sheet, {"j-suzuki": FOLLOWS, "hanako": Typed("leave")}, [NEW])
    applying.apply(answer, "例示 職員", NOW)
    rounds.close(sheet.round, "例示 職員", NOW + 10 * DAY)
    assert tidying.tidy(NOW + 39 * DAY)["answers"] == 0
    answer.refresh_from_db()
    assert all(word in str(answer.entries) for word in WORDS)
    assert answer.former_contributors["before"]
    assert tidying.look(NOW + 41 * DAY)["answers"] == 1
    assert tidying.tidy(NOW + 41 * DAY)["answers"] == 1
    answer.refresh_from_db()
    assert not any(word in f"{answer.entries}{answer.former_contributors}" for word in (*WORDS, "花子"))
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 2件、外す 1件、変更 1件、新しい方 1件"
    [changed] = [entry for entry in answers.entries_of(answer) if entry.choice is Choice.CHANGE]
    assert RosterLine.objects.get(sheet=sheet, number=changed.number).subscriber.address == f"j-suzuki@{CITY}"
    assert applying.is_applied(answer)
    assert tidying.look(NOW + 42 * DAY)["answers"] == 0
    assert Subscriber.objects.filter(address=f"s-sato@{CITY}").exists()


def test_what_was_applied_late_can_be_taken_back_for_its_30_days() -> None:
    sheet = city()
    answer = answered(sheet, {}, [NEW])
    applying.apply(answer, "例示 職員", NOW + 20 * DAY)
    RosterRound.objects.update(closed_at=NOW)
    assert tidying.tidy(NOW + 45 * DAY)["answers"] == 0
    answer.refresh_from_db()
    applying.take_back(answer, "例示 職員", NOW + 45 * DAY)
    assert not Subscriber.objects.filter(address=f"s-sato@{CITY}").exists()


def test_what_is_not_in_force_keeps_nothing_so_that_nobody_applies_it() -> None:
    sheet = city()
    answer = answered(sheet, {}, [NEW])
    run = applying.apply(answer, "例示 職員", NOW).run
    undo.undo(run, "例示 職員", NOW)  # by undo-import: the answer itself does not know
    rounds.close(sheet.round, "例示 職員", NOW)
    tidying.tidy(NOW + 31 * DAY)
    answer.refresh_from_db()
    assert answer.entries == []


def test_a_round_that_nobody_closes_is_closed_half_a_year_after_its_deadline() -> None:
    sheet = city()
    answered(sheet, {}, [NEW])
    late = NOW + (sheet.round.deadline - date(2027, 3, 1)) + 180 * DAY
    assert tidying.look(late)["answers"] == 0
    assert tidying.look(late + 2 * DAY)["answers"] == 1
    assert RosterRound.objects.get().closed_at is None
    assert tidying.tidy(late + 2 * DAY)["answers"] == 1
    assert RosterRound.objects.get().closed_by == "自動（期限から180日）"
    assert RosterAnswer.objects.get().entries == []
