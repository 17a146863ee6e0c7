"""Rendered mail -> compiled message -> the bytes of one reader.

Everything that is the same for all readers happens once, in `compile_message`: header encoding, line ends, base64.
What is left for a reader is a join of byte segments, in which no template can fail (see segments.py, eight_bit.py).

The parts decode to exactly the rendered text with the slots filled in, except that line ends become CRLF (RFC 2046
4.1.1). Both parts are UTF-8 in base64: quoted-printable triples Japanese, and Outlook garbles mixed charsets. Where
8 bits are wanted too, the message is compiled twice, and each connection takes the one that its relay understands.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import TypeAlias

from newsletter.errors import NewsletterError
from newsletter.mail import attachments, headers
from newsletter.mail.attachments import Attachment
from newsletter.mail.content import PREFERENCES_SLOT, SLOTS, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.dkim import Seal, Signer
from newsletter.mail.eight_bit import EightBitText
from newsletter.mail.envelope import EnvelopeError, quoted
from newsletter.mail.segments import SlottedText

_ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
# RFC 8058 wants HTTPS. Loopback is let through so that the demo and a rehearsal show what readers will get.
_ONE_CLICK_URL = re.compile(r"https://|http://(?:127\.0\.0\.1|localhost|\[::1\])[:/]")


class MessageError(NewsletterError):
    """A message cannot be made of this."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the message says it is from, and the list it belongs to."""

    name: str
    address: str
    reply_to: str = ""
    list_id: str = ""  # enews.example.jp (RFC 2919)
    list_name: str = ""
    unsubscribe_mailto: str = ""  # an address; written as <mailto:…> in List-Unsubscribe
    help_url: str = ""  # List-Help
    archive_url: str = ""  # List-Archive


@dataclass(frozen=True, slots=True)
class Recipient:
    """What differs from one reader to the next."""

    address: str
    message_id: str  # with angle brackets: see envelope.message_id
    unsubscribe_url: str = ""
    preferences_url: str = ""


@dataclass(frozen=True, slots=True)
class CompiledPart:
    """One body: its own headers, its text, and whether values are written into HTML."""

    opening: bytes
    text: SlottedText | EightBitText
    is_html: bool

    def values(self, urls: Mapping[str, str]) -> dict[str, bytes]:
        """The reader's URLs as they stand in this part."""
        values: dict[str, bytes] = {}
        for slot in self.text.slots:
            url = urls[slot]
            if not url:
                raise MessageError("本文に読者ごとのリンクの場所がありますが、リンクが渡されていません。")
            values[slot] = (html.escape(url) if self.is_html else url).encode("ascii")
        return values

    def join(self, urls: Mapping[str, str]) -> bytes:
        """Headers and text, as base64 or as it is, with the reader's URLs in the slots."""
        return self.opening + self.text.join(self.values(urls))

    def canonical(self, urls: Mapping[str, str], joined: bytes) -> bytes:
        """What DKIM signs of the part that was `joined`: base64 lines are in that form already."""
        if isinstance(self.text, EightBitText):
            return self.opening + self.text.canonical(self.values(urls))
        return joined

    def fits(self, urls: Mapping[str, str]) -> bool:
        """Whether no line becomes too long with this reader's URLs."""
        return not isinstance(self.text, EightBitText) or self.text.fits(self.values(urls))


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """The segments of a message; `join` puts those of one reader between them."""

    before_to: bytes
    before_id: bytes
    after_id: bytes  # with the empty line that ends the header
    parts: tuple[CompiledPart, ...]
    closing: bytes
    bulk: bool
    unsubscribe_mailto: str = ""
    seal: Seal | None = None  # for signing; without one the relay has to
    eight_bit: CompiledMessage | None = None  # the same with its parts as they are, as far as they can travel so

    def join(self, recipient: Recipient, *, eight_bit: bool = False) -> bytes:
        """The whole message for one reader, lines ended by CRLF; raises MessageError or HeaderError.

        `eight_bit`: the relay takes 8-bit bodies. The message still comes in base64 when it cannot travel like that.
        """
        urls = {UNSUBSCRIBE_SLOT: recipient.unsubscribe_url, PREFERENCES_SLOT: recipient.preferences_url}
        if eight_bit and self.eight_bit and all(part.fits(urls) for part in self.eight_bit.parts):
            return self.eight_bit.join(recipient)
        try:
            address = quoted(recipient.address)
        except EnvelopeError as error:
            raise MessageError(str(error)) from error
        for url in urls.values():
            if url:
                headers.checked_url("List-Unsubscribe", url)
        to = f"To: {address}\r\n".encode()
        own = f"Message-ID: {headers.checked_message_id(recipient.message_id)}\r\n".encode("ascii")
        if self.bulk:
            own += self._unsubscribe(recipient.unsubscribe_url)
        body = [*(part.join(urls) for part in self.parts), self.closing]
        signatures = self.seal.fields(to + own, self._canonical(urls, body)) if self.seal else b""
        return b"".join([signatures, self.before_to, to, self.before_id, own, self.after_id, *body])

    def _canonical(self, urls: Mapping[str, str], body: list[bytes]) -> list[bytes]:
        """The pieces of the body as DKIM signs them."""
        return [*(part.canonical(urls, piece) for part, piece in zip(self.parts, body, strict=False)), self.closing]

    def _unsubscribe(self, url: str) -> bytes:
        """RFC 2369 and RFC 8058: the reader's mail program offers the way out by itself."""
        if not url:
            raise MessageError("一斉配信のメールには配信停止のリンクが必要です。")
        urls = (url, self.unsubscribe_mailto) if self.unsubscribe_mailto else (url,)
        field = headers.links_field("List-Unsubscribe", *urls).encode("ascii")
        return field + _ONE_CLICK if _ONE_CLICK_URL.match(url) else field


def compile_message(
    rendered: RenderedMail,
    sender: Sender,
    *,
    date: datetime,
    text_only: bool = False,
    bulk: bool = True,
    signer: Signer | None = None,
    files: Sequence[Attachment] = (),
    eight_bit: bool = False,
) -> CompiledMessage:
    """Do once what is the same for all readers. `text_only`: for those who asked for text; a letter is not `bulk`.

    `eight_bit`: make it with 8-bit bodies as well, for relays that take them (not beside `files`, which are base64).
    """
    if date.tzinfo is None:
        raise ValueError("the Date of a message needs a time zone")
    _refuse_lost_slots(rendered)

    def compiled(mime: bytes, parts: tuple[CompiledPart, ...], closing: bytes) -> CompiledMessage:
        if files:
            mime, before, closing = attachments.enclose(mime, closing, files)
            parts = (replace(parts[0], opening=before + parts[0].opening), *parts[1:])
        message = CompiledMessage(
            before_to=headers.mailbox_field("From", sender.name, sender.address).encode("ascii"),
            before_id=_subject_and_date(rendered, date),
            after_id=_after_id(sender, bulk) + mime,
            parts=parts,
            closing=closing,
            bulk=bulk,
            unsubscribe_mailto=_mailto(sender.unsubscribe_mailto),
        )
        return replace(message, seal=_seal(message, signer, date)) if signer else message

    bodies = _single if text_only else _alternative
    message, eight = compiled(*bodies(rendered, _as_base64)), None
    if eight_bit and not files:
        eight = compiled(*bodies(rendered, _as_it_is))
        gains = any(isinstance(part.text, EightBitText) for part in eight.parts)
        eight = eight if gains else None
    return replace(message, eight_bit=eight)


def _seal(message: CompiledMessage, signer: Signer, date: datetime) -> Seal:
    """The signatures as far as they are the same for all; their time is the Date, so that a retry is the same bytes."""
    first = message.parts[0]
    constant = message.before_to + message.before_id + message.after_id
    return signer.seal(constant, first.opening + first.text.beginning, date)


def _subject_and_date(rendered: RenderedMail, date: datetime) -> bytes:
    fields = headers.text_field("Subject", rendered.subject) + headers.plain_field("Date", format_datetime(date))
    return fields.encode("ascii")


def _after_id(sender: Sender, bulk: bool) -> bytes:
    """What follows the fields of the reader: replies, the list, and the start of MIME."""
    fields = [headers.mailbox_field("Reply-To", "", sender.reply_to)] if sender.reply_to else []
    if bulk:
        fields += _list_fields(sender)
    else:
        # RFC 3834 5: keeps other machines from answering a letter of ours.
        fields.append("Auto-Submitted: auto-generated\r\n")
    fields += ["Content-Language: ja\r\n", "MIME-Version: 1.0\r\n"]
    return "".join(fields).encode("ascii")


def _list_fields(sender: Sender) -> list[str]:
    fields: list[str] = []
    if sender.list_id:
        fields.append(headers.list_id_field(sender.list_name, sender.list_id.strip("<>")))
    if sender.help_url:
        fields.append(headers.links_field("List-Help", sender.help_url))
    if sender.archive_url:
        fields.append(headers.links_field("List-Archive", sender.archive_url))
    return fields


def _mailto(address: str) -> str:
    return headers.checked_url("List-Unsubscribe", f"mailto:{quoted(address)}?subject=unsubscribe") if address else ""


# ------------------------------------------------------------ bodies
Encoded: TypeAlias = tuple[str, SlottedText | EightBitText]  # Content-Transfer-Encoding, and the text in it
Encode: TypeAlias = Callable[[str, bool], Encoded]  # of a text; whether a delimiter follows it


def _as_base64(text: str, _delimited: bool) -> Encoded:
    return "base64", SlottedText(text, SLOTS)


def _as_it_is(text: str, delimited: bool) -> Encoded:
    """In 8 bits, or in 7 if they do; in base64 when some line could not travel unchanged."""
    # The line end before a delimiter belongs to it (RFC 2046 5.1.1); SMTP cannot carry a text that ends without one.
    plain = EightBitText(f"{text}\r\n" if delimited else text, SLOTS)
    if not plain.fits_in_general or not (delimited or text.endswith("\r\n")):
        return _as_base64(text, delimited)
    return "7bit" if plain.is_ascii else "8bit", plain


def _single(rendered: RenderedMail, encode: Encode) -> tuple[bytes, tuple[CompiledPart, ...], bytes]:
    encoding, text = encode(_canonical(rendered.text), False)
    # The part's own fields are those of the message, so they belong to its header and not to the body.
    return _part_fields("plain", encoding), (CompiledPart(b"", text, False),), b""


def _alternative(rendered: RenderedMail, encode: Encode) -> tuple[bytes, tuple[CompiledPart, ...], bytes]:
    """Text first, HTML last: the last alternative is the one to be shown (RFC 2046 5.1.4)."""
    # `=_` cannot occur in base64 (RFC 2045 6.7), nor a digest in what it is of; the same edition is the same bytes.
    digest = hashlib.sha256("\0".join((rendered.subject, rendered.text, rendered.html)).encode()).hexdigest()
    boundary = f"=_{digest[:32]}"
    between = f"--{boundary}\r\n".encode("ascii")
    parts, encodings = [], set()
    for subtype, text in (("plain", rendered.text), ("html", rendered.html)):
        encoding, encoded = encode(_canonical(text), True)
        parts.append(CompiledPart(between + _part_fields(subtype, encoding), encoded, subtype == "html"))
        encodings.add(encoding)
    mime = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
    if "8bit" in encodings:
        mime += "Content-Transfer-Encoding: 8bit\r\n"  # RFC 2045 6.4: the whole is what its parts are
    return f"{mime}\r\n".encode("ascii"), tuple(parts), f"--{boundary}--\r\n".encode("ascii")


def _part_fields(subtype: str, encoding: str) -> bytes:
    fields = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return fields.encode("ascii")


def _canonical(text: str) -> str:
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


def _refuse_lost_slots(rendered: RenderedMail) -> None:
    """A slot where none is filled would reach the reader as a dead link."""
    bodies = rendered.text + rendered.html
    for slot in SLOTS:
        bodies = bodies.replace(slot, "")
    if "slot.invalid" in rendered.subject + bodies:
        raise MessageError("メールに、読者ごとのリンクに置き換えられない場所が残っています。")
    if not rendered.text.strip():
        raise MessageError("メールのテキスト版が空です。")
    try:
        (rendered.text + rendered.html).encode()
    except UnicodeEncodeError as error:
        raise MessageError("メールの本文に、文字として正しくないものが入っています。") from error
