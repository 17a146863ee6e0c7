"""Which relays mail goes to, by the settings, and whether they are there. A rehearsal goes to the catcher."""

from __future__ import annotations

import asyncio

from django.conf import settings

from newsletter.errors import RelayError
from newsletter.mail import smtp
from newsletter.mail.relay import read_relays
from newsletter.mail.smtp import Relay
from newsletter.models import Campaign


def for_campaign(campaign: Campaign | None = None) -> tuple[Relay, ...]:
    """The relays of the settings. A rehearsal never leaves this machine, whatever they say."""
    if campaign is not None and campaign.rehearsal:
        catcher, connections = settings.CATCHER_RELAY_URL, settings.RELAY_CONNECTIONS
        return (Relay.from_url(catcher, connections=connections, eight_bit=settings.RELAY_8BITMIME),)
    return read_relays(
        settings.RELAY_URL, ca_file=settings.RELAY_CA_FILE, connections=settings.RELAY_CONNECTIONS,
        eight_bit=settings.RELAY_8BITMIME,
    )  # fmt: skip


def first(campaign: Campaign | None = None) -> Relay:
    """The first of the relays, for a single mail."""
    return for_campaign(campaign)[0]


def check(campaign: Campaign) -> None:
    """RelayError, with the reason, when mail of this campaign could not be handed over now."""
    trouble: tuple[Relay, RelayError] | None = None
    for relay in for_campaign(campaign):
        try:
            asyncio.run(smtp.check_relay(relay))
        except RelayError as error:
            trouble = trouble or (relay, error)
        else:
            return  # one is enough to begin with
    if trouble is None:
        return
    relay, wrong = trouble
    if relay.name != Relay.from_url(settings.CATCHER_RELAY_URL).name:
        raise wrong
    raise RelayError(f"{wrong}メール受信箱は newsletter catch で動かします。") from wrong


def names(*, rehearsal: bool = False) -> str:
    """Where mail would go now, for the question before it goes."""
    url = settings.CATCHER_RELAY_URL if rehearsal else settings.RELAY_URL
    name = "、".join(Relay.from_url(one).name for one in url.split())
    return f"{name}（この機械の受信箱です。外には出ません）" if url == settings.CATCHER_RELAY_URL else name
