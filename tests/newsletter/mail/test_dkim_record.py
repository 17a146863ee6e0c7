from __future__ import annotations

import base64
import re

import pytest

from newsletter.mail.dkim import Algorithm, DkimKey, make_key
from newsletter.mail.dkim_record import (
    DnsError,
    RecordState,
    judge,
    published,
    read_nameserver,
    record,
    resolver,
    zone_line,
)
from tests.name_server import FAILURE, SILENCE, name_server

RSA, ED25519 = make_key(Algorithm.RSA, "example.jp", "r1"), make_key(Algorithm.ED25519, "example.jp", "e1")
OTHER = make_key(Algorithm.RSA, "example.jp", "r1")
PUBLIC = base64.b64encode(RSA.public()).decode()


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_what_we_say_to_publish_is_what_is_found(key: DkimKey) -> None:
    in_zone = re.sub(r"\(|\)|\n", "", zone_line(key).partition("IN TXT ")[2])
    assert all(len(string) <= 255 for string in re.findall(r'"([^"]*)"', in_zone))
    with name_server({key.name: [in_zone]}) as address:
        found = published(key.name, resolver(read_nameserver(address)))
    assert found == [record(key)]
    assert judge(key, found).state is RecordState.MATCHES


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ([], RecordState.MISSING),
        ([f"p={PUBLIC}"], RecordState.MATCHES),
        ([f"v=DKIM1;k=rsa;h=sha1:sha256;s=email;n=a note;p={PUBLIC[:90]} {PUBLIC[90:]};"], RecordState.MATCHES),
        (["google-site-verification=abc", f"v=DKIM1; p={PUBLIC}"], RecordState.MATCHES),
        ([f"v=DKIM1; k=rsa; t=y:s; p={PUBLIC}"], RecordState.TESTING),
        ([f"v=DKIM1; p={PUBLIC}", record(OTHER)], RecordState.SEVERAL),
        ([record(OTHER)], RecordState.DIFFERENT),
        ([record(ED25519)], RecordState.DIFFERENT),
        (["v=DKIM1; k=rsa; p="], RecordState.REVOKED),
        ([f"v=DKIM1; h=sha1; p={PUBLIC}"], RecordState.RESTRICTED),
        ([f"v=DKIM1; s=tlsrpt; p={PUBLIC}"], RecordState.RESTRICTED),
        ([rf"v=DKIM1\; k=rsa\; p={PUBLIC}"], RecordState.BROKEN),
        ([f"v=DKIM1; k=rsa; p={PUBLIC[:-7]}…"], RecordState.BROKEN),
        ([f"v=DKIM1; k=rsa; p={PUBLIC[:-3]}"], RecordState.BROKEN),
        ([f"v=DKIM2; p={PUBLIC}"], RecordState.BROKEN),
        (["v=spf1 -all"], RecordState.BROKEN),
        (["v=DKIM1; k=rsa"], RecordState.BROKEN),
    ],
)
def test_each_state_of_a_record_is_told_apart(texts: list[str], state: RecordState) -> None:
    judgement = judge(RSA, texts)
    assert judgement.state is state
    assert judgement.words
    assert judgement.is_good is (state in (RecordState.MATCHES, RecordState.TESTING))


def test_a_name_that_is_not_there_and_one_without_txt_have_no_records() -> None:
    with name_server({"empty.example.jp": []}) as address:
        asked = resolver(read_nameserver(address))
        assert published("gone.example.jp", asked) == published("empty.example.jp", asked) == []


@pytest.mark.parametrize(("answer", "words"), [(SILENCE, "時間内に応答しません"), (FAILURE, "誤りを返しました")])
def test_a_name_server_that_cannot_say_is_no_answer(answer: str, words: str) -> None:
    with (
        name_server({"x.example.jp": answer}) as address,
        pytest.raises(DnsError, match=words),
    ):
        published("x.example.jp", resolver(read_nameserver(address), seconds=0.4))


@pytest.mark.parametrize(
    ("text", "read"),
    [("192.0.2.1", ("192.0.2.1", 53)), ("127.0.0.1:5353", ("127.0.0.1", 5353)), ("[::1]:54", ("::1", 54)),
     ("2001:db8::1", ("2001:db8::1", 53))],
)  # fmt: skip
def test_a_name_server_is_an_address_with_or_without_port(text: str, read: tuple[str, int]) -> None:
    assert read_nameserver(text) == read


@pytest.mark.parametrize("text", ["", "dns.example.jp", "300.1.1.1", "127.0.0.1:0", "127.0.0.1:99999", "[::1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DnsError):
        read_nameserver(text)
