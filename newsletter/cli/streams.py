"""What standard output may do to any command: nobody reads the pipe any more, or its encoding lacks a sign."""

from __future__ import annotations

import io
import select
import sys


def let_nothing_fail() -> None:
    """From now on a sign that the encoding of standard output lacks is written as its number, as on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def can_say(text: str) -> bool:
    """Whether the encoding of standard output has every sign of the text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_about_a_closed_pipe(failure: BaseException) -> bool:
    """Whether a command failed only because nobody reads what it says any more, as in `… | head -1`."""
    reason: BaseException | None = failure
    while reason and not isinstance(reason, BrokenPipeError):
        reason = reason.__cause__ or reason.__context__
    return reason is not None and _is_closed()


def _is_closed() -> bool:
    watch = select.poll()
    try:
        watch.register(sys.stdout, 0)
    except (OSError, ValueError):  # it is no file of the system, or it is closed on our side
        return False
    return any(event & select.POLLERR for _, event in watch.poll(0))  # poll(2): the reading end has been closed
