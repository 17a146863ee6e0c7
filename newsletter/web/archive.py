"""The back numbers: a list, each issue as it was sent, its text, and an Atom feed. Nothing here knows a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from newsletter import calendar, editions, links, profile
from newsletter.errors import IssueError
from newsletter.models import Edition, Issue

FEED_LENGTH = 24  # two years of a monthly
CACHE = "public, max-age=300"  # short, so that a corrected edition shows soon


@dataclass(frozen=True, slots=True)
class BackNumber:
    """One line of the list."""

    issue: Issue
    published_at: datetime
    summary: str  # the headlines that the subject and the preheader name


def issue_policy() -> str:
    """The mail's styles stand in its elements; photos come from our own address. No script may run."""
    base = urlsplit(settings.BASE_URL)
    return (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src 'self' {base.scheme}://{base.netloc}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


@require_safe
def back_numbers(request: HttpRequest) -> HttpResponse:
    """Every issue that went out, newest first, by year."""
    numbers = [_back_number(edition) for edition in _latest_editions()]
    years = [(year, list(rows)) for year, rows in groupby(numbers, lambda row: row.issue.month.year)]
    return render(request, "archive/list.html", {"years": years})


@require_safe
def issue(_request: HttpRequest, slug: str) -> HttpResponse:
    """The issue as it was mailed, without a reader's own links."""
    response = HttpResponse(editions.for_web(_edition(slug)))
    response["Content-Security-Policy"] = issue_policy()
    response["Cache-Control"] = CACHE
    return response


@require_safe
def issue_text(_request: HttpRequest, slug: str) -> HttpResponse:
    """The text edition, for those who read that."""
    response = HttpResponse(editions.text_for_web(_edition(slug)), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = CACHE
    return response


@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """Browsers ask here when a page names none, as an issue and its text do not."""
    return redirect(static("site/icon.svg"))


@require_safe
def atom(_request: HttpRequest) -> HttpResponse:
    """The newest issues as an Atom feed (RFC 4287)."""
    facts = profile.current_or_none()
    if facts is None:
        raise Http404
    feed = Atom1Feed(
        title=facts.title,
        link=links.archive_url(),
        description=facts.publisher.slogan,
        language="ja",
        author_name=facts.publisher.legal_name,
        author_link=facts.publisher.website,
        subtitle=facts.publisher.slogan,
        feed_url=f"{settings.BASE_URL}{reverse('atom')}",
        feed_guid=_tag(facts.sender.list_id, "2015", "archive"),
        feed_copyright=facts.reprint_rule,
    )
    for edition, _ in zip(_latest_editions(), range(FEED_LENGTH), strict=False):
        month, published_at = edition.issue.month, _published_at(edition)
        feed.add_item(
            title=edition.subject,
            link=links.issue_url(edition.issue),
            description=edition.preheader,
            unique_id=_tag(facts.sender.list_id, f"{month:%Y-%m}", "issue"),
            pubdate=published_at,
            updateddate=published_at,
        )
    response = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    response["Cache-Control"] = CACHE
    return response


def _back_number(edition: Edition) -> BackNumber:
    # 「【イクレイ日本 e-ニュース】2026年11月号（第137号）」 stands in the list already.
    headlines = re.sub(r"^【[^】]*】\s*\d+年\d+月号(（第\d+号）)?", "", edition.subject).strip()
    summary = "／".join(part for part in (headlines.removesuffix(" ほか"), edition.preheader) if part)
    return BackNumber(edition.issue, _published_at(edition), summary)


def _tag(authority: str, day: str, name: str) -> str:
    """A tag URI (RFC 4151): it stays when the web address of the archive changes."""
    return f"tag:{authority.lower()},{day}:{name}"


def _latest_editions() -> Iterator[Edition]:
    """One edition of each issue: the one sent last."""
    for _, rows in groupby(editions.published().defer("html", "text"), lambda row: row.issue_id):
        yield next(rows)


def _edition(slug: str) -> Edition:
    try:
        month = calendar.read_month(slug)
    except IssueError as error:
        raise Http404 from error
    edition = editions.published().filter(issue__month=month).first()
    if edition is None or slug != links.issue_slug(edition.issue):
        raise Http404
    return edition


def _published_at(edition: Edition) -> datetime:
    moment: datetime = edition.published_at  # type: ignore[attr-defined] # annotated by editions.published
    return moment
