"""Carried -> Settlement: what a relay's answer does to its delivery."""

from __future__ import annotations

from random import Random

from newsletter.connections import Carried
from newsletter.delivery import Settlement
from newsletter.mail import pacing
from newsletter.mail.outcome import Outcome
from newsletter.models import Delivery

State = Delivery.State

COMPOSE = "compose"  # the stage of a mail that never got as far as the relay
STATES = {
    Outcome.SENT: State.SENT,
    Outcome.DEFERRED: State.DEFERRED,
    Outcome.RETRY_RELAY: State.DEFERRED,  # after several tries on the spot: see connections.RELAY_RETRIES
    Outcome.REFUSED_ADDRESS: State.REFUSED,
    Outcome.REFUSED_MAILBOX: State.REFUSED,
    Outcome.REFUSED_POLICY: State.REFUSED,
    Outcome.IN_DOUBT: State.IN_DOUBT,
}
REASONS = {
    Outcome.DEFERRED: "一時的に受け付けられませんでした",
    Outcome.RETRY_RELAY: "中継サーバの都合で送れませんでした",
    Outcome.REFUSED_ADDRESS: "宛先がありません",
    Outcome.REFUSED_MAILBOX: "宛先が受け取りませんでした（容量超過、受信拒否など）",
    Outcome.REFUSED_POLICY: "差出人または内容が拒否されました",
    Outcome.IN_DOUBT: "送信の途中で接続が切れました",
}
USED_UP = "再送の期限が過ぎました"


def settlement_of(carried: Carried, rng: Random) -> Settlement:
    """What a reply does to its delivery: state, time of the next try, words for the report."""
    claim, result = carried.mail.claim, carried.result
    if result is None:
        return Settlement(claim.delivery_id, State.REFUSED, carried.at, stage=COMPOSE, reason=carried.error)
    outcome = result.outcome
    state, retry_at, reason = STATES[outcome], None, REASONS.get(outcome, "")
    if state == State.DEFERRED:
        retry_at = pacing.retry_at(claim.tries + 1, carried.at, rng)
        if retry_at is None:
            state, reason = State.EXPIRED, USED_UP
    reply = result.reply
    return Settlement(
        claim.delivery_id, state, carried.at, carried.relay, result.stage,
        reply_code=reply.code if reply else None,
        reply_text=f"{reply.enhanced} {reply.text}".strip() if reply else result.error,
        reason=reason, retry_at=retry_at, suppress=outcome is Outcome.REFUSED_ADDRESS,
    )  # fmt: skip
