"""宛先の確認 at the desk: who may do what, each step asked first, an answer applied by a person and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from newsletter.models import Letter, RosterAnswer, RosterRound, RosterSheet
from newsletter.roster import files
from newsletter.roster.questions import Typed
from subscribers.models import ImportRun, Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.roster.parts import CITY, answered, city, open_sheet
from tests.newsletter.web.submit_parts import text_of

pytestmark = pytest.mark.django_db
BOARD, MEMBER = "/staff/roster/", "/staff/roster/of/kitakyushu/"
NEW = Typed(name="佐藤 三郎", address=f"s-sato@{CITY}", consented=True)


@pytest.fixture
def sheet() -> RosterSheet:
    return open_sheet()


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("hanako", last_name="例示", first_name="職員"))
    return client


def test_only_colleagues_with_the_permission_see_and_do_it(client: Client, sheet: RosterSheet) -> None:
    assert client.get(BOARD).status_code == 302
    colleague = User.objects.create_user("jiro", is_staff=True)
    client.force_login(colleague)
    assert client.get(BOARD).status_code == 403
    colleague.user_permissions.add(Permission.objects.get(codename="view_subscriber"))
    assert client.get(BOARD).status_code == client.get(MEMBER).status_code == 200
    answer = answered(sheet, {}, [NEW])
    for path in ("open/", "send/", "remind/", "close/"):
        assert client.post(f"{BOARD}{path}").status_code == 403
    for path in ("apply/", "take-back/", "take-in/"):
        assert client.post(f"{MEMBER}{path}", {"answer": answer.pk}).status_code == 403
    # This is enough to ask the members, not to strike anybody off.
    colleague.user_permissions.add(Permission.objects.get(codename="add_subscriber"))
    for path in ("apply/", "take-back/"):
        assert client.post(f"{MEMBER}{path}", {"answer": answer.pk}).status_code == 403
    assert "/apply/" not in client.get(MEMBER).content.decode()


def test_a_round_is_opened_sent_after_a_look_and_closed(desk: Client) -> None:
    city()
    RosterRound.objects.all().delete()
    wrong = text_of(desk.post(f"{BOARD}open/", {"year": "2027", "deadline": "きのう"}, follow=True))
    assert "読めません" in wrong
    deadline = timezone.localdate() + timedelta(days=20)
    page = desk.post(f"{BOARD}open/", {"year": "2027", "deadline": deadline.isoformat()}, follow=True)
    assert "2027年度 宛先の確認を始めました。" in text_of(page)
    assert "未送付" in text_of(page)
    asked = desk.get(f"{BOARD}send/")
    assert "北九州市　例示 花子" in text_of(asked)
    assert not Letter.objects.exists()
    sent = text_of(desk.post(f"{BOARD}send/", follow=True))
    assert "1人にメールを送ります。" in sent
    assert "送付済 1" in sent
    assert Letter.objects.get().kind == "roster"
    desk.post(f"{BOARD}send/")
    assert Letter.objects.count() == 1
    assert "締める" in text_of(desk.get(f"{BOARD}close/"))
    assert "締めました" in text_of(desk.post(f"{BOARD}close/", follow=True))
    assert RosterRound.objects.get().closed_by == "例示 職員"


def test_the_plan_is_shown_row_by_row_and_applied_in_the_persons_name(desk: Client, sheet: RosterSheet) -> None:
    answer = answered(sheet, {"t-yamada": Typed("leave")}, [NEW])
    text = text_of(desk.get(MEMBER))
    for words in ("異動・退職のため外す", f"佐藤 三郎、s-sato@{CITY}", "登録 1件、更新 0件、外す 1件、拒否 0件"):
        assert words in text
    assert not ImportRun.objects.exists()
    done = text_of(desk.post(f"{MEMBER}apply/", {"answer": answer.pk}, follow=True))
    assert "反映しました。登録 1件" in done
    assert ImportRun.objects.get().operator == "例示 職員"
    again = text_of(desk.post(f"{MEMBER}apply/", {"answer": answer.pk}, follow=True))
    assert "もう反映してあります" in again
    back = text_of(desk.post(f"{MEMBER}take-back/", {"answer": answer.pk}, follow=True))
    assert "前に戻しました" in back
    assert not Subscriber.objects.filter(address=f"s-sato@{CITY}").exists()


def test_an_answer_that_came_while_the_page_was_open_is_not_applied_unseen(desk: Client, sheet: RosterSheet) -> None:
    seen = answered(sheet, {"t-yamada": Typed("leave")})
    answered(sheet, {"j-suzuki": Typed("leave")})
    assert "新しい回答が届いています" in text_of(desk.post(f"{MEMBER}apply/", {"answer": seen.pk}, follow=True))
    assert not ImportRun.objects.exists()


def test_an_excel_form_that_came_by_mail_becomes_an_answer_or_is_told_row_by_row(
    desk: Client, sheet: RosterSheet
) -> None:
    def handed_in(content: bytes) -> str:
        upload = SimpleUploadedFile("回答.xlsx", content)
        return text_of(desk.post(f"{MEMBER}take-in/", {"file": upload}, follow=True))

    form = desk.get(f"{MEMBER}form.xlsx")
    assert form.content[:2] == b"PK"
    assert "回答者のお名前" in handed_in(files.form_of(sheet))  # nobody wrote who answers
    assert not RosterAnswer.objects.exists()
    assert "読めません" in handed_in(b"PK\x03\x04nothing")
    assert "選んでください" in text_of(desk.post(f"{MEMBER}take-in/", follow=True))


@pytest.mark.parametrize("path", ["/staff/roster/of/nobody/", "/staff/roster/of/kitakyushu/"])
def test_a_member_without_a_sheet_has_no_page(desk: Client, path: str) -> None:
    load_profile()
    assert desk.get(path).status_code == 404


def test_the_board_says_nothing_of_who_opened_a_letter(desk: Client, sheet: RosterSheet) -> None:
    assert "開封したかどうかは記録していません" in text_of(desk.get(BOARD))


def test_looking_changes_nothing(desk: Client, sheet: RosterSheet) -> None:
    answered(sheet, {"t-yamada": Typed("leave")}, [NEW])

    def everything() -> list[Any]:
        return [
            list(m.objects.values()) for m in (RosterRound, RosterSheet, RosterAnswer, Letter, Subscriber, ImportRun)
        ]

    before = everything()
    for path in (BOARD, f"{BOARD}send/", f"{BOARD}remind/", f"{BOARD}close/", MEMBER, f"{MEMBER}form.xlsx"):
        assert desk.get(path).status_code == 200
    for path in ("apply/", "take-back/", "take-in/"):
        assert desk.get(f"{MEMBER}{path}").status_code == 405
    assert everything() == before


def test_the_first_screen_says_whose_answer_waits(desk: Client, sheet: RosterSheet) -> None:
    assert "反映待ち 0件" in text_of(desk.get("/staff/"))
    answered(sheet, {"t-yamada": Typed("leave")})
    text = text_of(desk.get("/staff/"))
    assert "反映待ち 1件" in text
    assert f'href="{MEMBER}"' in text
    RosterRound.objects.update(closed_at=timezone.now())
    assert "反映待ち" not in text_of(desk.get("/staff/"))
