"""The short chaos run: a server that misbehaves, a sender that is killed; nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench import chaos
from bench.rig.hostile import CONNECTIONS, CUTS, MESSAGES, TLS, HostileServer, hostile
from newsletter import delivery, journal, sweep, workers
from newsletter.delivery import Settlement, State
from newsletter.mail.envelope import Envelope
from newsletter.mail.outcome import Outcome
from newsletter.mail.reply import Stage
from newsletter.mail.smtp import Security, SmtpConnectError, SmtpConnection, SmtpResult
from newsletter.verdicts import REASONS
from tests.acceptance.instance import CHECKOUT
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.smtp_client import CONTENT, relay_at

pytestmark = pytest.mark.acceptance
CONNECTED = 4
LONG = CONTENT + b"\r\n" + 100 * b"a line\r\n"


def test_nothing_is_lost_or_doubled_when_the_server_misbehaves_and_the_sender_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos", "--recipients", "300", "--kills", "5", "--connections", str(CONNECTED)],
        cwd=CHECKOUT, text=True, capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^lost +0$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^duplicated +0$", done.stdout, re.MULTILINE), done.stdout
    assert "not listed: 0" in done.stdout
    assert "without a cause: 0" in done.stdout
    kills = re.search(r"^kill -9 +(\d+) in", done.stdout, re.MULTILINE)
    assert kills
    assert int(kills[1]) >= 3, done.stdout
    most = re.search(r"at most (\d+) by one", done.stdout)
    assert most
    assert int(most[1]) <= CONNECTED, done.stdout


# ------------------------------------------------------------ how the run counts
@pytest.mark.django_db
def test_a_line_that_was_cut_before_the_kill_is_not_counted_to_the_kill() -> None:
    books.readers(5)
    campaign, name = books.running(), "d" * 24
    held = [claim.delivery_id for claim in delivery.claim(name, 5, NOW, campaign).claims]
    cut = Settlement(0, State.IN_DOUBT, NOW, "relay:25", "final", reason=REASONS[Outcome.IN_DOUBT])
    with journal.kept(workers._journal(name)) as pages:
        assert pages
        slots = {number: pages.slot() for number in held}
        for number in held[:4]:
            pages.hand_over(slots[number], number, 0)
        for number in held[:2]:  # the server hung up on these, and the ledger had not heard of it yet
            pages.answered(slots[number], number, 0, cut.as_json())
    (workers._folder() / f"{name}.lock").touch()
    assert sweep.sweep(NOW) == 4
    assert chaos.cut_by_kills(campaign.pk) == 2
    assert books.states(campaign) == {"in_doubt": 4, "queued": 1}


def test_more_in_doubt_than_in_flight_or_without_a_cause_is_a_failure() -> None:
    assert chaos.Verdict(4, most_by_one_kill=4).holds
    assert not chaos.Verdict(4, most_by_one_kill=5).holds
    for wrong in ("lost", "duplicated", "unexplained", "unlisted"):
        verdict = chaos.Verdict(4)
        setattr(verdict, wrong, 1)
        assert not verdict.holds


# ------------------------------------------------------------ the server does to a message what its script says
ALWAYS = 1000
READER = Envelope("bounces@example.jp", "reader@example.jp")
NO_ANSWER = {Outcome.IN_DOUBT, Outcome.RETRY_RELAY}
OUTCOMES: dict[str, set[Outcome]] = {
    "drop before the dot": NO_ANSWER,  # in doubt unless the line broke before the last octet had left
    "drop after the dot, delivered": {Outcome.IN_DOUBT},
    "drop after the dot, not delivered": {Outcome.IN_DOUBT},
    "421 at MAIL": {Outcome.RETRY_RELAY},
    "421 at RCPT": {Outcome.RETRY_RELAY},
    "421 at DATA": {Outcome.RETRY_RELAY},
    "421 after the dot, not delivered": {Outcome.DEFERRED},
    "451 at RCPT": {Outcome.DEFERRED},
    "451 after DATA": {Outcome.DEFERRED},
    "550 at RCPT": {Outcome.REFUSED_MAILBOX},
    "550 after DATA": {Outcome.REFUSED_MAILBOX},
    "slow": {Outcome.SENT},
    "replies in the wrong order": {Outcome.RETRY_RELAY},
    "replies one by one": {Outcome.SENT},
    "idle close": {Outcome.SENT},
    "drop at MAIL": {Outcome.RETRY_RELAY},
    "garbage": {Outcome.RETRY_RELAY},
}


def send_to(server: HostileServer, security: Security) -> SmtpResult:
    port = server.tls_port if security is Security.STARTTLS else server.port
    relay = relay_at(port, security, ca_file=str(server.authority.file))

    async def main() -> SmtpResult:
        async with SmtpConnection(relay) as connection:
            return await connection.send(READER, LONG)

    return asyncio.run(main())


def test_every_mishap_is_known_here() -> None:
    assert set(OUTCOMES) == set(MESSAGES)
    assert set(CUTS) < set(MESSAGES)


@pytest.mark.parametrize("security", [Security.NONE, Security.STARTTLS])
@pytest.mark.parametrize("mishap", list(MESSAGES))
def test_a_message_meets_its_mishap(mishap: str, security: Security, tmp_path: Path) -> None:
    with hostile(1, tmp_path, messages={mishap: ALWAYS}, connections={}, tls={}) as server:
        result = send_to(server, security)
    assert result.outcome in OUTCOMES[mishap]
    arrived = result.outcome is Outcome.SENT or mishap == "drop after the dot, delivered"
    assert server.delivered[READER.recipient] == arrived
    assert bool(server.cut[READER.recipient]) == (mishap in CUTS)


@pytest.mark.parametrize("mishap", [*CONNECTIONS, *TLS])
def test_a_connection_meets_its_mishap_and_no_mail_is_said_on_it(mishap: str, tmp_path: Path) -> None:
    script: dict[str, Mapping[str, int]] = {"messages": {}, "connections": {}, "tls": {}}
    script["tls" if mishap in TLS else "connections"] = {mishap: ALWAYS}
    with hostile(1, tmp_path, **script) as server, pytest.raises(SmtpConnectError) as failure:
        send_to(server, Security.STARTTLS)
    assert failure.value.stage is (Stage.STARTTLS if mishap in TLS else Stage.GREETING)
    assert server.happened["good"] == 0
