"""What we sign, two verifiers that are not ours accept: dkimpy and OpenDKIM."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.dkim import Algorithm, DkimError, DkimKey, Signer, make_key, read_key, write_key
from newsletter.mail.dkim_record import record
from newsletter.mail.message import Recipient, Sender, compile_message

DATE = datetime(2020, 1, 6, 1, 7, tzinfo=UTC)  # verifiers refuse a time that is still to come
RSA, ED25519 = make_key(Algorithm.RSA, "example.jp", "r1"), make_key(Algorithm.ED25519, "example.jp", "e1")
BOTH = (RSA, ED25519)
LINKS = f"配信停止\n{UNSUBSCRIBE_SLOT}\n設定\n{PREFERENCES_SLOT}\n"
MAIL = RenderedMail(
    "【イクレイ日本】e-ニュース 11月号（第137号） COP31 特集",
    f"<!doctype html><p>{'本文  の段落です。 ' * 90}</p><a href='{UNSUBSCRIBE_SLOT}'>停止</a>{PREFERENCES_SLOT}\n\n\n",
    f"{'本文の段落です。 ' * 90}\n\n{LINKS}\n\n\n",
)
SENDER = Sender(
    "イクレイ日本", "enews@example.jp", "office@example.jp", "enews.example.jp", "e-ニュース", "leave@example.jp"
)
READER = Recipient(
    "reader@city.example.lg.jp",
    "<12.abc@example.jp>",
    "https://news.example.jp/u/a?b=1&c=2",
    "https://n.example.jp/p/a",
)


def signed(
    keys: Sequence[DkimKey] = BOTH,
    mail: RenderedMail = MAIL,
    reader: Recipient = READER,
    *,
    text_only: bool = False,
    bulk: bool = True,
) -> bytes:
    signer = Signer(tuple(keys))
    return compile_message(mail, SENDER, date=DATE, signer=signer, text_only=text_only, bulk=bulk).join(reader)


def verified(octets: bytes, keys: Sequence[DkimKey] = BOTH) -> list[bool]:
    """dkimpy's word on each signature, in their order."""
    zone = {f"{key.name}.".encode(): record(key).encode() for key in keys}

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        return zone.get(name)

    number = len(re.findall(rb"(?m)^DKIM-Signature:", octets))
    return [dkimpy.DKIM(octets).verify(idx=place, dnsfunc=look_up) for place in range(number)]


def covered(octets: bytes) -> list[str]:
    """What `h=` of the first signature names."""
    names = re.search(rb"\bh=([^;]*);", octets)
    assert names
    return re.sub(rb"\s", b"", names[1]).decode().split(":")


@pytest.mark.parametrize("keys", [(RSA,), (ED25519,), BOTH], ids=["rsa", "ed25519", "both"])
@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize("bulk", [False, True])
def test_dkimpy_accepts_every_form_of_message(keys: tuple[DkimKey, ...], text_only: bool, bulk: bool) -> None:
    assert verified(signed(keys, text_only=text_only, bulk=bulk)) == [True] * len(keys)


@pytest.mark.parametrize("text_only", [False, True])
def test_opendkim_accepts_both_algorithms(tmp_path: Path, text_only: bool) -> None:
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("opendkim is not installed")
    (tmp_path / "keys").write_text("".join(f"{key.name} {record(key)}\n" for key in BOTH))
    (tmp_path / "conf").write_text(f"Mode v\nTestPublicKeys {tmp_path}/keys\nSyslog no\nSocket inet:1@127.0.0.1\n")
    for name, octets in (("good", signed(text_only=text_only)), ("bad", signed() + b"more\r\n")):
        (tmp_path / name).write_bytes(octets)
        command = [program, "-x", str(tmp_path / "conf"), "-t", str(tmp_path / name), "-vv"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
        assert said.count("dkim=pass") == (2 if name == "good" else 0), said
        assert said.count("dkim=fail") == (0 if name == "good" else 2), said


def test_the_signature_covers_all_that_we_write() -> None:
    octets = signed()
    header = octets.partition(b"\r\n\r\n")[0]
    written = [name.decode().lower() for name in re.findall(rb"(?m)^([A-Za-z-]+):", header)]
    names = covered(octets)
    assert set(written) - {"dkim-signature"} <= set(names)
    for name in (
        "from to subject date message-id mime-version content-type list-unsubscribe list-unsubscribe-post "
        "list-id reply-to"
    ).split():
        assert names.count(name) == 2, name


@pytest.mark.parametrize(
    "field", ["From: x@example.com", "To: all@example.jp", "Subject: other", "Cc: all@example.jp", "Reply-To: x@x.jp",
              "List-Unsubscribe: <https://x.example.com/>", "Content-Type: text/html"],
)  # fmt: skip
@pytest.mark.parametrize("at_the_top", [False, True])
def test_a_second_field_breaks_the_signature(field: str, at_the_top: bool) -> None:
    octets, added = signed((ED25519,)), field.encode() + b"\r\n"
    header, _, body = octets.partition(b"\r\n\r\n")
    changed = added + octets if at_the_top else header + b"\r\n" + added + b"\r\n" + body
    assert verified(octets) == [True]
    assert verified(changed) == [False]


def test_a_changed_body_breaks_the_signature() -> None:
    with pytest.raises(dkimpy.ValidationError, match="body hash mismatch"):
        verified(signed((ED25519,)).replace(b"Content-Type: text/html", b"Content-Type: text/h"))


def test_a_relay_may_fold_a_field_anew() -> None:
    octets = signed()
    folded = octets.replace(b"List-Unsubscribe: ", b"List-unsubscribe:\r\n\t  ")
    folded = folded.replace(b"multipart/alternative;\r\n ", b"multipart/alternative;  ")
    assert folded != octets
    assert verified(folded) == [True, True]


def test_without_one_click_the_signature_still_forbids_to_add_it() -> None:
    octets = signed(reader=replace(READER, unsubscribe_url="http://news.example.lg.jp/u/a"))
    assert covered(octets).count("list-unsubscribe-post") == 1
    assert verified(octets) == [True, True]


def test_a_second_try_is_the_same_bytes_and_one_compilation_serves_all_readers() -> None:
    message = compile_message(MAIL, SENDER, date=DATE, signer=Signer(BOTH))
    readers = [
        replace(READER, address=f"r{n}@example.jp", unsubscribe_url=f"https://n.example.jp/{n * 'x'}") for n in range(3)
    ]
    joined = [message.join(reader) for reader in readers]
    assert all(verified(octets) == [True, True] for octets in joined)
    assert [message.join(reader) for reader in readers] == joined


def test_the_message_under_the_signatures_is_what_it_was_without() -> None:
    plain = compile_message(MAIL, SENDER, date=DATE).join(READER)
    octets = signed()
    assert octets.endswith(plain)
    assert max(map(len, octets.removesuffix(plain).split(b"\r\n"))) <= 78


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n \t"), min_size=1, max_size=300)


@settings(max_examples=40, deadline=None)
@given(before=TEXT, after=TEXT, html=TEXT, path=st.text("abc-_", max_size=70), text_only=st.booleans())
def test_whatever_the_texts_are_the_signature_holds(
    before: str, after: str, html: str, path: str, text_only: bool
) -> None:
    mail = RenderedMail(MAIL.subject, f"{html}{PREFERENCES_SLOT}{after}", f"x{before}{UNSUBSCRIBE_SLOT}{after}")
    reader = replace(READER, unsubscribe_url=f"https://n.example.jp/{path}")
    assert verified(signed((ED25519,), mail, reader, text_only=text_only)) == [True]


# ------------------------------------------------------------ keys
@pytest.mark.parametrize("key", BOTH, ids=["rsa", "ed25519"])
def test_a_key_is_read_as_it_was_written(key: DkimKey) -> None:
    again = read_key(write_key(key), key.domain, key.selector)
    assert again.public() == key.public()
    assert again.name == key.name


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "PEM形式"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PEM形式"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSAかEd25519"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024), b"secret"), "パスワード"),
    ],
)
def test_what_cannot_sign_is_refused_in_words(octets: bytes, words: str) -> None:
    with pytest.raises(DkimError, match=words):
        read_key(octets, "example.jp", "r1")


@pytest.mark.parametrize(("domain", "selector"), [("example.jp", "a b"), ("example.jp", ""), ("example.jp", "a/../b"),
                                                  ("exa mple.jp", "a"), ("../x", "a")])  # fmt: skip
def test_a_name_that_the_dns_cannot_hold_is_refused(domain: str, selector: str) -> None:
    with pytest.raises(DkimError):
        make_key(Algorithm.ED25519, domain, selector)


def test_a_japanese_domain_is_named_in_its_ascii_form() -> None:
    assert make_key(Algorithm.ED25519, "見本.jp", "a").name == "a._domainkey.xn--8pvz87e.jp"
