"""宛先の確認 in a real browser, the member's page and the desk's: without JavaScript, by keyboard, under axe-core."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from newsletter.models import RosterAnswer
from newsletter.roster import answers, files, rounds
from newsletter.roster.questions import Typed
from subscribers.models import Subscriber
from tests.browser import NARROW_AND_WIDE, Chromium, blocked_by_policy, check, follow, session_of
from tests.newsletter.roster.parts import CITY, answered, number_of, open_sheet

pytestmark = pytest.mark.browser
DESK = ("", "send/", "remind/", "close/", "of/kitakyushu/")


@pytest.fixture
def site(served: str, idle_office: None) -> str:
    return served


def test_an_officer_answers_without_javascript_and_then_in_excel(site: str, tmp_path: Path, chromium: Chromium) -> None:
    sheet = open_sheet()
    taro, jiro = number_of(sheet, "t-yamada"), number_of(sheet, "j-suzuki")
    path, form = urlsplit(rounds.link(sheet)).path, tmp_path / "form.xlsx"
    form.write_bytes(files.form_of(sheet))
    with chromium.page(scripts=False) as page:
        page.goto(f"{site}{path}")
        page.focus(f"[name=choice-{taro}][value=stay]")
        page.keyboard.press("ArrowDown")
        page.check(f"[name=choice-{jiro}][value=change]")
        page.click(f"li:has([name=choice-{jiro}]) summary")
        page.fill(f"[name=department-{jiro}]", "環境政策課")
        page.fill("[name=name-new-1]", "佐藤 三郎")
        page.fill("[name=address-new-1]", f"s-sato@{CITY}")
        follow(page, "button[value=more]")
        page.check("[name=consented-new-1]")
        page.fill("[name=by_name]", "例示 花子")
        follow(page, "button[value=check]")
        assert "まだ送信されていません" in page.inner_text("main")
        follow(page, "button[value=edit]")
        assert page.input_value("[name=name-new-1]") == "佐藤 三郎"
        assert page.is_checked(f"[name=choice-{taro}][value=leave]")
        follow(page, "button[value=check]")
        follow(page, "button[value=send]")
        assert "回答を受け付けました" in page.inner_text("h1")
        page.goto(f"{site}{path}")
        page.set_input_files("[name=file]", form)
        follow(page, "button[value=file]")
        assert "回答者のお名前" in page.inner_text("[role=alert]")
    [answer] = RosterAnswer.objects.all()
    assert answers.summary(answers.entries_of(answer)) == "変わりなし 2件、外す 1件、変更 1件、新しい方 1件"


@pytest.mark.parametrize("width", [360, 1200])
def test_the_members_page_can_be_used_by_everybody(site: str, width: int, chromium: Chromium) -> None:
    sheet = open_sheet()
    taro, jiro = number_of(sheet, "t-yamada"), number_of(sheet, "j-suzuki")
    path = urlsplit(rounds.link(sheet)).path
    with chromium.page(width) as page:
        complaints = blocked_by_policy(page)
        page.goto(f"{site}{path}")
        check(page, width)
        page.check(f"[name=choice-{jiro}][value=change]")
        page.click(f"li:has([name=choice-{jiro}]) summary")
        page.fill(f"[name=address-{jiro}]", "jiro")
        page.fill("[name=name-new-1]", "佐藤 三郎")
        follow(page, "button[value=check]")
        check(page, width)
        page.click(".notice--error a >> nth=0")
        assert page.evaluate("document.activeElement.name") == f"address-{jiro}"
        page.fill(f"[name=address-{jiro}]", f"s-takahashi-with-a-rather-long-name@{CITY}")
        page.check(f"[name=consented-{jiro}]")
        page.check(f"[name=choice-{taro}][value=leave]")
        page.fill("[name=name-new-1]", "")
        page.fill("[name=by_name]", "例示 花子")
        follow(page, "button[value=check]")
        check(page, width)
        follow(page, "button[value=send]")
        check(page, width)
        page.goto(f"{site}{path}")
        check(page, width)
        follow(page, "button[value=file]")
        check(page, width)
        page.goto(f"{site}{path[:-4]}/")
        check(page, width)
        assert complaints == []


def test_the_desk_can_be_used_by_everybody(site: str, chromium: Chromium) -> None:
    sheet = open_sheet()
    rounds.send([sheet], timezone.now() - timedelta(days=2))
    new = Typed(name="佐藤 三郎", department="環境課", address="s-sato@example.jp", consented=True)
    answered(sheet, {"t-yamada": Typed("leave"), "kankyo": Typed("change", department="環境政策課")}, [new])
    colleague = Client()
    colleague.force_login(User.objects.create_superuser("hanako"))
    Subscriber.objects.create(
        address="x@gmail.com",
        address_key="x@gmail.com",
        fingerprint="x",
        state="active",
        municipality=sheet.member.code,
    )
    for width in NARROW_AND_WIDE:
        with chromium.page(width, cookies=[session_of(colleague, site)]) as page:
            for path in DESK:
                page.goto(f"{site}/staff/roster/{path}")
                check(page, width)
