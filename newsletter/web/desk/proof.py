"""The proofreading of one issue on the desk: each finding with its place, and three answers: fix, ignore, take back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from newsletter import issues
from newsletter.errors import IssueError, NewsletterError, ProofError
from newsletter.models import Issue
from newsletter.proof.manuscript import Manuscript, passages
from newsletter.proof.rules import catalogue
from newsletter.proofing import fixing, gate, reading
from newsletter.web.desk.access import EDIT, account_of, for_staff, name_of, require

AROUND = 40  # characters of the text on either side of the place


@dataclass(frozen=True, slots=True)
class Shown:
    """A remark as the page shows it."""

    remark: gate.Remark
    where: str
    title: str  # of the rule
    explanation: str
    source: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Group:
    """The remarks about one item, or about the issue as a whole."""

    heading: str
    shown: list[Shown]


@for_staff()
@require_http_methods(["GET", "HEAD", "POST"])
def proof(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the findings of an issue; a POST answers one of them and comes back."""
    issue = _issue(slug)
    if request.method == "POST":
        require(request, EDIT)
        _answer(request, issue)
        return redirect("desk_proof", slug=slug)
    manuscript, remarks = reading.manuscript_of(issue), gate.proofread(issue)
    page = {
        "issue": issue,
        "slug": slug,
        "groups": _groups(manuscript, [remark for remark in remarks if remark.is_open]),
        "decisions": gate.decided(issue),
        "errors": sum(remark.stops for remark in remarks),
        "warnings": sum(remark.is_open and not remark.stops for remark in remarks),
        "editable": issue.state == Issue.State.OPEN and account_of(request).has_perm(EDIT),
    }
    return render(request, "desk/proof.html", page)


def _issue(slug: str) -> Issue:
    try:
        return issues.find_issue(slug)
    except (IssueError, ValueError) as error:
        raise Http404 from error


# ------------------------------------------------------------ answers
def _answer(request: HttpRequest, issue: Issue) -> None:
    answers: dict[str, Callable[[HttpRequest, Issue, str], str]] = {
        "fix": _fix, "ignore": _ignore, "take_back": _take_back
    }  # fmt: skip
    verb, key = request.POST.get("verb", ""), request.POST.get("key", "")
    if verb not in answers:
        messages.error(request, "何をするかが分かりません。もう一度、ボタンを押してください。")
        return
    try:
        messages.success(request, answers[verb](request, issue, key))
    except NewsletterError as error:
        messages.error(request, str(error))


def _fix(request: HttpRequest, issue: Issue, key: str) -> str:
    choice = request.POST.get("choice", "1")
    if not choice.isascii() or not choice.isdigit():
        raise ProofError("直し方を選んでください。")
    fixed = fixing.fix(issue, key, int(choice[:3]))
    return f"{gate.place_words(fixed.finding)}を直しました。"


def _ignore(request: HttpRequest, issue: Issue, key: str) -> str:
    decision = gate.ignore(issue, key, name_of(request), request.POST.get("reason", ""), timezone.now())
    return f"「{decision.found or decision.rule}」の指摘を無視します。"


def _take_back(_request: HttpRequest, issue: Issue, key: str) -> str:
    gate.take_back(issue, key)
    return "決定を取り消しました。"


# ------------------------------------------------------------ the page
def _groups(manuscript: Manuscript, remarks: list[gate.Remark]) -> list[Group]:
    texts = {(passage.item, passage.field): passage.text for passage in passages(manuscript)}
    headlines = {item.number: item.headline for item in manuscript.items}
    groups: dict[int | None, list[Shown]] = {}
    for remark in remarks:
        groups.setdefault(remark.finding.place.item, []).append(_shown(remark, texts))
    return [
        Group(f"{number}番 {headlines.get(number, '')}" if number else "号全体", shown)
        for number, shown in groups.items()
    ]


def _shown(remark: gate.Remark, texts: dict[tuple[int | None, str], str]) -> Shown:
    finding, place = remark.finding, remark.finding.place
    text = texts.get((place.item, place.field), "")
    stands_there = text[place.start : place.end] == finding.found
    rule = {rule.id: rule for rule in catalogue()}[finding.rule]
    return Shown(
        remark=remark,
        where=gate.field_words(finding),
        title=rule.title,
        explanation=rule.explanation,
        source=rule.source,
        before=text[max(0, place.start - AROUND) : place.start] if stands_there else "",
        after=text[place.end : place.end + AROUND] if stands_there else "",
    )
