"""The back numbers: a list, each issue as it was sent, its text, and each of its items. Nothing here knows a reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from newsletter import archive, search
from newsletter.archive import Published
from newsletter.frozen import FrozenItem
from newsletter.models import Issue
from newsletter.web import archive_issue
from newsletter.web.archive_feeds import CACHE


@dataclass(frozen=True, slots=True)
class BackNumber:
    """One line of the list."""

    issue: Issue
    published_at: datetime
    summary: str  # the headlines that the subject and the preheader name
    corrected: bool


def issue_policy() -> str:
    """The mail's styles stand in its elements; photos come from our own address. No script may run."""
    return f"default-src 'none'; style-src 'unsafe-inline'; {_images()}; form-action 'none'; {_CLOSED}"


def item_policy() -> str:
    """An item is a page like every other, but its photo is named by the public address."""
    return f"default-src 'none'; style-src 'self'; {_images()}; font-src 'self'; form-action 'self'; {_CLOSED}"


_CLOSED = "frame-ancestors 'none'; base-uri 'none'"


def _images() -> str:
    base = urlsplit(settings.BASE_URL)
    return f"img-src 'self' {base.scheme}://{base.netloc}"


@require_safe
def back_numbers(request: HttpRequest) -> HttpResponse:
    """Every issue that went out, newest first, by year."""
    numbers = [_back_number(published) for published in archive.latest()]
    years = [(year, list(rows)) for year, rows in groupby(numbers, lambda row: row.issue.month.year)]
    return render(request, "archive/list.html", {"years": years, "longest_query": search.LONGEST_QUERY})


@require_safe
def issue(_request: HttpRequest, slug: str) -> HttpResponse:
    """The issue as it was mailed, without a reader's own links."""
    response = HttpResponse(archive_issue.html(_published(slug)))
    response["Content-Security-Policy"] = issue_policy()
    response["Cache-Control"] = CACHE
    return response


@require_safe
def issue_text(_request: HttpRequest, slug: str) -> HttpResponse:
    """The text edition, for those who read that."""
    response = HttpResponse(archive_issue.text(_published(slug)), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = CACHE
    return response


@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """Browsers ask here when a page names none, as an issue and its text do not."""
    return redirect(static("site/icon.svg"))


@require_safe
def item(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """One item of the issue: the address that people pass on."""
    published = _published(slug)
    found = published.item(int(number))
    if found is None:
        raise Http404
    before, after = _neighbours(published, found)
    response = render(
        request,
        "archive/item.html",
        {
            "published": published,
            "issue": published.issue,
            "slug": slug,
            "item": found,
            "before": before,
            "after": after,
            "corrections": archive_issue.correction_lines(published, found.number),
            "page": archive_issue.facts_of_item(published, found),
        },
    )
    response["Content-Security-Policy"] = item_policy()
    response["Cache-Control"] = CACHE
    return response


def _neighbours(published: Published, item: FrozenItem) -> tuple[FrozenItem | None, FrozenItem | None]:
    return published.item(item.number - 1), published.item(item.number + 1)


def _back_number(published: Published) -> BackNumber:
    edition = published.edition
    # 「【イクレイ日本 e-ニュース】2026年11月号（第137号）」 stands in the list already.
    headlines = re.sub(r"^【[^】]*】\s*(【号外】|\d+年\d+月号(（第\d+号）)?)", "", edition.subject).strip()
    summary = "／".join(part for part in (headlines.removesuffix(" ほか"), edition.preheader) if part)
    return BackNumber(edition.issue, published.published_at, summary, bool(published.corrections))


def _published(slug: str) -> Published:
    published = archive.find(slug)
    if published is None:
        raise Http404
    return published
