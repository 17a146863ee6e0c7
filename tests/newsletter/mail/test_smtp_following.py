"""Two messages of a connection under way: the opening of the next follows the final dot, and no promise is broken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from newsletter.mail.envelope import Envelope
from newsletter.mail.outcome import Outcome, Stage
from newsletter.mail.smtp import SmtpConnection
from tests.smtp_client import ACCEPTED, ENVELOPE, impatient, relay_at
from tests.smtp_server import Conversation, Script, ScriptedServer, scripted

NEXT = Envelope("bounces+2-abcdefghij@example.jp", "next@example.lg.jp")
ONE, TWO = b"Subject: 1\r\n\r\none\r\n", b"Subject: 2\r\n\r\ntwo\r\n"


def with_connection(work: Callable[[SmtpConnection], Awaitable[Any]], *scripts: Script) -> tuple[Any, ScriptedServer]:
    """Do `work` on a connection to a server that follows `scripts`."""

    async def main() -> tuple[Any, ScriptedServer]:
        async with scripted(*scripts) as server:
            connection = SmtpConnection(relay_at(server.port, timeouts=impatient(mail=0.5)))
            await connection.connect()
            done = await work(connection)
            await connection.close()
        return done, server

    return asyncio.run(main())


async def _both(connection: SmtpConnection) -> list[Any]:
    first = await connection.send(ENVELOPE, ONE, following=(NEXT, TWO))
    return [first, await connection.send(NEXT, TWO)]


async def _begin(client: Conversation) -> None:
    await client.hello("PIPELINING")
    await client.opening(*ACCEPTED)
    await client.content()


def test_the_next_opening_comes_behind_the_final_dot_and_before_its_answer() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        heard = [await client.hear() for _ in ACCEPTED]  # nothing has been answered yet
        assert heard[1] == f"RCPT TO:<{NEXT.recipient}>"
        await client.say("250 2.0.0 first", *ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 second")
        await client.hear()

    results, server = with_connection(_both, script)
    assert [str(result.reply) for result in results] == ["250 2.0.0 first", "250 2.0.0 second"]
    assert server.conversations[0].contents == [ONE, TWO]
    assert server.heard[-1] == "QUIT"


def test_a_line_lost_after_the_final_dot_leaves_only_the_first_in_doubt() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        client.reset()

    (first, second), _ = with_connection(_both, script)
    assert (first.stage, first.outcome) == (Stage.FINAL, Outcome.IN_DOUBT)
    assert (second.stage, second.outcome) == (Stage.CONNECT, Outcome.RETRY_RELAY)


def test_a_refusal_of_the_first_does_not_touch_the_second() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        await client.say("554 5.7.1 no", *ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 second")

    (first, second), _ = with_connection(_both, script)
    assert (first.reply.code, second.outcome) == (554, Outcome.SENT)


def test_a_second_that_is_refused_at_rcpt_is_not_delivered() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        await client.say("250 2.0.0 first", ACCEPTED[0], "550 5.1.1 nobody", "503 5.5.1 no")
        await client.hear()

    (first, second), server = with_connection(_both, script)
    assert first.outcome is Outcome.SENT
    assert (second.stage, second.reply.code) == (Stage.RCPT, 550)
    assert len(server.conversations[0].contents) == 1


def test_replies_in_the_wrong_order_are_no_yes() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        await client.say("250 2.0.0 first", "354 go on", "250 2.1.0 Ok", "250 2.1.5 Ok")
        await client.hear()

    (first, second), server = with_connection(_both, script)
    assert first.outcome is Outcome.SENT
    assert (second.reply, second.outcome) == (None, Outcome.RETRY_RELAY)
    assert server.conversations[0].contents == [ONE]


def test_a_relay_that_throws_away_what_follows_the_dot_is_not_tried_that_way_again() -> None:
    async def forgetful(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        await client.say("250 2.0.0 first")
        await asyncio.sleep(1)

    async def fresh(client: Conversation) -> None:
        await _begin(client)
        await client.say("250 2.0.0 first")  # said before it hears more: nothing may follow the dot now
        await client.opening(*ACCEPTED)
        await client.content()
        await client.say("250 2.0.0 second")

    async def work(connection: SmtpConnection) -> list[Any]:
        _, lost = await _both(connection)
        await connection.connect()
        return [lost, *await _both(connection)]

    results, _ = with_connection(work, forgetful, fresh)
    assert [result.outcome for result in results] == [Outcome.RETRY_RELAY, Outcome.SENT, Outcome.SENT]


def test_what_was_announced_is_cut_off_and_never_ended_by_a_lone_dot() -> None:
    async def script(client: Conversation) -> None:
        await _begin(client)
        for _ in ACCEPTED:
            await client.hear()
        await client.say("250 2.0.0 first", *ACCEPTED)
        await client.content()

    async def stop(connection: SmtpConnection) -> bool:
        await connection.send(ENVELOPE, ONE, following=(NEXT, TWO))
        return connection.awaits_content

    announced, server = with_connection(stop, script)
    assert announced
    assert server.conversations[0].contents == [ONE, b""]

    async def another(connection: SmtpConnection) -> Any:
        await connection.send(ENVELOPE, ONE, following=(NEXT, TWO))
        return await connection.send(ENVELOPE, ONE)

    result, server = with_connection(another, script)
    assert (result.stage, result.outcome) == (Stage.CONNECT, Outcome.RETRY_RELAY)
    assert server.conversations[0].contents == [ONE, b""]


def test_it_says_when_the_content_is_about_to_leave_and_only_then() -> None:
    told: list[str] = []

    async def script(client: Conversation) -> None:
        await client.hello("PIPELINING")
        await client.opening(ACCEPTED[0], "550 5.1.1 nobody", "503 5.5.1 no")
        assert await client.hear() == "RSET"
        await client.say("250 2.0.0 Ok")
        await client.opening(*ACCEPTED)
        assert not told
        await client.content()
        await client.say("250 2.0.0 Ok")

    async def work(connection: SmtpConnection) -> None:
        await connection.send(ENVELOPE, ONE, before_content=lambda: told.append("refused"))
        await connection.send(ENVELOPE, ONE, before_content=lambda: told.append("sent"))

    with_connection(work, script)
    assert told == ["sent"]
