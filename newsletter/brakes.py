"""The automatic stop: whether so much goes wrong in a campaign that a person should look before it goes on."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.engine import Progress
from newsletter.mail.outcome import Outcome
from newsletter.models import Campaign, Delivery
from newsletter.verdicts import REASONS
from newsletter.waves import standing

State = Delivery.State
FINAL = (State.SENT, State.REFUSED, State.EXPIRED, State.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Brake:
    """A share of what was tried that is too much, and the number below which it is only bad luck."""

    words: str
    share: float
    at_least: int

    def grips(self, count: int, tried: int) -> bool:
        """Whether it stops the campaign."""
        return count >= self.at_least and count > self.share * tried


# A list that is kept loses 1 to 2 % a month to people who change office; ten times that is another list.
REFUSED = Brake("宛先側の拒否", 0.08, 8)
POLICY = Brake("差出人または内容を理由とする拒否", 0.02, 3)
RELAY = Brake("中継サーバの不調", 0.2, 8)
GO_ON = "確かめて続けるとき: newsletter campaign resume {number}"


def verdict(campaign: Campaign) -> str:
    """Why the campaign should stop before its next wave, in words; empty when it may go on."""
    counts = {name: count - campaign.forgiven.get(name, 0) for name, count in standing(campaign).items()}
    refused = _sum(counts, State.REFUSED)
    policy = counts.get(f"{State.REFUSED}|{REASONS[Outcome.REFUSED_POLICY]}", 0)
    relay = sum(count for name, count in counts.items() if name.endswith(f"|{REASONS[Outcome.RETRY_RELAY]}"))
    tried = sum(_sum(counts, state) for state in FINAL) + relay
    if campaign.wave == Campaign.Wave.SEEDS and refused:
        return _words(campaign, f"はじめの宛先で、{tried:,}件のうち{refused:,}件が拒否されました。")
    for brake, count in ((POLICY, policy), (REFUSED, refused), (RELAY, relay)):
        if brake.grips(count, tried):
            return _words(campaign, f"{brake.words}が多すぎます（{tried:,}件のうち{count:,}件）。")
    return ""


def verdict_under_way(campaign: Campaign, progress: Progress) -> str:
    """The same in the middle of a run, from what the run has counted itself."""
    refused = progress.states[State.REFUSED]
    tried = sum(progress.states[state] for state in FINAL)
    if not REFUSED.grips(refused, tried):
        return ""
    return _words(campaign, f"{REFUSED.words}が多すぎます（{tried:,}件のうち{refused:,}件）。")


def _sum(counts: dict[str, int], state: Delivery.State) -> int:
    return sum(count for name, count in counts.items() if name.startswith(f"{state}|"))


def _words(campaign: Campaign, what: str) -> str:
    return what + GO_ON.format(number=campaign.pk)
