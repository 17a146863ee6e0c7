"""Send a campaign, go on with campaigns, send letters: the engine, started for one purpose and left in good order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

from django.utils import timezone

from newsletter import (
    brakes,
    campaigns,
    delivery,
    doubt,
    identity,
    notices,
    pace,
    quiet_hours,
    relays,
    schedule,
    sweep,
    waves,
    workers,
)
from newsletter.engine import Cause, Clock, Engine, Progress, Run
from newsletter.errors import CampaignError, NewsletterError
from newsletter.mail.smtp import Relay
from newsletter.models import Campaign
from newsletter.outgoing import EditionMail, LetterMail
from newsletter.proofing import link_checks

__all__ = ["Cause", "Progress", "Run", "continue_campaigns", "send_campaign", "send_letters"]

log = logging.getLogger(__name__)

LETTER_CONNECTIONS = 2
LOOK_EVERY = 5.0  # seconds between looks at the campaign while its providers make us wait


# ------------------------------------------------------------ campaigns
def send_campaign(
    campaign: Campaign,
    now: datetime | None = None,
    *,
    relay: Relay | None = None,
    stop_event: Event | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> Run:
    """Hand over what is due of a running campaign; CampaignError if it is not running, or another process is at it."""
    clock = running_clock(now)
    with workers.alone(_task(campaign)) as free:
        if not free:
            raise CampaignError(
                f"配信 {campaign.pk} は、ほかの処理がいま送信しています。"
                f"ようすは newsletter campaign status {campaign.pk} で見られます。"
            )
        return _send(campaign, clock, relay, stop_event, on_progress)


def continue_campaigns(now: datetime | None = None, *, stop_event: Event | None = None) -> list[Run]:
    """Start the campaigns whose hour has come; go on with those that do not rest and that nobody here is sending."""
    clock = running_clock(now)
    if locked := identity.problem():
        log.warning(locked)
        return []
    identity.see()
    doubt.follow_policy(clock())
    for campaign in list(schedule.due(clock())):
        try:
            link_checks.before_sending(campaign, clock())
            schedule.start_at_its_hour(campaign, clock())
        except NewsletterError as error:
            schedule.postpone(campaign, str(error))
    runs = []
    for campaign in schedule.under_way(clock()):
        with workers.alone(_task(campaign)) as free:
            if free:
                runs.append(_send(campaign, clock, stop_event=stop_event))
    return runs


def _task(campaign: Campaign) -> str:
    return f"campaign-{campaign.pk}"


def _send(
    campaign: Campaign,
    clock: Clock,
    relay: Relay | None = None,
    stop_event: Event | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> Run:
    identity.stamp()
    sweep.sweep(clock())
    campaign.refresh_from_db()
    campaigns.must_be_running(campaign)
    counts = campaigns.counts(campaign)
    progress = Progress(counts.total(), counts.total() - sum(counts[state] for state in delivery.UNFINISHED))
    mail = EditionMail.of(campaign, clock())
    if wrong := campaigns.problem(campaign) or mail.problem():
        run = Run(progress, Cause.MESSAGE, wrong)
    elif until := quiet_hours.rests_until(campaign, clock()):
        run = Run(progress, Cause.NIGHT, quiet_hours.words(until))
    else:
        engine = Engine(mail, (relay,) if relay else relays.for_campaign(campaign), clock, progress, campaign)
        engine.stop_event, engine.on_progress = stop_event or engine.stop_event, on_progress
        run = _in_waves(engine, campaign)
    if run.cause in (Cause.RELAY, Cause.POLICY, Cause.MESSAGE, Cause.RATES):
        campaigns.pause(campaign, run.words)
    doubt.follow_policy(clock(), campaign)
    if campaigns.close_if_finished(campaign, clock()):
        notices.campaign_is_over(campaign, clock())
    return run


def _in_waves(engine: Engine, campaign: Campaign) -> Run:
    """Run the engine for each wave, and again for those whom the pace of their provider makes wait."""
    campaign.paced = pace.is_wanted(campaign)
    campaign.save(update_fields=["paced"])
    watch = brakes.Watch(campaign)
    while (run := _watched(engine, campaign, watch)).cause is Cause.NONE:
        if campaign.wave in (waves.Wave.SEEDS, waves.Wave.SAMPLE) and (words := brakes.verdict(campaign)):
            return replace(run, cause=Cause.RATES, words=words)
        if not waves.open_next(campaign) and not _wait_for_pace(engine, campaign):
            return run
    return run


def _watched(engine: Engine, campaign: Campaign, brake: brakes.Watch) -> Run:
    """One run of the engine, with a hand on the brake; none at all if an earlier one has left too much behind."""
    stopped: list[str] = []
    told = engine.on_progress

    def look(progress: Progress) -> None:
        if campaign.wave and not stopped and (words := brake.look(progress, engine.clock())):
            stopped.append(words)
            campaigns.pause(campaign, words)  # the engine sees it at its next turn

    def watch(progress: Progress) -> None:
        look(progress)
        if told:
            told(progress)

    look(engine.progress)
    if stopped:
        return Run(engine.progress, Cause.RATES, stopped[0])
    # A new one each time: an engine runs once.
    run = replace(engine, on_progress=watch).run()
    return replace(run, cause=Cause.RATES, words=stopped[0]) if stopped else run


def _wait_for_pace(engine: Engine, campaign: Campaign) -> bool:
    """Wait until the next paced mail may ask again. False when there is none, or somebody said stop."""
    while campaign.paced and campaigns.is_running(campaign) and not engine.stop_event.is_set():
        due = delivery.next_paced(campaign)
        if due is None:
            return False
        seconds = (due - engine.clock()).total_seconds()
        if seconds <= 0:
            return True
        engine.stop_event.wait(min(seconds, LOOK_EVERY))
    return False


# ------------------------------------------------------------ letters
def send_letters(now: datetime | None = None, *, relay: Relay | None = None, stop_event: Event | None = None) -> Run:
    """Hand over the letters that are due. If the relay is away they stay queued, and the next minute tries again."""
    clock = running_clock(now)
    delivery.wake(clock())
    waiting = delivery.letters_waiting()
    progress = Progress(waiting)
    if not waiting:
        return Run(progress)
    if locked := identity.problem():
        log.warning(locked)
        return Run(progress, Cause.LOCKED, locked)
    identity.stamp()
    ways = (relay,) if relay else relays.for_campaign()
    few = [replace(one, connections=min(one.connections, LETTER_CONNECTIONS)) for one in ways]
    engine = Engine(LetterMail(), few, clock, progress, patience=())
    engine.stop_event = stop_event or engine.stop_event
    return engine.run()


# A clock that starts at `now` and goes on with the machine's, also through a sleep of the machine.
def running_clock(now: datetime | None) -> Clock:
    """The time of day, counted from `now`; without it the machine's own."""
    if now is None:
        return timezone.now
    began, start = time.time(), now
    return lambda: start + timedelta(seconds=time.time() - began)
