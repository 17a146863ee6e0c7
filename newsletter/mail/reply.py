"""What a server answered, and at which stage of the conversation it said so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from newsletter.errors import RelayError

MAX_LINES = 100
MAX_TEXT = 300  # characters that are kept of a reply: what the ledger has room for

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
# RFC 2034: the status opens the text. Some gateways write `#5.1.0`.
_ENHANCED = re.compile(r"#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])\s*")
_ADDRESS = re.compile(r"""(?:"[^"]*"|[^\s<>()\[\],;:"']*)(?:@|%40)[^\s<>()\],;:"']+""", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
HIDDEN = "(address)"


class Stage(StrEnum):
    """Where in the conversation something was said, or the line went dead."""

    CONNECT = "connect"  # no connection yet
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # up to and including the content, as long as the final dot has not left us
    FINAL = "final"  # the final dot has left us


class ReplyError(RelayError):
    """What the relay answered is not a reply of SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, its lines joined. The text holds no mail address: what is kept of it outlives erasure."""

    code: int
    enhanced: str = ""  # RFC 3463, `5.1.1`; empty when the server gave none
    text: str = ""

    @classmethod
    def parse(cls, lines: Sequence[bytes]) -> Reply:
        """Read the lines of one reply (RFC 5321 4.2.1); every line must carry the same code."""
        if len(lines) == 1 and len(lines[0]) < 60:
            return _parse_short(lines[0])
        return cls._parse(lines)

    @classmethod
    def _parse(cls, lines: Sequence[bytes]) -> Reply:
        parts = [_LINE.fullmatch(line.rstrip(b"\r\n")) for line in lines[:MAX_LINES]]
        matches = [part for part in parts if part is not None]
        if not matches or len(matches) != len(lines) or len({match[1] for match in matches}) != 1:
            raise ReplyError("中継サーバの応答がSMTPの形をしていません。")
        if any(match[2] != b"-" for match in matches[:-1]) or matches[-1][2] == b"-":
            raise ReplyError("中継サーバの応答が途中で終わっています。")
        return cls._from_texts(int(matches[0][1]), [(match[3] or b"").decode("utf-8", "replace") for match in matches])

    @classmethod
    def _from_texts(cls, code: int, texts: list[str]) -> Reply:
        found = next((match[1] for match in map(_ENHANCED.match, texts) if match), "")
        # RFC 2034 4: a status whose class differs from the code says nothing.
        enhanced = found if found[:1] == str(code)[0] else ""
        if enhanced:
            texts = [_ENHANCED.sub("", text, count=1) if _ENHANCED.match(text) else text for text in texts]
        text = _ADDRESS.sub(HIDDEN, " ".join(part for part in texts if part))
        return cls(code, enhanced, _CONTROL.sub(" ", text).strip()[:MAX_TEXT])

    def hiding(self, address: str) -> Reply:
        """The same reply without the local part of `address`, which some servers quote by itself."""
        local = address.rpartition("@")[0].strip('"')
        if len(local) < 3:  # too short to be told from an ordinary word
            return self
        return replace(self, text=re.sub(re.escape(local), HIDDEN, self.text, flags=re.IGNORECASE))

    @property
    def positive(self) -> bool:
        """2xx: done."""
        return 200 <= self.code <= 299

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


@lru_cache(maxsize=256)
def _parse_short(line: bytes) -> Reply:
    """A server says `250 2.1.5 Ok` thousands of times."""
    return Reply._parse([line])
