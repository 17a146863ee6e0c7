"""Bodies as they are (8BITMIME): parsers and verifiers that are not ours read them, in lines that SMTP allows."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.mail.attachments import Attachment
from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.dkim import DkimKey, Signer
from newsletter.mail.dkim_record import record
from newsletter.mail.message import CompiledMessage, Recipient, compile_message
from newsletter.mail.render import render_issue
from tests.newsletter.mail.sample import TEMPLATES, large_issue, rich_issue
from tests.newsletter.mail.test_dkim import BOTH, DATE, ED25519, verified
from tests.newsletter.mail.test_message import READER, RENDERED, SENDER, SUBJECT, read

SAFE: dict[str, Callable[[str], str]] = {"text/plain": str, "text/html": escape}


def compiled(
    mail: RenderedMail = RENDERED, keys: tuple[DkimKey, ...] = (), *, text_only: bool = False, bulk: bool = True
) -> CompiledMessage:
    signer = Signer(keys) if keys else None
    return compile_message(mail, SENDER, date=DATE, signer=signer, text_only=text_only, bulk=bulk, eight_bit=True)


def joined(mail: RenderedMail = RENDERED, *, text_only: bool = False) -> bytes:
    return compiled(mail, text_only=text_only).join(READER, eight_bit=True)


def texts(octets: bytes) -> list[EmailMessage]:
    return [part for part in read(octets).walk() if part.get_content_maintype() == "text"]


def encodings(octets: bytes) -> list[str]:
    return [str(part["Content-Transfer-Encoding"]) for part in texts(octets)]


def check_lines(octets: bytes) -> None:
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert b"\0" not in octets
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert octets.partition(b"\r\n\r\n")[0].isascii()


def filled(template: str, subtype: str, reader: Recipient) -> str:
    safe = SAFE[subtype]
    text = template.replace(UNSUBSCRIBE_SLOT, safe(reader.unsubscribe_url))
    text = text.replace(PREFERENCES_SLOT, safe(reader.preferences_url))
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


# ------------------------------------------------------------ what goes out
@pytest.mark.parametrize("issue", [rich_issue(), large_issue(40, 150)])
def test_a_real_issue_travels_as_it_is_and_is_a_quarter_smaller(issue: object) -> None:
    mail = render_issue(issue, TEMPLATES)  # type: ignore[arg-type]
    message = compile_message(mail, SENDER, date=DATE, eight_bit=True)
    octets, base64 = message.join(READER, eight_bit=True), message.join(READER)
    check_lines(octets)
    assert encodings(octets) == ["8bit", "8bit"]
    assert read(octets)["Content-Transfer-Encoding"] == "8bit"
    for part, template in zip(texts(octets), (mail.text, mail.html), strict=True):
        assert part.get_payload(decode=True) == filled(template, part.get_content_type(), READER).encode()
    assert len(octets) < 0.77 * len(base64)


def test_base64_is_what_it_was_for_those_who_do_not_take_8_bits() -> None:
    assert compiled(keys=BOTH).join(READER) == compile_message(
        RENDERED, SENDER, date=DATE, signer=Signer(BOTH)
    ).join(READER)  # fmt: skip
    assert compile_message(RENDERED, SENDER, date=DATE).eight_bit is None


def test_both_encodings_say_the_same() -> None:
    message = compiled()
    ours, theirs = message.join(READER, eight_bit=True), message.join(READER)
    assert [part.get_content() for part in texts(ours)] == [part.get_content() for part in texts(theirs)]
    fields = [(name, value) for name, value in read(ours).items() if name != "Content-Transfer-Encoding"]
    assert fields == read(theirs).items()


def test_ascii_needs_no_8_bits() -> None:
    octets = joined(RenderedMail("Hello", f"<p>Hello {UNSUBSCRIBE_SLOT}</p>\n", "Hello\n"))
    assert octets.partition(b"\r\n\r\n")[2].isascii()
    assert encodings(octets) == ["7bit", "7bit"]


def test_what_cannot_travel_unchanged_stays_base64_for_that_part_alone() -> None:
    for wrong in (
        "あ" * 333, "x" * 999, "NUL\0", "改ページ\f", "縦タブ\v", "\x1a", "\x7f", "1行\nFrom here", "From 始め",
        f"{'あ' * 300}{UNSUBSCRIBE_SLOT}", f"{UNSUBSCRIBE_SLOT} {'あ' * 290} {PREFERENCES_SLOT}",
    ):  # fmt: skip
        octets = joined(RenderedMail(SUBJECT, f"{wrong}\n", "本文\n"))
        assert encodings(octets) == ["8bit", "base64"], wrong
        check_lines(octets)
        octets = joined(RenderedMail(SUBJECT, "<p>本文</p>", f"本文\n{wrong}\n"))
        assert encodings(octets) == ["base64", "8bit"], wrong
    assert encodings(joined(RenderedMail(SUBJECT, "あ" * 332 + "xx\n", "本文\n"))) == ["8bit", "8bit"]


def test_a_reader_whose_link_makes_a_line_too_long_gets_base64() -> None:
    mail = RenderedMail(SUBJECT, f"<p>{'あ' * 250}{UNSUBSCRIBE_SLOT}</p>\n", f"本文\n{UNSUBSCRIBE_SLOT}\n")
    message = compiled(mail)
    for length, expected in ((241, "8bit"), (242, "base64")):  # 3 + 750 + length + 4
        url = "https://news.example.jp/".ljust(length, "x")
        octets = message.join(replace(READER, unsubscribe_url=url), eight_bit=True)
        assert encodings(octets) == [expected] * 2
        check_lines(octets)


def test_text_alone_must_end_its_line_because_smtp_cannot_carry_it_otherwise() -> None:
    assert encodings(joined(RenderedMail(SUBJECT, "x", "本文"), text_only=True)) == ["base64"]
    octets = joined(RenderedMail(SUBJECT, "x", "本文\n\n"), text_only=True)
    assert encodings(octets) == ["8bit"]
    assert octets.endswith("\r\n\r\n本文\r\n\r\n".encode())


def test_a_letter_with_a_file_is_base64() -> None:
    file = Attachment("form.csv", "text/csv", b"a,b\r\n")
    letter = compile_message(RENDERED, SENDER, date=DATE, bulk=False, files=[file], eight_bit=True)
    assert letter.join(READER, eight_bit=True) == letter.join(READER)


# ------------------------------------------------------------ whatever the texts are
LINES = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\n. \t"), max_size=120)
PIECES = st.lists(st.one_of(LINES, st.sampled_from([UNSUBSCRIBE_SLOT, PREFERENCES_SLOT, "\n.\n", "\n\n"])), max_size=8)
BODY = PIECES.map("".join).filter(
    lambda text: "slot" not in text.replace(UNSUBSCRIBE_SLOT, "").replace(PREFERENCES_SLOT, "")
)
URL = st.text(alphabet="abcxyz0123456789-_/?&=.", max_size=90).map("https://news.example.jp/".__add__)


@settings(deadline=None)
@given(BODY, BODY.map("x".__add__), URL, URL, st.booleans(), st.sampled_from(["", "\n", "\n\n", " \n\t\n"]))
def test_any_body_comes_back_through_the_librarys_parser_and_its_signature_holds(
    html: str, text: str, unsubscribe: str, preferences: str, text_only: bool, end: str
) -> None:
    mail = RenderedMail(SUBJECT, html, text + end)
    reader = Recipient(READER.address, READER.message_id, unsubscribe, preferences)
    octets = compiled(mail, (ED25519,), text_only=text_only).join(reader, eight_bit=True)
    check_lines(octets)
    bodies = [text + end] if text_only else [text + end, html]
    for part, template in zip(texts(octets), bodies, strict=True):
        expected = filled(template, part.get_content_type(), reader)
        assert cast(bytes, part.get_payload(decode=True)).decode() == expected
    assert verified(octets, (ED25519,)) == [True]
    if any(encoding == "8bit" for encoding in encodings(octets)):
        assert read(octets)["Content-Transfer-Encoding"] == "8bit"


# ------------------------------------------------------------ signatures
LOOSE = RenderedMail(
    SUBJECT,
    f"<p>二つ  の空白\t\tと行末 \t\n</p>\n  字下げ<a href='{UNSUBSCRIBE_SLOT}'>停止</a> {PREFERENCES_SLOT} \n\n\n",
    f".点で始まる\n..\n\n  字下げ\t\n{UNSUBSCRIBE_SLOT}  \n{PREFERENCES_SLOT}\n \n\n",
)


@pytest.mark.parametrize("text_only", [False, True])
@pytest.mark.parametrize("bulk", [False, True])
def test_dkimpy_accepts_white_space_of_every_kind(text_only: bool, bulk: bool) -> None:
    octets = compiled(LOOSE, BOTH, text_only=text_only, bulk=bulk).join(READER, eight_bit=True)
    assert set(encodings(octets)) == {"8bit"}
    assert verified(octets) == [True, True]
    # What "relaxed" forgives: a server that takes white space off the ends of lines.
    assert verified(re.sub(rb"[ \t]+\r\n(?![ \t])", b"\r\n", octets)) == [True, True]


@pytest.mark.parametrize("text_only", [False, True])
def test_opendkim_accepts_them_too(tmp_path: Path, text_only: bool) -> None:
    program = shutil.which("opendkim", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("opendkim is not installed")
    (tmp_path / "keys").write_text("".join(f"{key.name} {record(key)}\n" for key in BOTH))
    (tmp_path / "conf").write_text(f"Mode v\nTestPublicKeys {tmp_path}/keys\nSyslog no\nSocket inet:1@127.0.0.1\n")
    good = compiled(LOOSE, BOTH, text_only=text_only).join(READER, eight_bit=True)
    for name, octets in (("good", good), ("bad", good.replace("字下げ".encode(), "字上げ".encode()))):
        (tmp_path / name).write_bytes(octets)
        command = [program, "-x", str(tmp_path / "conf"), "-t", str(tmp_path / name), "-vv"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
        assert said.count("dkim=pass") == (2 if name == "good" else 0), said
