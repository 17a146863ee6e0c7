"""What standard output may do to any command: nobody reads the pipe any more, or its encoding lacks a sign.

A command that changes something is not stopped half-way by who looks on: it says the rest to nobody. One that only
reads a long file may end with its reader.
"""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class UnreadError(BrokenPipeError):
    """Whoever read what the command says has gone, and the command ends with it."""


class _Output(io.FileIO):
    """Standard output that swallows what nobody reads, and fails once, not again with what is left in the buffers."""

    may_end = False
    has_failed = False

    def write(self, piece: ReadableBuffer, /) -> int:
        length = memoryview(piece).nbytes
        if self.has_failed or not length:  # click writes nothing to see whether it can
            return length
        try:
            return super().write(piece)
        except OSError as error:
            self.has_failed = True
            if not isinstance(error, BrokenPipeError):
                raise  # it is a file, and the disk is full
            if self.may_end:
                raise UnreadError(errno.EPIPE, "stdout") from None
            return length


@contextmanager
def nothing_fails() -> Iterator[None]:
    """Nothing that is printed in here fails: not when nobody reads it, nor for a sign that the encoding lacks.

    Such a sign is written as its number, as on standard error.
    """
    before = sys.stdout
    if not isinstance(before, io.TextIOWrapper):
        yield
        return
    before.reconfigure(errors="backslashreplace")
    try:
        output = _Output(before.fileno(), "wb", closefd=False)
    except OSError:  # it is no file of the system
        yield
        return
    before.flush()
    is_buffered = not isinstance(before.buffer, io.RawIOBase)  # else PYTHONUNBUFFERED is set
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(output) if is_buffered else output, before.encoding, before.errors,
        line_buffering=before.line_buffering, write_through=before.write_through,
    )  # fmt: skip
    try:
        yield
    finally:
        output.may_end = False
        sys.stdout.flush()
        sys.stdout = before


def end_with_the_reader() -> None:
    """This command changes nothing: it may end as soon as nobody reads what it says (`… | head`)."""
    buffer = getattr(sys.stdout, "buffer", None)
    output = getattr(buffer, "raw", buffer)
    if isinstance(output, _Output):
        output.may_end = True


def ends_with_the_reader(failure: BaseException) -> bool:
    """Whether a command failed only because nobody reads what it says any more."""
    reason: BaseException | None = failure
    while reason and not isinstance(reason, UnreadError):
        reason = reason.__cause__ or reason.__context__
    return reason is not None


def can_say(text: str) -> bool:
    """Whether the encoding of standard output has every sign of the text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
