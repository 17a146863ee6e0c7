"""A fix is put where the text is kept: the placement, the issue, the submission, the entry."""

from __future__ import annotations

from datetime import date

import pytest

from newsletter import issues
from newsletter.errors import ProofError
from newsletter.models import Issue
from newsletter.proofing import fixing, gate
from tests.newsletter.issue_parts import load_profile, member_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue() -> Issue:
    load_profile()
    return issues.open_issue(date(2026, 11, 1))


def key_of(issue: Issue, rule: str) -> str:
    return next(remark.finding.key for remark in gate.proofread(issue) if remark.finding.rule == rule)


def test_a_text_is_put_right(issue: Issue) -> None:
    placement = issues.place(issue, member_entry("計画"), text="一文目です。武内 和久市長が話しました。")
    fixed = fixing.fix(issue, key_of(issue, "head-space"))
    placement.refresh_from_db()
    assert placement.text == fixed.after == "一文目です。武内和久市長が話しました。"
    assert fixed.before == "一文目です。武内 和久市長が話しました。"
    assert not [remark for remark in gate.proofread(issue) if remark.finding.rule == "head-space"]


def test_a_headline_is_put_right_with_the_choice_of_a_person(issue: Issue) -> None:
    placement = issues.place(issue, member_entry("計画"), headline="【千葉県所沢市】計画を策定", text="策定しました。")
    fixing.fix(issue, key_of(issue, "member-name"), choice=2)
    placement.refresh_from_db()
    assert placement.headline == "【所沢市】計画を策定"
    with pytest.raises(ProofError, match="という指摘はありません"):
        fixing.fix(issue, "0123456789")


def test_the_lead_is_put_right(issue: Issue) -> None:
    issues.edit(issue, lead="詳細は http://example.jp/eco をご覧ください。")
    fixing.fix(issue, key_of(issue, "url-http"))
    issue.refresh_from_db()
    assert issue.lead == "詳細は https://example.jp/eco をご覧ください。"


def test_an_address_is_put_right_in_the_entry_and_the_submission(issue: Issue) -> None:
    entry = member_entry("計画", url="https://example.jp/a?id=1&utm_source=mail")
    issues.place(issue, entry, text="策定しました。")
    fixing.fix(issue, key_of(issue, "url-tracking"))
    entry.refresh_from_db()
    assert entry.submission
    assert entry.url == entry.canonical_url == entry.submission.url == "https://example.jp/a?id=1"


def test_a_fact_is_put_right_in_the_submission(issue: Issue) -> None:
    entry = member_entry("講座", venue="区民館（電話 ０３－６２０５－８４１５）", event_starts_on=date(2026, 12, 5))
    issues.place(issue, entry, text="講座を開きます。")
    fixing.fix(issue, key_of(issue, "phone-form"))
    assert entry.submission
    entry.submission.refresh_from_db()
    assert entry.submission.venue == "区民館（電話 03-6205-8415）"


def test_what_has_no_fix_is_said(issue: Issue) -> None:
    issues.place(issue, member_entry("計画"), headline="【福岡市】計画を策定", text="策定しました。")
    with pytest.raises(ProofError, match="決まった直し方がありません"):
        fixing.fix(issue, key_of(issue, "member-name"))


def test_a_choice_that_does_not_exist_is_refused(issue: Issue) -> None:
    issues.place(issue, member_entry("計画"), text="武内 和久市長が話しました。")
    with pytest.raises(ProofError, match="1から1までの番号"):
        fixing.fix(issue, key_of(issue, "head-space"), choice=2)
