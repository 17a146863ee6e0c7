"""A campaign rests at night and goes on by itself; one night can be lifted for one campaign, by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from newsletter import campaigns, delivery, letters, quiet_hours, reports, schedule, sending
from newsletter.cli import campaign_sending, main
from newsletter.delivery import Settlement, State
from newsletter.engine import Cause, Engine, Progress
from newsletter.errors import CampaignError
from newsletter.models import Campaign
from newsletter.outgoing import EditionMail
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import addresses, moody
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db

# In Japan: 20:59:50, 23:00, 8:06 and 8:07 of the next day, 23:00 of the next day.
EVENING = datetime(2026, 11, 30, 11, 59, 50, tzinfo=UTC)
NIGHT = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
NEARLY = datetime(2026, 11, 30, 23, 6, tzinfo=UTC)
MORNING = datetime(2026, 11, 30, 23, 7, tzinfo=UTC)
NEXT_NIGHT = NIGHT + timedelta(days=1)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    books.sending_rules(quiet_hours="21:00-08:00")


def _now_is_night() -> None:
    local = timezone.localtime()
    start, end = local - timedelta(hours=2), local + timedelta(hours=2)
    books.sending_rules(quiet_hours=f"{start:%H}:00-{end:%H}:30")


def _shell(*words: str) -> Result:
    return CliRunner().invoke(main, ["campaign", *words])


# ------------------------------------------------------------ resting and going on
def test_the_night_stops_a_running_campaign_between_two_mails() -> None:
    books.readers(60)
    campaign = books.running()
    with moody(slow=0.01) as server:

        def clock() -> datetime:
            return EVENING + timedelta(seconds=12 if len(server.received) >= 20 else 0)

        mail, relay = EditionMail.of(campaign, NOW), books.relay(server.port, 2)
        run = Engine(mail, (relay,), clock, Progress(60), campaign).run()
        arrived = len(addresses(server))
    assert (run.cause, run.words) == (Cause.NIGHT, "夜間のため、8時7分まで休んでいます。")
    assert books.states(campaign) == {"sent": arrived, "queued": 60 - arrived}
    assert 20 <= arrived < 60
    assert campaigns.is_running(campaign)


def test_it_goes_on_by_itself_when_the_quiet_hours_are_over(settings: Any) -> None:
    books.readers(3)
    campaign = books.running()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        assert sending.send_campaign(campaign, NIGHT).cause is Cause.NIGHT
        assert sending.continue_campaigns(NIGHT) == sending.continue_campaigns(NEARLY) == []
        assert [one for one, _ in schedule.resting(NIGHT)] == [campaign]
        assert not server.received
        (run,) = sending.continue_campaigns(MORNING)
    assert (run.cause, books.states(campaign)) == (Cause.NONE, {"sent": 3})


def test_a_retry_waits_for_the_morning_and_the_report_says_so(settings: Any) -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, EVENING, campaign).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.DEFERRED, EVENING, retry_at=NIGHT)], EVENING)
    assert reports.report(campaign, EVENING).next_retry_at == MORNING
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        assert sending.continue_campaigns(NIGHT + timedelta(hours=1)) == []
        sending.continue_campaigns(MORNING)
    assert books.states(campaign) == {"sent": 1}


def test_the_next_wave_waits_for_the_morning(settings: Any) -> None:
    books.sending_rules(waves_from=60, quiet_hours="21:00-08:00")
    books.readers(60)
    campaign = books.running()

    def fall_asleep(progress: Progress) -> None:
        if progress.states[State.SENT] == 30:  # the whole sample
            books.sending_rules(quiet_hours="10:00-12:00")

    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        run = sending.send_campaign(campaign, NOW, on_progress=fall_asleep)
        assert (run.cause, len(server.received)) == (Cause.NIGHT, 30)
        assert reports.report(campaign, NOW).rests_until is not None
        sending.continue_campaigns(NOW + timedelta(hours=2))
    assert books.states(campaign) == {"sent": 60}


def test_letters_do_not_rest() -> None:
    letters.send_confirmation(books.reader("new@example.jp", state=Subscriber.State.PENDING), NIGHT)
    with receiving() as server:
        run = sending.send_letters(NIGHT, relay=books.relay(server.port))
    assert (run.cause, addresses(server)) == (Cause.NONE, ["new@example.jp"])


def test_a_rehearsal_does_not_rest(settings: Any) -> None:
    books.readers(2)
    campaign = books.running(rehearsal=True)
    with receiving() as server:
        run = sending.send_campaign(campaign, NIGHT, relay=books.relay(server.port))
    assert (run.cause, run.progress.states[State.SENT]) == (Cause.NONE, 2)


def test_a_campaign_in_which_nothing_waits_does_not_rest() -> None:
    books.readers(1)
    campaign = books.running()
    campaign.deliveries.update(state=State.IN_DOUBT)
    assert reports.report(campaign, NIGHT).rests_until is None


# ------------------------------------------------------------ going on in spite of the night
def test_who_sends_at_night_means_it_for_this_night(settings: Any) -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "佐藤", NOW)
    campaigns.start(campaign, NIGHT)
    first, _ = delivery.claim("w", 2, NIGHT, campaign).claims
    delivery.settle("w", [Settlement(first.delivery_id, State.DEFERRED, NIGHT, retry_at=NEXT_NIGHT)], NIGHT)
    delivery.release("w", [_.delivery_id])
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        assert len(sending.continue_campaigns(NIGHT)) == 1
        assert books.states(campaign) == {"sent": 1, "deferred": 1}
        assert sending.continue_campaigns(NEXT_NIGHT + timedelta(minutes=1)) == []
    campaign.refresh_from_db()
    assert (campaign.night_until, campaign.night_by) == (MORNING, "佐藤")


def test_what_the_clock_starts_lifts_no_night() -> None:
    books.readers(1)
    campaign = campaigns.plan(books.edition(), "佐藤", NOW, starts_at=NOW)
    assert schedule.start_at_its_hour(campaign, NOW)
    assert quiet_hours.rests_until(campaign, NIGHT) == MORNING


def test_an_urgent_campaign_is_let_through_the_coming_night_and_no_other() -> None:
    books.readers(1)
    campaign, other = books.running(), books.running()
    assert quiet_hours.go_through(campaign, "鈴木", EVENING) == MORNING
    assert quiet_hours.rests_until(campaign, NIGHT) is None
    assert quiet_hours.rests_until(campaign, NEXT_NIGHT) == MORNING + timedelta(days=1)
    assert quiet_hours.rests_until(other, NIGHT) == MORNING


def test_there_must_be_a_night_and_a_campaign_that_has_begun() -> None:
    books.readers(1)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    with pytest.raises(CampaignError, match="始まっている配信だけ"):
        quiet_hours.go_through(campaign, "鈴木", EVENING)
    books.association()
    with pytest.raises(CampaignError, match="もともと休みません"):
        quiet_hours.go_through(campaign, "鈴木", EVENING)


# ------------------------------------------------------------ what a person sees
def test_status_list_and_continue_say_that_it_rests() -> None:
    books.readers(2)
    campaign = books.running()
    _now_is_night()
    shown = _shell("status")
    assert "夜間: 夜間のため、" in shown.stdout
    assert "まで休んでいます。" in shown.stdout
    assert f"newsletter campaign resume {campaign.pk}" in shown.stderr
    assert json.loads(_shell("report", "--json").stdout)["rests_until"]
    assert "配信中（夜間の休み）" in _shell("list").stdout
    went_on = _shell("continue")
    assert (went_on.exit_code, f"配信 {campaign.pk}: 夜間のため" in went_on.stderr) == (0, True)


@pytest.mark.parametrize("words", [["resume"], ["send", "--yes", "--campaign"]])
def test_who_goes_on_by_hand_at_night_is_told_that_it_is_night(settings: Any, words: list[str]) -> None:
    books.readers(2)
    campaign = books.running()
    _now_is_night()
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        result = _shell(*words, str(campaign.pk), "--by", "鈴木")
    assert (result.exit_code, "休まずに送ります" in result.stderr) == (0, True)
    assert "休まずに送る（鈴木さんの判断）" in result.stdout
    assert books.states(campaign) == {"sent": 2}


def test_the_command_lets_one_campaign_through_the_night() -> None:
    books.readers(1)
    campaign = books.running()
    _now_is_night()
    result = _shell("through-night", str(campaign.pk), "--by", "鈴木")
    assert (result.exit_code, "夜間も休まずに送ります" in result.stdout) == (0, True)
    assert Campaign.objects.get().night_by == "鈴木"
    assert quiet_hours.rests_until(campaign, timezone.now()) is None


def test_a_run_that_the_night_ends_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    books.readers(2)
    campaign = books.running()
    run = sending.send_campaign(campaign, NIGHT)
    campaign_sending._tell(reports.report(campaign, NIGHT), run, as_json=False)  # it would end the command
    told = capsys.readouterr().err
    assert told.startswith(run.words)
    assert "2026-12-01 08:07 に newsletter work が続けます" in told
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == (Campaign.State.SENDING, "")
