"""Links are looked at, remembered for a day, and looked at again before sending; a page that is gone holds it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner
from django.utils import timezone
from pytest_django import Settings

from newsletter import campaigns, editions, issues, sending, tasks
from newsletter.cli import main
from newsletter.errors import ProofError
from newsletter.models import Campaign, Edition, Issue, LinkCheck
from newsletter.proofing import gate, link_checks
from newsletter.proofing.link_checks import Fate
from tests.newsletter import books
from tests.newsletter.issue_parts import NOW, load_profile, member_entry

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=3)


class Site(ThreadingHTTPServer):
    """Two pages whose words and status the test chooses."""

    def __init__(self) -> None:
        self.pages = {"/a": (200, "ページの本文"), "/b": (200, "もう一つのページ")}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                site.asked.append(self.path)
                status, words = site.pages[self.path]
                body = f"<p>{words}</p>".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_GET = do_HEAD = answer  # noqa: N815  as http.server wants them

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    settings.CHECK_LINKS = settings.FEEDS_ALLOW_LOOPBACK = True
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def issue(site: Site) -> Issue:
    load_profile()
    opened = issues.open_issue(date(2026, 11, 1))
    text = f"詳しくは {site.url('/b')} をご覧ください。"
    issues.place(opened, member_entry("計画", url=site.url("/a")), text=text)
    return opened


@pytest.fixture
def campaign(issue: Issue) -> Campaign:
    """Looked at, approved by two persons, planned, with a reader."""
    link_checks.check_unfinished(NOW)
    edition = editions.make_edition(issue, "起案 一郎", NOW)
    for person in ("承認 花子", "承認 次郎"):
        editions.approve(edition, person, NOW)
    books.readers(1)
    return campaigns.plan(Edition.objects.get(pk=edition.pk), "配信 三郎", NOW)


# ------------------------------------------------------------ looking
def test_links_of_the_texts_and_behind_the_items_are_looked_at(issue: Issue, site: Site) -> None:
    assert link_checks.links_of(issue) == {site.url("/a"): (1,), site.url("/b"): (1,)}
    checks = link_checks.check(link_checks.links_of(issue), NOW)
    assert [(check.problem, check.gone, bool(check.fingerprint)) for check in checks] == [("", False, True)] * 2


def test_a_look_is_remembered_for_a_day(issue: Issue, site: Site) -> None:
    link_checks.check_unfinished(NOW)
    site.asked.clear()
    link_checks.check_unfinished(NOW + timedelta(hours=23))
    assert site.asked == []
    link_checks.check_unfinished(NOW + timedelta(hours=25))
    assert set(site.asked) == {"/a", "/b"}


def test_the_clock_looks_at_the_links(issue: Issue) -> None:
    tasks.check_links()
    assert LinkCheck.objects.count() == 2


def test_old_looks_are_thrown_away(issue: Issue, site: Site) -> None:
    LinkCheck.objects.create(url=site.url("/a"), checked_at=NOW - timedelta(days=121))
    link_checks.check_unfinished(NOW)
    assert not LinkCheck.objects.filter(checked_at__lt=NOW).exists()


def test_a_gone_page_is_an_error_of_the_proofreading(issue: Issue, site: Site) -> None:
    site.pages["/b"] = (404, "")
    link_checks.check_unfinished(NOW)
    found = [remark for remark in gate.proofread(issue) if remark.finding.rule == "url-dead"]
    assert [remark.finding.found for remark in found] == [site.url("/b")]
    assert found[0].stops
    site.pages["/b"] = (200, "また出ました")
    link_checks.check(link_checks.links_of(issue), LATER)
    assert not [remark for remark in gate.proofread(issue) if remark.finding.rule == "url-dead"]


def test_a_machine_that_is_cut_off_calls_no_page_gone(issue: Issue, settings: Settings) -> None:
    settings.FEEDS_ALLOW_LOOPBACK = False  # so that not one of the pages can be reached
    checks = link_checks.check(link_checks.links_of(issue), NOW)
    assert {(check.gone, check.problem) for check in checks} == {(False, link_checks.CUT_OFF)}


def test_the_command_tells_each_link(issue: Issue, site: Site) -> None:
    site.pages["/b"] = (404, "")
    result = CliRunner().invoke(main, ["issue", "links"])
    assert result.exit_code == 1
    assert f"○ 1番 {site.url('/a')}\n" in result.stdout
    assert f"✕ 1番 {site.url('/b')} ページが見つかりません（404）。\n" in result.stdout
    assert "リンク 2件、開けない 1件、確かめられない 0件" in result.stdout


# ------------------------------------------------------------ before sending
def test_nothing_is_said_when_the_pages_are_as_they_were(campaign: Campaign) -> None:
    assert link_checks.before_sending(campaign, LATER) == []


def test_a_page_that_changed_since_the_approval_holds_the_campaign_until_a_person_accepts_it(
    campaign: Campaign, site: Site
) -> None:
    site.pages["/a"] = (200, "書き換えられた本文")
    with pytest.raises(ProofError, match="承認のあとで、ページの内容が変わっています"):
        link_checks.before_sending(campaign, LATER)
    link_checks.accept(campaign, "配信 三郎", "日付が加わっただけです", LATER)
    (moved,) = link_checks.before_sending(campaign, LATER)
    assert (moved.url, moved.items, moved.fate) == (site.url("/a"), (1,), Fate.CHANGED)
    site.pages["/a"] = (404, "")  # a yes to the change is no yes to a page that is gone
    with pytest.raises(ProofError, match="404"):
        link_checks.before_sending(campaign, LATER)


def test_a_server_in_trouble_is_told_and_holds_nothing(campaign: Campaign, site: Site) -> None:
    site.pages["/a"] = (503, "")
    assert [moved.fate for moved in link_checks.before_sending(campaign, LATER)] == [Fate.UNSURE]


def test_a_page_that_is_gone_holds_the_campaign_until_a_person_accepts_it(campaign: Campaign, site: Site) -> None:
    site.pages["/a"] = (404, "")
    with pytest.raises(ProofError) as held:
        link_checks.before_sending(campaign, LATER)
    assert f"1番 {site.url('/a')} ページが見つかりません（404）。" in str(held.value)
    assert f"newsletter campaign send --campaign {campaign.pk} --accept-links" in str(held.value)
    link_checks.accept(campaign, "配信 三郎", "別の場所に移す予定です", LATER)
    assert [moved.fate for moved in link_checks.before_sending(campaign, LATER)] == [Fate.GONE]
    (decision,) = gate.decided(campaign.edition.issue)
    assert (decision.rule, decision.found, decision.person) == ("url-dead", site.url("/a"), "配信 三郎")


def test_at_its_hour_a_campaign_with_a_gone_page_waits_for_a_person(campaign: Campaign, site: Site) -> None:
    site.pages["/a"] = (404, "")
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=timezone.now() - timedelta(minutes=1))
    sending.continue_campaigns()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.starts_at) == (Campaign.State.PLANNED, None)
    assert "承認のあとで消えたか変わった" in campaign.pause_reason


def test_a_rehearsal_and_a_machine_without_checks_look_at_nothing(
    campaign: Campaign, site: Site, settings: Settings
) -> None:
    site.asked.clear()
    campaign.rehearsal = True
    assert link_checks.before_sending(campaign, LATER) == []
    campaign.rehearsal, settings.CHECK_LINKS = False, False
    assert link_checks.before_sending(campaign, LATER) == []
    assert link_checks.check_unfinished(LATER) == []
    assert site.asked == []
