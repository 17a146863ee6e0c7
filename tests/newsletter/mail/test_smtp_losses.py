from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from newsletter.mail.outcome import Outcome, Stage
from newsletter.mail.smtp import SmtpConnection, SmtpResult
from tests.smtp_client import ACCEPTED, CONTENT, ENVELOPE, impatient, pipelining, relay_at, talk
from tests.smtp_server import Conversation, ScriptedServer, scripted


async def drop(client: Conversation) -> None:
    client.reset()


async def hang_up(client: Conversation) -> None:
    await client.hang_up()


async def drop_after_the_content(client: Conversation) -> None:
    await client.content()
    client.reset()


async def hang_up_after_the_content(client: Conversation) -> None:
    await client.content()


async def talk_nonsense_after_the_content(client: Conversation) -> None:
    await client.content()
    await client.say("fine, thanks")


async def be_silent_after_the_content(client: Conversation) -> None:
    await client.content()
    await client.hear()


@pytest.mark.parametrize(
    "then", [drop_after_the_content, hang_up_after_the_content, talk_nonsense_after_the_content,
             be_silent_after_the_content],
)  # fmt: skip
def test_a_line_lost_after_the_final_dot_is_doubtful(then: Callable[[Conversation], Any]) -> None:
    results, (_, usable) = talk(pipelining(then, *ACCEPTED), timeouts=impatient(final=0.3))
    assert (results[0].stage, results[0].outcome) == (Stage.FINAL, Outcome.IN_DOUBT)
    assert results[0].error
    assert not usable


async def drop_in_the_middle(client: Conversation) -> None:
    await client.part_of_the_content(100_000)
    client.reset()


@pytest.mark.parametrize("then", [drop, hang_up, drop_in_the_middle])
def test_a_line_lost_before_the_final_dot_is_not_doubtful(then: Callable[[Conversation], Any]) -> None:
    # Larger than any buffer of the kernel, so that the final dot is still ours when the line goes.
    content = b"x" * 76 + b"\r\n"
    results, (_, usable) = talk(pipelining(then, *ACCEPTED), content=content * 400_000)
    assert (results[0].stage, results[0].outcome) == (Stage.DATA, Outcome.RETRY_RELAY)
    assert not usable


def test_content_that_nobody_takes_is_given_up_and_not_doubtful() -> None:
    async def then(client: Conversation) -> None:
        await asyncio.sleep(1)

    script = pipelining(then, *ACCEPTED)
    results, _ = talk(script, content=(b"x" * 76 + b"\r\n") * 400_000, timeouts=impatient(block=0.2))
    assert (results[0].stage, results[0].outcome) == (Stage.DATA, Outcome.RETRY_RELAY)
    assert "時間内" in results[0].error


@pytest.mark.parametrize("heard_before", [1, 2, 3])
def test_a_line_lost_in_the_opening_counts_no_try(heard_before: int) -> None:
    async def script(client: Conversation) -> None:
        await client.hello()
        for reply in ACCEPTED[: heard_before - 1]:
            await client.hear()
            await client.say(reply)
        await client.hear()

    results, (_, usable) = talk(script)
    assert results[0].stage is (Stage.MAIL, Stage.RCPT, Stage.DATA)[heard_before - 1]
    assert results[0].outcome is Outcome.RETRY_RELAY
    assert not usable


@pytest.mark.parametrize(
    "replies",
    [
        ("354 go on", "250 Ok", "250 Ok"),
        ("250 Ok", "354 go on", "250 Ok"),
        ("250 Ok", "250 Ok", "250 Ok"),
    ],
)
def test_replies_in_the_wrong_order_are_not_believed(replies: tuple[str, ...]) -> None:
    async def then(client: Conversation) -> None:
        assert await client.content() == b""

    results, (_, usable) = talk(pipelining(then, *replies))
    assert results[0].outcome is Outcome.RETRY_RELAY
    assert "順序" in results[0].error
    assert not usable


@pytest.mark.parametrize(
    "nonsense", [b"hello\r\n", b"250" + b"x" * 5000 + b"\r\n", b"250-a\r\n251 b\r\n", b"999 what\r\n", b"\0\xff\r\n",
                 b"250-more\r\n" * 200 + b"250 end\r\n"],
)  # fmt: skip
def test_garbage_and_endless_replies_are_an_error(nonsense: bytes) -> None:
    async def script(client: Conversation) -> None:
        await client.hello()
        await client.hear()
        await client.say_raw(nonsense)
        await client.hear()

    results, (_, usable) = talk(script)
    assert (results[0].reply, results[0].outcome) == (None, Outcome.RETRY_RELAY)
    assert results[0].error
    assert not usable


def test_a_421_in_the_middle_is_reported_and_ends_the_line() -> None:
    async def script(client: Conversation) -> None:
        await client.hello()
        await client.hear()
        await client.say("421 4.3.2 closing")

    results, (_, usable) = talk(script, ENVELOPE, ENVELOPE)
    assert [(result.stage, result.outcome) for result in results] == [
        (Stage.MAIL, Outcome.RETRY_RELAY),
        (Stage.CONNECT, Outcome.RETRY_RELAY),
    ]
    assert not usable


def test_a_server_that_hangs_up_while_idle_is_noticed_and_connected_anew() -> None:
    async def bored(client: Conversation) -> None:
        await client.hello("PIPELINING")
        await client.say("421 4.4.2 idle too long")

    async def fresh(client: Conversation) -> None:
        await client.hello("PIPELINING")
        await client.opening(*ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 queued")

    async def main() -> tuple[ScriptedServer, SmtpResult, SmtpResult]:
        async with scripted(bored, fresh) as server:
            connection = SmtpConnection(relay_at(server.port))
            await connection.connect()
            for _ in range(200):
                await asyncio.sleep(0.01)
                if not connection.is_usable:
                    break
            first = await connection.send(ENVELOPE, CONTENT)
            await connection.connect()
            second = await connection.send(ENVELOPE, CONTENT)
            await connection.close()
        return server, first, second

    _, first, second = asyncio.run(main())
    assert (first.stage, first.outcome) == (Stage.CONNECT, Outcome.RETRY_RELAY)
    assert second.outcome is Outcome.SENT


def test_a_slow_server_is_waited_for_and_a_silent_one_is_not() -> None:
    async def slow(client: Conversation) -> None:
        await client.hello("PIPELINING")
        for _ in ACCEPTED:
            await client.hear()
        for reply in ACCEPTED:
            await asyncio.sleep(0.1)
            await client.say(reply)
        await client.content()
        await asyncio.sleep(0.1)
        await client.say("250 2.0.0 queued")

    results, _ = talk(slow)
    assert results[0].outcome is Outcome.SENT

    async def silent(client: Conversation) -> None:
        await client.hello()
        await client.hear()
        await asyncio.sleep(1)

    results, _ = talk(silent, timeouts=impatient(mail=0.2))
    assert (results[0].stage, results[0].outcome) == (Stage.MAIL, Outcome.RETRY_RELAY)
    assert "時間内" in results[0].error


@pytest.mark.parametrize(("final_dot_has_left", "stage"), [(False, Stage.RCPT), (True, Stage.FINAL)])
def test_a_cancelled_send_tells_whether_the_final_dot_has_left(final_dot_has_left: bool, stage: Stage) -> None:
    reached = asyncio.Event()

    async def script(client: Conversation) -> None:
        await client.hello("PIPELINING")
        if final_dot_has_left:
            await client.opening(*ACCEPTED)
            await client.content()
        else:
            await client.hear()
            await client.say(ACCEPTED[0])
        reached.set()
        await asyncio.sleep(0.3)

    async def main() -> Stage:
        async with scripted(script) as server:
            connection = SmtpConnection(relay_at(server.port))
            await connection.connect()
            sending = asyncio.create_task(connection.send(ENVELOPE, CONTENT))
            await reached.wait()
            await asyncio.sleep(0.05)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await connection.close()
            return connection.stage

    assert asyncio.run(main()) is stage


def test_no_result_holds_an_address() -> None:
    async def script(client: Conversation) -> None:
        await client.hello()
        await client.hear()
        await client.say("250 2.1.0 <bounces+1-abcdefghij@example.jp> ok")
        await client.hear()
        await client.say(
            "550 5.1.1 reader@example.lg.jp: no mailbox reader here, see https://x.example/?a=reader%40b.jp"
        )

    results, _ = talk(script)
    assert results[0].reply is not None
    assert "reader" not in repr(results[0])
    assert "no mailbox" in results[0].reply.text
