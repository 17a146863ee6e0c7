"""The journal of a worker: what it says after a kill -9, and when it is not to be believed."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import delivery, doubt, journal, sweep, workers
from newsletter.delivery import LEASE, Settlement, State
from newsletter.journal import Trace
from newsletter.models import Campaign, Delivery
from tests.newsletter import books
from tests.newsletter.books import NOW

LATER = NOW + timedelta(seconds=5)
ANSWER = Settlement(0, State.SENT, NOW, "relay:25", "final", 250, "2.0.0 Ok: 届きました", "", None)


# ------------------------------------------------------------ the file
def test_it_says_how_far_each_mail_came(tmp_path: Path) -> None:
    with journal.kept(tmp_path / "w.journal") as pages:
        assert pages
        first, second, third = (pages.slot() for _ in range(3))
        pages.hand_over(first, 11, 0)
        pages.hand_over(second, 12, 3)
        pages.answered(second, 12, 3, ANSWER.as_json())
        pages.hand_over(third, 13, 0)
        pages.take_back(third)
    traces = journal.read(tmp_path / "w.journal")
    assert traces == {11: Trace(11, 0, None), 12: Trace(12, 3, ANSWER.as_json())}
    assert Settlement.from_json(0, traces[12].answer or {}) == ANSWER


def test_a_slot_that_is_used_again_says_the_newest(tmp_path: Path) -> None:
    with journal.kept(tmp_path / "w.journal") as pages:
        assert pages
        slot = pages.slot()
        pages.hand_over(slot, 11, 0)
        pages.answered(slot, 11, 0, ANSWER.as_json())
        pages.give_back(slot)
        assert pages.slot() == slot
        pages.hand_over(slot, 99, 0)
    assert journal.read(tmp_path / "w.journal") == {99: Trace(99, 0, None)}


def test_a_later_try_of_the_same_delivery_counts(tmp_path: Path) -> None:
    with journal.kept(tmp_path / "w.journal") as pages:
        assert pages
        pages.hand_over(pages.slot(), 11, 1)
        pages.hand_over(pages.slot(), 11, 0)
    assert journal.read(tmp_path / "w.journal") == {11: Trace(11, 1, None)}


def test_the_longest_answer_fits(tmp_path: Path) -> None:
    longest = Settlement(0, State.DEFERRED, NOW, "r" * 100, "final", 451, "長" * 400, "理" * 200, LATER, True)
    with journal.kept(tmp_path / "w.journal") as pages:
        assert pages
        pages.answered(pages.slot(), 11, 0, longest.as_json())
    traces = journal.read(tmp_path / "w.journal")
    assert traces
    assert traces[11].answer == longest.as_json()


def test_a_journal_of_another_boot_or_a_cut_one_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "w.journal"
    with journal.kept(file) as pages:
        assert pages
        pages.hand_over(pages.slot(), 11, 0)
    octets = file.read_bytes()
    file.write_bytes(b"x" * 36 + octets[36:])
    assert journal.read(file) is None
    file.write_bytes(octets[:-1])
    assert journal.read(file) is None
    assert journal.read(tmp_path / "none.journal") is None


def test_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal\n"
        "from newsletter import journal\n"
        f"with journal.kept(pathlib.Path({str(tmp_path / 'w.journal')!r})) as pages:\n"
        "    for number in range(500):\n"
        "        pages.hand_over(pages.slot(), number, 0)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).resolve().parents[2])
    traces = journal.read(tmp_path / "w.journal")
    assert traces is not None
    assert set(traces) == set(range(500))


# ------------------------------------------------------------ the sweep that reads it
def _died(campaign: Campaign, *, with_journal: bool = True) -> list[int]:
    """A worker that held five claims: answered, deferred, handing over, not begun, and one from an older try."""
    name = "d" * 24
    ids = [claim.delivery_id for claim in delivery.claim(name, 5, NOW, campaign).claims]
    (workers._folder() / f"{name}.lock").touch()
    if not with_journal:
        return ids
    deferred = Settlement(0, State.DEFERRED, NOW, "relay:25", "rcpt", 451, "4.2.1 busy", "後で", LATER)
    with journal.kept(workers._journal(name)) as pages:
        assert pages
        for number, answer in zip(ids[:2], (ANSWER, deferred), strict=True):
            slot = pages.slot()
            pages.hand_over(slot, number, 0)
            pages.answered(slot, number, 0, answer.as_json())
        pages.hand_over(pages.slot(), ids[2], 0)
        Delivery.objects.filter(pk=ids[4]).update(tries=1)
        pages.hand_over(pages.slot(), ids[4], 0)
    return ids


def _states(ids: list[int]) -> list[str]:
    found = dict(Delivery.objects.values_list("pk", "state"))
    return [found[number] for number in ids]


@pytest.mark.django_db
def test_the_sweep_settles_a_dead_worker_by_its_journal() -> None:
    books.readers(5)
    ids = _died(books.running())
    assert sweep.sweep(LATER) == 1
    assert _states(ids) == ["sent", "deferred", "in_doubt", "queued", "queued"]
    sent = Delivery.objects.get(pk=ids[0])
    assert (sent.reply_code, sent.tries, sent.attempts.get().reply_text) == (250, 1, ANSWER.reply_text)
    assert Delivery.objects.get(pk=ids[1]).retry_at == LATER
    assert (Delivery.objects.get(pk=ids[3]).tries, Delivery.objects.get(pk=ids[4]).tries) == (0, 1)
    assert not list(workers._folder().glob(f"{'d' * 24}.*"))
    assert sweep.sweep(LATER) == 0


@pytest.mark.django_db
def test_without_a_journal_all_that_was_claimed_is_in_doubt() -> None:
    books.readers(5)
    ids = _died(books.running(), with_journal=False)
    assert sweep.sweep(LATER) == 5
    assert set(_states(ids)) == {"in_doubt"}


@pytest.mark.django_db
def test_a_journal_that_is_found_later_takes_the_doubt_back() -> None:
    books.readers(5)
    campaign = books.running()
    ids = _died(campaign)
    lock = workers._folder() / f"{'d' * 24}.lock"
    lock.rename(lock.with_suffix(".away"))  # as another machine sees it
    over = NOW + LEASE + timedelta(seconds=1)
    assert sweep.sweep(over) == 5
    assert doubt.treat_as_sent([ids[3]], "佐藤", over) == 1  # a person was faster for one of them
    Campaign.objects.update(state=Campaign.State.DONE, finished_at=over)
    lock.with_suffix(".away").rename(lock)
    sweep.sweep(over)
    assert _states(ids) == ["sent", "deferred", "in_doubt", "sent", "queued"]
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SENDING


@pytest.mark.django_db
def test_what_a_dead_worker_had_not_begun_of_a_cancelled_campaign_stays_unsent() -> None:
    books.readers(5)
    campaign = books.running()
    ids = _died(campaign)
    Campaign.objects.update(state=Campaign.State.CANCELLED)
    sweep.sweep(LATER)
    assert _states(ids)[3:] == ["cancelled", "cancelled"]
