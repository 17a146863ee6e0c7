"""Whose mailboxes a domain belongs to, and how fast each provider wants to be written to. Pure tables.

A provider is a key of PROVIDERS (`docomo`, `gmail` …) for the large ones, and the domain itself for the rest. Each
local government under lg.jp runs its own gateway, so these count per domain, slowly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """One receiver with many mailboxes."""

    label: str  # as a member of staff knows it
    domains: tuple[str, ...]
    per_minute: int | None = None  # None: as fast as the relay takes it
    endings: tuple[str, ...] = ()  # subdomains, with the dot in front


_VODAFONE = tuple(f"{region}.vodafone.ne.jp" for region in "dhtckrnsq")
_J_PHONE = tuple(f"jp-{region}.ne.jp" for region in "dhtckrnsq")

# docomo and SoftBank ask bulk senders for few sessions and even flow, au publishes no figure; 50 a minute is what
# Japanese bulk senders stay under. Gmail and Outlook have daily rules (authentication), no rate for our sizes.
PROVIDERS: Mapping[str, Provider] = {
    "docomo": Provider("docomo", ("docomo.ne.jp",), 50),
    "au": Provider("au", ("ezweb.ne.jp", "au.com"), 50, (".ezweb.ne.jp",)),
    "softbank": Provider(
        "SoftBank",
        ("softbank.ne.jp", "i.softbank.jp", "disney.ne.jp", "ymobile.ne.jp", "ymobile1.ne.jp", *_VODAFONE, *_J_PHONE),
        50,
    ),
    "yahoo_jp": Provider("Yahoo! JAPAN", ("yahoo.co.jp", "ybb.ne.jp"), 50),
    "gmail": Provider("Gmail", ("gmail.com", "googlemail.com")),
    "outlook": Provider(
        "Outlook.com", ("outlook.com", "outlook.jp", "hotmail.com", "hotmail.co.jp", "live.jp", "live.com", "msn.com")
    ),
    "icloud": Provider("iCloud", ("icloud.com", "me.com", "mac.com")),
}
# There what follows a + names the same mailbox, by the provider's own documents; elsewhere + is a letter like others.
PLUS_DOMAINS = (*PROVIDERS["gmail"].domains, *PROVIDERS["outlook"].domains, *PROVIDERS["icloud"].domains)
DOTLESS_DOMAINS = PROVIDERS["gmail"].domains  # and there dots do not count
LG_JP, LG_JP_PER_MINUTE = ".lg.jp", 20
OTHERS = "other"  # a delivery whose domain was forgotten with its reader
LONGEST = 100  # characters that the ledger keeps of a domain
# A provider without a limit of its own, once it has asked for less: its full speed is counted from here.
OPEN_PER_MINUTE = 1200

_BY_DOMAIN = {domain: key for key, provider in PROVIDERS.items() for domain in provider.domains}
_BY_ENDING = {ending: key for key, provider in PROVIDERS.items() for ending in provider.endings}


def provider_of(address: str) -> str:
    """The provider of a mail address: a key of PROVIDERS, or its domain."""
    domain = address.rpartition("@")[2].lower()
    for ending, key in _BY_ENDING.items():
        if domain.endswith(ending):
            return key
    return _BY_DOMAIN.get(domain, domain[:LONGEST])


def mailbox(key: str) -> str:
    """The address in its form for comparing, without what its provider ignores; audiences.py says the same in SQL."""
    local, _, domain = key.rpartition("@")
    if domain not in PLUS_DOMAINS:
        return key
    plain = local.partition("+")[0]
    return f"{plain.replace('.', '') if domain in DOTLESS_DOMAINS else plain}@{domain}"


def per_minute(provider: str) -> int | None:
    """How many mails a minute the provider gets at most; None: no limit."""
    if provider.endswith(LG_JP):
        return LG_JP_PER_MINUTE
    known = PROVIDERS.get(provider)
    return known.per_minute if known else None


def label(provider: str) -> str:
    """The provider's name for a report."""
    known = PROVIDERS.get(provider)
    return known.label if known else provider
