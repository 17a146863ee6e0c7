from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from newsletter.mail.outcome import Outcome, Reply, Stage, judge

FOLDER = Path(__file__).parents[2] / "data" / "replies"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]
EVERY_CODE = range(200, 600)
STATUSES = [f"{subject}.{detail}" for subject in range(8) for detail in range(19)]


def test_there_are_cases_of_every_large_receiver() -> None:
    assert len(CASES) >= 60
    assert {"docomo", "au", "softbank", "yahoo-japan", "gmail", "outlook", "postfix", "lg-jp"} <= {
        file.stem for file in FOLDER.glob("*.json")
    }


@pytest.mark.parametrize("case", CASES)
def test_a_reply_means_what_the_case_says(case: dict[str, Any]) -> None:
    lines = case["lines"]
    reply = Reply.parse([line.encode() + b"\r\n" for line in lines]) if lines else None
    if reply:
        assert (reply.code, reply.enhanced) == (case["code"], case["enhanced"])
        assert "@" not in reply.text
        assert not [word for word in case.get("not_in_text", []) if word in reply.text]
    assert judge(Stage(case["stage"]), reply) is Outcome(case["outcome"])


@pytest.mark.parametrize("stage", list(Stage))
def test_every_possible_reply_has_an_outcome_that_fits_its_stage(stage: Stage) -> None:
    before_mail = stage not in {Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.FINAL}
    for code in EVERY_CODE:
        for status in ["", *STATUSES]:
            outcome = judge(stage, Reply(code, f"{code // 100}.{status}" if status else ""))
            if before_mail:
                assert outcome is Outcome.RETRY_RELAY
            # Only the server's yes after the final dot is a yes.
            assert (outcome is Outcome.SENT) == (stage is Stage.FINAL and code < 300)
            # An address is suppressed only after it was named, and never for something temporary.
            if outcome is Outcome.REFUSED_ADDRESS:
                assert code >= 500
                assert stage in {Stage.RCPT, Stage.DATA, Stage.FINAL}
            # What counts no try must not follow the final dot, or the same message would go on for ever.
            assert not (stage is Stage.FINAL and outcome is Outcome.RETRY_RELAY)


def test_a_policy_refusal_never_punishes_the_reader() -> None:
    for code in (550, 551, 552, 553, 554):
        for detail in (0, 1, 7, 25, 26, 27, 515):
            for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.FINAL):
                assert judge(stage, Reply(code, f"5.7.{detail}", "User unknown")) is Outcome.REFUSED_POLICY


def test_something_that_is_no_answer_after_the_final_dot_leaves_doubt() -> None:
    assert judge(Stage.FINAL, Reply(354)) is Outcome.IN_DOUBT
    assert judge(Stage.DATA, Reply(250)) is Outcome.RETRY_RELAY
