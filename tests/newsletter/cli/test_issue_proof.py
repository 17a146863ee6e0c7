"""`newsletter issue proof | ignore | fix` and the approval, as an editor meets them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from newsletter import issues
from newsletter.cli import main
from newsletter.models import Issue, ProofDecision
from tests.newsletter.issue_parts import load_profile, member_entry

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["issue", *arguments])


@pytest.fixture
def issue() -> Issue:
    load_profile()
    run("open", "2026-11")
    opened = issues.find_issue("2026-11")
    issues.place(opened, member_entry("計画"), headline="【北九州】計画を策定", text="武内 和久市長が説明しました。")
    return opened


def key_of(rule: str) -> str:
    found = json.loads(run("proof", "--json").stdout)["findings"]
    return next(str(finding["key"]) for finding in found if finding["rule"] == rule)


def test_the_report_marks_the_place_and_offers_the_fix(issue: Issue) -> None:
    output = run("proof", "2026-11").stdout
    assert "2026年11月号 校正: 誤り 2件" in output
    assert "■ 1番 【北九州】計画を策定" in output
    lines = output.splitlines()
    at = next(number for number, line in enumerate(lines) if "氏名「武内 和久」の中に空白があります。" in line)
    assert lines[at + 1] == "      武内 和久市長が説明しました。"
    assert lines[at + 2] == "      ^^^^^^^^^"  # nine columns: four kanji and a space
    assert lines[at + 3] == "      直し方1: 武内和久"


def test_the_report_as_json_holds_places_and_fixes(issue: Issue) -> None:
    report = json.loads(run("proof", "--json").stdout)
    assert (report["issue"], report["errors"]) == ("2026-11", 2)
    finding = next(one for one in report["findings"] if one["rule"] == "head-space")
    assert (finding["item"], finding["field"], finding["start"], finding["end"]) == (1, "text", 0, 5)
    assert (finding["found"], finding["fixes"], finding["stops"]) == ("武内 和久", ["武内和久"], True)


def test_the_gate_stops_fixes_are_applied_and_the_issue_is_approved(issue: Issue) -> None:
    refused = run("approve", "--by", "承認 花子")
    assert refused.exit_code == 1
    assert "校正の誤りが2件残っているので、承認できません" in refused.stderr
    fixed = run("fix", key_of("head-space")[:8])
    assert fixed.stdout == "1番の本文を直しました。「武内 和久」→「武内和久」\n"
    assert run("fix", key_of("member-name")).exit_code == 0
    approved = run("approve", "--by", "承認 花子")
    assert approved.exit_code == 0, approved.output
    assert "承認しました（1/2人）" in approved.stdout


def test_ignoring_asks_for_a_reason_and_is_told_at_the_approval(issue: Issue) -> None:
    run("fix", key_of("member-name"))
    assert run("ignore", key_of("head-space")).exit_code == 2
    ignored = run("ignore", key_of("head-space"), "--by", "編集 一郎", "--reason", "碑文の引用")
    assert "無視します。無視 [head-space] 武内 和久 — 編集 一郎「碑文の引用」" in ignored.stdout
    assert "■ 人が決めたもの" in run("proof").stdout
    assert "校正で無視 [head-space] 武内 和久" in run("approve", "--by", "承認 花子").stdout
    assert run("ignore", ProofDecision.objects.get().finding, "--undo").exit_code == 0
    assert not ProofDecision.objects.exists()


def test_an_override_needs_words_and_is_recorded(issue: Issue) -> None:
    approved = run("approve", "--by", "承認 花子", "--override-reason", "時間がないため")
    assert approved.exit_code == 0
    assert "校正で誤りのまま承認 [member-name] 北九州 — 承認 花子「時間がないため」" in approved.stdout
    assert ProofDecision.objects.count() == 2
