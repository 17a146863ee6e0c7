"""The engine: claimed blocks -> connections -> replies -> settled blocks.

One turn of the ledger settles what came back and claims what goes out next, in one transaction. The caller's thread
turns; the connections run in a thread of their own, so no transaction is open while the network is spoken to. At most
two claims per connection are held: one on the wire, one ready behind it (docs/decisions/0008-claims-and-doubt.md).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random, SystemRandom
from threading import Event

from django.db import OperationalError, connection, transaction

from newsletter import campaigns, delivery, workers
from newsletter.connections import PATIENCE, Carried, Connections, Unsent
from newsletter.delivery import Block, Settlement
from newsletter.mail import pacing
from newsletter.mail.outcome import Outcome
from newsletter.mail.smtp import Relay
from newsletter.models import Campaign, Delivery
from newsletter.outgoing import Mail, Outgoing, Unmailable

State = Delivery.State
Clock = Callable[[], datetime]

CLAIMS_PER_CONNECTION = 2
WAKE_EVERY = timedelta(seconds=5)
TURN_WAIT = 0.2  # seconds to wait for an answer before the campaign's state is looked at again
# So many refusals about us in a row, with nothing accepted in between, are not about one receiver.
POLICY_REFUSALS_IN_A_ROW, POLICY_REFUSALS = 3, 20

COMPOSE = "compose"  # the stage of a mail that never got as far as the relay
STATES = {
    Outcome.SENT: State.SENT,
    Outcome.DEFERRED: State.DEFERRED,
    Outcome.RETRY_RELAY: State.DEFERRED,  # after several tries on the spot: see connections.RELAY_RETRIES
    Outcome.REFUSED_ADDRESS: State.REFUSED,
    Outcome.REFUSED_MAILBOX: State.REFUSED,
    Outcome.REFUSED_POLICY: State.REFUSED,
    Outcome.IN_DOUBT: State.IN_DOUBT,
    LOCKED = "locked"  # this machine may not send from this database: see identity.py
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


class Cause(StrEnum):
    """Why a run stopped before everything that was due was handed over."""

    NONE = "none"  # it did not
    INTERRUPTED = "interrupted"  # stop_event was set
    ELSEWHERE = "elsewhere"  # a person paused or cancelled the campaign
    RELAY = "relay"  # no connection, no login, no valid certificate, or nothing but trouble
    MESSAGE = "message"  # the edition cannot be made into a message
    POLICY = "policy"  # refusals that are about us


@dataclass(slots=True)
class Progress:
    """How far a run has come: deliveries by the state this run brought them to."""

    total: int  # deliveries of the campaign (or letters waiting at the start)
    before: int = 0  # of these, finished before this run
    states: Counter[str] = field(default_factory=Counter)

    @property
    def finished(self) -> int:
        """Deliveries for which nothing more happens by itself."""
        return self.before + sum(self.states.values()) - self.states[State.DEFERRED]


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: what it moved, and why it stopped, if it did."""

    progress: Progress
    cause: Cause = Cause.NONE
    words: str = ""  # the same for a person, in Japanese


@dataclass(slots=True)
class Engine:
    """One run: the caller's thread turns the ledger until nothing is due, or something says stop."""

    mail: Mail
    relay: Relay
    clock: Clock
    progress: Progress
    campaign: Campaign | None = None  # None: letters
    patience: tuple[float, ...] = PATIENCE
    stop_event: Event = field(default_factory=Event)
    on_progress: Callable[[Progress], object] | None = None
    random: Random = field(default_factory=SystemRandom)
    _held: dict[int, Outgoing] = field(default_factory=dict)  # claimed, not settled
    _unmailable: list[Settlement] = field(default_factory=list)
    _cause: Cause = Cause.NONE
    _words: str = ""
    _policy_in_a_row: int = 0
    _policy: int = 0
    _worker: str = field(init=False)
    _renewed: datetime = field(init=False)
    _woken: datetime = field(init=False)

    def run(self) -> Run:
        """Until everything that is due is settled or given back."""
        self._renewed = self._woken = self.clock()
        delivery.wake(self._woken, self.campaign)
        # The worker's lock is the outer one: as long as mail may go out, this worker provably lives.
        with (
            workers.at_work() as self._worker,
            Connections(self.relay, self.clock, lambda: self._renewed + delivery.LEASE, self.patience) as lines,
        ):
            while self._turn(lines):
                pass
        return Run(self.progress, self._cause, self._words)

    def _turn(self, lines: Connections) -> bool:
        """Settle what came back, claim what goes out next. False when there is nothing left to do."""
        answers = lines.answers(TURN_WAIT if self._held else 0)
        carried = [one for one in answers if isinstance(one, Carried)]
        settlements = [*self._unmailable, *(settlement_of(one, self.relay.name, self.random) for one in carried)]
        returned = [one.mail.claim.delivery_id for one in answers if isinstance(one, Unsent)]
        self._keep_time()
        self._look_for_trouble(lines, carried)
        block = self._books(settlements, returned, self._room(len(answers)))
        self._unmailable = []
        for one in answers:
            del self._held[one.mail.claim.delivery_id]
        self._count(settlements, block)
        if self._is_stopping:
            lines.stop()
        lines.carry(self._prepared(block))
        return bool(self._held or self._unmailable or (block.cancelled and not self._is_stopping))

    def _keep_time(self) -> None:
        now = self.clock()
        if now - self._renewed >= delivery.RENEW_EVERY:
            delivery.renew(self._worker, now)
            self._renewed = now
        if now - self._woken >= WAKE_EVERY:
            delivery.wake(now, self.campaign)
            self._woken = now

    def _room(self, coming_free: int) -> int:
        """How many more may be claimed. All that is claimed is in doubt if we die now: no more than the lines carry."""
        if self._is_stopping:
            return 0
        return CLAIMS_PER_CONNECTION * self.relay.connections - len(self._held) + coming_free

    def _books(self, settlements: list[Settlement], returned: list[int], room: int) -> Block:
        """One turn of the ledger: one transaction, tried again if the database was busy."""
        if not (settlements or returned or room):
            return Block()
        for pause in (1.0, 5.0, None):
            try:
                with transaction.atomic():
                    now = self.clock()
                    delivery.settle(self._worker, settlements, now)
                    delivery.release(self._worker, returned)
                    return delivery.claim(self._worker, room, now, self.campaign)
            except OperationalError:
                if pause is None or connection.in_atomic_block:
                    raise
                connection.close_if_unusable_or_obsolete()
                time.sleep(pause)
        raise AssertionError

    def _prepared(self, block: Block) -> list[Outgoing]:
        mails = []
        for one in self.mail.prepare(block.claims):
            if isinstance(one, Unmailable):
                number = one.claim.delivery_id
                self._unmailable.append(
                    Settlement(number, State.REFUSED, self.clock(), stage=COMPOSE, reason=one.reason)
                )
            else:
                self._held[one.claim.delivery_id] = one
                mails.append(one)
        return mails

    def _look_for_trouble(self, lines: Connections, carried: list[Carried]) -> None:
        """Whether to stop: Ctrl-C, the relay, refusals that are about us, or a person who paused the campaign."""
        for one in carried:
            self._weigh(one)
        if lines.trouble:
            self._stop(Cause.RELAY, lines.trouble)
        if self.stop_event.is_set():
            self._stop(Cause.INTERRUPTED, "中断しました。")
        if self.campaign is not None and not campaigns.is_running(self.campaign):
            self._stop(Cause.ELSEWHERE, "ほかの操作で停止または取り消されました。")

    def _weigh(self, carried: Carried) -> None:
        outcome = carried.result.outcome if carried.result else None
        if outcome is Outcome.SENT:
            self._policy_in_a_row = 0
        if outcome is not Outcome.REFUSED_POLICY:
            return
        self._policy_in_a_row += 1
        self._policy += 1
        if self._policy_in_a_row >= POLICY_REFUSALS_IN_A_ROW or self._policy >= POLICY_REFUSALS:
            reply = carried.result.reply if carried.result else ""
            self._stop(Cause.POLICY, f"差出人または内容を理由とする拒否が続きました。最後の応答: {reply}")

    @property
    def _is_stopping(self) -> bool:
        return self._cause is not Cause.NONE

    def _stop(self, cause: Cause, words: str) -> None:
        if self._cause is Cause.NONE:
            self._cause, self._words = cause, words

    def _count(self, settlements: list[Settlement], block: Block) -> None:
        self.progress.states.update(one.state.value for one in settlements)
        self.progress.states[State.CANCELLED] += block.cancelled
        if self.on_progress and (settlements or block.cancelled):
            self.on_progress(self.progress)


def settlement_of(carried: Carried, relay: str, rng: Random) -> Settlement:
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
        claim.delivery_id, state, carried.at, relay, result.stage,
        reply_code=reply.code if reply else None,
        reply_text=f"{reply.enhanced} {reply.text}".strip() if reply else result.error,
        reason=reason, retry_at=retry_at, suppress=outcome is Outcome.REFUSED_ADDRESS,
    )  # fmt: skip
