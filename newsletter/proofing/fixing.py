"""A fix that the proofreading offers is put into the text, wherever that text is kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from feeds import corrections
from feeds.models import Entry, Submission
from newsletter import issues
from newsletter.errors import ProofError
from newsletter.models import Issue, Placement
from newsletter.proof.finding import Finding, Fix, apply
from newsletter.proofing import gate

# Passages that are printed straight from what the member sent, by the field they come from.
SUBMITTED = {
    "fact:会場": "venue",
    "fact:参加費": "fee",
    "picture.alt": "photo_alt",
    "picture.credit": "photo_credit",
}


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was put right: the passage before and after."""

    finding: Finding
    before: str
    after: str


def fix(issue: Issue, key: str, choice: int = 1) -> Fixed:
    """Put the fix number `choice` (from 1) of the finding into the issue; ProofError if it has none."""
    with transaction.atomic():
        finding = gate.find(issue, key).finding
        chosen = _choice(finding, choice)
        if finding.place.item is None:
            return _fix_issue(issue, finding, chosen)
        return _fix_placement(issues.find_placement(issue, finding.place.item), finding, chosen)


def _choice(finding: Finding, choice: int) -> Fix:
    if not finding.fixes:
        where = gate.place_words(finding)
        raise ProofError(f"{where}の指摘には、決まった直し方がありません。{finding.message}")
    if not 1 <= choice <= len(finding.fixes):
        raise ProofError(f"直し方は1から{len(finding.fixes)}までの番号で選んでください。")
    return finding.fixes[choice - 1]


def _fix_issue(issue: Issue, finding: Finding, chosen: Fix) -> Fixed:
    field = finding.place.field
    if field not in ("subject", "preheader", "lead"):
        raise ProofError(_by_hand(finding))
    before = str(getattr(issue, field))
    after = _applied(before, finding, chosen)
    issues.edit(
        issue,
        subject=after if field == "subject" else None,
        preheader=after if field == "preheader" else None,
        lead=after if field == "lead" else None,
    )
    return Fixed(finding, before, after)


def _fix_placement(placement: Placement, finding: Finding, chosen: Fix) -> Fixed:
    field = finding.place.field
    if field in ("headline", "text"):
        before = str(getattr(placement, field))
        after = _applied(before, finding, chosen)
        issues.write(placement, **{field: after})
        return Fixed(finding, before, after)
    gate.must_be_open(placement.issue)
    if field == "url":
        return _fix_url(placement.entry, finding, chosen)
    submission = placement.entry.submission
    if submission is None or field not in SUBMITTED:
        raise ProofError(_by_hand(finding))
    return _fix_submission(submission, SUBMITTED[field], finding, chosen)


def _fix_url(entry: Entry, finding: Finding, chosen: Fix) -> Fixed:
    before, after = entry.url, _applied(entry.url, finding, chosen)
    corrections.correct_url(entry, after)
    return Fixed(finding, before, after)


def _fix_submission(submission: Submission, field: str, finding: Finding, chosen: Fix) -> Fixed:
    before = str(getattr(submission, field))
    after = _applied(before, finding, chosen)
    corrections.correct(submission, field, after)
    return Fixed(finding, before, after)


def _applied(text: str, finding: Finding, chosen: Fix) -> str:
    try:
        return apply(text, finding, chosen)
    except ValueError as error:
        raise ProofError(
            f"{gate.place_words(finding)}が、校正のあとで変わりました。"
            "newsletter issue proof をもう一度実行してください。"
        ) from error


def _by_hand(finding: Finding) -> str:
    return f"{gate.place_words(finding)}は、ここからは直せません。もとの投稿か記事を直してください。{finding.message}"
