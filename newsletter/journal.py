"""What a worker was doing when it died: one slot per claim, in a file that the kernel keeps when the process is killed.

A claim says only that a mail may go out; the journal says how far it came. It is memory shared with a file: writing
costs no system call, and what was written outlives a kill -9, because the pages are the kernel's. A power cut they do
not outlive, so the file names the boot it belongs to and proves nothing after the next one (docs/decisions/0013).
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SLOTS = 1024
SLOT_OCTETS, HEADER_OCTETS, BOOT_OCTETS = 2048, 1024, 64
_STARTED = struct.Struct("<QI")  # delivery, tries before this one
_LENGTH = struct.Struct("<H")
_AT_LAST_WORDS = BOOT_OCTETS + _LENGTH.size  # in the header, with their length before them
_AT_TRY, _AT_LENGTH, _AT_ANSWER = 8, 24, 32  # inside a slot; its first octet is the phase
LONGEST_ANSWER = SLOT_OCTETS - _AT_ANSWER
_as_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Phase(IntEnum):
    """How far the mail of a slot came."""

    NOTHING = 0  # nothing of its content has left us
    HANDING_OVER = 1  # the content is leaving, or has left without an answer
    ANSWERED = 2


@dataclass(frozen=True, slots=True)
class Trace:
    """What the journal of a dead worker says about one try of one delivery."""

    delivery_id: int
    tries: int  # before this one
    answer: dict[str, object] | None  # None: it was being handed over


class Journal:
    """The journal of a living worker. One thread writes phases; slots are taken and given back by another."""

    def __init__(self, pages: mmap.mmap) -> None:
        self._pages = pages
        self._free = list(range(SLOTS))

    def slot(self) -> int:
        """A slot for a claim. There are more than a worker may hold."""
        return self._free.pop()

    def give_back(self, slot: int) -> None:
        """What became of the claim is committed in the ledger."""
        self._free.append(slot)

    # The phase is written last: a process that is killed has done its writes in order, or not at all.
    def hand_over(self, slot: int, delivery_id: int, tries: int) -> None:
        """The content is about to leave."""
        at = HEADER_OCTETS + slot * SLOT_OCTETS
        self._pages[at] = Phase.NOTHING
        _STARTED.pack_into(self._pages, at + _AT_TRY, delivery_id, tries)
        self._pages[at] = Phase.HANDING_OVER

    def take_back(self, slot: int) -> None:
        """It certainly did not arrive, and will be tried again."""
        self._pages[HEADER_OCTETS + slot * SLOT_OCTETS] = Phase.NOTHING

    def answered(self, slot: int, delivery_id: int, tries: int, answer: dict[str, object]) -> None:
        """The relay answered: what is to be settled, as JSON can hold it."""
        written = _as_json(answer).encode()
        if len(written) > LONGEST_ANSWER:
            return  # in doubt, should we die now
        at = HEADER_OCTETS + slot * SLOT_OCTETS
        _STARTED.pack_into(self._pages, at + _AT_TRY, delivery_id, tries)
        _LENGTH.pack_into(self._pages, at + _AT_LENGTH, len(written))
        self._pages[at + _AT_ANSWER : at + _AT_ANSWER + len(written)] = written
        self._pages[at] = Phase.ANSWERED

    def last_words(self, words: str) -> None:
        """Why this worker ends. There is room for it even when the disk is full."""
        written = words.encode()[: HEADER_OCTETS - _AT_LAST_WORDS]
        self._pages[_AT_LAST_WORDS : _AT_LAST_WORDS + len(written)] = written
        _LENGTH.pack_into(self._pages, BOOT_OCTETS, len(written))


@contextlib.contextmanager
def kept(file: Path) -> Iterator[Journal | None]:
    """A new journal in `file`, which stays when the block ends; None where the machine does not name its boots."""
    boot = _this_boot()
    if not boot:
        yield None
        return
    size = HEADER_OCTETS + SLOTS * SLOT_OCTETS
    newborn = file.with_suffix(".empty")
    descriptor = os.open(newborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)  # a full disk is noticed here, not by a signal in the middle
        pages = mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
    pages[: len(boot)] = boot
    newborn.rename(file)
    try:
        yield Journal(pages)
    finally:
        pages.close()


def read(file: Path) -> dict[int, Trace] | None:
    """What a dead worker's journal says, by delivery; None when there is none that can be believed."""
    try:
        octets = file.read_bytes()
    except OSError:
        return None
    boot = _this_boot()
    if not boot or octets[: len(boot)] != boot or len(octets) != HEADER_OCTETS + SLOTS * SLOT_OCTETS:
        return None
    traces: dict[int, Trace] = {}
    for at in range(HEADER_OCTETS, len(octets), SLOT_OCTETS):
        trace = _trace(octets[at : at + SLOT_OCTETS])
        # A delivery that was deferred and tried again has an old slot, too: the later try counts.
        if trace and trace.tries >= traces.get(trace.delivery_id, trace).tries:
            traces[trace.delivery_id] = trace
    return traces


def read_last_words(file: Path) -> str:
    """Why a dead worker ended, if it could say so."""
    try:
        with file.open("rb") as journal:
            header = journal.read(HEADER_OCTETS)
    except OSError:
        return ""
    if len(header) < HEADER_OCTETS:
        return ""
    (length,) = _LENGTH.unpack_from(header, BOOT_OCTETS)
    return header[_AT_LAST_WORDS : _AT_LAST_WORDS + length].decode("utf-8", "ignore")


def _trace(slot: bytes) -> Trace | None:
    phase = slot[0]
    if phase == Phase.NOTHING:
        return None
    delivery_id, tries = _STARTED.unpack_from(slot, _AT_TRY)
    if phase == Phase.HANDING_OVER:
        return Trace(delivery_id, tries, None)
    (length,) = _LENGTH.unpack_from(slot, _AT_LENGTH)
    try:
        answer = json.loads(slot[_AT_ANSWER : _AT_ANSWER + length])
    except ValueError:
        answer = None
    return Trace(delivery_id, tries, answer if isinstance(answer, dict) else None)


def _this_boot() -> bytes:
    try:
        return _BOOT.read_bytes().strip()[:BOOT_OCTETS]
    except OSError:
        return b""
