from __future__ import annotations

import asyncio
import random

import pytest

from newsletter.mail.envelope import Envelope
from newsletter.mail.outcome import Outcome, Stage
from newsletter.mail.smtp import SmtpConnection, SmtpResult
from tests.smtp_client import ACCEPTED, CONTENT, ENVELOPE, pipelining, relay_at, talk
from tests.smtp_server import Conversation, Script, receiving

# ------------------------------------------------------------ a server that behaves


def test_it_hands_a_message_over_step_by_step_to_a_server_without_pipelining() -> None:
    async def main(port: int) -> tuple[SmtpResult, SmtpResult]:
        async with SmtpConnection(relay_at(port)) as connection:
            assert not connection.capabilities.pipelining
            first = await connection.send(ENVELOPE, CONTENT)
            return first, await connection.send(Envelope(ENVELOPE.sender, "a..b@docomo.ne.jp"), b"x: y\r\n\r\nz\r\n")

    with receiving() as server:
        results = asyncio.run(main(server.port))
    assert [result.outcome for result in results] == [Outcome.SENT, Outcome.SENT]
    assert server.connections == 1
    assert server.received[0].content == CONTENT + b"\r\n"
    assert server.received[0].sender == ENVELOPE.sender
    assert server.received[0].recipients == ("reader@example.lg.jp",)
    assert server.received[1].recipients == ("a..b@docomo.ne.jp",)  # it came quoted, aiosmtpd takes that off


def test_any_content_comes_out_as_it_went_in() -> None:
    rng = random.Random(5)
    pieces = [b".", b"..", b"\r\n", b"a", b"\r\n.\r\n", b"bc", b"QUIT\r\n"]
    contents = [b"".join(rng.choices(pieces, k=rng.randint(0, 30))) for _ in range(60)]

    async def main(port: int) -> list[SmtpResult]:
        async with SmtpConnection(relay_at(port)) as connection:
            return [await connection.send(ENVELOPE, content) for content in contents]

    with receiving() as server:
        results = asyncio.run(main(server.port))
    assert all(result.outcome is Outcome.SENT for result in results)
    assert [received.content for received in server.received] == [
        content if content.endswith(b"\r\n") else content + b"\r\n" for content in contents
    ]


def test_a_refused_recipient_is_reset_only_before_the_next_message() -> None:
    async def main(port: int) -> list[SmtpResult]:
        async with SmtpConnection(relay_at(port)) as connection:
            gone = Envelope(ENVELOPE.sender, "gone@example.lg.jp")
            return [await connection.send(envelope, CONTENT) for envelope in (gone, ENVELOPE, ENVELOPE)]

    with receiving() as server:
        server.rcpt_replies["gone@example.lg.jp"] = "550 5.1.1 <gone@example.lg.jp>: User unknown"
        results = asyncio.run(main(server.port))
    assert [result.outcome for result in results] == [Outcome.REFUSED_ADDRESS, Outcome.SENT, Outcome.SENT]
    assert results[0].stage is Stage.RCPT
    assert "gone" not in str(results[0].reply)
    assert len(server.received) == 2


def test_it_defers_when_the_relay_says_451() -> None:
    async def main(port: int) -> SmtpResult:
        async with SmtpConnection(relay_at(port)) as connection:
            return await connection.send(ENVELOPE, CONTENT)

    with receiving() as server:
        server.final_reply = "451 4.3.0 Try again later"
        result = asyncio.run(main(server.port))
    assert (result.stage, result.outcome) == (Stage.FINAL, Outcome.DEFERRED)
    assert server.received == []


def test_it_says_mail_rcpt_and_data_in_one_breath_when_the_server_pipelines() -> None:
    async def then(client: Conversation) -> None:
        await client.content()
        await client.say("250 2.0.0 queued")
        await client.opening(*ACCEPTED)  # the second message: no RSET between
        await client.content()
        await client.say("250 2.0.0 queued")

    results, (server, usable) = talk(pipelining(then, *ACCEPTED), ENVELOPE, ENVELOPE)
    assert [result.outcome for result in results] == [Outcome.SENT, Outcome.SENT]
    assert usable
    assert server.conversations[0].contents[0] == b"Subject: =?UTF-8?B?5Y+3?=\r\n\r\n..first\r\n...\r\n..\r\nlast\r\n"
    assert server.heard[1:4] == [
        "MAIL FROM:<bounces+1-abcdefghij@example.jp>", "RCPT TO:<reader@example.lg.jp>", "DATA",
    ]  # fmt: skip


# ------------------------------------------------------------ refusals while pipelining


def test_a_refused_recipient_with_354_gets_a_lone_dot_and_the_next_message_passes() -> None:
    async def then(client: Conversation) -> None:
        assert await client.content() == b""
        await client.say("554 5.5.1 no valid recipients")
        await client.opening(*ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 queued")

    script = pipelining(then, "250 2.1.0 Ok", "550 5.1.1 unknown", "354 go on")
    results, (server, _) = talk(script, ENVELOPE, ENVELOPE)
    assert [(result.stage, result.outcome) for result in results] == [
        (Stage.RCPT, Outcome.REFUSED_ADDRESS),
        (Stage.FINAL, Outcome.SENT),
    ]
    assert "RSET" not in server.heard


def test_a_refused_recipient_and_refused_data_leave_a_transaction_that_is_reset() -> None:
    async def then(client: Conversation) -> None:
        await client.opening("250 2.0.0 reset", *ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 queued")

    script = pipelining(then, "250 2.1.0 Ok", "450 4.2.1 later", "503 5.5.1 no recipients")
    results, (server, _) = talk(script, ENVELOPE, ENVELOPE)
    assert [result.outcome for result in results] == [Outcome.DEFERRED, Outcome.SENT]
    assert server.heard[4] == "RSET"


def test_a_refused_sender_is_what_is_reported_not_the_complaints_that_follow() -> None:
    async def then(client: Conversation) -> None:
        await client.opening(*ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 queued")

    script = pipelining(then, "550 5.7.1 not you", "503 5.5.1 MAIL first", "503 5.5.1 RCPT first")
    results, (server, _) = talk(script, ENVELOPE, ENVELOPE)
    assert [(result.stage, result.outcome) for result in results] == [
        (Stage.MAIL, Outcome.REFUSED_POLICY),
        (Stage.FINAL, Outcome.SENT),
    ]
    assert "RSET" not in server.heard


def test_refused_data_is_reset() -> None:
    async def then(client: Conversation) -> None:
        await client.opening("250 2.0.0 reset", *ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 queued")

    script = pipelining(then, "250 2.1.0 Ok", "250 2.1.5 Ok", "451 4.3.0 later")
    results, _ = talk(script, ENVELOPE, ENVELOPE)
    assert [(result.stage, result.outcome) for result in results] == [
        (Stage.DATA, Outcome.DEFERRED),
        (Stage.FINAL, Outcome.SENT),
    ]


def test_a_refusal_stays_a_refusal_when_the_line_dies_after_it() -> None:
    async def then(client: Conversation) -> None:
        client.reset()

    results, (_, usable) = talk(pipelining(then, "250 2.1.0 Ok", "550 5.1.1 unknown", "354 go on"))
    assert [result.outcome for result in results] == [Outcome.REFUSED_ADDRESS]
    assert not usable


def test_a_reset_that_is_refused_costs_the_line_not_the_message() -> None:
    async def then(client: Conversation) -> None:
        await client.opening("500 5.5.2 what?", *ACCEPTED)
        assert await client.content() == b""  # nothing is sent after a reset that failed

    script = pipelining(then, "250 2.1.0 Ok", "550 5.1.1 unknown", "503 5.5.1 no recipients")
    results, (_, usable) = talk(script, ENVELOPE, ENVELOPE)
    assert results[1].outcome is Outcome.RETRY_RELAY
    assert not usable


# ------------------------------------------------------------ beforehand


def quiet(*offers: str) -> Script:
    async def script(client: Conversation) -> None:
        await client.hello(*offers)
        assert await client.hear() == "QUIT"
        await client.say("221 2.0.0 bye")

    return script


def test_a_message_over_the_relays_size_is_not_sent_at_all() -> None:
    results, (server, usable) = talk(quiet("SIZE 20", "PIPELINING"))
    assert (results[0].stage, results[0].outcome) == (Stage.MAIL, Outcome.REFUSED_POLICY)
    assert str(results[0].reply).startswith("552 5.3.4 ")
    assert usable
    assert server.heard[1:] == ["QUIT"]


def test_the_size_is_named_when_the_relay_asks_for_it() -> None:
    async def script(client: Conversation) -> None:
        await client.hello("SIZE 1000000", "8BITMIME", "SMTPUTF8")
        for reply in ACCEPTED:
            await client.hear()
            await client.say(reply)
        await client.content()
        await client.say("250 2.0.0 queued")

    envelope = Envelope("bounces@example.jp", "用務員@日本.example.jp")
    results, (server, _) = talk(script, envelope, content="To: 用務員@xn--wgv71a.example.jp\r\n\r\nx\r\n".encode())
    assert results[0].outcome is Outcome.SENT
    assert server.heard[1] == "MAIL FROM:<bounces@example.jp> SIZE=42 BODY=8BITMIME SMTPUTF8"
    assert server.heard[2] == "RCPT TO:<用務員@xn--wgv71a.example.jp>"


@pytest.mark.parametrize(
    ("offers", "envelope", "content", "outcome"),
    [
        (("8BITMIME",), Envelope("bounces@example.jp", "用務員@example.jp"), b"x\r\n", Outcome.REFUSED_MAILBOX),
        (("8BITMIME",), Envelope("返送@example.jp", "reader@example.jp"), b"x\r\n", Outcome.REFUSED_POLICY),
        ((), ENVELOPE, "号\r\n".encode(), Outcome.REFUSED_POLICY),
    ],
)
def test_what_the_relay_cannot_carry_is_refused_before_a_word_is_said(
    offers: tuple[str, ...], envelope: Envelope, content: bytes, outcome: Outcome
) -> None:
    results, (server, usable) = talk(quiet(*offers), envelope, content=content)
    assert results[0].outcome is outcome
    assert usable
    assert server.heard[1:] == ["QUIT"]
