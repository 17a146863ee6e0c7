"""One caught mail, taken apart for showing. Everything in it may be hostile."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import Message

from newsletter.catcher.maildir import Headers, decoded, envelope_recipients, first, headers_of

SHOWN_SOURCE = 400_000  # characters; the file itself can be downloaded whole


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """The parts of a mail as the page shows them."""

    headers: Headers  # decoded, in their order
    subject: str
    author: str
    recipients: tuple[str, ...]
    html: str | None
    text: str | None
    attachments: tuple[str, ...]
    source: str


def take_apart(content: bytes) -> CaughtMail:
    """The mail's headers and bodies; whatever cannot be decoded is replaced, never refused."""
    message = email.message_from_bytes(content)
    headers = headers_of(message)
    parts = [part for part in message.walk() if not part.is_multipart()]
    bodies = [part for part in parts if part.get_content_disposition() != "attachment"]
    return CaughtMail(
        headers=headers,
        subject=first(headers, "subject"),
        author=first(headers, "from"),
        recipients=envelope_recipients(headers),
        html=_body(bodies, "text/html"),
        text=_body(bodies, "text/plain"),
        attachments=tuple(
            decoded(part.get_filename() or part.get_content_type()) for part in parts if part not in bodies
        ),
        source=content[:SHOWN_SOURCE].decode("utf-8", "replace"),
    )


def _body(parts: list[Message], content_type: str) -> str | None:
    for part in parts:
        if part.get_content_type() == content_type:
            payload = part.get_payload(decode=True)
            return _text(payload if isinstance(payload, bytes) else b"", part.get_content_charset("utf-8"))
    return None


def _text(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def opening_links_outside(html: str) -> str:
    """The HTML with `<base target>`: a link leaves the frame, which may load nothing but the mail itself."""
    base = '<base target="_blank">'
    changed, count = re.subn(r"(?i)<head\b[^>]*>", lambda match: match[0] + base, html, count=1)
    return changed if count else base + html
