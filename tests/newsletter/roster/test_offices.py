"""Whose mailbox may stand on a town hall's sheet."""

from __future__ import annotations

import pytest

from newsletter.roster.offices import codes_of, is_office, is_private, is_within, site_of

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


@pytest.mark.parametrize(
    "domain", ["gmail.com", "docomo.ne.jp", "katch.ne.jp", "icloud.com", "nifty.com", "Yahoo.co.jp"]
)
def test_where_anybody_has_a_mailbox_is_private(domain: str) -> None:
    assert is_private(domain)


NAGOYA, AICHI, KITAKYUSHU = "231002", "230006", "401005"
FUCHU_TOKYO, FUCHU_HIROSHIMA, TSUSHIMA_AICHI, CHUO_TOKYO = "132063", "342084", "232084", "131024"


@pytest.mark.parametrize(
    ("domain", "codes"),
    [
        ("city.nagoya.jp", {NAGOYA}),  # where its website is
        ("kankyo.city.nagoya.jp", {NAGOYA}),
        ("CITY.NAGOYA.LG.JP", {NAGOYA}),  # by the same name
        ("city.nagoya.aichi.jp", {NAGOYA}),
        ("city.nagoya.gifu.jp", set()),
        ("pref.aichi.lg.jp", {AICHI}),
        ("mail.pref.aichi.jp", {AICHI}),
        ("city.kitanagoya.lg.jp", {"232343"}),
        ("city.kitakyushu.lg.jp", {KITAKYUSHU}),
        ("section.metro.tokyo.jp", {"130001"}),
        ("city.fuchu.tokyo.jp", {FUCHU_TOKYO}),
        ("city.fuchu.hiroshima.jp", {FUCHU_HIROSHIMA}),
        ("city.fuchu.lg.jp", {FUCHU_TOKYO, FUCHU_HIROSHIMA}),  # nobody's website: nobody can tell
        ("city.tsushima.lg.jp", {TSUSHIMA_AICHI}),  # 対馬市 has its website elsewhere
        ("city.chuo.lg.jp", {CHUO_TOKYO}),
        ("nishi.or.jp", {"282049"}),  # a name that says nothing, but it is 西宮市's website
        ("city.example.lg.jp", set()),
        ("example.jp", set()),
        ("lg.jp", set()),
        ("jp", set()),
    ],
)
def test_whose_domain_it_is_the_national_list_knows(domain: str, codes: set[str]) -> None:
    assert codes_of(domain) == codes


def test_a_website_and_a_mailbox_in_one_domain_belong_together() -> None:
    assert site_of("https://www2.town.example.jp:8443/index.html") == "town.example.jp"
    assert is_within("kankyo.town.example.jp", "town.example.jp")
    assert not is_within("mytown.example.jp", "town.example.jp")
    assert not is_within("town.example.jp", site_of(""))
