"""Once more: to exactly those who did not get it, and on request to those who could not be written to then."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.conf import settings
from django.utils import timezone

from newsletter import audiences, campaigns, delivery
from newsletter.cli import main
from newsletter.delivery import Settlement, State
from newsletter.errors import CampaignError
from newsletter.models import Campaign, Delivery
from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import addresses
from tests.smtp_server import free_port, receiving

pytestmark = pytest.mark.django_db
PENDING, ACTIVE, LEFT = Subscriber.State.PENDING, Subscriber.State.ACTIVE, Subscriber.State.LEFT


@pytest.fixture(autouse=True)
def _own_relay(settings: Any) -> None:
    """What a test sets is put back, and none finds a server of the developer's machine."""
    settings.RELAY_URL = f"smtp://127.0.0.1:{free_port()}"


def _shell(*words: str) -> Result:
    return CliRunner().invoke(main, ["campaign", *words])


def _settled(*states: State) -> Campaign:
    books.readers(len(states))
    campaign = books.running()
    claims = delivery.claim("w", len(states), NOW, campaign).claims
    rows = [Settlement(one.delivery_id, state, NOW) for one, state in zip(claims, states, strict=True)]
    delivery.settle("w", rows, NOW)
    campaigns.close_if_finished(campaign, NOW)
    return campaign


def _readers(campaign: Campaign, *states: str) -> set[int | None]:
    return set(campaign.deliveries.filter(state__in=states).values_list("subscriber", flat=True))


def test_again_reaches_exactly_those_who_did_not_get_it() -> None:
    first = _settled(State.SENT, State.REFUSED, State.EXPIRED, State.IN_DOUBT)
    repeat = campaigns.again(first, "担当", NOW)
    assert campaigns.start(repeat, NOW) == 2
    assert _readers(repeat, "queued") == _readers(first, "refused", "expired")
    assert not repeat.exclusions.exists()


def test_in_doubt_is_sent_again_only_when_it_is_named() -> None:
    first = _settled(State.SENT, State.IN_DOUBT)
    with pytest.raises(CampaignError, match="送り直す相手がありません"):
        campaigns.again(first, "担当", NOW)
    repeat = campaigns.again(first, "担当", NOW, ["in_doubt"])
    campaigns.start(repeat, NOW)
    assert _readers(repeat, "queued") == _readers(first, "in_doubt")


def test_who_left_or_got_it_meanwhile_is_excluded_from_the_repeat() -> None:
    first = _settled(State.REFUSED, State.REFUSED, State.REFUSED)
    left, got, _ = [row.subscriber for row in first.deliveries.order_by("pk")]
    assert left
    assert got
    signup.leave(left.key, None, NOW)
    second = campaigns.again(first, "担当", NOW)
    campaigns.start(second, NOW)
    claims = {one.addressee.key: one.delivery_id for one in delivery.claim("w", 9, NOW, second).claims}
    delivery.settle("w", [Settlement(claims.pop(got.key), State.SENT, NOW)], NOW)
    delivery.release("w", list(claims.values()))
    campaigns.cancel(second, "担当", NOW)
    third = campaigns.again(first, "担当", NOW)
    assert campaigns.start(third, NOW) == 1
    assert {row.subscriber_id: row.reason for row in third.exclusions.all()} == {left.pk: "left", got.pk: "had_it"}


def test_a_campaign_that_still_runs_is_not_repeated() -> None:
    books.readers(1)
    campaign = books.running()
    with pytest.raises(CampaignError, match="終わった配信だけ"):
        campaigns.again(campaign, "担当", NOW)


def test_the_command_plans_the_repeat_and_send_carries_it_out() -> None:
    first = _settled(State.SENT, State.EXPIRED)
    refused = _shell("again", str(first.pk), "--states", "sent")
    assert (refused.exit_code, "使えない状態です: sent" in refused.stderr) == (2, True)
    repeat = json.loads(_shell("again", str(first.pk), "--json").stdout)
    assert (repeat["again_of"], repeat["candidates"]) == (first.pk, 1)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sent = _shell("send", "--campaign", str(repeat["campaign"]), "--yes", "--in-doubt", "leave")
        assert "1件・" in sent.stderr
        assert len(addresses(server)) == 1
    assert "もとの配信" in sent.stdout


# ------------------------------------------------------------ those who could not be written to then
def _confirm(*people: Subscriber) -> None:
    Subscriber.objects.filter(pk__in=[one.pk for one in people]).update(state=ACTIVE, paused_until=None)


def _pause(person: Subscriber) -> Subscriber:
    Subscriber.objects.filter(pk=person.pk).update(paused_until=timezone.now() + timedelta(days=30))
    return person


def _eligible(campaign: Campaign) -> list[str]:
    return sorted(audiences.newly_eligible(campaign).values_list("address", flat=True))


def test_who_confirmed_or_came_back_from_a_pause_may_get_it_when_somebody_says_so() -> None:
    pending = books.reader("pending@example.jp", state=PENDING)
    paused = _pause(books.reader("paused@example.jp"))
    books.reader("never@example.jp", state=PENDING)
    first = _settled(State.SENT, State.REFUSED)
    assert _eligible(first) == []
    _confirm(pending, paused)
    assert _eligible(first) == ["paused@example.jp", "pending@example.jp"]
    default = campaigns.again(first, "担当", NOW)
    assert audiences.candidates(default).count() == 1
    campaigns.cancel(default, "担当", NOW)
    repeat = campaigns.again(first, "担当", NOW, newly_eligible=True)
    assert campaigns.start(repeat, NOW) == 3
    assert _readers(repeat, "queued") == _readers(first, "refused") | {pending.pk, paused.pk}


def test_nobody_who_left_or_is_stopped_is_among_them() -> None:
    people = [books.reader(f"{name}@example.jp", state=PENDING) for name in ("left", "stopped", "bounced", "back")]
    first = _settled(State.SENT)
    _confirm(*people)
    left, stopped, bounced, _ = people
    signup.leave(left.key, None, NOW)
    suppression.suppress(stopped.fingerprint, Suppression.Reason.BY_HAND, NOW)
    suppression.suppress(bounced.fingerprint, Suppression.Reason.BOUNCED, NOW)
    assert _eligible(first) == ["back@example.jp"]


def _settle_by_address(campaign: Campaign, **states: State) -> set[str]:
    """Everything that waits, by the part before the @; returns to whom it went."""
    claims = {one.addressee.address: one.delivery_id for one in delivery.claim("w", 9, NOW, campaign).claims}
    rows = [Settlement(pk, states.get(address.partition("@")[0], State.SENT), NOW) for address, pk in claims.items()]
    delivery.settle("w", rows, NOW)
    campaigns.close_if_finished(campaign, NOW)
    return set(claims)


def test_nobody_who_may_have_had_it_is_among_them() -> None:
    """By a later campaign of the same edition, or under another name of the same mailbox, even in doubt."""
    names = ("late@example.jp", "ta.ro+news@gmail.com", "jiro+x@outlook.jp")
    people = [books.reader(name, state=PENDING) for name in names]
    for address in ("taro@gmail.com", "jiro@outlook.jp"):
        books.reader(address)
    first = books.running()
    assert _settle_by_address(first, jiro=State.IN_DOUBT) == {"taro@gmail.com", "jiro@outlook.jp"}
    _confirm(*people)
    assert _eligible(first) == ["late@example.jp"]
    repeat = campaigns.again(first, "担当", NOW, ["in_doubt"], newly_eligible=True)
    campaigns.start(repeat, NOW)
    assert _settle_by_address(repeat) == {"jiro@outlook.jp", "late@example.jp"}
    assert _eligible(first) == []


def test_of_two_that_are_one_mailbox_only_one_gets_it() -> None:
    people = [books.reader(address, state=PENDING) for address in ("taro@gmail.com", "taro+x@gmail.com")]
    first = _settled(State.SENT)
    _confirm(*people)
    repeat = campaigns.again(first, "担当", NOW, newly_eligible=True)
    assert campaigns.start(repeat, NOW) == 1
    assert [row.reason for row in repeat.exclusions.all()] == ["duplicate"]


def test_who_paused_between_start_and_claim_counts_as_left_out() -> None:
    books.readers(1)
    paused = books.reader("paused@example.jp")
    campaign = books.running()
    _pause(paused)
    (claim,) = delivery.claim("w", 9, NOW, campaign).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.SENT, NOW)], NOW)
    campaigns.close_if_finished(campaign, NOW)
    _confirm(paused)
    assert audiences.why_left_out(campaign) == {"本人の希望でお休み中です": 1}


def test_a_part_of_the_readers_stays_that_part() -> None:
    from newsletter import segments

    inside = books.reader("text@example.jp", state=PENDING, format_="text")
    outside = books.reader("html@example.jp", state=PENDING)
    books.reader("reader@example.jp", format_="text")
    campaign = campaigns.plan(books.edition(), "担当", NOW, segment=segments.read("format=text"))
    campaigns.start(campaign, NOW)
    Delivery.objects.update(state=State.SENT)
    campaigns.close_if_finished(campaign, NOW)
    _confirm(inside, outside)
    assert _eligible(campaign) == ["text@example.jp"]


def test_the_command_offers_them_counts_them_and_asks_first() -> None:
    pending = books.reader("pending@example.jp", state=PENDING)
    first = _settled(State.SENT)
    number = str(first.pk)
    nobody = _shell("again", number)
    assert (nobody.exit_code, nobody.stderr.strip()) == (1, f"エラー: 配信 {number} には、送り直す相手がありません。")
    _confirm(pending)
    offered = _shell("again", number)
    assert f"newsletter campaign again {number} --newly-eligible" in offered.stderr
    assert "1件にはいまなら送れます" in _shell("excluded", number).stderr
    unasked = _shell("again", number, "--newly-eligible")
    assert (unasked.exit_code, "「申込の確認がまだです」1件" in unasked.stderr) == (1, True)
    assert "予定しませんでした" in unasked.stderr
    planned = json.loads(_shell("again", number, "--newly-eligible", "--yes", "--json").stdout)
    assert (planned["candidates"], planned["again_eligible"]) == (1, True)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sent = _shell("send", "--campaign", str(planned["campaign"]), "--yes")
        assert addresses(server) == ["pending@example.jp"]
    assert "届かなかった宛先と、送れるようになった方" in sent.stdout
