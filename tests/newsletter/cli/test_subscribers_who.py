"""`newsletter subscribers who`: why one address gets a campaign or does not, before it begins and afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from newsletter import campaigns, delivery, segments
from newsletter.cli import main
from newsletter.models import Campaign, Delivery, Edition, Exclusion
from subscribers import moves, suppression
from subscribers.models import ImportRun, Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db

WHO = "taro@gmail.com"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def said(campaign: Campaign, address: str = WHO) -> tuple[str, Any]:
    """The sentence, and the answer for machines."""
    asked = ("subscribers", "who", address, "--campaign", campaign.pk)
    return run(*asked).stdout.strip(), json.loads(run(*asked, "--json").stdout)


def change(**fields: object) -> Callable[[Edition], None]:
    def changed(_: Edition) -> None:
        Subscriber.objects.filter(address=WHO).update(**fields)

    return changed


def stopped(reason: str) -> Callable[[Edition], None]:
    def stop(_: Edition) -> None:
        suppression.suppress(Subscriber.objects.get(address=WHO).fingerprint, Suppression.Reason(reason), NOW)

    return stop


def struck_off(_: Edition) -> None:
    run = ImportRun.objects.create(file="回答", basis="member", proof="回答", operator="花子")
    moves.depart({Subscriber.objects.get(address=WHO).pk: 1}, run, NOW)


def has_it(made: Edition) -> None:
    """By an earlier campaign, which then was cancelled."""
    first = books.running(made)
    claims = delivery.claim("w", 10, NOW, first).claims
    delivery.settle("w", [delivery.Settlement(claim.delivery_id, Delivery.State.SENT, NOW) for claim in claims], NOW)
    campaigns.cancel(first, "担当", NOW)


def nothing(_: Edition) -> None:
    pass


REASONS: dict[str, Callable[[Edition], None]] = {
    "pending": change(state=Subscriber.State.PENDING),
    "left": change(state=Subscriber.State.LEFT),
    "moved": struck_off,
    "bounced": stopped("bounced"),
    "complained": stopped("complained"),
    "erased": stopped("erased"),
    "by_hand": stopped("by_hand"),
    "paused": change(paused_until=timezone.now() + timedelta(days=30)),
    "only_monthly": change(only_monthly=True),
    "segment": nothing,  # see below
    "had_it": has_it,
    "duplicate": nothing,  # there is an older entry of the same mailbox
}


def test_every_reason_that_there_is_has_its_case() -> None:
    assert set(REASONS) == set(Exclusion.Reason.values)


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_told_before_the_campaign_begins_and_afterwards(reason: str) -> None:
    if reason == "duplicate":
        books.reader("taro+news@gmail.com")
    books.reader(WHO)
    other = books.reader("other@example.jp")
    Subscriber.objects.filter(pk=other.pk).update(municipality="401005")
    made = books.edition(extra=1 if reason == "only_monthly" else 0)
    REASONS[reason](made)
    late = books.reader("late@example.jp")
    Subscriber.objects.filter(pk=late.pk).update(municipality="401005")
    chosen = segments.read("prefecture=福岡県") if reason == "segment" else None
    campaign = campaigns.plan(made, "担当", NOW, segment=chosen)
    words = str(Exclusion.Reason(reason).label)

    sentence, answer = said(campaign)
    assert sentence == f"この配信はまだ始まっていません。いま始めると、送りません: {words}"
    assert (answer["gets_it"], answer["reason"], answer["forecast"]) == (False, reason, True)
    assert "いま始めると、送ります。" in said(campaign, "late@example.jp")[0]

    campaigns.start(campaign, NOW)
    sentence, answer = said(campaign)
    assert sentence == f"送りません: {words}"
    assert (answer["gets_it"], answer["reason"], answer["forecast"]) == (False, reason, False)
    assert said(campaign, "late@example.jp")[1]["gets_it"]


def test_who_left_after_the_start_is_told_that_the_mail_was_held_back() -> None:
    books.reader(WHO)
    campaign = books.running()
    Subscriber.objects.update(state=Subscriber.State.LEFT)
    delivery.claim("w", 10, NOW, campaign)
    sentence, answer = said(campaign)
    assert sentence == "宛先に入っていましたが、送りませんでした: 本人が解除しました"
    assert (answer["gets_it"], answer["state"]) == (False, "cancelled")


def test_an_address_without_an_entry_is_told_why_it_was_stopped() -> None:
    books.reader(WHO)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    reader = Subscriber.objects.get()
    suppression.suppress(reader.fingerprint, Suppression.Reason.ERASED, NOW)
    reader.delete()
    told = run("subscribers", "who", WHO, "--campaign", campaign.pk)
    assert told.exit_code == 1
    assert "登録はありません" in told.stderr
    assert "配信停止の記録があります: 本人の求めで消去" in told.stderr


def test_a_campaign_that_never_began_went_to_nobody() -> None:
    books.reader(WHO)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    campaigns.cancel(campaign, "担当", NOW)
    assert said(campaign)[0] == "送りません: この配信は、始まる前に取り消されました"
