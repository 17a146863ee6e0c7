"""The refused rows of a list while it is judged, kept on disk: hundreds of thousands need no memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType


class RefusedRows:
    """Rows as they came, each once with all its reasons, in a temporary file that goes when this is closed."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 (closed by __exit__)
        self._last: tuple[int, Sequence[str]] | None = None
        self._reasons: list[str] = []

    def __enter__(self) -> RefusedRows:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, line: int, cells: Sequence[str], reason: str) -> None:
        """One refused candidate; several of one row, whose cell holds several addresses, come behind each other."""
        if (line, cells) != self._last:  # of a pasted line each address is a row of its own
            self._keep()
            self._last = line, cells
        self._reasons.append(reason)

    def __iter__(self) -> Iterator[tuple[Sequence[str], str]]:
        self._keep()
        self._file.seek(0)
        for text in self._file:
            cells, reason = json.loads(text)
            yield cells, reason

    def _keep(self) -> None:
        if self._last:
            self._file.write(json.dumps((self._last[1], " ".join(self._reasons))) + "\n")
        self._last, self._reasons = None, []
