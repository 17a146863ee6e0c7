"""The automatic stop: whether so much goes wrong in a campaign that a person should look before it goes on.

The ledger is what counts, never what one run remembers: it knows what runs before this one did, and other machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from newsletter.engine import Progress
from newsletter.mail.outcome import Outcome
from newsletter.models import Campaign, Delivery
from newsletter.verdicts import REASONS
from newsletter.waves import standing

State = Delivery.State
FINAL = (State.SENT, State.BOUNCED, State.REFUSED, State.EXPIRED, State.IN_DOUBT)
# Of a million mails the ledger is counted in a fifth of a second; a run looks at once when it alone may be too much.
LOOK_EVERY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Brake:
    """A share of what was tried that is too much, and the number below which it is only bad luck."""

    words: str
    share: float
    at_least: int

    def grips(self, count: int, tried: int) -> bool:
        """Whether it stops the campaign."""
        return self.room(count, tried) <= 0

    def room(self, count: int, tried: int) -> int:
        """How many more it takes until it grips, at the least: each of them is one more that was tried."""
        return max(self.at_least, floor(self.share * tried) + 1) - count


# A list that is kept loses 1 to 2 % a month to people who change office; ten times that is another list.
REFUSED = Brake("宛先側の拒否", 0.08, 8)
POLICY = Brake("差出人または内容を理由とする拒否", 0.02, 3)
RELAY = Brake("中継サーバの不調", 0.2, 8)
GO_ON = "確かめて続けるとき: newsletter campaign resume {number}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many mails were tried since somebody last said "go on", and what became of them."""

    tried: int
    refused: int
    policy: int  # of the refused, those that are about us
    relay: int  # put off because of the relay

    @classmethod
    def of(cls, campaign: Campaign) -> Tally:
        """Counted in the ledger."""
        counts = {name: count - campaign.forgiven.get(name, 0) for name, count in standing(campaign).items()}
        relay = sum(count for name, count in counts.items() if name.endswith(f"|{REASONS[Outcome.RETRY_RELAY]}"))
        return cls(
            tried=sum(_sum(counts, state) for state in FINAL) + relay,
            refused=_sum(counts, State.REFUSED),
            policy=counts.get(f"{State.REFUSED}|{REASONS[Outcome.REFUSED_POLICY]}", 0),
            relay=relay,
        )

    @property
    def gripping(self) -> tuple[Brake, int] | None:
        """The brake that stops the campaign, and the number that it goes by."""
        for brake, count in ((POLICY, self.policy), (REFUSED, self.refused), (RELAY, self.relay)):
            if brake.grips(count, self.tried):
                return brake, count
        return None


def verdict(campaign: Campaign) -> str:
    """Why the campaign should stop before its next wave, in words; empty when it may go on."""
    tally = Tally.of(campaign)
    if campaign.wave == Campaign.Wave.SEEDS and tally.refused:
        return _words(campaign, f"はじめの宛先で、{tally.tried:,}件のうち{tally.refused:,}件が拒否されました。")
    return _verdict(campaign, tally)


@dataclass(slots=True)
class Watch:
    """A hand on the brake while a wave goes out: in between the ledger is counted as seldom as is safe."""

    campaign: Campaign
    _again_at: datetime | None = None
    # What this run may come to before it alone could be too much.
    _refused: int = 0
    _deferred: int = 0

    def look(self, progress: Progress, now: datetime) -> str:
        """Why the campaign should stop in the middle of its wave, in words; empty when it may go on."""
        refused, deferred = progress.states[State.REFUSED], progress.states[State.DEFERRED]
        if self._again_at and now < self._again_at and refused < self._refused and deferred < self._deferred:
            return ""
        tally = Tally.of(self.campaign)
        self._again_at = now + LOOK_EVERY
        self._refused = refused + min(REFUSED.room(tally.refused, tally.tried), POLICY.room(tally.policy, tally.tried))
        self._deferred = deferred + RELAY.room(tally.relay, tally.tried)
        return _verdict(self.campaign, tally)


def _verdict(campaign: Campaign, tally: Tally) -> str:
    if (found := tally.gripping) is None:
        return ""
    brake, count = found
    return _words(campaign, f"{brake.words}が多すぎます（{tally.tried:,}件のうち{count:,}件）。")


def _sum(counts: Mapping[str, int], state: Delivery.State) -> int:
    return sum(count for name, count in counts.items() if name.startswith(f"{state}|"))


def _words(campaign: Campaign, what: str) -> str:
    return what + GO_ON.format(number=campaign.pk)
