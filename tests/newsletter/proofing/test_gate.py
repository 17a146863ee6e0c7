"""An issue with an error is not approved; a person's decision about a remark is remembered by its words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pytest_django import Settings

from feeds.models import Member
from newsletter import editions, issues
from newsletter.errors import EditionError, ProofError
from newsletter.models import Issue, ProofDecision
from newsletter.proofing import gate, reading
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db
WRONG = "北九州市の武内 和久市長が登壇しました。"


@pytest.fixture
def issue() -> Issue:
    load_profile()
    opened = issues.open_issue(date(2026, 11, 1))
    issues.place(opened, member_entry("計画を策定しました"), text=WRONG)
    return opened


def of_rule(issue: Issue, rule: str) -> list[gate.Remark]:
    return [remark for remark in gate.proofread(issue) if remark.finding.rule == rule]


def the_one(issue: Issue, rule: str = "head-space") -> gate.Remark:
    (remark,) = of_rule(issue, rule)
    return remark


def approve(issue: Issue, person: str = "承認 花子", **how: str) -> None:
    editions.approve(editions.make_edition(issue, "起案 一郎", NOW), person, NOW, **how)


# ------------------------------------------------------------ what is read
def test_the_manuscript_is_the_issue_as_it_will_be_printed(issue: Issue) -> None:
    issues.place(issue, feed_entry("Cities act"), headline="都市が動く", text="本文です。")
    issues.edit(issue, lead="リードの文です。")
    read = reading.manuscript_of(issue)
    assert (read.month, read.number, read.lead) == (date(2026, 11, 1), 137, "リードの文です。")
    member, feed = read.items
    assert (member.number, member.text, member.from_member) == (1, WRONG, True)
    assert member.members == ("北九州市",)
    assert (feed.number, feed.source, feed.original_title, feed.language) == (2, "ICLEI", "Cities act", "en")
    assert feed.licence


def test_the_world_is_the_registry_that_staff_keep(issue: Issue) -> None:
    Member.objects.filter(key="fukushima").update(head="内堀雅雄", head_title="知事")
    Member.objects.filter(key="kobe").update(active=False)
    world = reading.world_around(issue)
    names = {member.name: member for member in world.members}
    assert (names["福島県"].head, names["福島県"].head_title) == ("内堀雅雄", "知事")
    assert "神戸市" not in names
    assert world.municipalities["下川町"] == "北海道"
    assert world.municipalities["池田町"].count("・") == 3


def test_the_number_of_the_issue_before_is_known(issue: Issue) -> None:
    following = issues.open_issue(date(2026, 12, 1))
    assert reading.world_around(following).issues_before == ((date(2026, 11, 1), 137),)


# ------------------------------------------------------------ approval
def test_an_error_stops_the_approval_and_says_what_to_do(issue: Issue) -> None:
    with pytest.raises(ProofError) as refused:
        approve(issue)
    words = str(refused.value)
    assert "校正の誤りが1件残っているので、承認できません" in words
    assert "1番の本文: 氏名「武内 和久」の中に空白があります。" in words
    assert "newsletter issue proof" in words
    assert not issue.editions.get().approvals.exists()


def test_a_mended_issue_is_approved(issue: Issue) -> None:
    issues.write(issues.find_placement(issue, 1), text="北九州市の武内和久市長が登壇しました。")
    approve(issue)
    assert issue.editions.get().approvals.count() == 1


def test_a_person_can_let_an_error_through_and_it_stays_on_the_record(issue: Issue) -> None:
    approve(issue, override_reason="本人の希望で空けています")
    decision = ProofDecision.objects.get()
    assert (decision.kind, decision.person, decision.reason) == ("override", "承認 花子", "本人の希望で空けています")
    assert (decision.rule, decision.found, decision.at) == ("head-space", "武内 和久", NOW)
    approve(issue, "承認 次郎")  # the second person need not say it again
    issue.refresh_from_db()
    assert issue.state == Issue.State.APPROVED


def test_an_override_that_is_not_needed_leaves_no_record(issue: Issue) -> None:
    issues.write(issues.find_placement(issue, 1), text="会議を開きました。")
    approve(issue, override_reason="念のため")
    assert not ProofDecision.objects.exists()


def test_a_refused_approval_takes_its_override_back(issue: Issue) -> None:
    edition = editions.make_edition(issue, "起案 一郎", NOW)
    issues.edit(issue, lead="あとから変えました。")
    with pytest.raises(EditionError, match="いまの2026年11月号の内容と違います"):
        editions.approve(edition, "承認 花子", NOW, override_reason="理由")
    assert not ProofDecision.objects.exists()


# ------------------------------------------------------------ ignoring
def test_an_ignored_finding_no_longer_stops_the_issue_and_is_listed(issue: Issue) -> None:
    remark = the_one(issue)
    assert remark.stops
    gate.ignore(issue, remark.finding.key[:8], "編集 一郎", "名簿からの引用です", NOW)
    remark = the_one(issue)
    assert not remark.stops
    assert not remark.is_open
    (decision,) = gate.decided(issue)
    assert (decision.person, decision.reason, decision.kind) == ("編集 一郎", "名簿からの引用です", "ignore")
    approve(issue)


def test_what_was_ignored_stays_so_when_other_words_move_it(issue: Issue) -> None:
    gate.ignore(issue, the_one(issue).finding.key, "編集 一郎", "引用です", NOW)
    issues.write(issues.find_placement(issue, 1), text="前に一文を足しました。\n\n" + WRONG)
    assert not the_one(issue).is_open


def test_what_was_ignored_counts_again_when_its_own_words_change(issue: Issue) -> None:
    gate.ignore(issue, the_one(issue).finding.key, "編集 一郎", "引用です", NOW)
    issues.write(issues.find_placement(issue, 1), text="松井 孝治市長が登壇しました。")
    assert the_one(issue).stops


def test_a_decision_can_be_taken_back(issue: Issue) -> None:
    key = the_one(issue).finding.key
    gate.ignore(issue, key, "編集 一郎", "引用です", NOW)
    gate.take_back(issue, key)
    assert the_one(issue).stops
    with pytest.raises(ProofError, match="無視されていません"):
        gate.take_back(issue, key)


def test_a_decision_needs_a_name_and_a_reason(issue: Issue) -> None:
    key = the_one(issue).finding.key
    with pytest.raises(ProofError, match="理由を書いてください"):
        gate.ignore(issue, key, "編集 一郎", " \u3000", NOW)
    with pytest.raises(ProofError, match="決めた人の名前を書いてください"):
        gate.ignore(issue, key, "", "引用です", NOW)


def test_a_finding_is_named_by_enough_of_its_key(issue: Issue) -> None:
    with pytest.raises(ProofError, match="はじめの6文字以上"):
        gate.find(issue, "ab")
    with pytest.raises(ProofError, match="という指摘はありません"):
        gate.find(issue, "000000000")


def test_an_approved_issue_takes_no_more_decisions(issue: Issue) -> None:
    key = the_one(issue).finding.key
    for person in ("承認 花子", "承認 次郎"):
        approve(issue, person, override_reason="承知しています")
    with pytest.raises(ProofError, match="承認済み"):
        gate.ignore(issue, key, "編集 一郎", "引用です", NOW + timedelta(hours=1))


def test_a_house_dictionary_is_used_on_top_of_the_shipped_ones(issue: Issue, settings: Settings) -> None:
    settings.HOUSE_DICTIONARY.write_text(
        "version: 1\nrules:\n  - expected: まち歩き\n    pattern: 街歩き\n", encoding="utf-8"
    )
    try:
        issues.write(issues.find_placement(issue, 1), text="秋の街歩きを行いました。")
        found = [(remark.finding.found, remark.finding.fixes[0].replacement) for remark in gate.proofread(issue)]
        assert ("街歩き", "まち歩き") in found
    finally:
        settings.HOUSE_DICTIONARY.unlink()
