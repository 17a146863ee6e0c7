"""The ledger: what is queued, who may take it, what is written down about it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from newsletter import campaigns, delivery, sweep
from newsletter.delivery import LEASE, Block, Claim, Settlement, State
from newsletter.models import Attempt, Campaign, Delivery, Letter
from subscribers import signup, suppression
from subscribers.models import Subscriber, Suppression
from tests.newsletter import books
from tests.newsletter.books import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def _sent(claim: Claim) -> Settlement:
    return Settlement(claim.delivery_id, State.SENT, LATER, "relay:25", "final", 250, "2.0.0 queued as A1")


def _ids(block: Block) -> set[int]:
    return {claim.delivery_id for claim in block.claims}


# ------------------------------------------------------------ queue
def test_it_queues_one_row_for_each_active_reader_and_none_for_the_others() -> None:
    active = books.readers(3)
    books.readers(1, first=10, state=Subscriber.State.PENDING)
    books.readers(1, first=20, state=Subscriber.State.LEFT)
    suppressed = books.reader("gone@example.jp")
    suppression.suppress(suppressed.fingerprint, Suppression.Reason.BOUNCED, NOW)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    assert delivery.queue_campaign(campaign, NOW) == 3
    rows = Delivery.objects.filter(campaign=campaign)
    assert {row.subscriber_id for row in rows} == {reader.pk for reader in active}
    assert {(row.state, row.tries, row.queued_at) for row in rows} == {(State.QUEUED, 0, NOW)}


def test_queueing_again_adds_only_who_is_missing() -> None:
    books.readers(2)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    assert delivery.queue_campaign(campaign, NOW) == 2
    books.readers(1, first=3)
    assert delivery.queue_campaign(campaign, NOW) == 1
    assert delivery.queue_campaign(campaign, NOW) == 0
    assert campaign.deliveries.count() == 3


def test_a_new_campaign_leaves_out_who_may_have_the_edition_from_a_cancelled_one() -> None:
    books.readers(4)
    made = books.edition()
    first = books.running(made)
    got, doubtful, refused, _ = delivery.claim("w", 4, NOW, first).claims
    delivery.settle(
        "w",
        [
            _sent(got),
            Settlement(doubtful.delivery_id, State.IN_DOUBT, LATER),
            Settlement(refused.delivery_id, State.REFUSED, LATER),
        ],
        LATER,
    )
    delivery.release("w", [_.delivery_id])
    campaigns.cancel(first, "担当", LATER)
    second = books.running(made)
    expected = {row.subscriber_id for row in Delivery.objects.filter(pk__in=[refused.delivery_id, _.delivery_id])}
    assert {row.subscriber_id for row in second.deliveries.all()} == expected


def test_a_letter_is_queued_once() -> None:
    letter = Letter.objects.create(kind="receipt", address="staff@example.lg.jp", subject="件名", text="本文")
    assert delivery.queue_letter(letter, NOW) == delivery.queue_letter(letter, NOW)
    assert Delivery.objects.count() == 1


# ------------------------------------------------------------ claim
def test_a_claim_belongs_to_one_worker() -> None:
    books.readers(5)
    campaign = books.running()
    first, second = delivery.claim("one", 3, NOW, campaign), delivery.claim("two", 3, NOW, campaign)
    assert (len(first.claims), len(second.claims)) == (3, 2)
    assert not _ids(first) & _ids(second)
    row = Delivery.objects.get(pk=first.claims[0].delivery_id)
    assert (row.state, row.claimed_by, row.lease_until) == (State.SENDING, "one", NOW + LEASE)


def test_the_address_is_the_one_of_this_moment() -> None:
    (reader,) = books.readers(1)
    campaign = books.running()
    Subscriber.objects.filter(pk=reader.pk).update(address="moved@example.jp", format="text")
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    assert (claim.addressee.address, claim.addressee.text_only) == ("moved@example.jp", True)
    assert claim.addressee.key == reader.key


def test_who_left_meanwhile_is_cancelled_with_the_reason() -> None:
    left, complained, erased, stays = books.readers(4)
    campaign = books.running()
    signup.leave(left.key, None, NOW)
    suppression.suppress(complained.fingerprint, Suppression.Reason.COMPLAINED, NOW)
    rows = {row.subscriber_id: row.pk for row in campaign.deliveries.all()}
    erased_id = erased.pk
    erased.delete()
    block = delivery.claim("w", 10, LATER, campaign)
    assert block.cancelled == 3
    assert _ids(block) == {rows[stays.pk]}
    reasons = {pk: Delivery.objects.get(pk=rows[pk]).reason for pk in (left.pk, complained.pk, erased_id)}
    assert reasons == {
        left.pk: "本人が解除しました",
        complained.pk: "迷惑メールの報告のため停止中です",
        erased_id: "登録がありません（消去済み）",
    }
    assert campaign.deliveries.filter(state=State.CANCELLED, settled_at=LATER).count() == 3


@pytest.mark.parametrize("state", [Campaign.State.PAUSED, Campaign.State.CANCELLED, Campaign.State.PLANNED])
def test_nothing_is_claimed_of_a_campaign_that_is_not_running(state: str) -> None:
    books.readers(1)
    campaign = books.running()
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    assert delivery.claim("w", 5, NOW, campaign) == Block()


def test_deferred_ones_are_claimed_when_their_time_has_come() -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    due = NOW + timedelta(minutes=5)
    delivery.settle("w", [Settlement(claim.delivery_id, State.DEFERRED, NOW, reply_code=451, retry_at=due)], NOW)
    assert delivery.wake(due - timedelta(seconds=1), campaign) == 0
    assert delivery.claim("w", 1, LATER, campaign) == Block()
    assert delivery.wake(due, campaign) == 1
    (again,) = delivery.claim("w", 1, due, campaign).claims
    assert (again.delivery_id, again.tries) == (claim.delivery_id, 1)


# ------------------------------------------------------------ settle
def test_a_sent_mail_is_written_down_with_its_reply() -> None:
    books.readers(2)
    campaign = books.running()
    claims = delivery.claim("w", 2, NOW, campaign).claims
    assert delivery.settle("w", [_sent(one) for one in claims], LATER) == {one.delivery_id for one in claims}
    row = Delivery.objects.get(pk=claims[0].delivery_id)
    assert (row.state, row.tries, row.reply_code, row.settled_at) == (State.SENT, 1, 250, LATER)
    assert (row.claimed_by, row.lease_until) == ("", None)
    attempt = row.attempts.get()
    assert (attempt.relay, attempt.stage, attempt.reply_code) == ("relay:25", "final", 250)
    assert (attempt.reply_text, attempt.outcome) == ("2.0.0 queued as A1", "sent")


def test_a_block_of_accepted_mails_is_settled_with_few_statements(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    books.readers(30)
    campaign = books.running()
    claims = delivery.claim("w", 30, NOW, campaign).claims
    with django_assert_max_num_queries(6):
        delivery.settle("w", [_sent(one) for one in claims], LATER)
    assert books.states(campaign) == {"sent": 30}


def test_a_late_worker_cannot_overwrite_and_its_try_is_still_recorded() -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("late", 1, NOW, campaign).claims
    assert sweep.sweep(NOW + LEASE + timedelta(seconds=1)) == 1
    assert delivery.settle("late", [_sent(claim)], LATER) == set()
    row = Delivery.objects.get()
    assert (row.state, row.tries) == (State.IN_DOUBT, 1)
    assert [attempt.outcome for attempt in row.attempts.all()] == ["in_doubt", "sent"]


def test_settling_a_delivery_that_was_erased_meanwhile_is_no_failure() -> None:
    reader = books.reader("soon@example.jp", state=Subscriber.State.PENDING)
    letter = Letter.objects.create(kind="confirmation", subscriber=reader, subject="件名", text="本文")
    delivery.queue_letter(letter, NOW)
    (claim,) = delivery.claim("w", 1, NOW).claims
    reader.delete()
    assert delivery.settle("w", [_sent(claim)], LATER) == set()
    assert not Attempt.objects.exists()


def test_a_refused_address_is_suppressed() -> None:
    (reader,) = books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.REFUSED, LATER, reply_code=550, suppress=True)], LATER)
    assert suppression.standing(reader.fingerprint).reason == Suppression.Reason.BOUNCED  # type: ignore[union-attr]


def test_a_rehearsal_suppresses_nobody_and_forgets_its_readers() -> None:
    books.readers(1)
    campaign = books.running(rehearsal=True)
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    delivery.settle("w", [Settlement(claim.delivery_id, State.REFUSED, LATER, reply_code=550, suppress=True)], LATER)
    assert not Suppression.objects.exists()
    assert campaigns.close_if_finished(campaign, LATER)
    assert Delivery.objects.get().subscriber is None


def test_what_was_not_handed_over_goes_back_without_a_try() -> None:
    books.readers(1)
    campaign = books.running()
    (claim,) = delivery.claim("w", 1, NOW, campaign).claims
    assert delivery.release("other", [claim.delivery_id]) == 0
    assert delivery.release("w", [claim.delivery_id]) == 1
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.claimed_by, row.attempts.count()) == (State.QUEUED, 0, "", 0)


# ------------------------------------------------------------ at the same time
@pytest.mark.django_db(transaction=True)
def test_workers_that_claim_at_the_same_moment_never_share_a_delivery() -> None:
    books.readers(60)
    campaign = books.running()
    taken: list[list[int]] = []
    failures: list[BaseException] = []

    def work(name: str) -> None:
        mine: list[int] = []
        try:
            while block := _ids(delivery.claim(name, 4, NOW, campaign)):
                mine += block
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)
        finally:
            connection.close()
        taken.append(mine)

    threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    everything = [pk for mine in taken for pk in mine]
    assert len(everything) == len(set(everything)) == 60


@pytest.mark.django_db(transaction=True)
def test_two_that_queue_at_the_same_moment_queue_nobody_twice() -> None:
    books.readers(50)
    campaign = campaigns.plan(books.edition(), "担当", NOW)
    added: list[int] = []

    def queue() -> None:
        try:
            added.append(delivery.queue_campaign(campaign, NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=queue) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(added) == campaign.deliveries.count() == 50
