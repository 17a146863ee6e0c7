"""Waves and the brakes: few readers meet a mistake first, and a campaign that goes wrong stops itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from newsletter import brakes, campaigns, delivery, profile, sending, waves
from newsletter.cli import main
from newsletter.delivery import State
from newsletter.engine import Cause, Progress
from newsletter.models import Association, Campaign
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import addresses, moody
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db
Wave = Campaign.Wave
Rules = Callable[..., None]


@pytest.fixture
def rules() -> Rules:
    """Other rules of sending than the shipped profile's."""

    def load(**changed: object) -> None:
        books.association()
        row = Association.objects.get()
        row.facts["sending"] |= changed
        row.digest = profile.digest_of(row.facts)
        row.save()
        assert (
            dataclasses.asdict(profile.current().manners).items()
            >= {k: v for k, v in changed.items() if k == "waves_from"}.items()
        )

    return load


# ------------------------------------------------------------ waves
def test_an_extra_issue_is_as_large_as_the_number_of_those_who_want_it(rules: Rules) -> None:
    rules(waves_from=6)
    books.readers(6)
    Subscriber.objects.filter(address="reader6@example.jp").update(only_monthly=True)
    assert waves.wanted(campaigns.plan(books.edition(), "担当", NOW))
    assert not waves.wanted(campaigns.plan(books.edition(extra=1), "担当", NOW))


def test_seeds_go_first_then_a_sample_then_the_rest(rules: Rules) -> None:
    rules(waves_from=60, seeds=["Boss@example.jp", "unknown@example.jp", "nonsense"])
    books.readers(90)
    books.reader("boss@example.jp")
    campaign = books.running()
    assert books.states(campaign) == {"queued": 1, "held": 90}
    assert campaign.deliveries.get(state=State.QUEUED).subscriber.address.lower() == "boss@example.jp"  # type: ignore[union-attr]
    assert waves.open_next(campaign)
    assert (campaign.wave, 25 <= books.states(campaign)["queued"] <= 35) == (Wave.SAMPLE, True)
    assert waves.open_next(campaign)
    assert (campaign.wave, books.states(campaign)) == (Wave.REST, {"queued": 91})
    assert not waves.open_next(campaign)


def test_without_seeds_the_sample_is_first(rules: Rules) -> None:
    rules(waves_from=60)
    books.readers(90)
    campaign = books.running()
    campaign.refresh_from_db()
    assert (campaign.wave, books.states(campaign)) == (Wave.SAMPLE, {"queued": 30, "held": 60})


@pytest.mark.parametrize(("waves_from", "count"), [(0, 5), (6, 5)])
def test_a_small_campaign_and_a_profile_without_waves_send_at_once(rules: Rules, waves_from: int, count: int) -> None:
    rules(waves_from=waves_from)
    books.readers(count)
    assert books.states(books.running()) == {"queued": count}


def test_a_rehearsal_has_no_waves(rules: Rules) -> None:
    rules(waves_from=1)
    books.readers(3)
    assert books.states(books.running(rehearsal=True)) == {"queued": 3}


def test_everybody_gets_it_once_through_all_waves(rules: Rules) -> None:
    rules(waves_from=60, seeds=["reader7@example.jp"])
    wanted = books.readers(80)
    campaign = books.running()
    seen: list[int] = []
    with receiving() as server:
        run = sending.send_campaign(
            campaign, NOW, relay=books.relay(server.port), on_progress=lambda progress: seen.append(progress.finished)
        )
    assert (run.cause, run.progress.finished) == (Cause.NONE, 80)
    assert addresses(server) == sorted(reader.address for reader in wanted)
    assert server.received[0].recipients == ("reader7@example.jp",)
    assert seen == sorted(seen)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.wave) == (Campaign.State.DONE, Wave.REST)


def test_what_is_held_is_cancelled_with_the_campaign(rules: Rules) -> None:
    rules(waves_from=60)
    books.readers(70)
    campaign = books.running()
    assert campaigns.cancel(campaign, "担当", NOW) == 70


# ------------------------------------------------------------ brakes
def test_a_refused_seed_stops_everything_and_one_command_goes_on(rules: Rules, settings: Any) -> None:
    rules(waves_from=60, seeds=["reader1@example.jp"])
    books.readers(70)
    campaign = books.running()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        server.rcpt_replies["reader1@example.jp"] = "550 5.2.1 disabled"
        run = sending.send_campaign(campaign, NOW)
        assert (run.cause, len(server.received)) == (Cause.RATES, 0)
        campaign.refresh_from_db()
        assert campaign.state == Campaign.State.PAUSED
        assert "はじめの宛先で、1件のうち1件が拒否されました" in campaign.pause_reason
        assert f"newsletter campaign resume {campaign.pk}" in campaign.pause_reason
        result = CliRunner().invoke(main, ["campaign", "resume", str(campaign.pk)])
        assert result.exit_code == 0, result.output
    assert books.states(campaign) == {"refused": 1, "sent": 69}


def test_too_many_refusals_in_the_sample_keep_the_rest_from_it(rules: Rules) -> None:
    rules(waves_from=60)
    books.readers(90)
    campaign = books.running()
    with moody(moods=["550 5.2.1 disabled"] * 10) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert run.cause is Cause.RATES
    assert "宛先側の拒否が多すぎます" in run.words
    assert books.states(campaign)["held"] == 60


def test_too_many_refusals_in_the_rest_stop_it_on_the_way(rules: Rules) -> None:
    rules(waves_from=60)
    books.readers(200)
    campaign = books.running()
    moods = [""] * 30 + ["550 5.2.1 disabled"] * 100
    with moody(moods=moods, slow=0.01) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert run.cause is Cause.RATES
    assert books.states(campaign)["queued"] > 50


@pytest.mark.parametrize(
    ("refused", "sent", "stops"), [(7, 20, False), (8, 20, True), (8, 92, False), (9, 91, True), (0, 0, False)]
)
def test_the_brake_needs_a_share_and_a_number(refused: int, sent: int, stops: bool) -> None:
    assert brakes.REFUSED.grips(refused, refused + sent) is stops


def _settle(campaign: Campaign, *states: State, reason: str = "") -> None:
    """What another process did."""
    claims = delivery.claim("other", len(states), NOW, campaign).claims
    rows = [delivery.Settlement(one.delivery_id, s, NOW, reason=reason) for one, s in zip(claims, states, strict=True)]
    delivery.settle("other", rows, NOW)


def _in_the_rest(count: int, rules: Rules) -> Campaign:
    rules(waves_from=count)
    books.readers(count)
    campaign = books.running()
    while waves.open_next(campaign):
        pass
    return campaign


def test_a_restart_does_not_make_it_forget_what_was_refused(rules: Rules) -> None:
    campaign = _in_the_rest(90, rules)
    _settle(campaign, *[State.REFUSED] * 7, *[State.SENT] * 20)
    with moody(moods=["550 5.2.1 disabled"], slow=0.01) as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert run.cause is Cause.RATES
    assert "宛先側の拒否が多すぎます" in run.words
    assert books.states(campaign)["queued"] > 30


def test_a_sender_that_died_before_it_stopped_is_stopped_before_it_goes_on(rules: Rules) -> None:
    campaign = _in_the_rest(90, rules)
    _settle(campaign, *[State.REFUSED] * 9, *[State.SENT] * 20)
    with receiving() as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
    assert (run.cause, server.received) == (Cause.RATES, [])
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (Campaign.State.PAUSED, run.words)


def test_what_other_machines_were_told_counts_as_well(rules: Rules) -> None:
    campaign = _in_the_rest(90, rules)
    watch, mine = brakes.Watch(campaign), Progress(90)
    assert watch.look(mine, NOW) == ""
    _settle(campaign, *[State.REFUSED] * 7, *[State.SENT] * 20)
    assert watch.look(mine, NOW + brakes.LOOK_EVERY) == ""
    _settle(campaign, State.REFUSED)
    mine.states[State.REFUSED] = 1  # this run's own, and it alone may be one too many
    assert "28件のうち8件" in watch.look(mine, NOW + brakes.LOOK_EVERY)


def test_the_ledger_is_not_counted_at_every_turn(rules: Rules, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    campaign = _in_the_rest(90, rules)
    watch, mine = brakes.Watch(campaign), Progress(90)
    watch.look(mine, NOW)
    mine.states.update({State.REFUSED: 2, State.DEFERRED: 7, State.SENT: 50})
    with django_assert_num_queries(0):
        watch.look(mine, NOW)
    mine.states[State.REFUSED] = 3
    with django_assert_num_queries(2):
        watch.look(mine, NOW)


def test_trouble_with_the_relay_stops_the_last_wave_too(rules: Rules) -> None:
    campaign = _in_the_rest(90, rules)
    _settle(campaign, *[State.DEFERRED] * 13, reason="中継サーバの都合で送れませんでした")
    assert "中継サーバの不調が多すぎます（13件のうち13件）" in brakes.Watch(campaign).look(Progress(90), NOW)


def test_trouble_of_the_relay_and_refusals_about_us_count_by_themselves() -> None:
    books.readers(60)
    campaign = books.running()
    claims = delivery.claim("w", 60, NOW, campaign).claims
    trouble, policy = "中継サーバの都合で送れませんでした", "差出人または内容が拒否されました"
    rows = [delivery.Settlement(one.delivery_id, State.SENT, NOW) for one in claims]
    rows[:13] = [dataclasses.replace(row, state=State.DEFERRED, reason=trouble, retry_at=NOW) for row in rows[:13]]
    delivery.settle("w", rows, NOW)
    assert "中継サーバの不調が多すぎます（60件のうち13件）" in brakes.verdict(campaign)
    campaign.forgiven = waves.standing(campaign)
    assert not brakes.verdict(campaign)
    campaign.forgiven = {}
    campaign.deliveries.filter(state=State.DEFERRED).update(state=State.REFUSED, reason=policy)
    assert "差出人または内容を理由とする拒否が多すぎます" in brakes.verdict(campaign)
