"""Which mailboxes are a member's own: whoever holds its link may know of these, and of no others. Pure.

Anybody may name a municipality when signing up on the web, where they work or where they live. That a citizen reads
the e-news at home is none of the town hall's business, nor is it what the staff of another government read. So a
domain is a member's own only where the national list of local governments says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from feeds.governments import Municipality, municipalities
from newsletter.mail import providers
from subscribers import domains

# 地方公共団体: LG.JP is given to them alone; before it there were city.NAME.jp and city.NAME.PREFECTURE.jp.
_OFFICE = re.compile(r"(?:.+\.)?(?:[a-z0-9-]+\.lg|(?:city|town|vill|pref|metro)(?:\.[a-z0-9-]+){1,2})\.jp")
_NAMED = re.compile(r"(?:.+\.)?(city|town|vill|pref|metro)\.([a-z0-9-]+)(?:\.([a-z0-9-]+))?\.jp")
_WEB_SERVER = re.compile(r"^(?:www[0-9]*|web)\.")


def is_office(domain: str) -> bool:
    """Whether a domain is that of some local government."""
    return _OFFICE.fullmatch(domain.lower()) is not None


def is_private(domain: str) -> bool:
    """Whether a domain is one where anybody has a mailbox."""
    known = domain.lower()
    is_large = providers.provider_of(known) in providers.PROVIDERS or known in domains.LARGE
    # ne.jp is for network services: in a small town the cable television's mailboxes are everybody's.
    is_service = known.endswith(".ne.jp")
    return is_large or is_service or domains.is_carrier(known) or domains.is_disposable(known)


def codes_of(domain: str) -> frozenset[str]:
    """The local governments (団体コード) whose domain this may be by the national list; none, when it does not say.

    By the address of their website, or by the name in it: who has city.nagoya.jp has city.nagoya.lg.jp. A name that
    two places bear (府中市) needs the prefecture (city.fuchu.tokyo.jp), or is the one whose website stands there.
    """
    known = domain.lower()
    for site in _and_above(known):
        if site in _sites():
            return frozenset({_sites()[site]})
    named = _NAMED.fullmatch(known)
    if named is None:
        return frozenset()
    kind, name, region = named.groups()
    namesakes = _namesakes().get((kind, name), ())
    return frozenset(code for code, prefecture in namesakes if region in (None, "lg", prefecture))


def site_of(website: str) -> str:
    """The domain of a website's address: https://www.city.nagoya.jp/ -> city.nagoya.jp."""
    return _WEB_SERVER.sub("", (urlsplit(website).hostname or "").lower())


def is_within(domain: str, site: str) -> bool:
    """Whether a domain is this one or a part of it."""
    return bool(site) and site in _and_above(domain.lower())


def _and_above(domain: str) -> list[str]:
    """A domain and those it is a part of, without the last label alone."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 1)]


@cache
def _sites() -> Mapping[str, str]:
    return {site: place.code for place in municipalities() if (site := site_of(place.website))}


@cache
def _namesakes() -> Mapping[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Kind and name in a domain -> the codes of those who bear it, each with the prefecture as domains write it."""
    prefectures = {place.prefecture: named[2] for place in municipalities() if (named := _of_prefecture(place))}
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for place in municipalities():
        named = _NAMED.fullmatch(site_of(place.website))
        if named:
            found[named[1], named[2]].append((place.code, prefectures.get(place.prefecture, "")))
    return {key: tuple(places) for key, places in found.items()}


def _of_prefecture(place: Municipality) -> re.Match[str] | None:
    named = _NAMED.fullmatch(site_of(place.website))
    return named if named and named[1] in ("pref", "metro") else None
