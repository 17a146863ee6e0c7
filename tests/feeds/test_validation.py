"""The validator: each case in tests/data/submissions/validation holds typed texts and what must become of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feeds.fields import FIELDS
from feeds.photos import RecodedPhoto
from feeds.validation import SubmissionDraft, validate

CASES = sorted((Path(__file__).parents[1] / "data" / "submissions" / "validation").glob("*.json"))
PATHWAYS = {"zero": "ゼロエミッションの発展", "nature": "自然に基づく発展"}
PHOTO = RecodedPhoto(b"jpeg", 10, 10)


def plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_becomes_what_stands_beside_it(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    outcome = validate(case["fields"], photo=PHOTO if case["photo"] else None, pathways=PATHWAYS)
    if "draft" in case:
        assert isinstance(outcome, SubmissionDraft), outcome
        kept = asdict(outcome)
        assert {name: plain(kept[name]) for name in case["draft"]} == case["draft"]
        return
    assert isinstance(outcome, list), outcome
    assert [fault.field for fault in outcome] == [field for field, _ in case["errors"]]
    for fault, (_, words) in zip(outcome, case["errors"], strict=True):
        assert words in fault.message
        assert fault.label


def test_what_was_checked_once_passes_the_check_again_unchanged() -> None:
    fields = json.loads(next(path for path in CASES if path.stem == "everything").read_text("utf-8"))["fields"]
    draft = validate(fields, photo=PHOTO, pathways=PATHWAYS)
    assert isinstance(draft, SubmissionDraft)
    again = {
        name: "、".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in asdict(draft).items()
    }
    assert validate(again, photo=PHOTO, pathways=list(PATHWAYS)) == draft


def test_what_is_many_times_too_long_is_refused_without_being_read() -> None:
    fields = {field.name: "(" * 1_000_000 for field in FIELDS}
    outcome = validate(fields, pathways=PATHWAYS)
    assert isinstance(outcome, list)
    assert {fault.message[:5] for fault in outcome} == {"長すぎます"}


def test_a_choice_may_be_given_as_keys_alone() -> None:
    draft = validate(
        {"title": "a", "body": "b", "contact_name": "c", "contact_email": "d@example.jp", "pathway": "zero"},
        pathways=["zero"],
    )
    assert isinstance(draft, SubmissionDraft)
    assert draft.pathway == "zero"
