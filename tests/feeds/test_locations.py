"""Canonical addresses tell whether two addresses mean one page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.locations import canonical_url, resolve, same_page_key


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://News.Example.JP/A", "https://news.example.jp/A"),
        ("https://example.jp", "https://example.jp/"),
        ("https://example.jp:443/a", "https://example.jp/a"),
        ("http://example.jp:80/a", "http://example.jp/a"),
        ("http://example.jp:8080/a", "http://example.jp:8080/a"),
        ("https://example.jp./a/", "https://example.jp/a"),
        ("https://example.jp//a//b/", "https://example.jp/a//b"),
        ("https://example.jp/a#part", "https://example.jp/a"),
        ("https://example.jp/a?b=2&a=1&b=1", "https://example.jp/a?a=1&b=1&b=2"),
        ("https://example.jp/a?utm_source=x&UTM_Medium=y&fbclid=1&gclid=2&id=3", "https://example.jp/a?id=3"),
        ("https://example.jp/a?ref=rss&from=list", "https://example.jp/a?from=list"),
        ("https://example.jp/?p=12", "https://example.jp/?p=12"),
        ("https://example.jp/a?", "https://example.jp/a"),
        ("https://example.jp/a/../b/./c", "https://example.jp/b/c"),
        ("https://example.jp/%7euser/%e3%81%82", "https://example.jp/~user/%E3%81%82"),
        ("https://example.jp/あ い", "https://example.jp/%E3%81%82%20%E3%81%84"),
        ("https://example.jp/a%2Fb?c=%26", "https://example.jp/a%2Fb?c=%26"),
        ("https://日本語.example.jp/", "https://xn--wgv71a119e.example.jp/"),
        ("https://user:secret@example.jp/", "https://example.jp/"),
        ("http://[2001:DB8::1]/a", "http://[2001:db8::1]/a"),
        ("  https://example.jp/a\n", "https://example.jp/a"),
        ("mailto:a@example.jp", ""),
        ("urn:uuid:1", ""),
        ("/relative", ""),
        ("https://", ""),
        ("https://[", ""),
        ("https://example.jp:99999/", ""),
        ("https://exa mple.jp/", ""),
        ("", ""),
    ],
)
def test_one_page_has_one_address(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert canonical_url(canonical) == canonical


HOSTS = st.sampled_from(["x.jp", "Ex.JP:80", "例え.jp", "u@h:443", "[::1]", "a.b.:8080"])
PATHS = st.lists(
    st.one_of(
        st.sampled_from(
            ["/", "..", ".", "?", "&", "=", "#", "%", "%2e", "%2F", "%e3%81", "utm_a=1", "ref=rss", "+", " "]
        ),
        st.text(max_size=3),
    ),
    max_size=12,
).map("".join)


@given(st.one_of(st.text(), st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTP"]), HOSTS, PATHS)))
def test_the_canonical_form_is_reached_at_once(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()


def test_http_and_https_are_the_same_page() -> None:
    assert same_page_key("http://example.jp/a?b=1") == same_page_key("https://example.jp/a?b=1") == "example.jp/a?b=1"


@pytest.mark.parametrize(
    ("base", "address", "absolute"),
    [
        ("https://example.jp/a/", "b.html", "https://example.jp/a/b.html"),
        ("https://example.jp/a/", "//other.example.jp/c", "https://other.example.jp/c"),
        ("https://example.jp/a/", "javascript:alert(1)", ""),
        ("https://example.jp/a/", "http://[", ""),
        ("", "/only/relative", "/only/relative"),
        ("", "https://example.jp/a b\n", "https://example.jp/a%20b"),
        ("relative/", "b", ""),
    ],
)
def test_addresses_are_resolved(base: str, address: str, absolute: str) -> None:
    assert resolve(base, address) == absolute
