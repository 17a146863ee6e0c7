"""The search over past items."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter import search
from newsletter.web import limits
from newsletter.web.patience import patient

PER_PAGE = 20
# A whole city hall may stand behind one address of its proxy.
SEARCHES, WINDOW = 60, 60  # per address, seconds


@never_cache
@require_safe
@patient
def find(request: HttpRequest) -> HttpResponse:
    """The form, and what it found. Nothing about the asking is kept."""
    query = " ".join(request.GET.get("q", "").replace("\x00", " ").split())
    context: dict[str, object] = {"query": query, "longest_query": search.LONGEST_QUERY}
    status, words = 200, search.words_of(query)
    if len(query) > search.LONGEST_QUERY:
        status, context["problem"] = 400, f"ことばは{search.LONGEST_QUERY}文字以内で書いてください。"
    elif words and not limits.allow("search", limits.client_address(request), SEARCHES, WINDOW):
        status, context["problem"] = (
            429,
            "検索が続いたため、少しお待ちください。1分ほどしてから、もう一度お試しください。",
        )
    elif words:
        context |= _found(words, query, request.GET.get("page", ""))
    response = render(request, "archive/search.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    if status == 429:
        response["Retry-After"] = str(WINDOW)
    return response


def _found(words: tuple[str, ...], query: str, number: str) -> dict[str, object]:
    found = search.find(words)
    page = Paginator(found, PER_PAGE).get_page(number)
    return {
        "searched": True,
        "page": page,  # empty, it counts as false
        "hits": search.show(page.object_list, words),
        "count": len(found),
        "most": search.MOST_HITS,
        "query_string": urlencode({"q": query}),
    }
