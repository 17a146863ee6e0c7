"""The relay: where mail is handed over, how the line is protected, how long to wait."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.errors import RelayError


class Security(StrEnum):
    NONE = "none"  # loopback only
    STARTTLS = "starttls"
    TLS = "tls"


_SCHEMES = {
    "smtp": (Security.NONE, 25),
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
}
_OPTIONS = {"weight": (1, 100), "connections": (1, 64), "messages": (1, 1_000_000)}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait. The defaults are the minimums of RFC 5321 4.5.3.2."""

    connect: float = 30
    greeting: float = 300
    command: float = 300  # EHLO, STARTTLS, AUTH, RSET; the RFC names none
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180  # for the whole content to leave, as for one block
    final: float = 600
    quit: float = 5  # we owe a QUIT, but need no answer


@dataclass(frozen=True, slots=True)
class Relay:
    """The SMTP server that mail is handed to."""

    host: str
    port: int
    security: Security = Security.NONE
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca_file: str = ""  # PEM; empty means the system's own certificate authorities
    connections: int = 4
    weight: int = 1  # its share of the connections, beside other relays
    messages: int = 0  # after so many a connection is closed and opened anew; 0: never
    eight_bit: bool = False  # 8-bit bodies may be used where it offers 8BITMIME (RFC 6152)
    ehlo_name: str = ""  # empty means the address literal of our end (RFC 5321 4.1.3)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        if self.security is Security.NONE and not is_loopback(self.host):
            raise RelayError(
                f"中継サーバ {self.host} へは暗号化せずに接続できません。"
                "smtp+starttls:// か smtps:// で指定してください（smtp:// はこのコンピュータの中だけで使えます）。"
            )

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        ca_file: str = "",
        connections: int = 4,
        eight_bit: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Relay:
        """Read `smtp://` (loopback only), `smtp+starttls://` or `smtps://`; user and password are percent-decoded.

        Behind a question mark may stand weight, connections and messages: `?weight=2&connections=8&messages=100`.
        """
        # The address may hold a password: say its form, not its text.
        wrong = RelayError(
            "中継サーバの指定が正しくありません。"
            "smtp+starttls://USER:PASSWORD@HOST:587 か smtps://USER:PASSWORD@HOST:465 の形で書いてください。"
        )
        try:
            parts = urlsplit(url)
            security, default_port = _SCHEMES[parts.scheme]
            host, port = parts.hostname or "", parts.port or default_port
            options = _options(parts.query)
        except (KeyError, ValueError):
            raise wrong from None
        if not host or parts.path not in ("", "/") or parts.fragment:
            raise wrong
        return cls(
            host, port, security, unquote(parts.username or ""), unquote(parts.password or ""),
            ca_file, options.get("connections", connections), options.get("weight", 1), options.get("messages", 0),
            eight_bit, timeouts=timeouts or Timeouts(),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """`host:port`, for reports."""
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Certificates and host name verified, TLS 1.2 or later."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def read_relays(urls: str, *, ca_file: str = "", connections: int = 4, eight_bit: bool = False) -> tuple[Relay, ...]:
    """The relays of a setting, apart by spaces. Together they get `connections`, by weight, each at least one."""
    relays = [Relay.from_url(url, ca_file=ca_file, connections=0, eight_bit=eight_bit) for url in urls.split()]
    sharing = [relay for relay in relays if not relay.connections]
    weights = sum(relay.weight for relay in sharing)
    return tuple(
        relay if relay.connections else replace(relay, connections=max(1, round(connections * relay.weight / weights)))
        for relay in relays
    )


def _options(query: str) -> dict[str, int]:
    """What stands behind the question mark; ValueError or KeyError for anything that is not known there."""
    options = {}
    for name, value in parse_qsl(query, strict_parsing=True) if query else ():
        low, high = _OPTIONS[name]
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise ValueError(name)
        options[name] = int(value)
    return options


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
