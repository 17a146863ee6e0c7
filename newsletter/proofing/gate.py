"""The gate: an issue with an open error is not approved, and every decision of a person stays on the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from newsletter.errors import ProofError
from newsletter.models import Issue, ProofDecision
from newsletter.proof.finding import Finding, Level
from newsletter.proof.rules import proof
from newsletter.proofing.reading import manuscript_of, world_around

SHORTEST_KEY = 6  # characters of a finding's key that a person must type at least
TOLD = 10  # errors that a refusal tells one by one


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding, with what a person decided about it."""

    finding: Finding
    decision: ProofDecision | None = None

    @property
    def is_open(self) -> bool:
        """Nobody decided anything about it."""
        return self.decision is None

    @property
    def stops(self) -> bool:
        """It keeps the issue from being approved."""
        return self.is_open and self.finding.level == Level.ERROR


def proofread(issue: Issue) -> list[Remark]:
    """What the rules have to say of the issue as it stands now: issue first, then item by item."""
    decisions = {decision.finding: decision for decision in issue.proof_decisions.all()}
    findings = proof(manuscript_of(issue), world_around(issue))
    return [Remark(finding, decisions.get(finding.key)) for finding in sorted(findings, key=_in_order)]


def _in_order(finding: Finding) -> tuple[int, bool, str, int]:
    place = finding.place
    return place.item or 0, finding.level != Level.ERROR, place.field, place.start


def find(issue: Issue, key: str) -> Remark:
    """The remark that a person names by (the beginning of) its key."""
    key = key.strip().lower()
    if len(key) < SHORTEST_KEY:
        raise ProofError(f"指摘の番号は、はじめの{SHORTEST_KEY}文字以上を書いてください。")
    found = {remark.finding.key: remark for remark in proofread(issue) if remark.finding.key.startswith(key)}
    if not found:
        raise ProofError(
            f"{issue}に「{key}」という指摘はありません（直したあとかもしれません）。"
            "newsletter issue proof で確かめてください。"
        )
    if len(found) > 1:
        raise ProofError(f"「{key}」で始まる指摘が{len(found)}件あります。もう少し長く書いてください。")
    return next(iter(found.values()))


# ------------------------------------------------------------ decisions
def ignore(issue: Issue, key: str, person: str, reason: str, now: datetime) -> ProofDecision:
    """A person says that this finding does not apply here; it is remembered by its words."""
    with transaction.atomic():
        must_be_open(issue)
        return _decide(issue, [find(issue, key).finding], ProofDecision.Kind.IGNORE, person, reason, now)[0]


def take_back(issue: Issue, key: str) -> None:
    """The decision about a finding is withdrawn; it counts again."""
    with transaction.atomic():
        must_be_open(issue)
        decision = find(issue, key).decision
        if decision is None:
            raise ProofError(f"指摘「{key}」は、無視されていません。")
        decision.delete()


def override(issue: Issue, person: str, reason: str, now: datetime) -> list[ProofDecision]:
    """Every error that is still open is let through: by whom and why stays on the record."""
    stopping = [remark.finding for remark in proofread(issue) if remark.stops]
    return _decide(issue, stopping, ProofDecision.Kind.OVERRIDE, person, reason, now)


def _decide(
    issue: Issue, findings: Iterable[Finding], kind: ProofDecision.Kind, person: str, reason: str, now: datetime
) -> list[ProofDecision]:
    person, reason = said(person, "決めた人の名前", 150), said(reason, "理由", 500)
    return [
        ProofDecision.objects.update_or_create(
            issue=issue,
            finding=finding.key,
            defaults={
                "kind": kind,
                "rule": finding.rule,
                "level": finding.level.value,
                "found": finding.found[:300],
                "message": finding.message[:500],
                "person": person,
                "reason": reason,
                "at": now,
            },
        )[0]
        for finding in {finding.key: finding for finding in findings}.values()
    ]


def said(words: str, label: str, longest: int) -> str:
    """What a person said for the record, on one line; ProofError if that is nothing."""
    words = " ".join(words.split())
    if not words:
        raise ProofError(f"{label}を書いてください。記録に残ります。")
    if len(words) > longest:
        raise ProofError(f"{label}は{longest}文字以内で書いてください。")
    return words


def must_be_open(issue: Issue) -> None:
    issue.refresh_from_db(from_queryset=Issue.objects.select_for_update())
    if issue.state != Issue.State.OPEN:
        raise ProofError(
            f"{issue}は「{issue.get_state_display()}」です。校正の決定を変えるときは、"
            "newsletter issue reopen で編集に戻してください。"
        )


# ------------------------------------------------------------ approval
def refuse_errors(issue: Issue) -> None:
    """ProofError, with the errors and what to do, while one of them is open."""
    stopping = [remark.finding for remark in proofread(issue) if remark.stops]
    if not stopping:
        return
    lines = [f"{place_words(finding)}: {finding.message} [{finding.key[:8]}]" for finding in stopping[:TOLD]]
    if len(stopping) > TOLD:
        lines.append(f"ほかに{len(stopping) - TOLD}件。")
    raise ProofError(
        f"{issue}には校正の誤りが{len(stopping)}件残っているので、承認できません。\n"
        + "\n".join(lines)
        + "\nnewsletter issue proof で確かめ、fix で直すか、誤りでなければ ignore に理由を書いてください。"
        "誤りのまま承認するときは、--override-reason に理由を書いてください（記録に残ります）。"
    )


FIELDS = {
    "subject": "件名", "preheader": "プリヘッダー", "lead": "リード文", "headline": "見出し", "text": "本文",
    "url": "リンク先", "link_label": "リンクの文字", "picture.alt": "写真の説明", "picture.credit": "写真のクレジット",
}  # fmt: skip


def field_words(finding: Finding) -> str:
    """本文, 件名, 締切"""
    field = finding.place.field
    return field.partition(":")[2] if field.startswith("fact:") else FIELDS.get(field, field)


def place_words(finding: Finding) -> str:
    """3番の本文, 件名, 5番の締切"""
    label = field_words(finding)
    return f"{finding.place.item}番の{label}" if finding.place.item else label


def decided(issue: Issue) -> list[ProofDecision]:
    """What persons decided about this issue, oldest first."""
    return list(issue.proof_decisions.all())
