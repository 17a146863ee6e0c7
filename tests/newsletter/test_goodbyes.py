"""Goodbyes on disk: durable, private, once for each person, and never a path that somebody else chose."""

from __future__ import annotations

import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from newsletter import goodbyes
from newsletter.goodbyes import Goodbye
from subscribers.models import new_key

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
    goodbyes.tidy()


def test_a_second_click_replaces_nothing_and_adds_nothing() -> None:
    first = goodbye()
    goodbyes.keep(first)
    written = file_of(first.key).stat()
    goodbyes.keep(Goodbye(first.key, AT + timedelta(minutes=5), "198.51.100.9", {"how": "page"}))
    assert goodbyes.waiting() == [first]
    assert file_of(first.key).stat().st_ino == written.st_ino
    assert [file.name for file in Path(settings.GOODBYES).iterdir()] == [f"{first.key}.json"]


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
     b'{"key": "%(key)s", "at": "2026-11-24T12:00:00+00:00", "source": null, "detail": {}, "fingerprint": "../"}'],
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
    goodbyes.tidy()
    assert half.exists()
    assert len(goodbyes.waiting()) == 1
    os.utime(half, (time.time() - 3700, time.time() - 3700))
    goodbyes.tidy()
    assert not half.exists()
    assert goodbyes.strangers() == []


def test_files_of_others_are_named_and_left_alone() -> None:
    goodbyes.keep(goodbye())
    stranger = Path(settings.GOODBYES) / "memo.txt"
    stranger.touch()
    goodbyes.tidy()
    assert goodbyes.strangers() == ["memo.txt"]
    assert len(goodbyes.waiting()) == 1


def test_a_later_goodbye_of_the_same_person_is_not_thrown_away_with_an_earlier_one() -> None:
    earlier = goodbye()
    later = goodbye(earlier.key, AT + timedelta(days=1))
    goodbyes.keep(later)
    goodbyes.discard(earlier)
    assert goodbyes.waiting() == [later]
