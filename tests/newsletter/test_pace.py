"""Per-provider pace in the ledger: shared, surviving, and never in the way of other providers."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from newsletter import delivery, pace, sending
from newsletter.delivery import Settlement, State
from newsletter.mail.bucket import HORIZON
from newsletter.models import Campaign, Delivery, ProviderPace
from tests.newsletter import books
from tests.newsletter.books import NOW
from tests.newsletter.moody import moody
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db


def _paced(*addresses: str) -> Campaign:
    for address in addresses:
        books.reader(address)
    campaign = books.running()
    campaign.paced = True
    campaign.save()
    return campaign


def _many(domain: str, count: int) -> list[str]:
    return [f"reader{number}@{domain}" for number in range(count)]


def _to(claims: tuple[delivery.Claim, ...]) -> Counter[str]:
    return Counter(one.addressee.address.partition("@")[2] for one in claims)


# ------------------------------------------------------------ claims
def test_a_paced_provider_never_holds_up_the_others() -> None:
    campaign = _paced(*_many("docomo.ne.jp", 40), *_many("example.jp", 10))
    block = delivery.claim("w", 20, NOW, campaign)
    assert len(block.claims) == 20  # whoever stands first: PostgreSQL keeps no order of its own
    rest = delivery.claim("w", 20, NOW, campaign)
    assert _to(block.claims) + _to(rest.claims) == {"docomo.ne.jp": 12, "example.jp": 10}
    waiting = campaign.deliveries.filter(state=State.DEFERRED)
    assert (waiting.count(), set(waiting.values_list("tries", "reason"))) == (28, {(0, delivery.PACED)})
    assert min(times := list(waiting.values_list("retry_at", flat=True))) > NOW
    assert max(times) <= NOW + HORIZON


def test_those_who_waited_go_at_the_agreed_rate() -> None:
    campaign = _paced(*_many("docomo.ne.jp", 100))
    sent = len(delivery.claim("w", 100, NOW, campaign).claims)
    for second in range(5, 61, 5):
        now = NOW + timedelta(seconds=second)
        delivery.wake(now, campaign)
        sent += len(delivery.claim("w", 100, now, campaign).claims)
    assert 12 + 45 <= sent <= 12 + 50


def test_each_local_government_has_a_pace_of_its_own() -> None:
    campaign = _paced(*_many("city.a.lg.jp", 10), *_many("town.b.lg.jp", 10))
    assert _to(delivery.claim("w", 20, NOW, campaign).claims) == {"city.a.lg.jp": 5, "town.b.lg.jp": 5}


def test_the_tokens_are_shared_by_all_workers_and_campaigns() -> None:
    first = _paced(*_many("docomo.ne.jp", 20))
    second = books.running()
    second.paced = True
    assert len(delivery.claim("one", 20, NOW, first).claims) == 12
    assert delivery.claim("two", 20, NOW, second).claims == ()


def test_without_pace_everything_goes_at_once() -> None:
    books.reader("a@docomo.ne.jp")
    for address in _many("docomo.ne.jp", 30):
        books.reader(address)
    assert len(delivery.claim("w", 100, NOW, books.running()).claims) == 31
    assert not ProviderPace.objects.exists()


# ------------------------------------------------------------ slower
@pytest.mark.parametrize(
    ("reply", "factor"), [((451, "4.7.1 slow down"), 0.5), ((452, "4.2.2 mailbox full"), None), ((250, "2.0.0"), None)]
)
def test_a_provider_that_asks_for_less_gets_less(reply: tuple[int, str], factor: float | None) -> None:
    campaign = _paced(*_many("gmail.com", 3))
    claim, *_ = delivery.claim("w", 3, NOW, campaign).claims
    state = State.SENT if reply[0] == 250 else State.DEFERRED
    delivery.settle("w", [Settlement(claim.delivery_id, state, NOW, reply_code=reply[0], reply_text=reply[1])], NOW)
    assert ProviderPace.objects.values_list("factor", flat=True).first() == factor


def test_a_slowed_provider_is_paced_although_it_has_no_limit_and_recovers() -> None:
    campaign = _paced(*_many("gmail.com", 30))
    pace.heed(["gmail"], NOW)
    assert delivery.claim("w", 30, NOW, campaign).claims == ()
    later = NOW + timedelta(minutes=11)
    delivery.wake(later, campaign)
    assert len(delivery.claim("w", 30, later, campaign).claims) == 30
    assert pace.allowed(later, {"gmail": 1000})["gmail"].now == 1000


# ------------------------------------------------------------ when
@pytest.mark.parametrize(
    ("relay", "wanted"), [("smtp://127.0.0.1:25", False), ("smtps://relay.example.jp smtp://127.0.0.1:26", True)]
)
def test_auto_means_with_a_relay_off_this_machine(settings: Any, relay: str, wanted: bool) -> None:
    settings.RELAY_URL = relay
    books.readers(1)
    campaign = books.running()
    assert pace.is_wanted(campaign) is wanted
    campaign.rehearsal = True
    assert not pace.is_wanted(campaign)


def test_a_run_waits_for_its_providers_and_finishes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in [*_many("docomo.ne.jp", 14), *_many("example.jp", 5)]:
        books.reader(address)
    campaign = books.running()
    settings.RELAY_URL = "smtps://relay.example.jp"
    with receiving() as server:
        run = sending.send_campaign(campaign, NOW, relay=books.relay(server.port))
        assert len(server.received) == 19
    assert (run.cause, run.progress.finished) == (sending.Cause.NONE, 19)
    assert books.states(campaign) == {"sent": 19}


def test_a_reply_in_a_paced_run_slows_the_next_claims(settings: Any) -> None:
    books.reader("a@gmail.com")
    campaign = books.running()
    settings.RELAY_URL = "smtps://relay.example.jp"
    with moody(moods=["421 4.7.28 unusual rate"]) as server:
        sending.send_campaign(campaign, NOW, relay=books.relay(server.port, 1))
    assert ProviderPace.objects.get(provider="gmail").factor == 0.5
    assert Delivery.objects.get().state == State.DEFERRED
