"""The archive for feed readers: issues, and what members told, each as Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from newsletter import archive, links, profile
from newsletter.archive import Published
from newsletter.association.facts import Profile
from newsletter.frozen import FrozenItem
from newsletter.models import Issue

ISSUES = 24  # two years of a monthly
MEMBER_ITEMS = 60
CACHE = "public, max-age=300"  # short, so that a correction shows soon


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """What a feed says of itself."""

    title: str
    home: str
    name: str  # in its id
    paths: tuple[str, str]  # the views of its Atom and its JSON


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry, the same in both formats."""

    key: str
    title: str
    url: str
    summary: str
    content: str  # plain text
    published_at: datetime
    updated_at: datetime
    author: str = ""
    external_url: str = ""
    image: str = ""


@require_safe
def atom(_request: HttpRequest) -> HttpResponse:
    """The newest issues as Atom."""
    facts = _profile()
    return _atom(facts, _of_issues(facts), _issues(facts))


@require_safe
def json_feed(_request: HttpRequest) -> HttpResponse:
    """The newest issues as JSON Feed."""
    facts = _profile()
    return _json(facts, _of_issues(facts), _issues(facts))


@require_safe
def members_atom(_request: HttpRequest) -> HttpResponse:
    """The newest items of members as Atom."""
    facts = _profile()
    return _atom(facts, _of_members(facts), _member_items(facts))


@require_safe
def members_json_feed(_request: HttpRequest) -> HttpResponse:
    """The newest items of members as JSON Feed."""
    facts = _profile()
    return _json(facts, _of_members(facts), _member_items(facts))


def _profile() -> Profile:
    facts = profile.current_or_none()
    if facts is None:
        raise Http404
    return facts


def _of_issues(facts: Profile) -> FeedFacts:
    return FeedFacts(facts.title, links.archive_url(), "archive", ("atom", "json_feed"))


def _of_members(facts: Profile) -> FeedFacts:
    title = f"{facts.title}：会員の記事"
    return FeedFacts(title, links.archive_url(), "members", ("members_atom", "members_json_feed"))


# ------------------------------------------------------------ what is in them
def _issues(facts: Profile) -> Iterator[FeedItem]:
    for published in islice(archive.latest(), ISSUES):
        edition = published.edition
        headlines = "\n".join(f"{item.number}. {item.headline}" for item in published.items)
        yield FeedItem(
            key=_key(facts, published.issue, "issue"),
            title=edition.subject,
            url=links.issue_url(published.issue),
            summary=edition.preheader,
            content=headlines or edition.preheader or edition.subject,
            published_at=published.published_at,
            updated_at=published.updated_at,
        )


def _member_items(facts: Profile) -> Iterator[FeedItem]:
    items = ((published, item) for published in archive.latest() for item in published.items if item.member)
    for published, item in islice(items, MEMBER_ITEMS):
        yield _member_item(facts, published, item)


def _member_item(facts: Profile, published: Published, item: FrozenItem) -> FeedItem:
    told = [*(text for text in item.paragraphs if text), *(f"{fact.label}：{fact.value}" for fact in item.facts)]
    return FeedItem(
        key=_key(facts, published.issue, f"item-{item.number}"),
        title=item.headline,
        url=links.item_url(published.issue, item.number),
        summary=item.summary,
        content="\n\n".join(told) or item.headline,
        published_at=published.published_at,
        updated_at=published.item_updated_at(item.number),
        author=item.member,
        external_url=item.url,
        image=item.picture.url if item.picture else "",
    )


def _key(facts: Profile, issue: Issue, name: str) -> str:
    # RFC 4151 2.1 wants a date: which 号外 it is belongs to the name.
    return tag(facts, f"{issue.month:%Y-%m}", f"extra-{issue.extra}-{name}" if issue.extra else name)


def tag(facts: Profile, day: str, name: str) -> str:
    """A tag URI (RFC 4151): it stays when the web address of the archive changes."""
    return f"tag:{facts.sender.list_id.lower()},{day}:{name}"


# ------------------------------------------------------------ the two formats
def _atom(facts: Profile, feed: FeedFacts, items: Iterator[FeedItem]) -> HttpResponse:
    writer = Atom1Feed(
        title=feed.title,
        link=feed.home,
        description=facts.publisher.slogan,
        language="ja",
        author_name=facts.publisher.legal_name,
        author_link=facts.publisher.website,
        subtitle=facts.publisher.slogan,
        feed_url=_address(feed.paths[0]),
        feed_guid=tag(facts, "2015", feed.name),
        feed_copyright=facts.reprint_rule,
    )
    for item in items:
        writer.add_item(
            title=item.title,
            link=item.url,
            description=item.summary,
            unique_id=item.key,
            author_name=item.author or None,
            pubdate=item.published_at,
            updateddate=item.updated_at,
        )
    response = HttpResponse(writer.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    response["Cache-Control"] = CACHE
    return response


def _json(facts: Profile, feed: FeedFacts, items: Iterator[FeedItem]) -> HttpResponse:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": _address(feed.paths[1]),
        "description": facts.publisher.slogan,
        "language": "ja",
        "authors": [_without_empty({"name": facts.publisher.legal_name, "url": facts.publisher.website})],
        "items": [_json_item(item) for item in items],
    }
    response = JsonResponse(
        _without_empty(document) | {"items": document["items"]},
        json_dumps_params={"ensure_ascii": False},
        content_type="application/feed+json; charset=utf-8",
    )
    response["Cache-Control"] = CACHE
    return response


def _json_item(item: FeedItem) -> dict[str, Any]:
    return _without_empty(
        {
            "id": item.key,
            "url": item.url,
            "external_url": item.external_url,
            "title": item.title,
            "summary": item.summary,
            "content_text": item.content,
            "image": item.image,
            "date_published": item.published_at.isoformat(),
            "date_modified": item.updated_at.isoformat(),
            "authors": [{"name": item.author}] if item.author else [],
        }
    )


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _address(view: str) -> str:
    return f"{settings.BASE_URL}{reverse(view)}"
