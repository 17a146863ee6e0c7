"""The proofreading gate from outside: it stops an issue, the fix is applied, the issue is approved."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance import month
from tests.acceptance.instance import Instance

# The errors that real issues went out with.
REAL_LIFE = (
    "2022年6月9日に『令和5年版環境白書』が閣議決定されました。詳しい内容は白書』をご覧ください。\n\n"
    "福島県の内堀 雅雄知事は、県の取り組みと国の取組を紹介し、125カ国の都市と連携すると述べました。"
)


def test_the_gate_stops_an_issue_until_it_is_put_right(suggested: Instance) -> None:
    instance = suggested
    instance.run("issue", "write", "1", "--text", REAL_LIFE)

    refused = instance.run("issue", "approve", month.MONTH, "--by", "編集", status=1)
    assert "承認できません" in refused.stderr
    assert "「内堀 雅雄」の中に空白があります" in refused.stderr
    assert month.report(instance, "issue", "show", month.MONTH)["editions"][0]["approved_by"] == []

    found = _errors(instance)
    rules = {finding["rule"] for finding in found}
    assert {"head-space", "era-mismatch", "bracket-unmatched"} <= rules, rules
    for _ in range(10):
        fixable = next((finding for finding in _errors(instance) if finding["fixes"]), None)
        if fixable is None:
            break
        instance.run("issue", "fix", fixable["key"])
    for finding in _errors(instance):
        instance.run("issue", "ignore", finding["key"], "--by", "編集", "--reason", "原文のとおり")

    text = month.report(instance, "issue", "show", month.MONTH)["placements"][0]["text"]
    assert "内堀雅雄知事" in text
    for person in ("編集", "事務局長"):
        instance.run("issue", "approve", month.MONTH, "--by", person)
    assert month.report(instance, "issue", "show", month.MONTH)["state"] == "approved"


def _errors(instance: Instance) -> list[dict[str, Any]]:
    report = json.loads(instance.run("issue", "proof", month.MONTH, "--json").stdout)
    return [finding for finding in report["findings"] if finding["stops"]]
