"""What the proofreading says: a finding as JSON, and as lines in which the place is marked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from newsletter.mail.plaintext import width
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, passages
from newsletter.proof.rules import Rule

if TYPE_CHECKING:
    from newsletter.models import Issue, ProofDecision
    from newsletter.proofing.gate import Remark

LEVELS = {Level.ERROR: "誤り", Level.WARNING: "注意"}
AROUND = 24  # characters of the text that are shown on either side of the place
SHORT = 8  # characters of a key: enough for one issue
INDENT = "      "


def rule_facts(rule: Rule) -> dict[str, Any]:
    """One rule of the catalogue."""
    return {
        "rule": rule.id,
        "level": rule.level.value,
        "title": rule.title,
        "explanation": rule.explanation,
        "source": rule.source,
        "needs_morphology": rule.needs_morphology,
    }


def rule_lines(rule: Rule) -> Iterator[str]:
    """One rule of the catalogue for a person."""
    extra = "（形態素解析が必要）" if rule.needs_morphology else ""
    yield f"{LEVELS[rule.level]} {rule.id} {rule.title}{extra}"
    yield from (f"    {line}" for line in textwrap.wrap(rule.explanation, 50))
    yield f"    根拠: {rule.source}"


def finding_facts(finding: Finding) -> dict[str, Any]:
    """One finding, with the characters it is about and the fixes in their order."""
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "start": finding.place.start,
        "end": finding.place.end,
        "found": finding.found,
        "message": finding.message,
        "fixes": [fix.replacement for fix in finding.fixes],
    }


def remark_facts(remark: Remark) -> dict[str, Any]:
    """One finding of an issue, with what a person decided about it."""
    finding, decision = remark.finding, remark.decision
    return {
        "key": finding.key,
        "item": finding.place.item,
        "field": finding.place.field,
        **finding_facts(finding),
        "stops": remark.stops,
        "decision": decision_facts(decision) if decision else None,
    }


def decision_facts(decision: ProofDecision) -> dict[str, Any]:
    """What a person decided about a finding."""
    return {
        "key": decision.finding,
        "kind": decision.kind,
        "rule": decision.rule,
        "found": decision.found,
        "message": decision.message,
        "person": decision.person,
        "reason": decision.reason,
        "at": decision.at,
    }


def decision_line(decision: ProofDecision) -> str:
    """無視 [weekday-mismatch] 11月23日（火） 見本 編集さん「…」"""
    kind = "無視" if decision.kind == "ignore" else "誤りのまま承認"
    return f"{kind} [{decision.rule}] {decision.found or decision.message} — {decision.person}「{decision.reason}」"


def report_lines(issue: Issue, manuscript: Manuscript, remarks: Sequence[Remark]) -> Iterator[str]:
    """The whole report for the desk, or for a colleague: what stops, what asks for a look, what was decided."""
    yield f"{issue} 校正: {counts_words(remarks)}"
    texts = {(p.item, p.field): p.text for p in passages(manuscript)}
    headlines = {item.number: item.headline for item in manuscript.items}
    at: object = ()
    for remark in remarks:
        if not remark.is_open:
            continue
        if remark.finding.place.item != at:
            at = remark.finding.place.item
            yield ""
            yield f"■ {at}番 {headlines.get(at, '')}" if isinstance(at, int) else "■ 号全体"
        yield from remark_lines(remark.finding, texts)
    decided = [remark.decision for remark in remarks if remark.decision]
    if decided:
        yield ""
        yield "■ 人が決めたもの"
        yield from (f"  {decision_line(decision)}（{decision.finding[:SHORT]}）" for decision in decided)


def counts_words(remarks: Sequence[Remark]) -> str:
    """誤り 2件、注意 3件（ほかに無視 1件）"""
    errors = sum(remark.stops for remark in remarks)
    warnings = sum(remark.is_open and not remark.stops for remark in remarks)
    decided = sum(not remark.is_open for remark in remarks)
    return f"誤り {errors}件、注意 {warnings}件" + (f"（ほかに、人が決めたもの {decided}件）" if decided else "")


def remark_lines(finding: Finding, texts: Mapping[tuple[int | None, str], str]) -> Iterator[str]:
    """One finding: the message, the place with a mark under it, and the fixes with their numbers."""
    from newsletter.proofing.gate import field_words

    yield f"  {LEVELS[finding.level]} {finding.key[:SHORT]} {field_words(finding)} [{finding.rule}]"
    yield f"{INDENT}{finding.message}"
    text = texts.get((finding.place.item, finding.place.field), finding.found)
    yield from (INDENT + line for line in marked(text, finding))
    for number, fix in enumerate(finding.fixes, 1):
        yield f"{INDENT}直し方{number}: {shown(fix.replacement) or '（消す）'}{f'（{fix.label}）' if fix.label else ''}"


def marked(text: str, finding: Finding) -> Iterator[str]:
    """The line of the text with the place, and marks under its characters."""
    place = finding.place
    if text[place.start : place.end] != finding.found:
        text, start, end = finding.found, 0, len(finding.found)  # an address, or something that is not running text
    else:
        start, end = place.start, place.end
    if not text:
        return
    begin = max(text.rfind("\n", 0, start) + 1, start - AROUND)
    stop = text.find("\n", end)
    stop = min(stop if stop >= 0 else len(text), end + AROUND)
    before, found, after = (shown(part) for part in (text[begin:start], text[start:end], text[end:stop]))
    before = ("…" if begin and text[begin - 1] != "\n" else "") + before
    yield before + found + after
    yield " " * width(before) + "^" * max(1, width(found))


def shown(text: str) -> str:
    """The text with what a terminal does not show, or would obey, written as ⟨U+200B⟩."""
    return "".join(c if c.isprintable() or c == "\u3000" else "⏎" if c == "\n" else f"⟨U+{ord(c):04X}⟩" for c in text)


def passage_lines(passage: Passage, findings: Sequence[Finding]) -> Iterator[str]:
    """The findings of one loose text."""
    for finding in findings:
        yield from remark_lines(finding, {(passage.item, passage.field): passage.text})
