from __future__ import annotations

import pytest

from newsletter.mail.reply import MAX_TEXT, Reply, ReplyError


def test_the_lines_of_a_reply_become_one_text_without_their_statuses() -> None:
    reply = Reply.parse([b"550-5.1.1 No such\r\n", b"550-5.1.1 user\r\n", b"550 5.1.1 here\r\n"])
    assert reply == Reply(550, "5.1.1", "No such user here")
    assert str(reply) == "550 5.1.1 No such user here"


def test_a_bare_code_is_a_reply() -> None:
    assert Reply.parse([b"250\r\n"]) == Reply(250)


def test_a_number_that_only_looks_like_a_status_is_text() -> None:
    assert Reply.parse([b"250 2.0.0.1 is my version"]) == Reply(250, "", "2.0.0.1 is my version")
    assert Reply.parse([b"550 4.1.1 mixed"]) == Reply(550, "", "4.1.1 mixed")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b""],
        [b"25 short\r\n"],
        [b"650 out of range\r\n"],
        [b"2500 long\r\n"],
        [b"250_odd\r\n"],
        [b"\x00\xff\r\n"],
        [b"250-one\r\n", b"251 two\r\n"],
        [b"250 one\r\n", b"250 two\r\n"],
        [b"250-one\r\n"],
        [b"250-x\r\n"] * 200 + [b"250 x\r\n"],
    ],
)
def test_what_is_no_reply_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(ReplyError):
        Reply.parse(lines)


@pytest.mark.parametrize(
    "said",
    [
        "<taro@example.jp>: unknown",
        "taro@example.jp unknown",
        '<"taro..x"@docomo.ne.jp> unknown',
        "(taro@xn--wgv71a.example.jp) unknown",
        "see https://example.jp/?who=taro%40example.jp",
        "rcpt=taro@example.jp,",
        "太郎taro@日本.jp さん",
    ],
)
def test_no_address_stays_in_the_text(said: str) -> None:
    text = Reply.parse([f"550 {said}".encode()]).text
    assert "taro" not in text
    assert "@" not in text


def test_the_local_part_is_hidden_where_it_stands_alone() -> None:
    reply = Reply(550, "5.1.1", "mailbox Taro.Yamada is unknown")
    assert reply.hiding("taro.yamada@example.jp").text == "mailbox (address) is unknown"
    assert reply.hiding('"taro.yamada"@example.jp').text == "mailbox (address) is unknown"
    assert reply.hiding("is@example.jp") == reply


def test_the_text_is_clean_and_bounded() -> None:
    text = Reply.parse([b"550 a\tb\x00c\x1b[31m" + b"x" * 5000]).text
    assert len(text) == MAX_TEXT
    assert text.startswith("a b c [31m")
    assert Reply.parse([b"550 \xff\xfe"]).text == "��"
