from __future__ import annotations

import pytest

from newsletter.errors import RelayError
from newsletter.mail.relay import Relay, Security, read_relays


@pytest.mark.parametrize(
    ("url", "host", "port", "security", "username", "password"),
    [
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security.NONE, "", ""),
        ("smtp://localhost", "localhost", 25, Security.NONE, "", ""),
        ("smtp://[::1]:2525/", "::1", 2525, Security.NONE, "", ""),
        ("smtp+starttls://relay.example.jp", "relay.example.jp", 587, Security.STARTTLS, "", ""),
        ("smtps://office%40example.jp:p%3A%2F%40%25%E7%A7%98@relay.example.jp", "relay.example.jp", 465, Security.TLS,
         "office@example.jp", "p:/@%秘"),
    ],
)  # fmt: skip
def test_a_relay_is_read_from_its_address(
    url: str, host: str, port: int, security: Security, username: str, password: str
) -> None:
    relay = Relay.from_url(url, ca_file="ca.pem", connections=2)
    assert (relay.host, relay.port, relay.security) == (host, port, security)
    assert (relay.username, relay.password) == (username, password)
    assert (relay.ca_file, relay.connections, relay.name) == ("ca.pem", 2, f"{host}:{port}")


@pytest.mark.parametrize(
    "url",
    ["", "relay.example.jp", "http://relay.example.jp", "smtps://", "smtps://relay.example.jp:99999",
     "smtps://relay.example.jp:port", "smtps://relay.example.jp/path", "smtps://relay.example.jp?x=1", "smtps://[::1"],
)  # fmt: skip
def test_a_wrong_address_is_explained_by_its_form(url: str) -> None:
    with pytest.raises(RelayError, match="の形で書いてください"):
        Relay.from_url(url)


@pytest.mark.parametrize("host", ["relay.example.jp", "192.0.2.1", "localhost.example.jp", "127.0.0.1.example.jp"])
def test_nothing_leaves_this_machine_unencrypted(host: str) -> None:
    with pytest.raises(RelayError, match="暗号化せずに"):
        Relay.from_url(f"smtp://{host}:25")


def test_no_secret_shows() -> None:
    url = "smtp+starttls://office:secret-word@relay.example.jp:99999"
    with pytest.raises(RelayError) as caught:
        Relay.from_url(url)
    shown = repr(Relay.from_url("smtps://office:secret-word@relay.example.jp")) + repr(caught.value)
    assert "secret-word" not in shown
    assert "office" not in shown


def test_several_relays_share_the_connections_by_weight() -> None:
    relays = read_relays(
        "smtps://a.example.jp?weight=3 smtps://b.example.jp smtps://c.example.jp?connections=9&messages=50",
        ca_file="ca.pem", connections=8,
    )  # fmt: skip
    assert [(one.host, one.connections, one.messages) for one in relays] == [
        ("a.example.jp", 6, 0),
        ("b.example.jp", 2, 0),
        ("c.example.jp", 9, 50),
    ]
    assert {one.ca_file for one in relays} == {"ca.pem"}
    assert [one.connections for one in read_relays("smtps://a.example.jp smtps://b.example.jp", connections=1)] == [
        1,
        1,
    ]


@pytest.mark.parametrize("query", ["weight=0", "weight=x", "weight=101", "connections=65", "messages=0", "messages"])
def test_an_option_of_a_relay_that_cannot_be_is_refused(query: str) -> None:
    with pytest.raises(RelayError, match="の形で書いてください"):
        Relay.from_url(f"smtps://relay.example.jp?{query}")
