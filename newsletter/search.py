"""Find past items by their words, in SQLite and PostgreSQL alike.

Every item has a row of folded text, and a word is looked for in it with LIKE. Japanese has no spaces between words, so
word indexes do not help; trigram indexes miss words of one and two characters (「水」「防災」), which people ask for.
Thirty years of a monthly with 40 items are 14,400 rows, which both databases read through in well under a second.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BooleanField, Case, Q, Value, When

from newsletter import archive
from newsletter.archive import Published
from newsletter.frozen import FrozenItem
from newsletter.models import Edition, Issue, SearchText

LONGEST_QUERY = 100  # characters
MOST_WORDS = 5
MOST_HITS = 300
AROUND = 40  # characters before the first word in an excerpt
EXCERPT = 130
HALF_WIDTH = re.compile("[\uff61-\uff9f]+")
KATAKANA = range(ord("ァ"), ord("ヶ") + 1)
TO_HIRAGANA = ord("ァ") - ord("ぁ")


@dataclass(frozen=True, slots=True)
class Hit:
    """An item with the words in it, or (`item` None) an issue from before there were items."""

    published: Published
    item: FrozenItem | None
    excerpt: tuple[tuple[str, bool], ...]  # pieces of text, and whether a word of the query


def words_of(query: str) -> tuple[str, ...]:
    """The folded words of a query; all of them must stand in an item."""
    printable = "".join(character if character.isprintable() else " " for character in query[:LONGEST_QUERY])
    return tuple(dict.fromkeys(fold(printable).split()))[:MOST_WORDS]


def find(words: Sequence[str]) -> list[tuple[int, int]]:
    """(edition, item) of each hit, those with the words in the headline first, then the newest; at most MOST_HITS."""
    if not words:
        return []
    current = _index()
    in_headline = Q(*(Q(headline__contains=word) for word in words))
    hits = SearchText.objects.filter(*(Q(words__contains=word) for word in words), edition__in=current).annotate(
        first=Case(When(in_headline, then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    ordered = hits.order_by("-first", "-edition__issue__month", "-edition__issue__release_on", "edition", "item")
    return list(ordered.values_list("edition_id", "item")[:MOST_HITS])


def show(hits: Iterable[tuple[int, int]], words: Sequence[str]) -> list[Hit]:
    """The hits of one page with their excerpts."""
    hits = list(hits)
    wanted = {edition for edition, _ in hits}
    published = {one.edition.pk: one for one in archive.latest() if one.edition.pk in wanted}
    return [_hit(published[edition], number, words) for edition, number in hits if edition in published]


def _hit(published: Published, number: int, words: Sequence[str]) -> Hit:
    item = published.item(number) if number else None
    text = " ".join(_texts(item)[1:]) if item else published.edition.text
    return Hit(published, item, excerpt(text, words))


# ------------------------------------------------------------ the index
def _index() -> list[int]:
    """The editions that can be searched; those without rows get them first."""
    current = [one.edition.pk for one in archive.latest()]
    have = set(SearchText.objects.filter(edition__in=current).values_list("edition_id", flat=True).distinct())
    for missing in [one for one in archive.latest() if one.edition.pk not in have]:
        with transaction.atomic():  # a correction waits, or is read here already
            Issue.objects.select_for_update().get(pk=missing.edition.issue_id)
            SearchText.objects.bulk_create(_rows(missing), ignore_conflicts=True)
    return current


def _rows(published: Published) -> Iterator[SearchText]:
    edition: Edition = published.edition
    for item in published.items:
        texts = _texts(item)
        yield SearchText(edition=edition, item=item.number, headline=fold(texts[0]), words=fold("\n".join(texts)))
    if not published.items:
        whole = f"{edition.subject}\n{edition.text}"
        yield SearchText(edition=edition, item=0, headline=fold(edition.subject), words=fold(whole))


def _texts(item: FrozenItem) -> list[str]:
    """Everything of an item that can be found, the headline first."""
    picture = [item.picture.alt] if item.picture else []
    facts = [f"{fact.label}：{fact.value}" for fact in item.facts]
    marks = [item.member, item.source, item.original_title, item.pathway, *item.sdgs]
    return [text for text in (item.headline, *item.paragraphs, *facts, *picture, *marks) if text]


# ------------------------------------------------------------ folding
def fold(text: str) -> str:
    """For comparing: full and half width, capitals and small letters, hiragana and katakana are the same."""
    return "".join(map(_fold, _tidy(text)))


def excerpt(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """About a line of `text` around the first word, the words marked."""
    text = " ".join(_tidy(text).split())
    marked = _marked(text, words)
    first = next((place for place, hit in enumerate(marked) if hit), 0)
    start = max(0, first - AROUND)
    end = min(len(text), start + EXCERPT)
    pieces = [("…", False)] if start else []
    for place in range(start, end):
        if pieces and pieces[-1][1] == marked[place]:
            pieces[-1] = (pieces[-1][0] + text[place], marked[place])
        else:
            pieces.append((text[place], marked[place]))
    return (*pieces, ("…", False)) if end < len(text) else tuple(pieces)


def _marked(text: str, words: Sequence[str]) -> list[bool]:
    """Which characters of the text belong to a word; a character may fold to several (㈱ to (株))."""
    folded = [_fold(character) for character in text]
    origins = [place for place, several in enumerate(folded) for _ in several]
    whole, marked = "".join(folded), [False] * len(text)
    for word in words:
        at = whole.find(word)
        while at >= 0:
            for place in origins[at : at + len(word)]:
                marked[place] = True
            at = whole.find(word, at + len(word))
    return marked


def _tidy(text: str) -> str:
    """Half-width katakana composed with their marks, so that what follows can go character by character."""
    return HALF_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)


def _fold(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold()
    return "".join(chr(ord(one) - TO_HIRAGANA) if ord(one) in KATAKANA else one for one in folded)
