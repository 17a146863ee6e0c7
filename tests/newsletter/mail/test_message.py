from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from html import escape
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import NewsletterError
from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.headers import HeaderError
from newsletter.mail.message import CompiledMessage, MessageError, Recipient, Sender, compile_message
from tests.encoded_words import decode

DATE = datetime(2026, 11, 30, 1, 7, tzinfo=UTC)
SUBJECT = "【イクレイ日本】e-ニュース 11月号（第137号） COP31 特集"
HTML = f"""<!doctype html>
<html lang="ja"><body><p>{"本文の段落です。" * 40}</p>
<p><a href="{UNSUBSCRIBE_SLOT}">配信停止</a> <a href="{PREFERENCES_SLOT}">設定</a></p></body></html>
"""
TEXT = f"{'本文の段落です。' * 40}\n.点で始まる行\n\n配信停止\n{UNSUBSCRIBE_SLOT}\n設定\n{PREFERENCES_SLOT}\n"
RENDERED = RenderedMail(SUBJECT, HTML, TEXT)
SENDER = Sender(
    name="イクレイ日本",
    address="enews@example.jp",
    reply_to="office@example.jp",
    list_id="enews.example.jp",
    list_name="イクレイ日本 e-ニュース",
    unsubscribe_mailto="leave@example.jp",
    help_url="https://news.example.jp/help",
    archive_url="https://news.example.jp/archive/",
)
READER = Recipient(
    "reader@city.example.lg.jp",
    "<12.abcdefghijklmnop@example.jp>",
    "https://news.example.jp/u/abc?d=12&c=x",
    "https://news.example.jp/p/abc",
)


def compiled(*, text_only: bool = False, bulk: bool = True) -> CompiledMessage:
    return compile_message(RENDERED, SENDER, date=DATE, text_only=text_only, bulk=bulk)


def read(octets: bytes) -> EmailMessage:
    """The message as the standard library's parser sees it, without a single defect."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    for part in message.walk():
        assert part.defects == []
    return message


def field(octets: bytes, name: str) -> bytes:
    """A field as it stands in the source, with its folding and line end."""
    match = re.search(rb"(?m)^" + name.encode() + rb": (?:[^\r\n]*\r\n)(?:[ \t][^\r\n]*\r\n)*", octets)
    assert match
    return match[0]


def check_lines(octets: bytes) -> None:
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    _, _, body = octets.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^\.", octets)


def test_both_parts_decode_to_the_rendered_text_with_the_readers_links() -> None:
    octets = compiled().join(READER)
    check_lines(octets)
    message = read(octets)
    assert message.get_content_type() == "multipart/alternative"
    text, html = cast(list[EmailMessage], message.get_payload())
    assert [part.get_content_type() for part in (text, html)] == ["text/plain", "text/html"]
    for part, template in ((text, TEXT), (html, HTML)):
        safe = SAFE[part.get_content_type()]
        assert part["Content-Transfer-Encoding"] == "base64"
        assert part.get_content_charset() == "utf-8"
        expected = template.replace(UNSUBSCRIBE_SLOT, safe(READER.unsubscribe_url))
        expected = expected.replace(PREFERENCES_SLOT, safe(READER.preferences_url))
        assert cast(bytes, part.get_payload(decode=True)).decode() == expected.replace("\n", "\r\n")


WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120).filter(lambda t: "slot" not in t)
SAFE: dict[str, Callable[[str], str]] = {"text/plain": str, "text/html": escape}
BODY = st.lists(st.one_of(WORDS, st.sampled_from([UNSUBSCRIBE_SLOT, PREFERENCES_SLOT])), max_size=8).map("".join)
URL = st.text(alphabet="abcxyz0123456789-_/?&=.", max_size=90).map("https://news.example.jp/".__add__)


@given(BODY, BODY.map("x".__add__), URL, URL, st.booleans())
def test_any_body_comes_back_through_the_librarys_parser(
    html: str, text: str, unsubscribe: str, preferences: str, text_only: bool
) -> None:
    message = compile_message(RenderedMail(SUBJECT, html, text), SENDER, date=DATE, text_only=text_only)
    octets = message.join(Recipient(READER.address, READER.message_id, unsubscribe, preferences))
    check_lines(octets)
    parts = [part for part in read(octets).walk() if part.get_content_maintype() == "text"]
    bodies = [text] if text_only else [text, html]
    assert len(parts) == len(bodies)
    for part, template in zip(parts, bodies, strict=True):
        safe = SAFE[part.get_content_type()]
        expected = template.replace(UNSUBSCRIBE_SLOT, safe(unsubscribe)).replace(PREFERENCES_SLOT, safe(preferences))
        expected = re.sub(r"\r\n|\r|\n", "\r\n", expected)
        assert cast(bytes, part.get_payload(decode=True)).decode() == expected


def test_the_headers_say_what_they_should() -> None:
    octets = compiled().join(READER)
    message = read(octets)
    assert decode(field(octets, "Subject")) == SUBJECT
    assert str(message["Subject"]) == SUBJECT
    assert str(message["From"]) == "イクレイ日本 <enews@example.jp>"
    assert str(message["To"]) == READER.address
    assert str(message["Reply-To"]) == "office@example.jp"
    assert message["Date"].datetime == DATE
    assert message["Message-ID"] == READER.message_id
    assert message["MIME-Version"] == "1.0"
    assert message["Content-Language"] == "ja"
    assert "<enews.example.jp>" in message["List-Id"]
    assert field(octets, "List-Unsubscribe").split(b"\r\n") == [
        b"List-Unsubscribe: <https://news.example.jp/u/abc?d=12&c=x>,",
        b" <mailto:leave@example.jp?subject=unsubscribe>",
        b"",
    ]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Help"] == "<https://news.example.jp/help>"
    assert message["List-Archive"] == "<https://news.example.jp/archive/>"
    assert "Precedence" not in message
    assert "Auto-Submitted" not in message
    assert len(message.keys()) == len(set(message.keys()))


def test_a_letter_belongs_to_no_list() -> None:
    octets = compiled(bulk=False).join(READER)
    message = read(octets)
    assert [name for name in message.keys() if name.startswith("List-")] == []  # noqa: SIM118
    assert message["Auto-Submitted"] == "auto-generated"


def test_a_letter_without_slots_needs_no_links() -> None:
    letter = compile_message(RenderedMail("確認", "<p>本文</p>", "本文\n"), SENDER, date=DATE, bulk=False)
    octets = letter.join(Recipient("reader@example.jp", READER.message_id))
    assert read(octets).get_body(("plain",)) is not None


def test_who_wants_text_gets_text_alone() -> None:
    octets = compiled(text_only=True).join(READER)
    check_lines(octets)
    message = read(octets)
    assert message.get_content_type() == "text/plain"
    assert READER.unsubscribe_url in message.get_content()
    assert message["List-Unsubscribe-Post"]


@pytest.mark.parametrize(
    ("url", "one_click"),
    [
        ("https://news.example.jp/u/a", True),
        ("http://127.0.0.1:8000/u/a", True),
        ("http://localhost/u/a", True),
        ("http://news.example.jp/u/a", False),
        ("http://localhost.example.jp/u/a", False),
        ("http://127.0.0.1.example.jp/u/a", False),
    ],
)
def test_one_click_is_promised_for_https_only(url: str, one_click: bool) -> None:
    message = read(compiled().join(Recipient(READER.address, READER.message_id, url, url)))
    assert ("List-Unsubscribe-Post" in message) is one_click


def test_the_same_edition_and_reader_give_the_same_bytes() -> None:
    assert compiled().join(READER) == compiled().join(READER)
    other = compile_message(RenderedMail(SUBJECT, HTML, TEXT + "x"), SENDER, date=DATE)
    assert read(other.join(READER)).get_boundary() != read(compiled().join(READER)).get_boundary()


def test_readers_do_not_get_each_others_links() -> None:
    message = compiled()
    for number in [*range(1, 40), *range(40, 1, -1)]:
        url = "https://news.example.jp/u/" + "k" * number
        text = read(message.join(Recipient("r@example.jp", f"<{number}.a@example.jp>", url, f"{url}/p"))).get_body(
            ("plain",)
        )
        assert text is not None
        assert re.findall(r"https://\S+", text.get_content()) == [url, f"{url}/p"]


def test_an_old_carrier_address_is_quoted_and_an_idn_domain_in_punycode() -> None:
    for address, written in (
        ("a..b@docomo.ne.jp", b'To: "a..b"@docomo.ne.jp\r\n'),
        ("office@日本.example.jp", b"To: office@xn--wgv71a.example.jp\r\n"),
        ("用務員@example.jp", "To: 用務員@example.jp\r\n".encode()),  # RFC 6532; smtp.py sends it with SMTPUTF8 only
    ):
        octets = compiled().join(Recipient(address, READER.message_id, READER.unsubscribe_url, READER.preferences_url))
        assert written in octets


@pytest.mark.parametrize(
    "reader",
    [
        Recipient("a@x.jp\r\nBcc: b@x.jp", READER.message_id, READER.unsubscribe_url, READER.preferences_url),
        Recipient("", READER.message_id, READER.unsubscribe_url, READER.preferences_url),
        Recipient(READER.address, "<1.a@x.jp>\r\nBcc: b@x.jp", READER.unsubscribe_url, READER.preferences_url),
        Recipient(READER.address, READER.message_id, "https://x.jp/\r\nBcc: b@x.jp", READER.preferences_url),
        Recipient(READER.address, READER.message_id, 'https://x.jp/"><script>', READER.preferences_url),
        Recipient(READER.address, READER.message_id, READER.unsubscribe_url, "https://x.jp/ x"),
        Recipient(READER.address, READER.message_id, "", READER.preferences_url),
        Recipient(READER.address, READER.message_id, READER.unsubscribe_url, ""),
    ],
)
def test_a_reader_who_would_break_the_message_is_refused(reader: Recipient) -> None:
    with pytest.raises((MessageError, HeaderError)) as caught:
        compiled().join(reader)
    assert "Bcc" not in str(caught.value)


@pytest.mark.parametrize(
    "rendered",
    [
        RenderedMail("", HTML, TEXT),
        RenderedMail("件名\r\nBcc: x@example.jp", HTML, TEXT),
        RenderedMail(f"件名 {UNSUBSCRIBE_SLOT}", HTML, TEXT),
        RenderedMail(SUBJECT, HTML + "https://slot.invalid/other", TEXT),
        RenderedMail(SUBJECT, HTML, " \n"),
        RenderedMail(SUBJECT, HTML + "\ud800", TEXT),
    ],
)
def test_a_rendering_that_cannot_be_a_message_is_refused_before_the_first_reader(rendered: RenderedMail) -> None:
    with pytest.raises((MessageError, HeaderError)):
        compile_message(rendered, SENDER, date=DATE)


def test_a_date_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        compile_message(RENDERED, SENDER, date=DATE.replace(tzinfo=None))


@pytest.mark.parametrize(
    "sender",
    [
        Sender("イクレイ日本", "配信@example.jp"),
        Sender("イクレイ日本", "enews@example.jp", reply_to="事務局@example.jp"),
        Sender("イクレイ日本\r\nBcc: x@example.jp", "enews@example.jp"),
        Sender("イクレイ日本", "enews"),
        Sender("イクレイ日本", "enews@example.jp", list_id="enews"),
        Sender("イクレイ日本", "enews@example.jp", unsubscribe_mailto="脱会@example.jp"),
        Sender("イクレイ日本", "enews@example.jp", help_url="ヘルプ"),
    ],
)
def test_a_sender_who_cannot_stand_in_a_header_is_refused_in_words(sender: Sender) -> None:
    with pytest.raises(NewsletterError):
        compile_message(RENDERED, sender, date=DATE)
