"""The guard against private addresses: what may be fetched, decided by the address that is connected to.

A feed's address, a redirect or a DNS answer may try to lead us to a service inside our own network (SSRF). A name is
resolved here once, every answer is judged, and the connection goes to an address that was judged.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from feeds.errors import FetchError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]  # host and port -> addresses as text

_PORTS = frozenset({80, 443, 8080, 8443})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2000
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")
# What Python's is_global does not refuse in every version: carrier NAT, 6to4 relays and IPv4-compatible addresses,
# site-local, and the NAT64 prefix for networks' own use (RFC 6598, 7526, 4291, 3879, 8215).
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "::/96", "fec0::/10", "64:ff9b:1::/48", "100::/64"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address behind it


def check_url(url: str) -> None:
    """Refuse what is no plain http(s) address; raises FetchError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError("アドレスの書き方が正しくありません。") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise FetchError("http:// か https:// で始まるアドレスだけを取得できます。")
    if not parts.hostname or "%" in parts.hostname or len(url) > _LONGEST_URL or _UNFIT.search(url):
        raise FetchError("アドレスの書き方が正しくありません。")
    if parts.username is not None or parts.password is not None:
        raise FetchError("利用者名やパスワードを含むアドレスは使えません。")
    if port == 0:
        raise FetchError("アドレスのポート番号が正しくありません。")


def allowed_addresses(host: str, port: int, *, allow_loopback: bool, resolver: Resolver, seconds: float) -> list[str]:
    """The addresses of a host, in the order to try; raises FetchError if any single one must not be connected to."""
    answers = [ipaddress.ip_address(answer) for answer in _resolve(host, port, resolver, seconds)]
    if not answers:
        raise FetchError(f"{host} のアドレスが見つかりません。")
    for answer in answers:
        if not is_allowed(answer, allow_loopback=allow_loopback):
            # One private answer among public ones is how DNS rebinding starts: refuse them all.
            raise FetchError(f"{host} は内部ネットワークのアドレスのため、取得しません。")
    if port not in _PORTS and not all(_is_plain_loopback(answer) for answer in answers):
        raise FetchError(f"ポート {port} には接続しません。使えるのは 80・443・8080・8443 です。")
    return [str(answer) for answer in dict.fromkeys(answers)]


def is_allowed(address: IPAddress, *, allow_loopback: bool) -> bool:
    """Whether the address is a public one (or, if allowed, 127.0.0.0/8 or ::1)."""
    if _is_plain_loopback(address):
        return allow_loopback
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or address.scope_id:
            return False
        if address in _NAT64:
            return is_allowed(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), allow_loopback=False)
        if not all(is_allowed(inner, allow_loopback=False) for inner in _tunnelled(address)):
            return False
    refused = address.is_multicast or address.is_reserved or address.is_link_local or address.is_unspecified
    return address.is_global and not refused and not any(address in network for network in _REFUSED)


def system_resolver(host: str, port: int) -> list[str]:
    """What the machine's own resolver answers."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_plain_loopback(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_loopback
    return address == ipaddress.IPv6Address("::1")


def _tunnelled(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that a tunnel would send to: 6to4, Teredo."""
    return [*([address.sixtofour] if address.sixtofour else []), *(address.teredo or ())]


def _resolve(host: str, port: int, resolver: Resolver, seconds: float) -> list[str]:
    """Ask the resolver, but not for longer than `seconds`: getaddrinfo has no time-out of its own."""
    answer: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(list(resolver(host, port)))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        found = answer.get(timeout=max(seconds, 0.01))
    except queue.Empty:
        raise FetchError(f"{host} の名前の解決に時間がかかりすぎました。") from None
    if isinstance(found, Exception):
        raise FetchError(f"{host} という名前のサーバが見つかりません。") from found
    return found
