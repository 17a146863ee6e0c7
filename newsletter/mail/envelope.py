"""The envelope: MAIL FROM and RCPT TO as they go over the wire, VERP, and the Message-ID."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache

import idna

from newsletter.errors import NewsletterError

MAX_LOCAL, MAX_ADDRESS = 64, 254  # octets: RFC 5321 4.5.3.1.1 and erratum 1690

# RFC 5321 4.1.2, with the characters of RFC 6531 3.3 beyond ASCII.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED_STRING = re.compile(r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\U0010ffff]|\\[\x20-\x7e])*"')
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in lower case
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_VERP = re.compile(r"<?[^<>@\s]+\+([1-9][0-9]{0,18})-([a-z2-7]{10})@[^<>@\s]+>?", re.IGNORECASE)


class EnvelopeError(NewsletterError):
    """This cannot be written on an envelope."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends and who receives, in wire form whatever form was put in. An empty sender is the null path `<>`."""

    sender: str
    recipient: str

    def __post_init__(self) -> None:
        if self.sender:
            object.__setattr__(self, "sender", quoted(self.sender))
        object.__setattr__(self, "recipient", quoted(self.recipient))

    @property
    def needs_smtputf8(self) -> bool:
        """A local part beyond ASCII travels only with SMTPUTF8 (RFC 6531)."""
        return not (self.sender.isascii() and self.recipient.isascii())


def quoted(address: str) -> str:
    """The address as RFC 5321 wants it: old carrier forms (`a..b@`, `a.@`) quoted, an IDN domain in punycode."""
    if _FORBIDDEN.search(address):
        raise EnvelopeError("メールアドレスに使えない文字（改行や制御文字）が入っています。")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise EnvelopeError("メールアドレスの形をしていません。")
    if not (_DOT_STRING.fullmatch(local) or _QUOTED_STRING.fullmatch(local)):
        # DOMAIN 6.1: docomo and au gave out such addresses until 2009; a quoted local part is delivered.
        local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    wire = f"{local}@{ascii_domain(domain)}"
    if len(local.encode()) > MAX_LOCAL or len(wire.encode()) > MAX_ADDRESS:
        raise EnvelopeError("メールアドレスが長すぎます。")
    return wire


def ascii_domain(domain: str) -> str:
    """The domain in ASCII: `日本.example.jp` becomes `xn--wgv71a.example.jp` (IDNA 2008, UTS 46)."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise EnvelopeError("メールアドレスのドメイン名が正しくありません。") from error
    if not _HOST.fullmatch(domain) or len(domain) > 253:
        raise EnvelopeError("メールアドレスのドメイン名が正しくありません。")
    return domain


def verp_sender(delivery_id: int, key: str, bounce_address: str) -> str:
    """The delivery's own MAIL FROM, `bounces+<id>-<code>@domain`: a bounce names it, and nobody can forge it."""
    local, _, domain = bounce_address.rpartition("@")
    return quoted(f"{local}+{delivery_id}-{_code('verp', delivery_id, key, 10)}@{domain}")


def read_verp(address: str, key: str) -> int | None:
    """The delivery a bounce is about, or None when the address is not one of ours."""
    match = _VERP.fullmatch(address.strip())
    if match is None:
        return None
    delivery_id = int(match[1])
    # Some mail systems change the case of a local part, so the code is base32 and is compared in lower case.
    genuine = hmac.compare_digest(_code("verp", delivery_id, key, 10), match[2].lower())
    return delivery_id if genuine else None


def message_id(delivery_id: int, key: str, domain: str) -> str:
    """The Message-ID of a delivery: the same at every try, so that a receiver can recognise a duplicate."""
    return f"<{delivery_id}.{_code('message-id', delivery_id, key, 16)}@{ascii_domain(domain)}>"


def _code(purpose: str, delivery_id: int, key: str, length: int) -> str:
    keyed = _keyed(key).copy()
    keyed.update(f"{purpose}:{delivery_id}".encode())
    bits = int.from_bytes(keyed.digest()[:10], "big")  # 80 bits, 16 characters of base32
    return "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(70, -10, -10)])[:length]


@lru_cache(maxsize=4)
def _keyed(key: str) -> hmac.HMAC:
    """An HMAC that has taken in the key: a campaign asks for two codes a reader."""
    return hmac.new(key.encode(), digestmod=hashlib.sha256)
