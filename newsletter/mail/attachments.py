"""Files that go with a letter: multipart/mixed around what the message is otherwise (RFC 2046 5.1.3). Pure.

The e-news itself never has one: town halls' gateways hold back or strip what is attached.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.errors import NewsletterError
from newsletter.mail.segments import base64_lines

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A Japanese file name has three encodings in the wild (RFC 2231, RFC 2047, raw), and gateways garble each of them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+")


class AttachmentError(NewsletterError):
    """This cannot be attached to a letter."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file: an ASCII name, its media type and its bytes."""

    name: str
    media_type: str
    content: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise AttachmentError(f"添付ファイルの名前「{self.name[:80]}」は使えません。半角の英数字にしてください。")
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise AttachmentError(f"添付ファイルの種類「{self.media_type[:80]}」が正しくありません。")


def enclose(mime: bytes, closing: bytes, attachments: Sequence[Attachment]) -> tuple[bytes, bytes, bytes]:
    """From the MIME fields and the end of a message: its new fields, what begins its body, and its new end."""
    digest = hashlib.sha256(mime + b"".join(file.content for file in attachments)).hexdigest()
    # As in message.py: `=_` cannot occur in base64, and nothing here is random.
    boundary = f"=_{digest[:32]}"
    fields = f'Content-Type: multipart/mixed;\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    line = f"--{boundary}\r\n".encode("ascii")
    parts = b"".join(line + _part(file) for file in attachments)
    return fields, line + mime, closing + parts + f"--{boundary}--\r\n".encode("ascii")


def _part(file: Attachment) -> bytes:
    fields = (
        f'Content-Type: {file.media_type};\r\n name="{file.name}"\r\n'
        f'Content-Disposition: attachment;\r\n filename="{file.name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return fields.encode("ascii") + base64_lines(file.content)
