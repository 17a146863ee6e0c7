"""The pages in a real browser against `newsletter serve`: everything works without JavaScript, for everybody.

The flows run with JavaScript switched off, one of them by keyboard alone. Then every public page is looked at by
axe-core, narrow and wide. Whatever the console complains of fails the test.
"""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Response

from newsletter.demo import sample_photo
from tests.acceptance import month, stages
from tests.acceptance.instance import Instance
from tests.acceptance.stages import Stages
from tests.browser import NARROW_AND_WIDE, Chromium, check, follow, tab_to
from tests.smtp_server import ReceivingServer, receiving

pytestmark = [pytest.mark.acceptance, pytest.mark.browser]

NEWCOMER = "hanako@city.example.lg.jp"
STAFF, PASSWORD = "mihon", "a long password for the tests"


@dataclass
class Site:
    """A running installation with a sent issue, its relay, and a browser."""

    instance: Instance
    relay: ReceivingServer
    chromium: Chromium
    address: str
    complaints: list[str] = field(default_factory=list)

    def page(self, *, scripts: bool = False, width: int = 1200) -> Page:
        """A new visitor; whatever the console or a response complains of is kept."""
        context = self.chromium.browser.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": 800}, locale="ja-JP"
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._on_response)
        return page

    def _on_console(self, message: ConsoleMessage) -> None:
        # A form that was filled in wrongly is answered 422, and the browser says so.
        if message.type in ("error", "warning") and "422" not in message.text:
            self.complaints.append(f"{message.text} {message.location}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status != 422:
            self.complaints.append(f"{response.status} {response.url}")

    def letter_to(self, address: str, words: str) -> str:
        """The text of the newest letter to `address` whose subject has the words; the office's worker sends it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for mail in reversed(list(self.relay.received)):
                message = email.message_from_bytes(mail.content, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                if mail.recipients == (address,) and words in message["Subject"]:
                    body = message.get_body(("plain",))
                    assert body is not None
                    return str(body.get_content())
            self.instance.run("letters", "send")
        raise AssertionError(f"no letter 「{words}」 to {address}")

    def link(self, text: str, kind: str) -> str:
        found = re.search(rf"{re.escape(self.address)}/{kind}/\S+", text)
        assert found, text
        return found[0]


@pytest.fixture(scope="module")
def running(sqlite_stages: Stages, tmp_path_factory: pytest.TempPathFactory, chromium: Chromium) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("browser")
    instance = sqlite_stages.copy(stages.SUGGESTED, folder / "var")
    instance.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    month.import_readers(instance, folder, 3)
    month.approve_issue(instance)  # here, so that what is frozen names this server
    instance.run("manage", "createsuperuser", "--noinput", "--username", STAFF, "--email", "mihon@example.jp")
    with receiving() as relay:
        instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{relay.port}"
        instance.run("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")
        with instance.serving() as address:
            yield Site(instance, relay, chromium, address)


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The running site; a test that left a complaint in the console fails."""
    running.complaints.clear()
    with running.chromium.awake() as browser:
        yield running
        for context in list(browser.contexts):
            context.close()
    assert running.complaints == []


def main_text(page: Page) -> str:
    return page.inner_text("main")


# ------------------------------------------------------------ readers, by keyboard alone
def test_a_reader_subscribes_confirms_chooses_leaves_and_comes_back_by_keyboard(site: Site) -> None:
    page = site.page()
    page.goto(f"{site.address}/")
    tab_to(page, "main a[href$='/subscribe/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/subscribe/")
    tab_to(page, "[name=email]")
    page.keyboard.type("ｈａｎａｋｏ＠")
    page.keyboard.press("Enter")  # a mistake: said in words, nothing typed is lost
    page.wait_for_selector("[role=alert]")
    tab_to(page, "[name=email]")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("ｈａｎａｋｏ＠city.example.lg.jp")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/subscribe/sent/")
    assert NEWCOMER not in page.url

    letter = site.letter_to(NEWCOMER, "確認")
    page.goto(site.link(letter, "c"))
    assert "登録を完了する" in main_text(page)
    assert state_of(site, NEWCOMER) == "pending"  # opening the page confirms nothing
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--done")
    assert state_of(site, NEWCOMER) == "active"

    tab_to(page, "main a[href*='/p/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/**")
    tab_to(page, "[name=format]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    page.wait_for_url("**?saved=1")
    assert page.is_checked("[name=format][value=text]")

    tab_to(page, "main a[href*='/u/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/u/**")
    assert state_of(site, NEWCOMER) == "active"  # opening the page stops nothing
    tab_to(page, "main button.button--danger")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--done")
    assert state_of(site, NEWCOMER) == "left"
    tab_to(page, "main button")
    page.keyboard.press("Enter")  # これまでどおり受け取る
    page.wait_for_url("**?back=1")
    assert state_of(site, NEWCOMER) == "active"


def state_of(site: Site, address: str) -> str:
    return str(month.report(site.instance, "subscribers", "show", address)["subscriber"]["state"])


def test_the_answer_is_the_same_whether_or_not_the_address_is_known(site: Site) -> None:
    pages = []
    for address in (month.reader(1), "nobody.knows.me@example.jp"):
        page = site.page()
        page.goto(f"{site.address}/subscribe/")
        page.fill("[name=email]", address)
        follow(page, "main button")
        page.wait_for_url("**/subscribe/sent/")
        pages.append(page.content())
    assert pages[0] == pages[1]


# ------------------------------------------------------------ members
def test_a_member_sends_news_gets_it_back_and_sends_it_corrected(site: Site, tmp_path: Path) -> None:
    photo = tmp_path / "写真.jpg"
    photo.write_bytes(sample_photo.as_jpeg())
    link = month.report(site.instance, "submissions", "link", "札幌市")["url"]
    page = site.page()
    page.goto(link)
    answers = {"title": "雪まつりの電力をすべて再生可能エネルギーに", "body": "1段落目です。\n\n2段落目です。",
               "event_starts_on": "12/5", "photo_alt": "雪像を照らす明かり", "photo_credit": "©札幌市",
               "contact_name": "見本 花子", "contact_email": "kankyo@city.example.lg.jp"}  # fmt: skip
    for name, text in answers.items():
        page.fill(f"[name={name}]", text)
    page.check("[name=photo_for_mail]")
    page.check("[name=photo_for_web]")
    page.set_input_files("[name=photo]", photo)
    follow(page, "button[value=check]")
    assert "年" in page.inner_text(".notice--error")  # 12/5 lacks its year
    assert page.input_value("[name=title]") == answers["title"]
    page.fill("[name=event_starts_on]", "令和8年12月5日")
    follow(page, "button[value=check]")  # the photo was kept meanwhile
    assert "まだ送信されていません" in main_text(page)
    assert page.locator("main img").count() == 1
    follow(page, "button[value=send]")
    page.wait_for_url("**/sent/**")

    [received] = [row for row in month.report(site.instance, "submissions", "list") if row["title"] == answers["title"]]
    number = str(received["number"])
    site.letter_to(answers["contact_email"], "受け付け")
    site.instance.run("submissions", "return", number, "--reason", "会場を書き足してください。", "--by", "編集")
    page.goto(site.link(site.letter_to(answers["contact_email"], "修正のお願い"), "s"))
    assert "会場を書き足してください。" in main_text(page)
    follow(page, "#own a:has-text('直して送る')")
    assert "会場を書き足してください。" in main_text(page)
    assert page.input_value("[name=title]") == answers["title"]
    page.fill("[name=body]", "会場は大通公園です。")
    follow(page, "button[value=check]")
    follow(page, "button[value=send]")
    page.wait_for_url("**/sent/**")
    again = month.report(site.instance, "submissions", "show", number)
    assert (again["state"], again["body"]) == ("received", "会場は大通公園です。")


# ------------------------------------------------------------ old issues, the office
def test_old_issues_can_be_read_as_page_text_and_feed(site: Site) -> None:
    page = site.page()
    page.goto(f"{site.address}/archive/")
    follow(page, f"main a[href$='/archive/{month.MONTH}/']")
    assert "【東京都】" in page.inner_text("body").replace("\u200b", "")
    page.goto(f"{site.address}/archive/")
    follow(page, f"main a[href$='/archive/{month.MONTH}/text/']")
    assert "【東京都】" in page.inner_text("body")
    assert "slot.invalid" not in page.content()
    feed = page.request.get(f"{site.address}/archive/feed.atom")
    assert f"/archive/{month.MONTH}/" in feed.text()


def test_staff_log_in_and_see_the_desk(site: Site) -> None:
    page = site.page()
    page.goto(f"{site.address}/staff/")
    page.wait_for_url("**/staff/login/**")
    log_in(page, "wrong password")
    assert page.locator("[role=alert], .notice--error").count()
    log_in(page, PASSWORD)
    page.wait_for_url("**/staff/")
    assert page.locator("h1").count() == 1
    page.goto(f"{site.address}/admin/newsletter/campaign/")
    assert "403" not in page.title()
    page.goto(f"{site.address}/staff/")
    follow(page, "text=ログアウト")
    page.goto(f"{site.address}/staff/")
    page.wait_for_url("**/staff/login/**")


def log_in(page: Page, password: str) -> None:
    page.fill("[name=username]", STAFF)
    page.fill("[name=password]", password)
    follow(page, "main button")


# ------------------------------------------------------------ for everybody
@pytest.mark.parametrize("width", NARROW_AND_WIDE)
def test_every_page_can_be_used_by_everybody_narrow_and_wide(site: Site, width: int) -> None:
    message = email.message_from_bytes(site.relay.received[0].content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    text = str(body.get_content())
    pages = [
        *(f"{site.address}{path}" for path in ("/", "/subscribe/", "/subscribe/sent/", "/archive/", "/staff/login/",
                                               f"/archive/{month.MONTH}/", f"/archive/{month.MONTH}/text/")),
        site.link(text, "u"), site.link(text, "p"),
        month.report(site.instance, "submissions", "link", "札幌市")["url"],
    ]  # fmt: skip
    page = site.page(scripts=True, width=width)
    for address in pages:
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok
        if address.endswith("/text/"):  # plain text: there is nothing for axe-core to look at
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        else:
            check(page, width)
    page.goto(f"{site.address}/subscribe/")
    page.fill("[name=email]", "taro")
    follow(page, "main button")
    page.wait_for_selector("[role=alert]")
    check(page, width)
    page.goto(f"{site.address}/staff/login/")
    log_in(page, PASSWORD)
    page.wait_for_url("**/staff/")
    check(page, width)
