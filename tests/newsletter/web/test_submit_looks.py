"""The members' door in a real browser: once without JavaScript, once under axe-core, narrow and wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from feeds.models import Submission
from tests.browser import Chromium, blocked_by_policy, check, follow
from tests.feeds.submission_parts import an_image
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.submit_parts import page as link

pytestmark = pytest.mark.browser

ANSWERS = {
    "title": "環境フェアを開催します",
    "body": "1段落目です。\n\n2段落目です。",
    "event_starts_on": "令和8年12月5日（土）",
    "photo_alt": "湖で水を調べる小学生",
    "photo_credit": "©見本市",
    "contact_name": "見本 花子",
    "contact_email": "hanako@city.example.lg.jp",
}


@pytest.fixture
def form(served: str, idle_office: None, settings: Any, tmp_path: Path) -> str:
    """The address of a member's form on a running application."""
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()
    return f"{served}{link()}"


def fill(page: Page, photo: Path, answers: dict[str, str]) -> None:
    for name, text in answers.items():
        page.fill(f"[name={name}]", text)
    page.check("[name=sdgs][value='13']")
    page.check("[name=photo_for_mail]")
    page.set_input_files("[name=photo]", photo)


def test_a_member_sends_a_photo_without_javascript(form: str, tmp_path: Path, chromium: Chromium) -> None:
    photo = tmp_path / "写真.jpg"
    photo.write_bytes(an_image())
    with chromium.page(scripts=False) as page:
        page.goto(form)
        fill(page, photo, ANSWERS)
        follow(page, "button[value=check]")
        assert "まだ送信されていません" in page.inner_text("main")
        follow(page, "button[value=edit]")
        assert page.input_value("[name=event_starts_on]") == ANSWERS["event_starts_on"]
        follow(page, "button[value=check]")
        follow(page, "button[value=send]")
        assert urlsplit(page.url).path.endswith("/sent/")
        assert "投稿を受け付けました" in page.inner_text("main")
    submission = Submission.objects.get()
    assert (submission.title, submission.sdgs, bool(submission.photo)) == (ANSWERS["title"], [13], True)


@pytest.mark.parametrize("width", [360, 1200])
def test_every_page_of_the_door_can_be_used_by_everybody(
    form: str, tmp_path: Path, width: int, chromium: Chromium
) -> None:
    photo = tmp_path / "写真.jpg"
    photo.write_bytes(an_image())
    with chromium.page(width) as page:
        complaints = blocked_by_policy(page)
        page.goto(form)
        check(page, width)
        fill(page, photo, ANSWERS | {"event_starts_on": "12/5", "contact_email": "hanako"})
        follow(page, "button[value=check]")
        check(page, width)
        page.click(".notice--error a >> nth=0")  # the summary leads to the field
        assert page.evaluate("document.activeElement.name") == "event_starts_on"
        fill(page, photo, ANSWERS)
        follow(page, "button[value=check]")
        check(page, width)
        follow(page, "button[value=send]")
        check(page, width)
        page.goto(form)
        check(page, width)
        follow(page, "#own a.button--quiet")
        check(page, width)
        page.goto(f"{form[:-5]}/")
        check(page, width)
        assert complaints == []
