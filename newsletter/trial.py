"""A test mail: one issue to one address, marked in the subject, without touching the books or any reader."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime

from newsletter import campaigns, editions
from newsletter.errors import CampaignError
from newsletter.links import preferences_url, unsubscribe_url
from newsletter.mail.content import RenderedMail
from newsletter.mail.envelope import Envelope
from newsletter.mail.message import CompiledMessage, Recipient
from newsletter.mail.outcome import Outcome
from newsletter.mail.smtp import Relay, SmtpConnection, SmtpResult
from newsletter.models import Issue
from newsletter.outgoing import NOBODY, TEST_MARK, EditionMail, rendered_edition


def send_trial(issue: Issue, address: str, now: datetime, relay: Relay, *, text_only: bool = False) -> str:
    """Send the issue to `address` and return the relay's reply; CampaignError says why it did not take the mail."""
    mail = EditionMail(_rendered(issue), now, mark=TEST_MARK)
    sender = mail.association.sender
    # Its links are nobody's, and a bounce of it is about no delivery.
    recipient = Recipient(
        address,
        f"<test.{secrets.token_hex(12)}@{sender.address.rpartition('@')[2]}>",
        unsubscribe_url(NOBODY),
        preferences_url(NOBODY),
    )
    message = mail.compiled(text_only=text_only)
    result = asyncio.run(_hand_over(relay, Envelope(sender.bounce_address, address), message, recipient))
    if result.outcome is not Outcome.SENT:
        raise CampaignError(f"テストメールを送れませんでした。{result.reply or result.error}")
    return str(result.reply)


def _rendered(issue: Issue) -> RenderedMail:
    """As it would be sent now: the approved edition, or the issue as it stands while it is being edited."""
    if issue.state == Issue.State.OPEN:
        return editions.render(issue)[1]
    return rendered_edition(campaigns.approved_edition(issue))


async def _hand_over(relay: Relay, envelope: Envelope, message: CompiledMessage, recipient: Recipient) -> SmtpResult:
    async with SmtpConnection(relay) as connection:
        return await connection.send(envelope, message.join(recipient, eight_bit=connection.takes_eight_bit))
