"""The proofreading on the desk: staff see the findings and answer them; nobody else does."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from newsletter import issues
from newsletter.models import Issue, ProofDecision
from newsletter.proofing import gate
from tests.newsletter.issue_parts import load_profile, member_entry
from tests.newsletter.web.list_parts import colleague, logged_in

pytestmark = pytest.mark.django_db
PAGE = "/staff/issues/2026-11/proof/"


@pytest.fixture
def issue() -> Issue:
    load_profile()
    opened = issues.open_issue(date(2026, 11, 1))
    issues.place(opened, member_entry("計画"), text="武内 和久市長が<b>話しました</b>。")
    return opened


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(colleague(permissions=("change_issue",)))
    return client


def key_of(issue: Issue) -> str:
    return next(r.finding.key for r in gate.proofread(issue) if r.finding.rule == "head-space")


def test_a_visitor_is_sent_to_the_login(client: Client, issue: Issue) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.post(PAGE, {"verb": "fix", "key": key_of(issue)}).status_code == 302
    assert gate.proofread(issue)


def test_an_account_that_is_no_colleagues_any_more_sees_nothing(issue: Issue) -> None:
    former = logged_in(colleague(permissions=("change_issue",), is_staff=False))
    assert former.get(PAGE).status_code == 403
    assert former.post(PAGE, {"verb": "fix", "key": key_of(issue), "choice": "1"}).status_code == 403


def test_a_colleague_without_the_permission_reads_and_changes_nothing(issue: Issue) -> None:
    reading_one = logged_in(colleague(permissions=()))
    answer = reading_one.get(PAGE)
    assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True)
    assert 'name="verb"' not in answer.content.decode()
    assert reading_one.post(PAGE, {"verb": "fix", "key": key_of(issue), "choice": "1"}).status_code == 403
    assert issues.find_placement(issue, 1).text.startswith("武内 和久市長")


def test_the_page_shows_place_reason_and_fix(staff: Client, issue: Issue) -> None:
    page = staff.get(PAGE).content.decode()
    assert "<mark>武内 和久</mark>市長が&lt;b&gt;話しました" in page
    assert "首長の氏名の中の空白" in page
    assert "「武内和久」に直す" in page
    assert "根拠：" in page


def test_a_fix_is_applied(staff: Client, issue: Issue) -> None:
    answer = staff.post(PAGE, {"verb": "fix", "key": key_of(issue), "choice": "1"}, follow=True)
    assert "1番の本文を直しました。" in answer.content.decode()
    assert issues.find_placement(issue, 1).text.startswith("武内和久市長")


def test_a_finding_is_ignored_with_a_reason_and_taken_back(staff: Client, issue: Issue) -> None:
    key = key_of(issue)
    refused = staff.post(PAGE, {"verb": "ignore", "key": key, "reason": " "}, follow=True)
    assert "理由を書いてください" in refused.content.decode()
    staff.post(PAGE, {"verb": "ignore", "key": key, "reason": "碑文の引用"})
    decision = ProofDecision.objects.get()
    assert (decision.person, decision.reason) == ("hanako", "碑文の引用")
    assert "人が決めたもの" in staff.get(PAGE).content.decode()
    staff.post(PAGE, {"verb": "take_back", "key": key})
    assert not ProofDecision.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"verb": "eat"},
        {"verb": "fix", "key": "none", "choice": "1"},
        {"verb": "fix", "key": "a" * 16, "choice": "²"},
    ],
)
def test_a_wrong_answer_changes_nothing(staff: Client, issue: Issue, sent: dict[str, str]) -> None:
    answer = staff.post(PAGE, sent, follow=True)
    assert "notice--error" in answer.content.decode()


def test_an_issue_that_is_not_there_is_not_found(staff: Client, issue: Issue) -> None:
    for slug in ("2027-01", "nonsense"):
        assert staff.get(f"/staff/issues/{slug}/proof/").status_code == 404
