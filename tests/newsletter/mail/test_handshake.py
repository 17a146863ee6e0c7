from __future__ import annotations

import asyncio
import base64
import hmac
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.mail.outcome import Outcome, Stage
from newsletter.mail.smtp import (
    Capabilities,
    Relay,
    Security,
    SmtpConnectError,
    SmtpConnection,
    SmtpResult,
    check_relay,
)
from tests.certificates import Authority
from tests.smtp_client import ENVELOPE, impatient, relay_at
from tests.smtp_server import Conversation, Script, ScriptedServer, free_port, receiving, scripted

PASSWORD = "pass wörd/:@%"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def encrypted_at(port: int, security: Security, authority: Authority, **more: Any) -> Relay:
    return relay_at(port, security, ca_file=str(authority.file), **more)


def refused(relay: Relay) -> SmtpConnectError:
    with pytest.raises(SmtpConnectError) as caught:
        asyncio.run(check_relay(relay))
    return caught.value


def refused_by(script: Script, security: Security = Security.NONE, **more: Any) -> tuple[SmtpConnectError, list[str]]:
    """What connecting to a server that follows `script` fails with, and what the server heard."""

    async def main() -> tuple[SmtpConnectError, ScriptedServer]:
        async with scripted(script) as server:
            with pytest.raises(SmtpConnectError) as caught:
                await check_relay(relay_at(server.port, security, **more))
        return caught.value, server

    error, server = asyncio.run(main())
    return error, server.heard


async def send_one(relay: Relay) -> SmtpResult:
    async with SmtpConnection(relay) as connection:
        return await connection.send(ENVELOPE, b"Subject: x\r\n\r\ny\r\n")


# ------------------------------------------------------------ encryption


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_it_logs_in_and_sends_through_verified_tls(authority: Authority, security: Security) -> None:
    context = authority.server_context("127.0.0.1")
    how: dict[str, Any] = {"tls": context} if security is Security.TLS else {"starttls": context}
    with receiving(password=PASSWORD, **how) as server:
        relay = encrypted_at(server.port, security, authority, username="office", password=PASSWORD)
        capabilities = asyncio.run(check_relay(relay))
        result = asyncio.run(send_one(relay))
    assert capabilities.tls.startswith("TLSv1.")
    assert result.outcome is Outcome.SENT
    assert server.logins == ["PLAIN", "PLAIN"]


def test_a_message_larger_than_all_buffers_passes_through_tls(authority: Authority) -> None:
    content = (b"x" * 76 + b"\r\n") * 100_000

    async def main(relay: Relay) -> SmtpResult:
        async with SmtpConnection(relay) as connection:
            return await connection.send(ENVELOPE, content)

    with receiving(starttls=authority.server_context("127.0.0.1"), data_size_limit=len(content)) as server:
        result = asyncio.run(main(encrypted_at(server.port, Security.STARTTLS, authority)))
    assert result.outcome is Outcome.SENT
    assert server.received[0].content == content


@pytest.mark.parametrize(
    ("lost", "outcome"),
    [("after 354", Outcome.RETRY_RELAY), ("in the middle", Outcome.RETRY_RELAY), ("after the dot", Outcome.IN_DOUBT)],
)
def test_a_line_lost_under_tls_is_doubtful_only_after_the_final_dot(
    authority: Authority, lost: str, outcome: Outcome
) -> None:
    context = authority.server_context("127.0.0.1")
    content = (b"x" * 76 + b"\r\n") * (10 if lost == "after the dot" else 400_000)

    async def script(client: Conversation) -> None:
        await client.hello("STARTTLS")
        await client.hear()
        await client.say("220 2.0.0 ready")
        await client.encrypt(context)
        await client.hear()
        await client.say("250-relay.example.jp", "250 PIPELINING")
        await client.opening("250 2.1.0 Ok", "250 2.1.5 Ok", "354 go on")
        if lost == "in the middle":
            await client.part_of_the_content(100_000)
        elif lost == "after the dot":
            await client.content()
        client.reset()

    async def main() -> SmtpResult:
        async with scripted(script) as server:
            connection = SmtpConnection(encrypted_at(server.port, Security.STARTTLS, authority))
            await connection.connect()
            result = await connection.send(ENVELOPE, content)
            assert not connection.is_usable
            await connection.close()
            return result

    assert asyncio.run(main()).outcome is outcome


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("hosts", "days", "known"),
    [(("127.0.0.1",), -1, True), (("relay.example.jp",), 2, True), (("127.0.0.1",), 2, False)],
    ids=["expired", "another host's", "by an unknown authority"],
)
def test_a_certificate_that_cannot_be_verified_ends_the_attempt(
    authority: Authority, security: Security, hosts: tuple[str, ...], days: int, known: bool
) -> None:
    context = authority.server_context(*hosts, days=days)
    how: dict[str, Any] = {"tls": context} if security is Security.TLS else {"starttls": context}
    with receiving(password=PASSWORD, **how) as server:
        ca_file = str(authority.file) if known else ""
        error = refused(relay_at(server.port, security, ca_file=ca_file, username="office", password=PASSWORD))
    assert error.stage is Stage.STARTTLS
    assert "証明書" in str(error)
    assert server.logins == []


def test_a_relay_that_does_not_offer_starttls_is_not_spoken_to_in_the_clear() -> None:
    async def script(client: Conversation) -> None:
        await client.hello("AUTH PLAIN", "PIPELINING")
        await client.hear()

    error, heard = refused_by(script, Security.STARTTLS, username="office", password=PASSWORD)
    assert "STARTTLS" in str(error)
    assert [line for line in heard[1:] if line] == []


def test_a_reply_slipped_in_before_the_encryption_ends_the_attempt(authority: Authority) -> None:
    async def script(client: Conversation) -> None:
        await client.hello("STARTTLS")
        await client.hear()
        await client.say("220 2.0.0 ready", "250-relay.example.jp", "250 AUTH PLAIN")

    error, _ = refused_by(script, Security.STARTTLS, ca_file=str(authority.file))
    assert error.stage is Stage.STARTTLS
    assert "差し込まれ" in str(error)


def test_what_was_offered_in_the_clear_is_forgotten_after_starttls(authority: Authority) -> None:
    context = authority.server_context("127.0.0.1")

    async def script(client: Conversation) -> None:
        await client.hello("STARTTLS", "PIPELINING", "SIZE 1", "AUTH PLAIN")
        assert await client.hear() == "STARTTLS"
        await client.say("220 2.0.0 ready")
        await client.encrypt(context)
        await client.hear()
        await client.say("250-relay.example.jp", "250 8BITMIME")
        await client.hear()
        await client.say("221 bye")

    async def main() -> Capabilities:
        async with scripted(script) as server:
            return await check_relay(encrypted_at(server.port, Security.STARTTLS, authority))

    capabilities = asyncio.run(main())
    assert (capabilities.pipelining, capabilities.size, capabilities.auth) == (False, None, ())
    assert capabilities.eight_bit


def test_tls_on_a_port_that_speaks_in_the_clear_is_explained(authority: Authority) -> None:
    async def script(client: Conversation) -> None:
        await client.say("220 relay.example.jp ESMTP")

    error, _ = refused_by(script, Security.TLS, ca_file=str(authority.file))
    assert error.stage is Stage.STARTTLS
    assert "TLS" in str(error)


def test_a_missing_or_wrong_certificate_file_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    for file in (tmp_path / "missing.pem", wrong):
        assert str(file) in str(refused(relay_at(1, Security.TLS, ca_file=str(file))))


# ------------------------------------------------------------ login


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_it_logs_in_on_loopback_with_plain_or_else_login(excluded: list[str]) -> None:
    with receiving(password=PASSWORD, auth_exclude_mechanism=excluded) as server:
        asyncio.run(check_relay(relay_at(server.port, username="office", password=PASSWORD)))
    assert server.logins == ["LOGIN" if excluded else "PLAIN"]


def test_cram_md5_is_used_when_nothing_else_is_offered() -> None:
    challenge = b"<1896.697170952@relay.example.jp>"

    async def script(client: Conversation) -> None:
        await client.hello("AUTH CRAM-MD5 GSSAPI")
        assert await client.hear() == "AUTH CRAM-MD5"
        await client.say(f"334 {base64.b64encode(challenge).decode()}")
        answer = base64.b64decode(await client.hear()).decode()
        digest = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest()
        await client.say("235 2.7.0 ok" if answer == f"office {digest}" else "535 5.7.8 no")
        await client.hear()
        await client.say("221 bye")

    async def main() -> Capabilities:
        async with scripted(script) as server:
            return await check_relay(relay_at(server.port, username="office", password=PASSWORD))

    assert asyncio.run(main()).auth == ("CRAM-MD5", "GSSAPI")


def test_a_refused_login_is_explained_without_the_password() -> None:
    with receiving(password="another password") as server:
        error = refused(relay_at(server.port, username="office", password=PASSWORD))
    assert error.stage is Stage.AUTH
    assert error.reply is not None
    assert error.reply.code == 535
    assert "535 5.7.8" in str(error)
    for secret in (PASSWORD, base64.b64encode(f"\0office\0{PASSWORD}".encode()).decode()):
        assert secret not in str(error)


def test_a_relay_without_a_login_is_refused_when_one_is_configured() -> None:
    async def script(client: Conversation) -> None:
        await client.hello("AUTH GSSAPI")
        await client.hear()

    error, _ = refused_by(script, username="office", password=PASSWORD)
    assert error.stage is Stage.AUTH


# ------------------------------------------------------------ the rest of what can go wrong


def test_a_relay_that_is_down_is_a_sentence() -> None:
    error = refused(relay_at(free_port()))
    assert error.stage is Stage.CONNECT
    assert "接続できません" in str(error)


def test_a_host_that_does_not_exist_is_a_sentence() -> None:
    for host in ("no-such-relay.invalid", "x" * 70 + ".invalid"):
        error = refused(Relay(host, 465, Security.TLS, timeouts=impatient()))
        assert error.stage is Stage.CONNECT
        assert host in str(error)


async def turn_away(client: Conversation) -> None:
    await client.say("554 5.7.1 no service here")


async def shut_down(client: Conversation) -> None:
    await client.say("421 4.3.2 too busy")


async def speak_http(client: Conversation) -> None:
    await client.say("HTTP/1.1 400 Bad Request")


async def hang_up(client: Conversation) -> None:
    client.reset()


async def refuse_ehlo(client: Conversation) -> None:
    await client.say("220 relay.example.jp")
    await client.hear()
    await client.say("502 5.5.1 no")


@pytest.mark.parametrize(
    ("script", "stage", "words"),
    [
        (turn_away, Stage.GREETING, "554 5.7.1 no service here"),
        (shut_down, Stage.GREETING, "421 4.3.2 too busy"),
        (speak_http, Stage.GREETING, "SMTPの形"),
        (hang_up, Stage.GREETING, "途中で切れました"),
        (refuse_ehlo, Stage.EHLO, "EHLO"),
    ],
)
def test_every_failure_before_the_first_message_is_a_sentence(
    script: Callable[[Conversation], Any], stage: Stage, words: str
) -> None:
    error, _ = refused_by(script)
    assert error.stage is stage
    assert words in str(error)


def test_a_relay_that_says_nothing_is_given_up() -> None:
    async def silent(client: Conversation) -> None:
        await client.hear()

    error, _ = refused_by(silent, timeouts=impatient(greeting=0.2))
    assert "時間内" in str(error)


def test_the_capabilities_are_read_as_offered() -> None:
    lines = [b"250-relay.example.jp hello", b"250-pipelining", b"250-SIZE 35882577", b"250-8BITMIME", b"250-SMTPUTF8",
             b"250-AUTH=LOGIN PLAIN", b"250-ENHANCEDSTATUSCODES", b"250-STARTTLS", b"250 CHUNKING"]  # fmt: skip
    assert Capabilities.read(lines) == Capabilities(
        pipelining=True, size=35882577, eight_bit=True, smtputf8=True, enhanced=True, starttls=True,
        auth=("LOGIN", "PLAIN"),
    )  # fmt: skip
    assert Capabilities.read([b"250 relay.example.jp PIPELINING"]) == Capabilities()
    assert Capabilities.read([b"250-x", b"250 SIZE many"]).size == 0
    assert not Capabilities.read([b"250-x", b"250 SMTPUTF8"]).smtputf8


def test_it_names_itself_by_its_address_or_as_configured() -> None:
    async def script(client: Conversation) -> None:
        await client.hello()
        await client.hear()
        await client.say("221 bye")

    async def main(name: str) -> list[str]:
        async with scripted(script) as server:
            await check_relay(relay_at(server.port, ehlo_name=name))
        return server.heard

    assert asyncio.run(main("")) == ["EHLO [127.0.0.1]", "QUIT"]
    assert asyncio.run(main("news.example.jp"))[0] == "EHLO news.example.jp"


def test_the_context_refuses_what_is_older_than_tls_1_2() -> None:
    context = Relay("relay.example.jp", 465, Security.TLS).tls_context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
