"""What may be fetched is decided by the address that is connected to."""

from __future__ import annotations

import ipaddress
import time

import pytest

from feeds.errors import FetchError
from feeds.guard import allowed_addresses, check_url, is_allowed, system_resolver

PRIVATE = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:127.0.0.1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd12:3456::1 ff02::1
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1::1 2002:a00:1::1 2001:0:808:808:0:0:80ff:fffe 2001:db8::1
    100::1
""".split()
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_refused(address: str) -> None:
    assert not is_allowed(ipaddress.ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(ipaddress.ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_loopback_may_be_allowed_and_nothing_else(address: str) -> None:
    expected = address in ("127.0.0.1", "127.8.8.8", "::1")
    assert is_allowed(ipaddress.ip_address(address), allow_loopback=True) == expected


def allowed(answers: list[str], port: int = 443, *, allow_loopback: bool = False) -> list[str]:
    return allowed_addresses(
        "news.example.org", port, allow_loopback=allow_loopback, resolver=lambda host, port: answers, seconds=5
    )


def test_one_private_answer_spoils_the_public_ones() -> None:
    with pytest.raises(FetchError, match="内部ネットワーク"):
        allowed(["93.184.216.34", "10.0.0.1"])


def test_the_addresses_are_tried_in_the_order_of_the_answer() -> None:
    assert allowed(["2606:2800:220:1::1", "93.184.216.34", "93.184.216.34"]) == ["2606:2800:220:1::1", "93.184.216.34"]


@pytest.mark.parametrize("port", [22, 25, 6379, 8000, 65535])
def test_other_services_are_not_spoken_to(port: int) -> None:
    with pytest.raises(FetchError, match=f"ポート {port} "):
        allowed(["93.184.216.34"], port)
    with pytest.raises(FetchError, match=f"ポート {port} "):
        allowed(["93.184.216.34"], port, allow_loopback=True)
    assert allowed(["127.0.0.1"], port, allow_loopback=True) == ["127.0.0.1"]


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(FetchError, match="見つかりません"):
        allowed([])


def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(FetchError, match="見つかりません"):
        allowed_addresses("none.invalid", 443, allow_loopback=False, resolver=system_resolver, seconds=20)


def test_a_slow_resolver_is_not_waited_for() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(1)
        return []

    with pytest.raises(FetchError, match="時間"):
        allowed_addresses("slow.example.org", 443, allow_loopback=False, resolver=slow, seconds=0.05)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "017700000001", "localhost", "127.0.0.1", "0"])
def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(FetchError):
        allowed_addresses(host, 80, allow_loopback=False, resolver=system_resolver, seconds=20)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "example.org", "",
        "http://", "http:///path", "http://user@example.org/", "http://user:secret@example.org/", "http://:80/",
        "http://example.org:0/", "http://example.org:99999/", "http://example.org:x/", "http://[::1",
        "http://[fe80::1%25eth0]/", "http://exam ple.org/", "http://example.org/\r\nX: y", "http://example.org\\@127.0.0.1/",
        "http://e.org/" + "a" * 2000,
    ],
)  # fmt: skip
def test_addresses_that_are_no_plain_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(FetchError, match="。"):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://example.org", "http://example.org:8080/a?b=c", "https://[2606:2800::1]/", "https://日本語.jp/"]
)
def test_plain_web_addresses_pass(url: str) -> None:
    check_url(url)
