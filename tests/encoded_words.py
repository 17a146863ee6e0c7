"""A decoder of RFC 2047 that shares no code with what writes the headers: it goes by the RFC's text, octet by octet."""

from __future__ import annotations

import base64
import re

_WORD = re.compile(rb"=\?([A-Za-z0-9-]+)\?([BbQq])\?([\x21-\x3e\x40-\x7e]*)\?=")


class BrokenHeaderError(Exception):
    """The header is not what RFC 2047 and RFC 5322 allow."""


def unfold(field: bytes) -> bytes:
    """The value of a field, unfolded (RFC 5322 2.2.3), after checking its lines."""
    if not field.endswith(b"\r\n") or field.endswith(b"\r\n\r\n"):
        raise BrokenHeaderError("the field does not end with one line end")
    lines = field[:-2].split(b"\r\n")
    for line in lines:
        if len(line) > 78 or not line.strip() or re.search(rb"[^\x20-\x7e]", line):
            raise BrokenHeaderError(f"a line is too long, empty or not printable ASCII: {line!r}")
    if any(not line.startswith(b" ") for line in lines[1:]):
        raise BrokenHeaderError("a continuation line does not begin with white space")
    return b"".join(lines).partition(b":")[2].removeprefix(b" ")


def decode(field: bytes) -> str:
    """The text of an unstructured field."""
    pieces: list[str] = []
    after_word = False
    for token in re.split(rb"( +)", unfold(field)):
        match = _WORD.fullmatch(token)
        if match:
            if after_word and pieces and not pieces[-1].strip(" "):
                pieces.pop()  # RFC 2047 6.2: white space between two encoded-words is not shown
            pieces.append(_word(token, match))
            after_word = True
        elif token.strip(b" "):
            if b"=?" in token and b"?=" in token:
                raise BrokenHeaderError(f"encoded-words touch or are malformed: {token!r}")
            pieces.append(token.decode("ascii"))
            after_word = False
        else:
            pieces.append(token.decode("ascii"))
    return "".join(pieces)


def _word(token: bytes, match: re.Match[bytes]) -> str:
    if len(token) > 75 or not match[3]:
        raise BrokenHeaderError(f"an encoded-word is too long or empty: {token!r}")
    if match[2] not in b"Bb":
        raise BrokenHeaderError("only B is expected here")
    # Strictly: a character split between two words fails here (RFC 2047 5).
    return base64.b64decode(match[3], validate=True).decode(match[1].decode("ascii"))
