from __future__ import annotations

import email.header
import email.parser
import email.policy
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail import headers
from newsletter.mail.headers import HeaderError
from tests.encoded_words import BrokenHeaderError, decode, unfold

TOKENS = [
    "イクレイ日本", "COP31", "（第137号）", "“City”", "São Paulo", "11/23（月）", "e-ニュース", "ICLEI", "【北九州市】",
    "2050年カーボンニュートラル", "①", "髙﨑", "𠮷野家", "〜", "–", "🌏", "👩\u200d👩\u200d👧", "か\u3099",
    "葛\U000e0100城市", "a", "x" * 30, "x" * 90, "=?", "?=", "=?UTF-8?B?44GC?=", '"quoted"', "back\\slash", "(paren)",
    "<angle>", ",", ";", ":", "@",
]  # fmt: skip
SEPARATORS = ["", "", " ", " ", " ", "  ", "\u3000", " \u3000 "]


def random_text(rng: random.Random) -> str:
    pieces = [rng.choice(TOKENS) + rng.choice(SEPARATORS) for _ in range(rng.randint(1, 14))]
    return rng.choice(["", "", " "]) + "".join(pieces)


def read_by_the_library(field: str, name: str) -> str:
    """What the standard library's header decoder makes of it."""
    value = email.parser.HeaderParser(policy=email.policy.compat32).parsestr(field)[name]
    return str(email.header.make_header(email.header.decode_header(value)))


def test_twenty_thousand_mixed_subjects_come_back_exactly() -> None:
    rng = random.Random(137)
    mixed = several = 0
    for number in range(20_000):
        text = random_text(rng)
        field = headers.text_field("Subject", text)
        # Also checks what stands in the source: lines of 78, encoded-words of 75, none that touch or are cut.
        assert decode(field.encode("ascii")) == text
        mixed += not text.isascii() and bool(re.search("[A-Za-z]", text))
        several += field.count("=?UTF-8?B?") > 1
        if number % 20 == 0:
            assert read_by_the_library(field, "Subject") == text.replace("\r\n", "")
    assert mixed > 15_000  # or the twenty thousand would prove little
    assert several > 12_000


@given(st.text(min_size=1, max_size=300))
def test_any_text_comes_back_or_is_refused(text: str) -> None:
    try:
        field = headers.text_field("Subject", text)
    except HeaderError:
        assert any(
            ord(c) < 32 or 0x7F <= ord(c) <= 0x9F or c in "\u2028\u2029" or 0xD800 <= ord(c) <= 0xDFFF for c in text
        )
        return
    assert decode(field.encode("ascii")) == text


@given(st.text(min_size=1, max_size=120))
def test_any_display_name_comes_back_or_is_refused(name: str) -> None:
    try:
        field = headers.mailbox_field("From", name, "enews@example.jp")
    except HeaderError:
        return
    value = unfold(field.encode("ascii")).decode("ascii")
    assert value.endswith(" <enews@example.jp>")
    if value.startswith('"'):
        assert re.sub(r"\\(.)", r"\1", value[1 : -len('" <enews@example.jp>')]) == name
    else:
        assert decode(field.encode("ascii")) == f"{name} <enews@example.jp>"


def test_the_library_reads_name_and_address_apart() -> None:
    parser = email.parser.HeaderParser(policy=email.policy.default)
    for name in ("イクレイ日本 事務局", "ICLEI Japan", "ICLEI, Japan (Tokyo)", 'The "City" \\ Office', "Sao Paulo. x"):
        read = parser.parsestr(headers.mailbox_field("From", name, "enews@日本.example.jp"))["From"]
        (mailbox,) = read.addresses
        assert (mailbox.display_name, mailbox.addr_spec) == (name, "enews@xn--wgv71a.example.jp")


def test_characters_keep_their_marks() -> None:
    text = "か\u3099" * 60 + "葛\U000e0100" * 40 + "👩\u200d👩\u200d👧" * 20
    for line in headers.text_field("Subject", text).removeprefix("Subject:").split("\r\n")[:-1]:
        word = decode(f"X:{line}\r\n".encode("ascii"))
        assert word[0] not in "\u3099\U000e0100\u200d"
        assert not word.endswith("\u200d")
    assert decode(headers.text_field("Subject", "a" + "\u0301" * 500).encode("ascii")) == "a" + "\u0301" * 500


def test_plain_text_stays_readable_in_the_source() -> None:
    assert headers.text_field("Subject", "ICLEI Japan e-news 137") == "Subject: ICLEI Japan e-news 137\r\n"
    long = headers.text_field("Subject", "word " * 40 + "end")
    assert "=?" not in long
    assert decode(long.encode()) == "word " * 40 + "end"


@pytest.mark.parametrize(
    "smuggled", ["\r\nBcc: x@example.jp", "\n", "\r", "\0", "\x1b[0m", "\x85", "\u2028", "\ud800", "\t"]
)
def test_a_line_cannot_be_smuggled_in(smuggled: str) -> None:
    text = f"件名{smuggled}続き"
    with pytest.raises(HeaderError, match="制御文字"):
        headers.text_field("Subject", text)
    with pytest.raises(HeaderError, match="制御文字"):
        headers.mailbox_field("From", text, "enews@example.jp")
    with pytest.raises(HeaderError):
        headers.mailbox_field("From", "x", f"enews{smuggled}@example.jp")
    with pytest.raises(HeaderError):
        headers.links_field("List-Help", f"https://example.jp/{smuggled}")
    with pytest.raises(HeaderError):
        headers.checked_message_id(f"<1.a{smuggled}@example.jp>")
    with pytest.raises(HeaderError):
        headers.list_id_field(text, "enews.example.jp")
    with pytest.raises(HeaderError):
        headers.list_id_field("x", f"enews.example.jp{smuggled}")


def test_an_empty_subject_is_refused_because_gateways_call_it_spam() -> None:
    with pytest.raises(HeaderError, match="空"):
        headers.text_field("Subject", "")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.jp",
        "https://example.jp/ x",
        "https://example.jp/>",
        "https://日本.jp/",
        "x" * 2000,
        "https://x/" + "y" * 990,
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(HeaderError):
        headers.links_field("List-Help", url)


@pytest.mark.parametrize(
    "message_id",
    ["", "1.a@example.jp", "<1.a@example.jp", "<1 a@example.jp>", "<@>", "<a@b>c", "<" + "a" * 300 + "@b>"],
)
def test_what_is_no_message_id_is_refused(message_id: str) -> None:
    with pytest.raises(HeaderError):
        headers.checked_message_id(message_id)


def test_links_stand_one_on_a_line() -> None:
    field = headers.links_field("List-Unsubscribe", "https://example.jp/u/abc", "mailto:leave@example.jp?subject=x")
    assert field == "List-Unsubscribe: <https://example.jp/u/abc>,\r\n <mailto:leave@example.jp?subject=x>\r\n"


def test_a_list_id_has_its_name_or_none() -> None:
    assert headers.list_id_field("", "enews.example.jp") == "List-Id: <enews.example.jp>\r\n"
    named = headers.list_id_field("イクレイ日本 e-ニュース", "enews.example.jp")
    assert decode(named.encode()).startswith("イクレイ日本 e-ニュース")
    assert unfold(named.encode()).endswith(b"<enews.example.jp>")


@pytest.mark.parametrize(
    "field",
    [
        b"Subject: =?UTF-8?B?44GC?==?UTF-8?B?44GE?=\r\n",
        b"Subject: =?UTF-8?B??=\r\n",
        b"Subject: " + b"x" * 80 + b"\r\n",
        b"Subject: a\r\nb\r\n",
    ],
)
def test_the_decoder_of_these_tests_notices_what_is_wrong(field: bytes) -> None:
    with pytest.raises(BrokenHeaderError):
        decode(field)
