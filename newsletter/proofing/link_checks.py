"""Whether the pages that an issue links to are there: looked at in the background, remembered, looked at again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from feeds.pages import PAGE_LIMITS, Look, look
from feeds.politeness import HostTurns
from feeds.refresh import caller_from_settings
from newsletter.errors import ProofError
from newsletter.models import Campaign, Edition, Issue, LinkCheck, ProofDecision
from newsletter.proof.urls import everywhere
from newsletter.proofing.gate import said
from newsletter.proofing.reading import manuscript_of

REMEMBERED = timedelta(days=1)
KEPT = timedelta(days=120)  # longer than an issue lies between approval and sending
THREADS = 8
BETWEEN = 0.2  # seconds between two requests to one host: fewer than a browser makes for one page
DEAD = "url-dead"  # the rule that speaks of them
CUT_OFF = "この機械からどのページにもつながらないため、確かめられませんでした。"

Seen = Callable[[LinkCheck], object]


class Fate(StrEnum):
    """What became of a page since the approval."""

    GONE = "gone"
    CHANGED = "changed"
    UNSURE = "unsure"  # it did not answer, or not to us

    @property
    def label(self) -> str:
        return {"gone": "消えた", "changed": "変わった", "unsure": "確かめられない"}[self.value]


HOLD = (Fate.GONE, Fate.CHANGED)  # what keeps an issue from going out until a person has looked


@dataclass(frozen=True, slots=True)
class Moved:
    """A page that is not any more as it was when the issue was approved."""

    url: str
    items: tuple[int, ...]  # the printed numbers; empty: the lead
    fate: Fate
    words: str

    def __str__(self) -> str:
        where = "・".join(f"{number}番" for number in self.items) or "リード文"
        return f"{where} {self.url} {self.words}"


def links_of(issue: Issue) -> dict[str, tuple[int, ...]]:
    """Every web address of the issue, and the numbers of the items that it stands in."""
    found: dict[str, set[int]] = {}
    for passage, start, end in everywhere(manuscript_of(issue)):
        url = passage.text[start:end]
        if url.lower().startswith(("http://", "https://")):
            found.setdefault(url, set()).update([passage.item] if passage.item else [])
    return {url: tuple(sorted(items)) for url, items in found.items()}


def unfinished_issues() -> list[Issue]:
    """The issues that were not sent yet, whose links are looked at in the background."""
    return list(Issue.objects.exclude(state=Issue.State.SENT).order_by("month", "release_on", "extra"))


def check_unfinished(now: datetime) -> list[LinkCheck]:
    """Look at the links of every unfinished issue that were not looked at for a day."""
    if not settings.CHECK_LINKS:
        return []
    forget(now)
    return check({url for issue in unfinished_issues() for url in links_of(issue)}, now)


def forget(now: datetime) -> int:
    """Throw old looks away."""
    return LinkCheck.objects.filter(checked_at__lt=now - KEPT).delete()[0]


def check(urls: Collection[str], now: datetime, *, again: bool = False, on_done: Seen | None = None) -> list[LinkCheck]:
    """The latest look at each address, in their order; those older than a day (or all, with `again`) are made now.

    The network is spoken to by threads that touch no database; nothing is stored before all have come back.
    """
    fresh = {} if again else _remembered(urls, now)
    asked = [url for url in dict.fromkeys(urls) if url not in fresh]
    made = {}
    for url, seen in zip(asked, _trusted(list(_look_at(asked))), strict=True):
        made[url] = LinkCheck.objects.create(
            url=url[:1000], checked_at=now, problem=seen.problem[:300], gone=seen.is_gone, fingerprint=seen.fingerprint
        )
        if on_done is not None:
            on_done(made[url])
    return [fresh.get(url) or made[url] for url in dict.fromkeys(urls)]


def _look_at(urls: Iterable[str]) -> Iterator[Look]:
    limits = replace(PAGE_LIMITS, allow_loopback=settings.FEEDS_ALLOW_LOOPBACK)
    caller = replace(caller_from_settings(), turns=HostTurns(BETWEEN))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="links") as pool:
        yield from pool.map(lambda url: look(url, limits, caller), urls)


def _trusted(looks: list[Look]) -> list[Look]:
    """If not one page could be found, it is this machine that is cut off, and no page is called gone."""
    if looks and all(seen.is_gone and "見つかりません（" not in seen.problem for seen in looks):
        return [replace(seen, problem=CUT_OFF, is_gone=False) for seen in looks]
    return looks


def _remembered(urls: Collection[str], now: datetime) -> dict[str, LinkCheck]:
    rows = LinkCheck.objects.filter(url__in=list(urls), checked_at__gt=now - REMEMBERED, checked_at__lte=now)
    return {row.url: row for row in rows.order_by("checked_at", "pk")}


# ------------------------------------------------------------ just before sending
def before_sending(campaign: Campaign, now: datetime) -> list[Moved]:
    """Look at every link once more; ProofError while a page is gone or changed and nobody has accepted that.

    What could not be looked at is returned: it is worth a word, and holds nothing.
    """
    if not settings.CHECK_LINKS or campaign.rehearsal:
        return []
    edition = campaign.edition
    check(links_of(edition.issue), now, again=True)
    moved = moved_since_approval(edition, now)
    held = holding(edition.issue, moved)
    if held:
        raise ProofError(
            f"{edition.issue}のリンク先のページが、承認のあとで消えたか変わったため、配信を始めませんでした。\n"
            + "\n".join(map(str, held))
            + f"\n直すとき: newsletter campaign cancel {campaign.pk} と newsletter issue reopen {edition.issue.slug}"
            "（もう一度、承認が必要です）。\n"
            f"そのまま送るとき: newsletter campaign send --campaign {campaign.pk} --accept-links 理由"
        )
    return moved


def moved_since_approval(edition: Edition, until: datetime) -> list[Moved]:
    """What is not as it was when the edition was approved, by the looks that were taken up to `until`."""
    items = links_of(edition.issue)
    approved = edition.approvals.filter(void_at__isnull=True).order_by("-at").values_list("at", flat=True).first()
    at = approved or edition.made_at
    before = _fingerprints(items, at)
    looks = LinkCheck.objects.filter(url__in=list(items), checked_at__gt=at, checked_at__lte=until)
    latest = {row.url: row for row in looks.order_by("checked_at", "pk")}
    return [moved for url, row in latest.items() if (moved := _moved(row, before.get(url, ""), items[url])) is not None]


def _fingerprints(urls: Collection[str], at: datetime) -> dict[str, str]:
    rows = LinkCheck.objects.filter(url__in=list(urls), checked_at__lte=at).exclude(fingerprint="")
    return dict(rows.order_by("checked_at", "pk").values_list("url", "fingerprint"))


def _moved(seen: LinkCheck, before: str, items: tuple[int, ...]) -> Moved | None:
    if seen.gone:
        return Moved(seen.url, items, Fate.GONE, seen.problem)
    if seen.problem:
        return Moved(seen.url, items, Fate.UNSURE, seen.problem)
    if before and seen.fingerprint and before != seen.fingerprint:
        return Moved(seen.url, items, Fate.CHANGED, "承認のあとで、ページの内容が変わっています。")
    return None


def holding(issue: Issue, moved: Iterable[Moved]) -> list[Moved]:
    """Those for which nobody has said that the issue may go out all the same."""
    decided = set(issue.proof_decisions.filter(rule=DEAD).values_list("found", "message"))
    return [one for one in moved if one.fate in HOLD and (one.url[:300], one.words[:500]) not in decided]


def accept(campaign: Campaign, person: str, reason: str, now: datetime) -> list[Moved]:
    """A person lets the issue go out although pages are gone or changed; who and why stays on the record."""
    person, reason = said(person, "決めた人の名前", 150), said(reason, "理由", 500)
    issue = campaign.edition.issue
    check(links_of(issue), now, again=True)
    held = holding(issue, moved_since_approval(campaign.edition, now))
    for one in held:
        ProofDecision.objects.update_or_create(
            issue=issue,
            finding=hashlib.sha256(f"{DEAD}\n{one.url}\n{one.words}".encode()).hexdigest()[:16],
            defaults={
                "kind": ProofDecision.Kind.OVERRIDE,
                "rule": DEAD,
                "level": "error",
                "found": one.url[:300],
                "message": one.words[:500],
                "person": person,
                "reason": reason,
                "at": now,
            },
        )
    return held
