"""Text with slots as base64 lines: what is the same for all readers is encoded once.

base64 works on groups of 3 octets and lines of 57, so a value in the middle shifts everything behind it. Padding the
value with white space would hide the shift but change the text. Here nothing is padded: the line a value begins in and
the line it ends in are encoded anew for each reader, and the constant run behind it is kept encoded for each of the 57
shifts that has been met. Values of one kind have the same length or nearly, so few shifts ever are; 57 is the bound.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence

LINE_OCTETS = 57  # 76 characters of base64 (RFC 2045 6.8)


def base64_lines(octets: bytes) -> bytes:
    """The octets as base64 lines of at most 76 characters, each ended by CRLF."""
    encode = binascii.b2a_base64
    steps = range(0, len(octets), LINE_OCTETS)
    return b"".join([encode(octets[at : at + LINE_OCTETS], newline=False) + b"\r\n" for at in steps])


class SlottedText:
    """A text in UTF-8 with slots in it, ready to be joined with the values of one reader."""

    __slots__ = ("_encoded", "_runs", "slots")

    def __init__(self, text: str, slots: Sequence[str]) -> None:
        pieces = re.split("(" + "|".join(re.escape(slot) for slot in slots) + ")", text)
        self._runs = tuple(piece.encode() for piece in pieces[0::2])
        self.slots = tuple(pieces[1::2])  # one between every two runs
        self._encoded: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    @property
    def beginning(self) -> bytes:
        """The base64 lines that no value can change: `join` always begins with them."""
        return self._run(0, 0)[0]

    def join(self, values: Mapping[str, bytes]) -> bytes:
        """The base64 lines of the text with `values` in place of the slots."""
        lines, rest = self._run(0, 0)
        parts = [lines]
        for number, slot in enumerate(self.slots, start=1):
            rest += values[slot]
            run = self._runs[number]
            shift = -len(rest) % LINE_OCTETS  # what the begun line still takes of the next run
            if shift > len(run):  # the next run does not even fill the line
                rest += run
                whole = len(rest) - len(rest) % LINE_OCTETS
                parts.append(base64_lines(rest[:whole]))
                rest = rest[whole:]
                continue
            parts.append(base64_lines(rest + run[:shift]))
            lines, rest = self._run(number, shift)
            parts.append(lines)
        parts.append(base64_lines(rest))
        return b"".join(parts)

    def _run(self, number: int, shift: int) -> tuple[bytes, bytes]:
        """The whole lines of a constant run that begins a line at `shift`, and the octets left over."""
        known = self._encoded.get((number, shift))
        if known is None:
            octets = self._runs[number][shift:]
            whole = len(octets) - len(octets) % LINE_OCTETS
            known = self._encoded[number, shift] = (base64_lines(octets[:whole]), octets[whole:])
        return known
