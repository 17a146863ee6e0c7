"""Goodbyes on disk: durable, private, once for each person, and never a path that somebody else chose."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from newsletter import goodbyes
from newsletter.goodbyes import Goodbye
from subscribers.models import new_key
from tests.subscribers.test_at_once import at_once

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def goodbye(key: str = "", at: datetime = AT) -> Goodbye:
    return Goodbye(key or new_key(), at, "192.0.2.7", {"how": "one_click", "delivery": 41}, "0f" * 16)


def file_of(key: str) -> Path:
    return Path(settings.GOODBYES) / f"{key}.json"


def test_what_was_kept_is_found_again_oldest_first_until_it_is_discarded() -> None:
    later, earlier = goodbye(at=AT + timedelta(minutes=1)), goodbye()
    for one in (later, earlier):
        goodbyes.keep(one)
    assert goodbyes.waiting() == [earlier, later]
    assert goodbyes.keys() == {later.key, earlier.key}
    assert goodbyes.find(later.key) == later
    goodbyes.discard(earlier)
    goodbyes.discard(earlier)
    assert goodbyes.waiting() == [later]


def test_without_a_folder_nobody_waits() -> None:
    assert (goodbyes.keys(), goodbyes.waiting(), goodbyes.strangers()) == (frozenset(), [], [])
    assert goodbyes.find(new_key()) is None
    goodbyes.forget(new_key())
    goodbyes.tidy(AT)


def test_a_second_click_stands_beside_the_first_in_the_one_file_of_the_person() -> None:
    first = goodbye()
    goodbyes.keep(first)
    goodbyes.keep(first)  # the same once more is no second one
    assert goodbyes.waiting() == [first]
    for minutes in (5, 9):
        click = Goodbye(first.key, AT + timedelta(minutes=minutes), "198.51.100.9", {"how": "page"}, first.fingerprint)
        goodbyes.keep(click)
    assert goodbyes.waiting() == [replace(first, again=click)]
    assert goodbyes.waiting()[0].last == click
    assert [file.name for file in Path(settings.GOODBYES).glob("[!.]*")] == [f"{first.key}.json"]
    assert file_of(first.key).stat().st_size < goodbyes.LARGEST / 2


def test_a_file_of_the_former_release_is_read_and_takes_a_second_click() -> None:
    first = goodbye()
    goodbyes.keep(goodbye())  # there is a folder
    written = {
        "key": first.key, "at": AT.isoformat(), "source": first.source, "detail": first.detail,
        "fingerprint": first.fingerprint,
    }  # fmt: skip
    file_of(first.key).write_text(json.dumps(written))
    assert goodbyes.find(first.key) == first
    click = replace(first, at=AT + timedelta(days=1))
    goodbyes.keep(click)
    assert goodbyes.find(first.key) == replace(first, again=click)


def test_what_was_kept_before_much_was_known_is_kept_again_with_more() -> None:
    one = goodbye()
    goodbyes.keep(replace(one, fingerprint=""))
    goodbyes.keep(one)
    assert goodbyes.waiting() == [one]


def test_a_second_click_mends_a_torn_file_and_its_date_is_kept() -> None:
    one = goodbye(at=AT + timedelta(days=1))
    goodbyes.keep(one)
    file_of(one.key).write_bytes(b"{")
    os.utime(file_of(one.key), (AT.timestamp(), AT.timestamp()))
    goodbyes.keep(one)
    assert goodbyes.waiting() == [Goodbye(one.key, AT, None, {}, one.fingerprint, is_damaged=True, again=one)]


def test_clicks_at_the_same_moment_do_not_lose_the_last_of_them() -> None:
    first = goodbye()
    clicks = [replace(first, at=AT + timedelta(seconds=number)) for number in range(8)]
    waiting = clicks.copy()
    at_once(8, lambda: goodbyes.keep(waiting.pop()))
    assert goodbyes.waiting()[0].last == clicks[-1]
    assert not list(Path(settings.GOODBYES).glob("*.new"))


def test_nobody_is_answered_before_file_and_folder_outlive_a_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    one, synced = goodbye(), []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        status = os.fstat(descriptor)
        kind = "folder" if stat.S_ISDIR(status.st_mode) else f"file of {status.st_size} octets"
        synced.append((kind, file_of(one.key).exists(), Path(settings.GOODBYES).stat().st_ino == status.st_ino))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    goodbyes.keep(one)
    size = file_of(one.key).stat().st_size
    # The folder's own name, then the whole content before it has its name, then the name.
    assert synced == [("folder", False, False), (f"file of {size} octets", False, False), ("folder", True, True)]


def test_only_its_owner_can_read_it() -> None:
    one = goodbye()
    goodbyes.keep(one)
    assert stat.S_IMODE(file_of(one.key).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(settings.GOODBYES).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../../../etc/passwd0000", "/etc/passwd-0000000000", "a/b".ljust(22, "a"), "a" * 21, "a" * 23,
     "a" * 21 + "\0", "a" * 21 + "\n", "あ" * 22, "a" * 20 + "..", "%2e%2e%2f" + "a" * 13, "a" * 5000],
)  # fmt: skip
def test_a_key_that_is_none_never_becomes_a_file(key: str) -> None:
    before = sorted(str(path) for path in Path(settings.VAR).rglob("*"))
    with pytest.raises(ValueError, match="not the key"):
        goodbyes.keep(Goodbye(key, AT))
    goodbyes.forget(key)
    assert goodbyes.find(key) is None
    assert sorted(str(path) for path in Path(settings.VAR).rglob("*")) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b"0" * 10_000, b'{"key": "somebody else"}',
     b'{"key": "%(key)s", "at": "2026-11-24T12:00:00", "source": null, "detail": {}, "fingerprint": ""}',
     b'{"key": "%(key)s", "at": "2026-11-24T12:00:00+00:00", "source": null, "detail": 3, "fingerprint": ""}',
     b'{"key": "%(key)s", "at": "2026-11-24T12:00:00+00:00", "source": null, "detail": {}, "fingerprint": "../"}',
     b'{"key": "%(key)s", "at": "2026-11-24T12:00:00Z", "source": null, "detail": {}, "fingerprint": "", "again": 3}',
     b"[" * goodbyes.LARGEST],
)  # fmt: skip
def test_a_torn_file_still_says_who_left_and_when(content: bytes) -> None:
    one = goodbye()
    goodbyes.keep(one)
    file_of(one.key).write_bytes(content.replace(b"%(key)s", one.key.encode()))
    os.utime(file_of(one.key), (AT.timestamp(), AT.timestamp()))
    assert goodbyes.waiting() == [Goodbye(one.key, AT, is_damaged=True)]
    assert goodbyes.keys() == {one.key}


def test_a_network_address_that_is_none_is_left_out_and_the_rest_counts() -> None:
    one = Goodbye(new_key(), AT, "not an address", {"how": "page", "more": "x" * 10}, "0f" * 16)
    goodbyes.keep(one)
    assert goodbyes.find(one.key) == Goodbye(one.key, AT, None, {"how": "page"}, "0f" * 16)


def test_what_a_crash_left_half_written_is_no_goodbye_and_goes_after_an_hour() -> None:
    goodbyes.keep(goodbye())
    half = Path(settings.GOODBYES) / "tmpabc.new"
    half.write_bytes(b'{"key"')
    os.utime(half, (AT.timestamp(), AT.timestamp()))
    goodbyes.tidy(AT + timedelta(minutes=59))
    assert half.exists()
    assert len(goodbyes.waiting()) == 1
    goodbyes.tidy(AT + timedelta(minutes=61))
    assert not half.exists()
    assert goodbyes.strangers() == []


def test_files_of_others_are_named_and_left_alone() -> None:
    goodbyes.keep(goodbye())
    stranger = Path(settings.GOODBYES) / "memo.txt"
    stranger.touch()
    goodbyes.tidy(AT + timedelta(days=1))
    assert goodbyes.strangers() == ["memo.txt"]
    assert len(goodbyes.waiting()) == 1


def test_a_later_goodbye_of_the_same_person_is_not_thrown_away_with_an_earlier_one() -> None:
    earlier = goodbye()
    later = goodbye(earlier.key, AT + timedelta(days=1))
    goodbyes.keep(earlier)
    goodbyes.keep(later)
    goodbyes.discard(earlier)
    assert goodbyes.waiting() == [replace(earlier, again=later)]
    goodbyes.discard(later)
    assert goodbyes.waiting() == []
