"""The short ways that most rows of a list take say exactly what the long ways say."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from subscribers import addresses, domains, mending
from subscribers.addresses import Address, fingerprint, read_plain
from subscribers.errors import AddressError
from subscribers.fingerprints import Fingerprints
from subscribers.reading import tidy

LOCALS = st.one_of(
    st.text("aB3.+_-", max_size=12),
    st.sampled_from(sorted(domains.ROLES)),
    st.tuples(st.sampled_from(sorted(domains.ROLES)), st.text("-_.+1aA", max_size=3)).map("".join),
    st.just("x" * 65),
)
DOMAINS = st.one_of(
    st.text("aZ1.-", max_size=12).map(lambda text: f"{text}.jp"),
    st.sampled_from(
        [*domains.LARGE, *domains.MISTYPED, *sorted(domains.CARRIERS), "mailinator.com", "city.lg.jo", "a.test"]
    ),
    st.just("x" * 64 + ".jp"),
    st.just("x.y" * 70 + ".jp"),
)


def the_long_way(text: str) -> Address | str:
    mended: list[str] = []
    try:
        bare = mending.unwrap(mending.clean(text, mended), mended)
        return addresses._judge(*addresses._halves(bare.address), mended, bare)
    except AddressError as error:
        return str(error)


@given(LOCALS, DOMAINS)
def test_a_plain_address_is_read_as_any_other(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        short: Address | str | None = read_plain(text)
    except AddressError as error:
        short = str(error)
    if short is not None:
        assert short == the_long_way(text)


@given(st.text("aZ1@.+-_ ＠<>「」\u200b", max_size=30))
def test_what_needs_mending_is_never_called_plain(text: str) -> None:
    try:
        short: Address | str | None = read_plain(text)
    except AddressError as error:
        short = str(error)
    assert short is None or short == the_long_way(text)


@given(st.one_of(LOCALS, st.text("infoINFO1+-_.", max_size=8)))
def test_a_role_is_the_word_before_a_number_or_a_tag(local: str) -> None:
    word = re.split(r"[+\d]", local.lower(), maxsplit=1)[0].rstrip("-_.")
    assert domains.is_role(local) == (word in domains.ROLES)


@given(st.text(max_size=300), st.text(min_size=1, max_size=200))
def test_a_prepared_key_gives_the_same_fingerprint(address: str, key: str) -> None:
    assert Fingerprints(key).of(address) == fingerprint(address, key)


@given(st.text("見本 \u3000\u3099か\u200b\n太x", max_size=12))
def test_a_tidy_name_is_tidy(text: str) -> None:
    once = tidy(text)
    assert once == once.strip()
    assert tidy(once) == once
