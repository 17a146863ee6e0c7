"""Rate limits on the real cache table."""

from __future__ import annotations

import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from pytest_django import Settings

from newsletter.web import limits


def from_address(peer: str, forwarded: str = "") -> HttpRequest:
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **extra)


@pytest.mark.django_db
def test_it_allows_so_many_and_no_more() -> None:
    assert [limits.allow("subscribe", "192.0.2.1", 3, 3600) for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.django_db
def test_another_subject_and_another_scope_are_counted_apart() -> None:
    assert limits.allow("subscribe", "192.0.2.1", 1, 3600)
    assert limits.allow("subscribe", "192.0.2.2", 1, 3600)
    assert limits.allow("login", "192.0.2.1", 1, 3600)
    assert not limits.allow("login", "192.0.2.1", 1, 3600)


@pytest.mark.django_db
def test_an_ipv6_customer_cannot_dodge_with_the_next_address_of_his_network() -> None:
    assert limits.allow("subscribe", "2001:db8:1:2::1", 1, 3600)
    assert not limits.allow("subscribe", "2001:db8:1:2:ffff::9", 1, 3600)
    assert limits.allow("subscribe", "2001:db8:1:3::1", 1, 3600)


@pytest.mark.django_db
def test_the_cache_holds_no_address() -> None:
    limits.allow("reset-address", "person@example.jp", 3, 3600)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM newsletter_cache")
        keys = [row[0] for row in cursor.fetchall()]
    assert len(keys) == 1
    assert "person" not in keys[0]
    assert "limit:" in keys[0]


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_do_not_slip_through() -> None:
    cache.clear()
    allowed: list[bool] = []

    def ask() -> None:
        try:
            allowed.append(limits.allow("login-client", "192.0.2.7", 3, 3600))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache.clear()
    assert sum(allowed) <= 3
    assert len(allowed) == 8


def test_without_a_trusted_proxy_the_forwarded_address_is_ignored(settings: Settings) -> None:
    settings.TRUSTED_PROXY = ""
    assert limits.client_address(from_address("192.0.2.1", "198.51.100.1")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the first is the client's own claim
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "<script>", "10.0.0.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),  # not our proxy
    ],
)
def test_the_trusted_proxy_is_believed_and_nobody_else(
    settings: Settings, peer: str, forwarded: str, client: str
) -> None:
    settings.TRUSTED_PROXY = "10.0.0.1"
    assert limits.client_address(from_address(peer, forwarded)) == client
