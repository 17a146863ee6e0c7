"""8-bit bodies on the wire: each connection says what its relay understands, also when the relay changes midway."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from newsletter import connections, sending, signing
from newsletter.catcher import Catcher
from newsletter.catcher.caught import take_apart
from newsletter.composer import AT_ONCE
from newsletter.delivery import State
from newsletter.mail.dkim import Algorithm
from newsletter.mail.envelope import Envelope
from newsletter.mail.outcome import Outcome
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import SmtpConnection, SmtpResult
from newsletter.models import Edition
from newsletter.outgoing import Outgoing
from newsletter.trial import send_trial
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import MoodyServer, addresses, listening
from tests.smtp_client import ACCEPTED, relay_at
from tests.smtp_server import Conversation, free_port, scripted

pytestmark = pytest.mark.django_db


@dataclass
class StrictServer(MoodyServer):
    """Takes 8 bits only if it offers 8BITMIME and is told BODY=8BITMIME; after `limit` mails it says 421."""

    eight_bit: bool = True
    limit: int = 10_000
    wrong: list[str] = field(default_factory=list)

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        kept = [one for one in responses if self.eight_bit or "8BITMIME" not in one]
        return [*kept[:-1], "250-PIPELINING", kept[-1]]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if len(self.received) >= self.limit:
            return "421 4.3.2 going down"
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        needs_it = not envelope.original_content.isascii()
        if needs_it != ("BODY=8BITMIME" in envelope.mail_options) or (needs_it and not self.eight_bit):
            self.wrong.append(str(envelope.mail_options))
        named = [int(one[5:]) for one in envelope.mail_options if one.startswith("SIZE=")]
        if named != [len(envelope.original_content)]:
            self.wrong.append(f"SIZE {named}")
        return await super().handle_DATA(server, session, envelope)

    @property
    def encodings(self) -> set[str]:
        """How the bodies came; each of them is checked to say what it should."""
        found: set[str] = set()
        for mail in self.received:
            message = email.message_from_bytes(mail.content, policy=email.policy.default)
            for part in message.walk():
                if part.get_content_maintype() == "text":
                    assert "こんにちは" in part.get_content()
                    assert part.defects == []
                    found.add(str(part["Content-Transfer-Encoding"]))
        return found


def serving(**options: Any) -> Any:
    return listening(StrictServer(port=free_port(), **options))


def relay(server: MoodyServer, connections: int = 2, *, eight_bit: bool = True) -> Relay:
    return replace(books.relay(server.port, connections), eight_bit=eight_bit)


def test_without_the_setting_everything_is_base64(settings: Any) -> None:
    books.readers(5)
    campaign = books.running()
    with serving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_campaign(campaign, NOW)
        assert (server.encodings, server.wrong, len(server.received)) == ({"base64"}, [], 5)


@pytest.mark.parametrize("eight_bit", [True, False])
def test_with_the_setting_a_relay_gets_what_it_offers_to_take(settings: Any, eight_bit: bool) -> None:
    settings.RELAY_8BITMIME = True
    books.readers(20)
    books.reader("text@example.jp", format_="text")
    campaign = books.running()
    with serving(eight_bit=eight_bit) as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_campaign(campaign, NOW)
    assert books.states(campaign) == {"sent": 21}
    assert (server.encodings, server.wrong) == ({"8bit" if eight_bit else "base64"}, [])


def test_a_campaign_goes_on_in_base64_when_the_relay_with_8_bits_goes_away(settings: Any) -> None:
    settings.RELAY_8BITMIME = True
    books.readers(60)
    campaign = books.running()
    with serving(limit=15) as modern, serving(eight_bit=False, slow=0.02) as old:
        settings.RELAY_URL = f"smtp://127.0.0.1:{modern.port} smtp://127.0.0.1:{old.port}"
        settings.RELAY_CONNECTIONS = 4
        sending.send_campaign(campaign, NOW)
        if campaign.deliveries.filter(state=State.DEFERRED).update(retry_at=NOW):  # met the 421 too often
            sending.send_campaign(campaign, NOW)
    assert books.states(campaign) == {"sent": 60}
    assert (modern.encodings, old.encodings) == ({"8bit"}, {"base64"})
    assert modern.wrong + old.wrong == []
    assert sorted(addresses(modern) + addresses(old)) == sorted(f"reader{number}@example.jp" for number in range(1, 61))


def test_mail_is_not_signed_twice_where_the_first_relay_is_away(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RELAY_8BITMIME = True
    settings.DKIM_FOLDER = tmp_path
    _, key = signing.new_key(Algorithm.ED25519, "example.jp", "test")
    settings.DKIM_KEYS = (key.name,)
    settings.RELAY_CONNECTIONS = 2
    books.readers(40)
    campaign = books.running()
    composed: list[str] = []
    content = Outgoing.content

    def counted(mail: Outgoing, **options: bool) -> bytes:
        composed.append(mail.recipient.address)
        return content(mail, **options)

    monkeypatch.setattr(Outgoing, "content", counted)
    with serving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()} smtp://127.0.0.1:{server.port}"
        sending.send_campaign(campaign, NOW)
    assert books.states(campaign) == {"sent": 40}
    assert (server.encodings, server.wrong) == ({"8bit"}, [])
    lines = 4
    # What was composed ahead before any relay had said what it takes.
    assert len(composed) - 40 <= connections.AHEAD * lines + AT_ONCE


def test_a_test_mail_comes_as_readers_will_get_it(settings: Any) -> None:
    settings.RELAY_8BITMIME = True
    made: Edition = books.edition()
    with serving() as server:
        send_trial(made.issue, "staff@example.jp", NOW, relay(server))
        send_trial(made.issue, "staff@example.jp", NOW, relay(server, eight_bit=False))
    assert (server.encodings, server.wrong) == ({"8bit", "base64"}, [])


def test_a_rehearsal_shows_it_as_it_will_come(settings: Any, tmp_path: Path) -> None:
    settings.RELAY_8BITMIME = True
    books.readers(2)
    campaign = books.running(rehearsal=True)
    with Catcher(tmp_path / "box", free_port(), None) as catcher:
        settings.CATCHER_RELAY_URL = f"smtp://127.0.0.1:{catcher.smtp_port}"
        sending.send_campaign(campaign, NOW)
        caught = [catcher.maildir.read(heading.name) for heading in catcher.maildir.headings()]
    assert len(caught) == 2
    for content in caught:
        assert content
        assert content.count(b"Content-Transfer-Encoding: 8bit") == 3
        mail = take_apart(content)
        assert "こんにちは" in str(mail.text)
        assert "こんにちは" in str(mail.html)
        assert "【リハーサル】" in mail.subject


def test_the_next_message_is_announced_early_with_its_body_type() -> None:
    texts = [
        "Subject: x\r\n\r\n本文\r\n.点で始まる行\r\n".encode(),
        b"Subject: x\r\n\r\nplain\r\n",
        "\r\n号\r\n".encode(),
    ]
    envelope = Envelope("bounces@example.jp", "reader@example.jp")

    async def script(client: Conversation) -> None:
        await client.hello("PIPELINING", "8BITMIME", "SIZE 100000")
        await client.opening(*ACCEPTED)
        for more in (True, True, False):
            await client.content()
            await client.say("250 2.0.0 Ok", *(ACCEPTED if more else ()))
            for _ in ACCEPTED if more else ():
                await client.hear()

    async def main() -> tuple[list[SmtpResult], list[str], list[bytes]]:
        async with scripted(script) as server:
            connection = SmtpConnection(replace(relay_at(server.port), eight_bit=True))
            await connection.connect()
            assert connection.takes_eight_bit
            following = [(envelope, text) for text in texts[1:]]
            results = [
                await connection.send(envelope, text, following=next_one)
                for text, next_one in zip(texts, [*following, None], strict=True)
            ]
            await connection.close()
            return results, server.heard, server.conversations[0].contents

    results, heard, contents = asyncio.run(main())
    assert [result.outcome for result in results] == [Outcome.SENT] * 3
    announced = [line.partition("> ")[2] for line in heard if line.startswith("MAIL")]
    sizes = [len(text) for text in texts]
    assert announced == [f"SIZE={sizes[0]} BODY=8BITMIME", f"SIZE={sizes[1]}", f"SIZE={sizes[2]} BODY=8BITMIME"]
    assert contents[0] == texts[0].replace(b"\r\n.", b"\r\n..")


def test_a_relay_that_is_not_to_get_8_bits_or_does_not_offer_them_takes_none() -> None:
    async def main(offer: str, allowed: bool) -> bool:
        async def script(client: Conversation) -> None:
            await client.hello("PIPELINING", *([offer] if offer else []))

        async with scripted(script) as server:
            connection = SmtpConnection(replace(relay_at(server.port), eight_bit=allowed))
            await connection.connect()
            takes = connection.takes_eight_bit
            await connection.close()
            return takes

    assert asyncio.run(main("8BITMIME", True))
    assert not asyncio.run(main("8BITMIME", False))
    assert not asyncio.run(main("", True))
