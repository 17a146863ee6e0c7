"""How many rows of a sheet Excel does not show, filtered out or hidden by hand: they are read like all others. Pure."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

CHUNK = 1 << 20
LONGEST_REST = 1 << 16  # bytes behind the last "<" of a chunk; a tag is shorter
# ECMA-376 18.3.1.73; a row with cells has another tag behind its own. What a row says of itself is searched on its own:
# asked for in one expression, a tag full of "hidden" costs the square of its length.
_ROW = re.compile(rb"<(?:\w+:)?row\s([^<>]*)>\s*(?=<[^/])")
_IS_HIDDEN = re.compile(rb"""(?:\A|\s)hidden\s*=\s*["'](?:1|true)["']""")


def hidden_rows(path: Path, part: str) -> int:
    """The hidden rows of the sheet in this part of the .xlsx, those with no cell left out.

    Counted in its bytes: openpyxl tells it only of sheets that it holds as a whole.
    """
    found, rest = 0, b""
    with zipfile.ZipFile(path) as parts, parts.open(part) as sheet:
        while chunk := sheet.read(CHUNK):
            text = rest + chunk
            found += sum(_is_hidden(row[1]) for row in _ROW.finditer(text))
            # What follows this "<" decides, and may stand in the next chunk: behind a last one, nothing is decided.
            opened = max(text.rfind(b"<", 0, -1), text.find(b"<"))
            rest = text[opened:] if 0 <= opened >= len(text) - LONGEST_REST else b""
    return found


def _is_hidden(attributes: bytes) -> bool:
    return not attributes.endswith(b"/") and _IS_HIDDEN.search(attributes) is not None
