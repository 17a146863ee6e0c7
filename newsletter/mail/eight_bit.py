"""Text with slots as it is, in 8-bit lines (RFC 6152), for a relay that takes them: a third smaller than base64.

Nothing is encoded and nothing is broken: a text that could not travel like that unchanged is no EightBitText, and its
part stays base64. What differs for a reader is a join of octets; the form that DKIM signs is kept beside each run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

LINE_OCTETS = 998  # RFC 5322 2.1.1, the CRLF not counted; a dot that SMTP doubles is not counted either
VALUE_OCTETS = 150  # room that a line must have for each of its values, or the text is not taken at all

# NUL is forbidden (RFC 2045 2.8); other controls, and "From " at a line's beginning, are changed by some on the way.
_UNSAFE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|^From ", re.MULTILINE)
_WHITE, _WHITE_AT_END = re.compile(rb"[ \t]+"), re.compile(rb" (?=\r\n)")


class EightBitText:
    """A text in UTF-8 with slots in it, its lines ended by CRLF, ready to be joined with the values of one reader."""

    __slots__ = ("_canonical", "_lines", "_runs", "slots")

    def __init__(self, text: str, slots: Sequence[str]) -> None:
        pieces = re.split("(" + "|".join(re.escape(slot) for slot in slots) + ")", text)
        self._runs = tuple(piece.encode() for piece in pieces[0::2])
        self.slots = tuple(pieces[1::2])  # one between every two runs
        self._canonical = tuple(_relaxed(run) for run in self._runs)
        self._lines = _lines_with_slots(self._runs, self.slots)

    @property
    def fits_in_general(self) -> bool:
        """Whether it can travel as it is, with values of the usual length."""
        safe = not any(_UNSAFE.search(run) for run in self._runs)
        within = max(len(line) for run in self._runs for line in run.split(b"\r\n")) <= LINE_OCTETS
        return safe and within and self.fits(dict.fromkeys(self.slots, b" " * VALUE_OCTETS))

    def fits(self, values: Mapping[str, bytes]) -> bool:
        """Whether no line becomes too long with these values."""
        lengths = {slot: len(value) for slot, value in values.items()}
        return all(constant + sum(lengths[slot] for slot in slots) <= LINE_OCTETS for constant, slots in self._lines)

    @property
    def is_ascii(self) -> bool:
        """Whether there is nothing in it that needs 8 bits."""
        return all(run.isascii() for run in self._runs)

    @property
    def beginning(self) -> bytes:
        """What no value can change: `canonical` always begins with it."""
        return self._canonical[0].rstrip(b"\r\n")

    def join(self, values: Mapping[str, bytes]) -> bytes:
        """The text with `values`, which are ASCII without white space, in place of the slots."""
        return self._joined(self._runs, values)

    def canonical(self, values: Mapping[str, bytes]) -> bytes:
        """The same as DKIM's "relaxed" has it (RFC 6376 3.4.4), but for empty lines at the end."""
        return self._joined(self._canonical, values)

    def _joined(self, runs: Sequence[bytes], values: Mapping[str, bytes]) -> bytes:
        pieces = [runs[0]]
        for slot, run in zip(self.slots, runs[1:], strict=True):
            pieces += (values[slot], run)
        return b"".join(pieces)


def _relaxed(run: bytes) -> bytes:
    """White space reduced, and none at a line's end. A run is followed by a value or has its line end in itself."""
    return _WHITE_AT_END.sub(b"", _WHITE.sub(b" ", run))


def _lines_with_slots(runs: Sequence[bytes], slots: Sequence[str]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """For each line with slots: its constant octets, and the slots in it."""
    found: list[tuple[int, tuple[str, ...]]] = []
    here: tuple[str, ...] = ()
    constant = len(runs[0].rpartition(b"\n")[2])
    for slot, run in zip(slots, runs[1:], strict=True):
        here = (*here, slot)
        rest, ends, _ = run.partition(b"\r\n")
        constant += len(rest)
        if ends:
            found.append((constant, here))
            constant, here = len(run.rpartition(b"\n")[2]), ()
    return (*found, (constant, here)) if here else tuple(found)
