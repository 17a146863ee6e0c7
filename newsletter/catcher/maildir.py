"""A Maildir of caught mails: written quickly, listed by their headers only.

Each file is the mail as it came, CRLF lines and all, below the envelope: one `Delivered-To` for each recipient, then
`Return-Path` (RFC 5321 4.4) with the sender. That order marks where the envelope ends, whatever the mail says.
"""

from __future__ import annotations

import email.parser
import itertools
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

HEAD_BYTES = 32 * 1024  # more header than this is not looked at in the list
Headers = tuple[tuple[str, str], ...]
NAME = re.compile(r"[0-9A-Za-z._,:=+-]{1,200}")


@dataclass(frozen=True, slots=True)
class Heading:
    """What the list shows of a mail."""

    name: str  # of the file
    received_at: datetime
    recipients: tuple[str, ...]  # of the envelope
    sender: str  # of the envelope
    author: str  # From:
    subject: str
    size: int

    def matches(self, words: str) -> bool:
        """Whether subject, author or a recipient contains all the words."""
        text = " ".join((self.subject, self.author, *self.recipients)).casefold()
        return all(word in text for word in words.casefold().split())


class Maildir:
    """The folder and what is known of its mails; a file never changes once it lies in `new`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._headings: dict[str, Heading] = {}
        self._count = itertools.count(1)

    def make(self) -> None:
        """Create the folders, readable for their owner only."""
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, sender: str, recipients: Iterable[str], content: bytes) -> str:
        """Write one mail; its name orders by time. OSError when the disk is full."""
        moment = time.time_ns()
        name = (
            f"{moment // 1_000_000_000}.M{moment // 1000 % 1_000_000:06}P{os.getpid()}Q{next(self._count):07}.localhost"
        )
        envelope = [*(f"Delivered-To: {recipient}" for recipient in recipients), f"Return-Path: <{sender}>"]
        lines = "".join(re.sub(r"[\r\n\0]", "", line) + "\r\n" for line in envelope)
        draft = self.folder / "tmp" / name
        try:
            with draft.open("xb") as file:
                file.write(lines.encode("utf-8", "surrogateescape") + content)
            draft.rename(self.folder / "new" / name)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        return name

    def headings(self) -> list[Heading]:
        """All mails, newest first. Only files that are new since the last call are opened."""
        known = {}
        for entry in self._files():
            heading = self._headings.get(entry.name) or _read_heading(entry)
            if heading is not None:
                known[entry.name] = heading
        self._headings = known
        return [known[name] for name in sorted(known, reverse=True)]

    def read(self, name: str) -> bytes | None:
        """The whole file, or None when there is no such mail."""
        if not NAME.fullmatch(name):
            return None
        for folder in ("new", "cur"):
            try:
                return (self.folder / folder / name).read_bytes()
            except (FileNotFoundError, IsADirectoryError):
                continue
        return None

    def empty(self) -> int:
        """Throw all mails away; the number of them."""
        files = list(self._files())
        for entry in files:
            Path(entry.path).unlink(missing_ok=True)
        return len(files)

    def _files(self) -> Iterator[os.DirEntry[str]]:
        for folder in ("new", "cur"):
            with os.scandir(self.folder / folder) as entries:
                yield from (entry for entry in entries if NAME.fullmatch(entry.name) and entry.is_file())


def _read_heading(entry: os.DirEntry[str]) -> Heading | None:
    try:
        with Path(entry.path).open("rb") as file:
            head = file.read(HEAD_BYTES)
            size, moment = os.fstat(file.fileno()).st_size, os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:  # emptied meanwhile
        return None
    headers = headers_of(email.parser.BytesHeaderParser().parsebytes(head.partition(b"\r\n\r\n")[0]))
    return Heading(
        name=entry.name,
        received_at=datetime.fromtimestamp(moment, UTC),
        recipients=envelope_recipients(headers),
        sender=first(headers, "return-path").strip("<>"),
        author=first(headers, "from"),
        subject=first(headers, "subject"),
        size=size,
    )


def headers_of(message: Message) -> Headers:
    """All headers in their order, as a person reads them."""
    # raw_items keeps bytes that are not ASCII as surrogates; items would lose them.
    return tuple((name, decoded(value)) for name, value in message.raw_items())


def envelope_recipients(headers: Headers) -> tuple[str, ...]:
    """The Delivered-To lines above Return-Path; others are the mail's own."""
    return tuple(value for _, value in itertools.takewhile(lambda item: item[0] == "Delivered-To", headers))


def first(headers: Headers, name: str) -> str:
    """The first header of that name, or an empty text."""
    return next((value for header, value in headers if header.lower() == name), "")


def decoded(header: str) -> str:
    """A header as a person reads it; one that cannot be decoded stays as it is."""
    try:
        text = str(make_header(decode_header(header)))
    except (HeaderParseError, LookupError, ValueError):
        text = header
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())
