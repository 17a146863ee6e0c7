"""How many rows of a sheet Excel does not show, filtered out or hidden by hand: they are read like all others. Pure."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

CHUNK = 1 << 20
LONGEST_REST = 1 << 16  # bytes behind the last "<" of a chunk; a tag is shorter
# ECMA-376 18.3.1.73; a row with cells has another tag behind its own. Never across a "<": what is no XML costs no more
# than its length.
_HIDDEN = re.compile(rb"""<(?:\w+:)?row\s(?:[^<>]*?\s)?hidden\s*=\s*["'](?:1|true)["'][^<>]*(?<!/)>\s*<(?!/)""")


def hidden_rows(path: Path, part: str) -> int:
    """The hidden rows of the sheet in this part of the .xlsx, those with no cell left out.

    Counted in its bytes: openpyxl tells it only of sheets that it holds as a whole.
    """
    found, rest = 0, b""
    with zipfile.ZipFile(path) as parts, parts.open(part) as sheet:
        while chunk := sheet.read(CHUNK):
            text = rest + chunk
            found += len(_HIDDEN.findall(text))
            opened = text.rfind(b"<")  # what follows it decides, and may stand in the next chunk
            rest = text[opened:] if 0 <= opened >= len(text) - LONGEST_REST else b""
    return found
