from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.envelope import Envelope, EnvelopeError, message_id, quoted, read_verp, verp_sender

KEY = "a key that only the tests use"


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("reader@example.lg.jp", "reader@example.lg.jp"),
        ("a.b+c@example.jp", "a.b+c@example.jp"),
        ("a..b@docomo.ne.jp", '"a..b"@docomo.ne.jp'),
        (".a@ezweb.ne.jp", '".a"@ezweb.ne.jp'),
        ("a.@ezweb.ne.jp", '"a."@ezweb.ne.jp'),
        ('"a..b"@docomo.ne.jp', '"a..b"@docomo.ne.jp'),
        ('a"b\\c@example.jp', '"a\\"b\\\\c"@example.jp'),
        ("a b@example.jp", '"a b"@example.jp'),
        ("office@日本.example.jp", "office@xn--wgv71a.example.jp"),
        ("用務員@example.jp", "用務員@example.jp"),
    ],
)
def test_an_address_gets_its_wire_form(address: str, wire: str) -> None:
    assert quoted(address) == wire
    assert quoted(wire) == wire


@pytest.mark.parametrize(
    "address",
    ["", "@", "reader", "reader@", "@example.jp", "a@b c", "a@-x.jp", "a@x..jp", "a@x.jp>", "a@[192.0.2.1]",
     "a\r\nRCPT TO:<b@x.jp>@x.jp", "a@x.jp\r\nDATA", "a\0@x.jp", "a\u2028@x.jp", "a@\u2028x.jp", "a\ud800@x.jp",
     "x" * 65 + "@x.jp", "a@" + "x." * 130 + "jp", "用" * 22 + "@x.jp", "a@xn--\u3042.jp"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        quoted(address)
    assert not address or len(address) < 3 or address not in str(caught.value)


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_on_an_envelope_can_end_the_command(local: str, domain: str) -> None:
    try:
        wire = quoted(f"{local}@{domain}")
    except EnvelopeError:
        return
    assert not re.search(r"[\x00-\x1f\x7f]", wire)
    assert ">" not in re.sub(r'^"(?:[^"\\]|\\.)*"', "", wire)
    assert quoted(wire) == wire


def test_an_envelope_holds_wire_forms() -> None:
    envelope = Envelope("bounces@日本.example.jp", "a..b@docomo.ne.jp")
    assert envelope == Envelope("bounces@xn--wgv71a.example.jp", '"a..b"@docomo.ne.jp')
    assert not envelope.needs_smtputf8
    assert Envelope("bounces@example.jp", "用務員@example.jp").needs_smtputf8
    assert Envelope("", "a@example.jp").sender == ""
    with pytest.raises(EnvelopeError):
        Envelope("bounces@example.jp", "")


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_a_bounce_address_tells_its_delivery(delivery_id: int) -> None:
    address = verp_sender(delivery_id, KEY, "bounces@example.jp")
    assert re.fullmatch(r"bounces\+[0-9]+-[a-z2-7]{10}@example\.jp", address)
    assert len(address.partition("@")[0]) <= 64
    for form in (address, address.upper(), f"<{address}>", f" {address} "):
        assert read_verp(form, KEY) == delivery_id


@pytest.mark.parametrize(
    "address",
    ["", "bounces@example.jp", "bounces+12@example.jp", "bounces+12-aaaaaaaaaa@example.jp", "bounces+0-aaaaaaaaaa@x.jp",
     "bounces+99999999999999999999-aaaaaaaaaa@x.jp", "bounces+１２-aaaaaaaaaa@x.jp", "<>", "a@b\n"],
)  # fmt: skip
def test_a_forged_or_foreign_bounce_address_tells_nothing(address: str) -> None:
    assert read_verp(address, KEY) is None


def test_a_code_is_good_for_its_own_delivery_and_key_only() -> None:
    address = verp_sender(12, KEY, "bounces@example.jp")
    assert read_verp(address.replace("+12-", "+13-"), KEY) is None
    assert read_verp(address, "another key") is None


def test_a_message_id_is_stable_and_unlike_the_bounce_code() -> None:
    first = message_id(12, KEY, "example.jp")
    assert re.fullmatch(r"<12\.[a-z2-7]{16}@example\.jp>", first)
    assert first == message_id(12, KEY, "example.jp")
    assert first != message_id(13, KEY, "example.jp")
    code = verp_sender(12, KEY, "bounces@example.jp").partition("-")[2][:10]
    assert code not in first
    assert message_id(1, KEY, "日本.example.jp").endswith("@xn--wgv71a.example.jp>")
