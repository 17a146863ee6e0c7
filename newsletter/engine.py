"""The engine: claimed blocks -> connections -> replies -> settled blocks.

One turn of the ledger settles what came back and claims what goes out next, in one transaction. The caller's thread
turns; the connections run in a thread of their own, so no transaction is open while the network is spoken to. A block
is as large as what the lines carry in a moment; how far each mail of it came stands in the worker's journal
(docs/decisions/0013-a-journal-narrows-the-doubt.md).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random, SystemRandom
from threading import Event

from django.db import OperationalError, connection, transaction

from newsletter import campaigns, delivery, quiet_hours, workers
from newsletter.connections import PATIENCE, Carried, Connections, Unsent
from newsletter.delivery import Block, Settlement
from newsletter.mail.outcome import Outcome
from newsletter.mail.reply import Reply
from newsletter.mail.smtp import Relay, SmtpResult
from newsletter.models import Campaign, Delivery
from newsletter.outgoing import Mail, Outgoing, Unmailable
from newsletter.verdicts import COMPOSE, settlement_of
from newsletter.workers import Worker

State = Delivery.State
Clock = Callable[[], datetime]

CLAIMS_PER_CONNECTION = 2  # to begin with, and always where no journal can be kept
LARGEST_BLOCK = 900  # SQLite of old took at most 999 variables
TURN_SECONDS = 0.15  # a block grows until its turns come no faster
TURN_PAUSE = 0.01  # answers that come together are settled together
TURN_WAIT = 0.2  # seconds to wait for an answer before the campaign's state is looked at again
WAKE_EVERY = timedelta(seconds=5)
# So many refusals about us in a row, with nothing accepted in between, are not about one receiver.
POLICY_REFUSALS_IN_A_ROW, POLICY_REFUSALS = 3, 20


class Cause(StrEnum):
    """Why a run stopped before everything that was due was handed over."""

    NONE = "none"  # it did not
    INTERRUPTED = "interrupted"  # stop_event was set
    ELSEWHERE = "elsewhere"  # a person paused or cancelled the campaign
    RELAY = "relay"  # no connection, no login, no valid certificate, or nothing but trouble
    MESSAGE = "message"  # the edition cannot be made into a message
    POLICY = "policy"  # refusals that are about us
    NIGHT = "night"  # the quiet hours have begun: it goes on by itself when they end
    RATES = "rates"  # too many refusals: see brakes.py
    LOCKED = "locked"  # this machine may not send from this database: see identity.py


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
class Recorder:
    """Writes the journal, in the connections' thread, and says there what each answer means."""

    worker: Worker
    random: Random
    policy: Reply | None = None  # the last of too many refusals about us
    _in_a_row: int = 0
    _refusals: int = 0

    def handing_over(self, mail: Outgoing) -> None:
        """See connections.Watch."""
        if self.worker.journal:
            self.worker.journal.hand_over(mail.slot, mail.claim.delivery_id, mail.claim.tries)

    def taken_back(self, mail: Outgoing) -> None:
        """See connections.Watch."""
        if self.worker.journal:
            self.worker.journal.take_back(mail.slot)

    def carried(self, carried: Carried) -> bool:
        """See connections.Watch."""
        mail = carried.mail
        mail.settlement = settlement_of(carried, self.random)
        if self.worker.journal:
            self.worker.journal.answered(mail.slot, mail.claim.delivery_id, mail.claim.tries, mail.settlement.as_json())
        return self._weigh(carried.result)

    def _weigh(self, result: SmtpResult | None) -> bool:
        """Here and not in the books, which come later: at full speed hundreds of readers would lose their mail."""
        if result is None or result.outcome is not Outcome.REFUSED_POLICY:
            self._in_a_row = 0 if result and result.outcome is Outcome.SENT else self._in_a_row
            return True
        self._in_a_row += 1
        self._refusals += 1
        if self._in_a_row < POLICY_REFUSALS_IN_A_ROW and self._refusals < POLICY_REFUSALS:
            return True
        self.policy = self.policy or result.reply
        return False


@dataclass(slots=True)
class Engine:
    """One run: the caller's thread turns the ledger until nothing is due, or something says stop."""

    mail: Mail
    relays: Sequence[Relay]
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
    _block: int = 0  # how many may be claimed at a time
    _turned: float = 0.0
    _measured: float = 0.0  # since when the answers are counted
    _answered: int = 0
    _worker: Worker = field(init=False)
    _recorder: Recorder = field(init=False)
    _renewed: datetime = field(init=False)
    _woken: datetime = field(init=False)

    def run(self) -> Run:
        """Until everything that is due is settled or given back."""
        self._renewed = self._woken = self.clock()
        self._block = self._smallest_block
        delivery.wake(self._woken, self.campaign)
        # The worker's lock is the outer one: as long as mail may go out, this worker provably lives.
        with workers.at_work() as self._worker:
            self._recorder = Recorder(self._worker, self.random)
            lease = lambda: self._renewed + delivery.LEASE  # noqa: E731
            with Connections(self.relays, self.clock, lease, self.patience, self._recorder) as lines:
                while self._turn(lines):
                    pass
        return Run(self.progress, self._cause, self._words)

    def _turn(self, lines: Connections) -> bool:
        """Settle what came back, claim what goes out next. False when there is nothing left to do."""
        answers = lines.answers(TURN_WAIT if self._held else 0)
        if answers and (rest := self._turned + TURN_PAUSE - time.monotonic()) > 0:
            time.sleep(rest)
            answers += lines.answers(0)
        carried = [one for one in answers if isinstance(one, Carried)]
        settlements = [*self._unmailable, *(one.mail.settlement for one in carried if one.mail.settlement)]
        returned = [one.mail.claim.delivery_id for one in answers if isinstance(one, Unsent)]
        self._keep_time()
        self._look_for_trouble(lines)
        self._fit_block(len(answers))
        block = self._books(settlements, returned, self._room(len(answers)))
        self._unmailable = []
        for one in answers:
            del self._held[one.mail.claim.delivery_id]
            if self._worker.journal:
                self._worker.journal.give_back(one.mail.slot)
        self._count(settlements, block)
        if self._is_stopping:
            lines.stop()
        lines.carry(self._prepared(block))
        return bool(self._held or self._unmailable or (block.cancelled and not self._is_stopping))

    @property
    def _smallest_block(self) -> int:
        return CLAIMS_PER_CONNECTION * sum(relay.connections for relay in self.relays)

    def _fit_block(self, answers: int) -> None:
        """As much as goes out in two turns: then the lines never wait for a commit, and little is claimed too early."""
        now = time.monotonic()
        fast = now - self._turned < TURN_SECONDS and 2 * answers >= self._block
        self._turned = now
        self._answered += answers
        wanted = self._block
        if fast:
            wanted *= 2
        elif (seconds := now - self._measured) >= TURN_SECONDS:
            going_out = self._answered / seconds * 2 * TURN_SECONDS
            wanted = max(self._block // 2, min(2 * self._block, round(going_out)))
            self._measured, self._answered = now, 0
        if self._worker.journal is not None and answers:
            self._block = max(self._smallest_block, min(wanted, LARGEST_BLOCK))

    def _keep_time(self) -> None:
        now = self.clock()
        if now - self._renewed >= delivery.RENEW_EVERY:
            delivery.renew(self._worker.name, now)
            self._renewed = now
        if now - self._woken >= WAKE_EVERY:
            delivery.wake(now, self.campaign)
            self._woken = now

    def _room(self, coming_free: int) -> int:
        """How many more may be claimed: the block, less what is held already."""
        return 0 if self._is_stopping else max(0, self._block - len(self._held) + coming_free)

    def _books(self, settlements: list[Settlement], returned: list[int], room: int) -> Block:
        """One turn of the ledger: one transaction, tried again if the database was busy."""
        if not (settlements or returned or room):
            return Block()
        for pause in (1.0, 5.0, None):
            try:
                with transaction.atomic():
                    now = self.clock()
                    delivery.settle(self._worker.name, settlements, now)
                    delivery.release(self._worker.name, returned)
                    return delivery.claim(self._worker.name, room, now, self.campaign)
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
                if self._worker.journal:
                    one.slot = self._worker.journal.slot()
                self._held[one.claim.delivery_id] = one
                mails.append(one)
        return mails

    def _look_for_trouble(self, lines: Connections) -> None:
        """Whether to stop: Ctrl-C, the relay, refusals that are about us, a person who paused it, or the night."""
        if self._recorder.policy:
            words = f"差出人または内容を理由とする拒否が続きました。最後の応答: {self._recorder.policy}"
            self._stop(Cause.POLICY, words)
        if lines.trouble:
            self._stop(Cause.RELAY, lines.trouble)
        if self.stop_event.is_set():
            self._stop(Cause.INTERRUPTED, "中断しました。")
        if self.campaign is not None and not campaigns.is_running(self.campaign):
            self._stop(Cause.ELSEWHERE, "ほかの操作で停止または取り消されました。")
        if self.campaign is not None and (until := quiet_hours.rests_until(self.campaign, self.clock())):
            self._stop(Cause.NIGHT, quiet_hours.words(until))

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
