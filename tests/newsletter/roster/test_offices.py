"""Whose mailbox may stand on a town hall's sheet."""

from __future__ import annotations

import pytest

from newsletter.roster.offices import is_office, is_private

OFFICES = (
    "city.kitakyushu.lg.jp pref.nagano.lg.jp kankyo.city.sample.lg.jp city.kobe.jp town.oguni.kumamoto.jp "
    "CITY.EXAMPLE.LG.JP"
).split()


@pytest.mark.parametrize("domain", OFFICES)
def test_domains_of_local_governments_are_offices(domain: str) -> None:
    assert is_office(domain)
    assert not is_private(domain)


@pytest.mark.parametrize(
    "domain", ["example.jp", "gmail.com", "lg.jp", "notcity.example.jp", "city.example.com", "xlg.jp"]
)
def test_others_are_not(domain: str) -> None:
    assert not is_office(domain)


@pytest.mark.parametrize("domain", ["gmail.com", "docomo.ne.jp", "icloud.com", "nifty.com", "Yahoo.co.jp"])
def test_where_anybody_has_a_mailbox_is_private(domain: str) -> None:
    assert is_private(domain)
