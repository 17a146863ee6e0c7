"""Claim -> Outgoing: an envelope and the message in it. What is the same for all readers is compiled once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from django.conf import settings

from newsletter import links, profile, signing
from newsletter.association.facts import Profile
from newsletter.delivery import Claim, Settlement
from newsletter.errors import NewsletterError
from newsletter.mail import envelope
from newsletter.mail.content import RenderedMail
from newsletter.mail.dkim import Signer
from newsletter.mail.envelope import Envelope
from newsletter.mail.message import CompiledMessage, Recipient, Sender, compile_message
from newsletter.models import Campaign, Edition, Letter
from newsletter.roster import files as roster_files

REHEARSAL_MARK, TEST_MARK = "【リハーサル】", "【テスト】"
# As long as a real key and nobody's: a click in a rehearsal or a test mail changes nothing for any reader.
NOBODY = "nobody".ljust(22, "-")


@dataclass(slots=True)
class Outgoing:
    """One mail, ready for the wire."""

    claim: Claim
    envelope: Envelope
    recipient: Recipient
    message: CompiledMessage
    taken: float = field(default_factory=time.monotonic)  # when its address was read
    slot: int = -1  # in the worker's journal
    settlement: Settlement | None = None  # once it has its answer

    @property
    def is_signed(self) -> bool:
        """Whether the message carries a DKIM signature of ours."""
        return self.message.seal is not None

    def content(self, *, eight_bit: bool = False) -> bytes:
        """The whole message, lines ended by CRLF; `eight_bit`: for a relay that takes 8-bit bodies."""
        return self.message.join(self.recipient, eight_bit=eight_bit)


@dataclass(frozen=True, slots=True)
class Unmailable:
    """A claimed delivery that cannot be written on an envelope; nobody was asked."""

    claim: Claim
    reason: str


class Mail(Protocol):
    """What is sent: an edition to its readers, or letters."""

    def prepare(self, claims: Sequence[Claim]) -> list[Outgoing | Unmailable]:
        """An envelope and a message for each claim."""


@dataclass(slots=True)
class EditionMail:
    """An edition, compiled once per format and joined per recipient."""

    rendered: RenderedMail
    date: datetime
    association: Profile = field(default_factory=profile.current)
    mark: str = ""  # in front of the subject; only rehearsals and tests have one
    _compiled: dict[bool, CompiledMessage] = field(default_factory=dict)

    @classmethod
    def of(cls, campaign: Campaign, now: datetime) -> EditionMail:
        """The mail of a campaign. The date is that of its start, so that a second try says the same as the first."""
        mark = REHEARSAL_MARK if campaign.rehearsal else ""
        return cls(rendered_edition(campaign.edition), campaign.started_at or now, mark=mark)

    def compiled(self, *, text_only: bool) -> CompiledMessage:
        """The message as HTML with text beside it, or as text alone."""
        if text_only not in self._compiled:
            marked = replace(self.rendered, subject=self.mark + self.rendered.subject)
            self._compiled[text_only] = compile_message(
                marked, sender(self.association), date=self.date, text_only=text_only, bulk=True,
                signer=signing.signer(), eight_bit=settings.RELAY_8BITMIME,
            )  # fmt: skip
        return self._compiled[text_only]

    def problem(self) -> str:
        """Why no message can be made of this edition; empty when it can. Asked before anything is claimed."""
        try:
            self.compiled(text_only=False)
            self.compiled(text_only=True)
        except NewsletterError as error:
            return str(error)
        return ""

    def prepare(self, claims: Sequence[Claim]) -> list[Outgoing | Unmailable]:
        """See Mail. The links carry the reader's key and the delivery; a rehearsal's carry nobody's."""
        keys = [(NOBODY if self.mark else one.addressee.key, one.delivery_id) for one in claims]
        return [
            self._outgoing(one, unsubscribe, preferences)
            for one, (unsubscribe, preferences) in zip(claims, links.reader_urls(keys), strict=True)
        ]

    def _outgoing(self, claim: Claim, unsubscribe: str, preferences: str) -> Outgoing | Unmailable:
        message = self.compiled(text_only=claim.addressee.text_only)
        return _addressed(claim, message, self.association, unsubscribe, preferences)


@dataclass(slots=True)
class LetterMail:
    """Letters: each its own message, not bulk, without list headers."""

    association: Profile = field(default_factory=profile.current)
    # Read before anything is claimed: with a key that is gone, letters wait instead of being refused.
    signer: Signer | None = field(default_factory=signing.signer)

    def prepare(self, claims: Sequence[Claim]) -> list[Outgoing | Unmailable]:
        """See Mail."""
        return [self._outgoing(one, one.letter) for one in claims if one.letter is not None]

    def _outgoing(self, claim: Claim, letter: Letter) -> Outgoing | Unmailable:
        rendered = RenderedMail(letter.subject, letter.html, letter.text)
        try:
            message = compile_message(
                rendered, sender(self.association), date=letter.written_at,
                text_only=claim.addressee.text_only, bulk=False, signer=self.signer,
                files=roster_files.attached_to(letter), eight_bit=settings.RELAY_8BITMIME,
            )  # fmt: skip
        except NewsletterError as error:
            return Unmailable(claim, str(error))
        return _addressed(claim, message, self.association)


def _addressed(
    claim: Claim, message: CompiledMessage, association: Profile, unsubscribe: str = "", preferences: str = ""
) -> Outgoing | Unmailable:
    address, number = claim.addressee.address, claim.delivery_id
    try:
        return Outgoing(
            claim,
            Envelope(verp_sender(number, association), address),
            Recipient(address, message_id(number, association), unsubscribe, preferences),
            message,
        )
    except NewsletterError as error:
        return Unmailable(claim, str(error))


def rendered_edition(edition: Edition) -> RenderedMail:
    """The frozen rendering, as the message is made of it."""
    return RenderedMail(edition.subject, edition.html, edition.text, edition.preheader)


def sender(association: Profile) -> Sender:
    """Who the message says it is from, out of the profile."""
    who = association.sender
    return Sender(
        who.name, who.address, who.reply_to, who.list_id, association.title, who.unsubscribe_address,
        archive_url=links.archive_url(),
    )  # fmt: skip


# Not SECRET_KEY, which may change: a bounce must be read, and a retry have its old Message-ID, after that as well.
def verp_sender(delivery_id: int, association: Profile) -> str:
    """The delivery's own MAIL FROM; newsletter.mail.envelope.read_verp with FINGERPRINT_KEY reads it."""
    return envelope.verp_sender(delivery_id, settings.FINGERPRINT_KEY, association.sender.bounce_address)


def message_id(delivery_id: int, association: Profile) -> str:
    """The delivery's Message-ID, the same at every try."""
    domain = association.sender.address.rpartition("@")[2]
    return envelope.message_id(delivery_id, settings.FINGERPRINT_KEY, domain)
